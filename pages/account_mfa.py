"""Second factors: what there is, the authenticator app, and recovery codes, which are shown once."""

from base64 import b64encode

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal import flows as recovery_codes_flows
from allauth.mfa.totp.internal import flows as totp_flows
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.encoding import force_bytes
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from core.errors import Conflict
from pages.access import own_page
from pages.account_forms import AppForm, show


@require_safe
@own_page("mfa:authenticators")
def two_factor(request: HttpRequest, user: User) -> HttpResponse:
    mine = list(Authenticator.objects.filter(user=user).order_by("created_at", "pk"))
    codes = _first(mine, Authenticator.Type.RECOVERY_CODES)
    values = {
        "app": _first(mine, Authenticator.Type.TOTP),
        "codes": codes,
        "unused": len(codes.wrap().get_unused_codes()) if codes else 0,
        "passkeys": [each for each in mine if each.type == Authenticator.Type.WEBAUTHN],
    }
    return render(request, "pages/account/two_factor.html", values)


@require_http_methods(["GET", "POST"])
@own_page("mfa:manage_totp", form="pages:app")
def app(request: HttpRequest, user: User) -> HttpResponse:
    raise_if_reauthentication_required(request, app="allauth.mfa")
    if Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        return redirect("pages:two-factor")
    form = AppForm(request.POST or None, user=user)
    if request.method == "GET" or not form.is_valid():
        address = get_adapter().build_totp_url(user, form.secret)
        picture = b64encode(force_bytes(get_adapter().build_totp_svg(address))).decode()
        return show(request, "pages/account/app.html", form, secret=form.secret, address=address, picture=picture)
    try:
        _totp, recovery = totp_flows.activate_totp(request, form)
    except IntegrityError:
        raise Conflict(_("An authenticator app has been set up in the meantime."), code="app_exists") from None
    messages.success(request, _("The authenticator app is set up. Its code is asked for at each login."))
    return show_codes(request, recovery) if recovery else redirect("pages:two-factor")


@require_POST
@own_page("mfa:manage_totp")
def remove_app(request: HttpRequest, user: User) -> HttpResponse:
    mine = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    if mine is not None:
        totp_flows.deactivate_totp(request, mine)
        messages.success(request, _("The authenticator app is removed."))
    return redirect("pages:two-factor")


@require_POST
@own_page("mfa:manage_recovery_codes")
def new_codes(request: HttpRequest, user: User) -> HttpResponse:
    if not recovery_codes_flows.can_generate_recovery_codes(user):
        raise Conflict(_("Set up an authenticator app or a passkey first."), code="no_factor")
    return show_codes(request, recovery_codes_flows.generate_recovery_codes(request))


def show_codes(request: HttpRequest, recovery: Authenticator) -> HttpResponse:
    """The only page with recovery codes is the answer to what made them."""
    codes = recovery.wrap()
    codes.mark_as_viewed()
    return render(request, "pages/account/codes.html", {"codes": codes.get_unused_codes()})


def _first(mine: list[Authenticator], kind: str) -> Authenticator | None:
    return next((each for each in mine if each.type == kind), None)
