"""Signing up with a browser, by the flow of the API: nothing tells whether an address has an account."""

from allauth.account.internal.flows.signup import complete_signup
from allauth.core.exceptions import ImmediateHttpResponse
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts import verification
from pages.access import open_page
from pages.account_forms import AddressForm, SignUpForm, show


@require_http_methods(["GET", "POST"])
@open_page("account:signup")
def sign_up(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("pages:catalogue")
    form = SignUpForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return show(request, "pages/account/signup.html", form)
    try:
        user, answered = form.try_save(request)
        if answered is None:
            complete_signup(request, user=user)
    except ImmediateHttpResponse:
        pass  # somebody signed up with this address at the same moment: answered as if it had been there
    return render(
        request, "pages/account/mailbox.html", {"text": _("We have sent you a link. It verifies the address.")}
    )


@require_http_methods(["GET", "POST"])
@open_page("account:resend_verification")
def verify_again(request: HttpRequest) -> HttpResponse:
    form = AddressForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return show(request, "pages/account/verify_again.html", form)
    verification.send_again(request, email=form.cleaned_data["email"].lower())
    text = _("If this address waits to be verified, another link is on its way.")
    return render(request, "pages/account/mailbox.html", {"text": text})
