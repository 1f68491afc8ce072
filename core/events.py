"""Saying what happened: a past-tense signal, sent once the transaction that made it true has committed."""

import logging
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import Signal

logger = logging.getLogger(__name__)


def announce(signal: Signal, sender: Any, **facts: Any) -> None:
    """Send `signal` after the current transaction commits (at once outside of one).

    A failing receiver is logged and reaches neither the caller nor the other receivers. What must happen does not
    depend on a receiver: it goes through the outbox.
    """
    transaction.on_commit(partial(_send, signal, sender, facts), robust=True)


def _send(signal: Signal, sender: Any, facts: dict[str, Any]) -> None:
    for receiver, result in signal.send_robust(sender=sender, **facts):
        if isinstance(result, Exception):
            name = getattr(receiver, "__qualname__", type(receiver).__name__)
            logger.error("signal receiver failed", extra={"event": "signal.receiver_failed", "receiver": name})
