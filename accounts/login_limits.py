"""How many wrong passwords an account and a source may try.

A guess from a source that the account has logged in from before counts against the account at that source; guesses
from everywhere else count together. So strangers can exhaust only each other's guesses: who comes from a known
source still gets in. What an account's own limit refuses doesn't count against the source, so that one learner's
typos can't lock a campus out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.http import HttpRequest

from accounts import limits, signals
from accounts.client_address import client_address, network_key
from accounts.limits import Count, LimitExceeded
from accounts.models import User
from accounts.signals import LoginFailure
from core.events import announce

ELSEWHERE = "elsewhere"
Refusal = TypeVar("Refusal")


@dataclass(frozen=True)
class Attempt:
    counts: tuple[Count, ...]

    def succeeded(self) -> None:
        """The password was right: only wrong ones count."""
        limits.give_back(*self.counts)


def source_of(request: HttpRequest) -> str:
    return network_key(client_address(request))


def begin(request: HttpRequest, email: str) -> Attempt:
    """Count a password check before it is made. Raises LimitExceeded; the password must not be looked at then."""
    account, source = email.strip().lower(), source_of(request)
    place = source if limits.is_known_source(account=account, source=source) else ELSEWHERE
    counts = (Count("login_account", f"{account}|{place}"), Count("login_source", source))
    limits.require(*counts)
    return Attempt(counts)


def begin_source(request: HttpRequest) -> Attempt:
    """Count a check that names no account by itself. Raises LimitExceeded."""
    counts = (Count("login_source", source_of(request)),)
    limits.require(*counts)
    return Attempt(counts)


def announce_failure(request: HttpRequest, email: str | None, reason: LoginFailure) -> None:
    """`email` is the account's that was tried; None when the attempt named none."""
    account = "" if email is None else limits.keyed_hash(email.strip().lower())
    announce(signals.login_failed, User, reason=reason, source=client_address(request), account=account)


def require_call(request: HttpRequest) -> None:
    """Bounds what one source may make us compute, right or wrong. Raises LimitExceeded."""
    limits.require(Count("login_calls", source_of(request)))


def check_passkey(request: HttpRequest, check: Callable[[], Refusal | None]) -> Refusal | None:
    """What `check` says against the passkey of a login; None when it is right.

    A refused signature counts for its source as a wrong password does, not for the account that it claims.
    Raises LimitExceeded; `check` has not been called then.
    """
    try:
        attempt = begin_source(request)
    except LimitExceeded:
        announce_failure(request, None, LoginFailure.LIMITED)
        raise
    refusal = check()
    if refusal is None:
        attempt.succeeded()
    else:
        announce_failure(request, None, LoginFailure.PASSKEY)
    return refusal


def begin_code(request: HttpRequest, account_id: int) -> Attempt:
    """Count a check of a second factor. Raises LimitExceeded."""
    counts = (Count("mfa_account", str(account_id)), Count("mfa_source", source_of(request)))
    limits.require(*counts)
    return Attempt(counts)
