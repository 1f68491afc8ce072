"""Writing to the outbox and carrying its messages out."""

import contextlib
import datetime
import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from outbox.models import Message

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 12

Consumer = Callable[[dict[str, Any]], None]
_consumers: dict[str, Consumer] = {}

# A host may attach its request and trace ids to each message and continue under them (lms.apps wires this).
capture_context: Callable[[], dict[str, str]] = dict
continue_context: Callable[[dict[str, str]], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext


def consumer(topic: str) -> Callable[[Consumer], Consumer]:
    """Register the one function that carries out `topic`. It must be idempotent: delivery is at least once.

    Raises ValueError when the topic already has another consumer.
    """

    def register(function: Consumer) -> Consumer:
        if _consumers.setdefault(topic, function) is not function:
            raise ValueError(f"outbox topic {topic!r} already has a consumer")
        return function

    return register


def publish(*, topic: str, key: str, payload: dict[str, Any]) -> bool:
    """Store a message in the caller's transaction; False when the same topic and key is already stored.

    Raises ValueError for a topic that nobody consumes, TransactionManagementError outside of a transaction.
    """
    if topic not in _consumers:
        raise ValueError(f"outbox topic {topic!r} has no consumer")
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            "outbox.publish belongs in the transaction of what it follows from"
        )
    rows = Message.objects.bulk_create(
        [Message(topic=topic, key=key, payload=payload, context=capture_context())], ignore_conflicts=True
    )
    return Message.objects.filter(pk=rows[0].pk).exists()


def relay(*, limit: int = 200) -> int:
    """Carry out up to `limit` due messages, oldest first; several may run at once. Returns how many succeeded."""
    delivered = 0
    for _ in range(limit):
        outcome = _relay_one()
        if outcome is None:
            break
        delivered += outcome
    return delivered


def _relay_one() -> bool | None:
    """True: delivered, False: the attempt failed, None: nothing is due."""
    # The message's context outlives the transaction: what is announced on commit belongs to it too.
    with contextlib.ExitStack() as context, transaction.atomic():
        message = (
            Message.objects.select_for_update(skip_locked=True)
            .filter(delivered_at__isnull=True, failed_at__isnull=True, available_at__lte=timezone.now())
            .order_by("available_at")
            .first()
        )
        if message is None:
            return None
        message.attempts += 1
        context.enter_context(continue_context(message.context))
        try:
            with transaction.atomic():
                _consumers[message.topic](message.payload)
                logger.info(
                    "outbox message carried out",
                    extra={"event": "outbox.delivered", "topic": message.topic, "attempt": message.attempts},
                )
        except Exception as error:
            _record_failure(message, error)
            return False
        message.delivered_at = timezone.now()
        message.payload = {}
        message.last_error = ""
        message.save(update_fields=["attempts", "delivered_at", "payload", "last_error"])
        return True


def _record_failure(message: Message, error: Exception) -> None:
    now = timezone.now()
    message.last_error = type(error).__name__
    if message.attempts >= MAX_ATTEMPTS:
        message.failed_at = now
    delay = min(
        settings.OUTBOX_FIRST_DELAY_SECONDS * 2 ** (message.attempts - 1), settings.OUTBOX_LONGEST_DELAY_SECONDS
    )
    message.available_at = now + datetime.timedelta(seconds=delay)
    message.save(update_fields=["attempts", "last_error", "failed_at", "available_at"])
    logger.log(
        logging.ERROR if message.failed_at else logging.WARNING,
        "outbox delivery failed",
        exc_info=error,
        extra={"event": "outbox.delivery_failed", "topic": message.topic, "attempt": message.attempts},
    )


def try_again(*, messages: QuerySet[Message]) -> int:
    """Make those of `messages` that were given up due again. Returns how many."""
    return messages.filter(failed_at__isnull=False).update(failed_at=None, attempts=0, available_at=timezone.now())


def purge(*, older_than: datetime.timedelta) -> int:
    """Delete delivered messages older than `older_than`. Returns how many rows went."""
    deleted, _ = Message.objects.filter(delivered_at__lt=timezone.now() - older_than).delete()
    return deleted
