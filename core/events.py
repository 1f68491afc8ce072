"""Saying what happened: a past-tense signal, sent once the transaction that made it true has committed."""

from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import Signal


def announce(signal: Signal, sender: Any, **facts: Any) -> None:
    """Send `signal` after the current transaction commits (at once outside of one).

    A failing receiver is logged (logger `django.dispatch`) and reaches neither the caller nor the other receivers.
    What must happen does not depend on a receiver: it goes through the outbox.
    """
    transaction.on_commit(partial(signal.send_robust, sender=sender, **facts))
