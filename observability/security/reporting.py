"""Saying that a security event happened. Nothing here raises, waits for Redis or touches the database."""

import logging
import time
from typing import Any

from observability.conf import conf
from observability.context import current, known_user_id
from observability.security import background, stream
from observability.security.events import SecurityEvent
from observability.security.metrics import lost
from observability.security.observation import Fact, Observation
from observability.security.sources import network, shown, source_of

logger = logging.getLogger(__name__)


def report(
    event: SecurityEvent,
    *,
    request: Any = None,
    source: str = "",
    user: Any = None,
    account: str = "",
    **facts: Fact,
) -> None:
    """One count, one line in the stream `observability.security`, and a row for what matters (events.py).

    `request` is the present one unless given; it says where the event came from unless `source` does. `user` is whom
    it is about, else who asked, if known. `account` tells apart the accounts that logins were tried on: a keyed hash.
    `facts` are closed words and numbers, redacted.
    """
    try:
        context = current()
        request = request if request is not None else (context.request if context else None)
        if request is not None:
            request._security_event = event
            source = source or source_of(request)
        seen = Observation(
            at=time.time(),
            event=event,
            source=source,
            shown=shown(source),
            person=_person(user, request),
            account=account,
            request_id=context.request_id if context else "",
            facts={**facts, **({"account": account} if account else {})},
        )
        stream.tell(seen)
        background.queue.put(seen)
    except Exception as error:
        _failed(error)


def observe(rule: SecurityEvent, *, subject: str = "", value: str = "", request: Any = None, user: Any = None) -> None:
    """Let the rule count: `value` is another thing of `subject`; either is the request's network when not given.

    No event by itself.
    """
    try:
        context = current()
        request = request if request is not None else (context.request if context else None)
        source = source_of(request) if request is not None else ""
        background.queue.put(
            Observation(
                at=time.time(),
                source=source,
                shown=shown(source),
                person=_person(user, request),
                request_id=context.request_id if context else "",
                rule=rule,
                subject=subject or network(source),
                value=value or network(source),
            )
        )
    except Exception as error:
        _failed(error)


def _person(user: Any, request: Any) -> str:
    if user is not None:
        return str(getattr(user, conf.USER_ID_ATTRIBUTE, ""))
    return known_user_id(request) if request is not None else ""


def _failed(error: Exception) -> None:
    lost.inc(reason="failed")
    logger.warning("a security event was not reported: %s", type(error).__name__)
