"""Passkeys: added with the browser's help, renamed and removed by plain forms."""

from allauth.headless.mfa.inputs import DeleteWebAuthnInput, UpdateWebAuthnInput
from allauth.mfa.internal.flows.add import validate_can_add_authenticator
from allauth.mfa.webauthn.internal import flows
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import DataError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from core.errors import Conflict, NotFound, Unprocessable
from pages.access import own_page
from pages.account_forms import PasskeyForm, credential_errors, show
from pages.account_mfa import show_codes


@require_http_methods(["GET", "POST"])
@own_page("mfa:manage_webauthn", form="pages:passkey-add")
def add(request: HttpRequest, user: User) -> HttpResponse:
    try:
        validate_can_add_authenticator(user)
    except ValidationError as error:
        raise Conflict(" ".join(error.messages), code="unverified_email") from None
    form = PasskeyForm(request.POST or None, user=user)
    if request.method == "GET" or credential_errors(form) is not None:
        options = flows.begin_registration(request, user, passwordless=True)["publicKey"]
        return show(request, "pages/account/passkey_add.html", form, options=dict(options))
    data = form.cleaned_data
    try:
        with transaction.atomic():
            _added, recovery = flows.add_authenticator(request, name=data["name"], credential=data["credential"])
    except DataError:
        raise Unprocessable(_("The passkey holds characters that can't be stored."), code="credential") from None
    messages.success(request, _("The passkey is added. You can log in with it."))
    return show_codes(request, recovery) if recovery else redirect("pages:two-factor")


@require_POST
@own_page("mfa:manage_webauthn")
def rename(request: HttpRequest, user: User, number: int) -> HttpResponse:
    form = UpdateWebAuthnInput({"id": number, "name": request.POST.get("name", "")}, user=user)
    if not form.is_valid():
        if "id" in form.errors:
            raise NotFound(_("There is no such passkey."))
        raise Unprocessable(_("A name has between 1 and 100 characters."), code="name")
    flows.rename_authenticator(request, form.cleaned_data["id"], form.cleaned_data["name"])
    messages.success(request, _("The passkey has a new name."))
    return redirect("pages:two-factor")


@require_POST
@own_page("mfa:manage_webauthn")
def remove(request: HttpRequest, user: User, number: int) -> HttpResponse:
    form = DeleteWebAuthnInput({"authenticators": [number]}, user=user)
    if not form.is_valid():
        raise NotFound(_("There is no such passkey."))
    flows.remove_authenticators(request, form.cleaned_data["authenticators"])
    messages.success(request, _("The passkey is removed."))
    return redirect("pages:two-factor")
