"""The ids under which work is done: they tie the log lines, tasks, queries and errors of one request together.

`trace_id`, `span_id` and the `traceparent` text are those of W3C Trace Context, level 1.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar, Token
from random import getrandbits
from typing import Any

from django.utils.functional import LazyObject, empty

from observability.conf import conf
from observability.policy import current_policy
from observability.redaction import redact_text

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.\-]{8,64}")
_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class Context:
    """One unit of work: a request, a task, or what a task carries on for a request."""

    __slots__ = ("_fields", "flags", "reported", "request", "request_id", "span_id", "task", "trace_id")

    def __init__(
        self,
        *,
        request_id: str = "",
        traceparent: str = "",
        task: str = "",
        request: Any = None,
    ) -> None:
        # Ids, not secrets: without a system call each. The module seeds itself anew in a forked child.
        ids = getrandbits(192).to_bytes(24, "big").hex()
        match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        if match and (match[1] != "00" or not match[5]):
            self.trace_id, self.flags = match[2], match[4] if match[1] == "00" else "00"
        else:
            self.trace_id, self.flags = ids[:32], "00"
        self.span_id = ids[32:]
        self.request_id = (accept_request_id(request_id) if request_id else "") or ids[:32]
        self.task = task
        self.request = request
        self.reported = False
        self._fields: dict[str, str] | None = None

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    def fields(self) -> dict[str, str]:
        """What a log line says about this work: request_id, trace_id, span_id, and user_id and task when known."""
        fields = self._fields
        if fields is None:
            fields = {"request_id": self.request_id, "trace_id": self.trace_id, "span_id": self.span_id}
            if self.task:
                fields["task"] = redact_text(self.task, current_policy())
            self._fields = fields
        if self.request is not None and "user_id" not in fields:
            user_id = known_user_id(self.request)
            if user_id:
                # A new dict: another thread may be reading this one.
                self._fields = fields = fields | {"user_id": user_id}
        return fields


_current: ContextVar[Context | None] = ContextVar("observability_context", default=None)


def current() -> Context | None:
    return _current.get()


def accept_request_id(offered: str | None) -> str:
    """The offered id when it is well-formed (8–64 of A-Z a-z 0-9 _ . -) and holds nothing personal, else ""."""
    if offered and _REQUEST_ID.fullmatch(offered) and redact_text(offered, current_policy()) == offered:
        return offered
    return ""


def known_user_id(request: Any) -> str:
    """The person's id by the setting USER_ID_ATTRIBUTE; "" for nobody, or while nothing has looked the person up.

    Asking costs no query.
    """
    user = request.__dict__.get("user")
    if user is None or (isinstance(user, LazyObject) and user.__dict__.get("_wrapped", empty) is empty):
        return ""
    if not getattr(user, "is_authenticated", False):
        return ""
    return redact_text(str(getattr(user, conf.USER_ID_ATTRIBUTE, "")), current_policy())


def enter(context: Context) -> Token[Context | None]:
    """Work under `context` until `leave` is called with what this returns."""
    return _current.set(context)


def leave(token: Token[Context | None]) -> None:
    _current.reset(token)


def capture() -> dict[str, str]:
    """The present context as plain text, to be stored with work that is done later; empty outside of one."""
    context = _current.get()
    return {"request_id": context.request_id, "traceparent": context.traceparent} if context else {}


@contextlib.contextmanager
def continued(captured: Mapping[str, str]) -> Iterator[None]:
    """Work under a captured context, as a new span of its trace. Nothing captured: the present context stays."""
    if not captured:
        yield
        return
    present = _current.get()
    token = enter(
        Context(
            request_id=captured.get("request_id", ""),
            traceparent=captured.get("traceparent", ""),
            task=present.task if present else "",
        )
    )
    try:
        yield
    finally:
        leave(token)
