"""The mail that verifies an address, once more."""

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.internal.flows.signup import send_unknown_account_mail
from allauth.account.models import EmailAddress
from django.conf import settings
from django.http import HttpRequest


def send_again(request: HttpRequest, *, email: str) -> None:
    """One mail, whatever is known of `email`: its link, that it needs none, or that there is no account."""
    # Whose own address it is comes before who wants to change to it.
    known = EmailAddress.objects.filter(email__iexact=email).order_by("-verified", "-primary", "pk").first()
    if known is None:
        send_unknown_account_mail(request, email)
    elif known.verified:
        get_adapter().send_mail("accounts/email/already_verified", email, {"base_url": settings.BASE_URL})
    else:
        send_verification_email_to_address(request, known)
