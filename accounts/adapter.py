"""How allauth behaves here: mail through the outbox, our client address, public ids, encrypted second factors."""

import base64
import dataclasses
import uuid
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.signup import prevent_enumeration
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.httpkit import is_headless_request
from allauth.headless.adapter import DefaultHeadlessAdapter
from allauth.headless.base.response import AuthenticationResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.contrib.sites.shortcuts import get_current_site
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import limits, login_limits, mail, signals
from accounts.client_address import client_address
from accounts.limits import Count, LimitExceeded
from accounts.models import User
from core.errors import Conflict
from core.events import announce


class AccountAdapter(DefaultAccountAdapter):
    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Renders now, because links need the request; the outbox sends. Nobody's mailbox is flooded from here."""
        if limits.take(Count("mail_address", f"{template_prefix}|{email.strip().lower()}")) is not None:
            return
        request = allauth_context.request
        values = {"request": request, "email": email, "current_site": get_current_site(request)} | context
        message = self.render_mail(template_prefix, email, values)
        html = next((body for body, kind in getattr(message, "alternatives", []) if kind == "text/html"), None)
        plain = message.body if isinstance(message, EmailMultiAlternatives) else ""
        mail.publish(to=email, subject=str(message.subject), text=str(plain), html=str(html) if html else None)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Pages say by themselves what happened; a message that waits in a session would be said somewhere else."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Every check of a password comes here: logins of both kinds of client and of the admin, and confirmations.

        Raises LimitExceeded without having looked at the password.
        """
        try:
            attempt = login_limits.begin(request, credentials.get("email") or "")
        except LimitExceeded:
            login_limits.announce_failure(request, credentials.get("email"), signals.LoginFailure.LIMITED)
            raise
        user = super().authenticate(request, **credentials)
        if user is not None:
            attempt.succeeded()
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        if request.user.is_authenticated:
            announce(signals.confirmation_failed, User, user=request.user, method="password")
        else:
            login_limits.announce_failure(request, credentials.get("email"), signals.LoginFailure.PASSWORD)

    def send_account_already_exists_mail(self, email: str) -> None:
        make_password(email)  # a new account costs one hash, so this answer does too
        super().send_account_already_exists_mail(email)

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        super().send_password_reset_mail(user, email, context)
        announce(signals.password_reset_requested, User, user=user)

    def set_password(self, user: User, password: str) -> None:
        """Raises Conflict when the password has changed since `user` was loaded: of several uses of
        one reset link at the same moment, one counts.
        """
        seen = user.password
        user.set_password(password)
        if not User.objects.filter(pk=user.pk, password=seen).update(password=user.password):
            raise Conflict(_("The password has been changed in the meantime."), code="password_changed")

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Two sign-ups with one address at the same moment: the second is answered as if the account had existed."""
        try:
            with transaction.atomic():
                return super().save_user(request, user, form, commit)
        except IntegrityError:
            response = prevent_enumeration(request, email=form.cleaned_data["email"])
            if is_headless_request(request):
                response = AuthenticationResponse.from_response(request, response)
            raise ImmediateHttpResponse(response) from None

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """The address and what follows from its verification, in one transaction. Raises Conflict: links work once."""
        with transaction.atomic():
            locked = EmailAddress.objects.select_for_update().filter(pk=email_address.pk).first()
            if email_address.pk and (locked is None or locked.verified):
                raise Conflict(_("This link has been used."), code="link_used")
            if not super().confirm_email(request, email_address):
                raise Conflict(_("This link has been used."), code="link_used")
        return True


class HeadlessAdapter(DefaultHeadlessAdapter):
    """Shows the public id and the name, never the primary key."""

    def get_user_dataclass(self) -> Any:
        return dataclasses.make_dataclass(
            "User",
            [
                ("id", str | None, dataclasses.field(metadata={"example": str(uuid.UUID(int=0))})),
                ("display", str, dataclasses.field(metadata={"example": "Ada Lovelace"})),
                ("email", str | None, dataclasses.field(metadata={"example": "ada@example.org"})),
                ("role", str | None, dataclasses.field(metadata={"example": "student"})),
                ("has_usable_password", bool, dataclasses.field(metadata={"example": True})),
            ],
        )

    def user_as_dataclass(self, user: User) -> Any:
        return self.get_user_dataclass()(
            id=str(user.public_id) if user.pk else None,
            display=user.name,
            email=user.email,
            role=user.role if user.pk else None,
            has_usable_password=user.has_usable_password(),
        )


def _fernet(secret: str) -> Fernet:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"accounts.mfa").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def _mfa_keys() -> MultiFernet:
    return MultiFernet([_fernet(str(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


class MFAAdapter(DefaultMFAAdapter):
    """Seeds of second factors are encrypted at rest, under a key derived from SECRET_KEY (fallbacks are read)."""

    def encrypt(self, text: str) -> str:
        return _mfa_keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _mfa_keys().decrypt(encrypted_text.encode()).decode()
