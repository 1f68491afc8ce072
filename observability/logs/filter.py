"""Redaction as a filter, for handlers with any formatter."""

import copy
import logging
import sys
import traceback

from observability.logs.record import MAX_FRAMES, error_of, exception_fields, extra_fields, safe_message
from observability.redaction import UNREDACTABLE, Policy, redact_text

_REPLACES_RECORDS = sys.version_info >= (3, 12)


class RedactingFilter(logging.Filter):
    """Redacts message, arguments, extra fields, exception and stack of a record; never drops one, never raises.

    Put it on handlers: a filter on a logger doesn't see the records of child loggers. Afterwards the message is
    complete (`args` is empty) and the exception is text (`exc_text`; `exc_info` is None). From Python 3.12 on the
    handler gets a changed copy; before, the record itself is changed, so a handler that needs the original comes first.
    """

    def __init__(self, name: str = "", policy: Policy | None = None) -> None:
        super().__init__(name)
        self.policy = policy

    def filter(self, record: logging.LogRecord) -> bool | logging.LogRecord:  # type: ignore[override,unused-ignore]
        if record.__dict__.get("_redacted") is _DONE:
            return True
        try:
            if _REPLACES_RECORDS:
                record = copy.copy(record)
            self._redact(record)
        except Exception:
            record.msg, record.args = UNREDACTABLE, ()
            record.exc_info = record.exc_text = record.stack_info = None
        return record if _REPLACES_RECORDS else True

    def _redact(self, record: logging.LogRecord) -> None:
        policy = self.policy
        extra = extra_fields(record, policy)
        if isinstance(record.msg, dict):
            record.msg = {key: extra[key] for key in extra if key not in record.__dict__}
        else:
            record.msg = safe_message(record, policy)
        record.args = ()
        record.__dict__.update((key, value) for key, value in extra.items() if key in record.__dict__)
        for live in ("request", "socket"):
            if live in record.__dict__:
                record.__dict__[live] = type(record.__dict__[live]).__name__
        error = error_of(record)
        if error is not None:
            record.__dict__["_exception"] = exception_fields(error, policy)
            record.exc_text = redact_text(_traceback(error), policy)
        elif record.exc_text:
            record.exc_text = redact_text(record.exc_text, policy)
        record.exc_info = None
        if record.stack_info:
            record.stack_info = redact_text(record.stack_info, policy)
        record.__dict__["_redacted"] = _DONE


_DONE = object()


def _traceback(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error, limit=-MAX_FRAMES)).rstrip("\n")
    except Exception:
        return f"{type(error).__name__}: {UNREDACTABLE}"
