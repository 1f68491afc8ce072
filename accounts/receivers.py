"""What allauth and Django report, told on in the vocabulary of accounts.signals, and what has to follow from it."""

from typing import Any

from allauth.account import signals as allauth_signals
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa_signals
from allauth.mfa.models import Authenticator
from django.contrib.auth import signals as auth_signals
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import limits, mail, session_list, signals
from accounts.client_address import client_address
from accounts.login_limits import announce_failure, source_of
from accounts.models import User
from core.events import announce


@receiver(allauth_signals.user_signed_up)
def on_signed_up(sender: Any, *, user: User, **kwargs: Any) -> None:
    announce(signals.user_signed_up, User, user=user)


@receiver(allauth_signals.email_confirmed)
def on_email_confirmed(sender: Any, *, email_address: EmailAddress, **kwargs: Any) -> None:
    mail.publish_welcome(email_address.user)
    announce(signals.email_verified, User, user=email_address.user)


@receiver(auth_signals.user_logged_in)
def on_logged_in(sender: Any, *, request: HttpRequest, user: User, **kwargs: Any) -> None:
    limits.remember_source(account=user.email, source=source_of(request))
    announce(signals.logged_in, User, user=user, source=client_address(request))


@receiver(allauth_signals.user_logged_in)
def on_login_complete(sender: Any, *, request: HttpRequest, **kwargs: Any) -> None:
    session_list.record_login(request)


@receiver(auth_signals.user_logged_out)
def on_logged_out(sender: Any, *, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        announce(signals.logged_out, User, user=user)


@receiver(allauth_signals.password_changed)
@receiver(allauth_signals.password_set)
def on_password_changed(sender: Any, *, user: User, **kwargs: Any) -> None:
    announce(signals.password_changed, User, user=user, how="change")


@receiver(allauth_signals.password_reset)
def on_password_reset(sender: Any, *, user: User, **kwargs: Any) -> None:
    announce(signals.password_changed, User, user=user, how="reset")


@receiver(mfa_signals.authenticator_added)
def on_factor_added(sender: Any, *, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    announce(signals.mfa_changed, User, user=user, method=authenticator.type, change="added")


@receiver(mfa_signals.authenticator_removed)
def on_factor_removed(sender: Any, *, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    announce(signals.mfa_changed, User, user=user, method=authenticator.type, change="removed")


@receiver(mfa_signals.authenticator_reset)
def on_factor_renewed(sender: Any, *, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    announce(signals.mfa_changed, User, user=user, method=authenticator.type, change="renewed")


@receiver(mfa_signals.authentication_failed)
def on_wrong_code(
    sender: Any, *, request: HttpRequest, user: User, reauthentication: bool = False, **kwargs: Any
) -> None:
    if reauthentication:
        announce(signals.confirmation_failed, User, user=user, method="code")
    else:
        announce_failure(request, user.email, signals.LoginFailure.CODE)


@receiver(mfa_signals.authenticator_used)
def on_factor_used(sender: Any, *, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        announce(signals.recovery_code_used, User, user=user)
