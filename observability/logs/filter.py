"""Redaction as a filter, for handlers with any formatter."""

import copy
import logging
import sys
import traceback

from observability.logs.record import MAX_FRAMES, RecordReader, error_of, extra_of, is_redacted, mark_redacted
from observability.redaction import UNREDACTABLE, Policy, redact, redact_text

_REPLACES_RECORDS = sys.version_info >= (3, 12)


class RedactingFilter(logging.Filter):
    """Redacts message, arguments, extra fields, exception and stack of a record; never drops one, never raises.

    Put it on handlers: a filter on a logger doesn't see the records of child loggers. Afterwards the message is
    complete (`args` is empty) and the exception is text (`exc_text`; `exc_info` is None). From Python 3.12 on the
    handler gets a changed copy; before, the record itself is changed, so a handler that needs the original comes first.
    """

    def __init__(self, name: str = "", policy: Policy | None = None) -> None:
        super().__init__(name)
        self.reader = RecordReader(policy)

    def filter(self, record: logging.LogRecord) -> bool | logging.LogRecord:  # type: ignore[override,unused-ignore]
        if is_redacted(record):
            return True
        if _REPLACES_RECORDS:
            record = copy.copy(record)
        try:
            self._redact(record)
        except Exception:
            record.msg, record.args = UNREDACTABLE, ()
            record.exc_info = record.exc_text = record.stack_info = None
        mark_redacted(record)
        return record if _REPLACES_RECORDS else True

    def _redact(self, record: logging.LogRecord) -> None:
        reader, attributes = self.reader, record.__dict__
        extra = extra_of(record)
        for key in extra:
            del attributes[key]
        attributes.update(reader.fields(extra))
        for live in ("request", "socket"):
            if live in attributes:
                attributes[live] = reader.any_text(attributes[live])
        record.msg = redact(record.msg, reader.policy) if isinstance(record.msg, dict) else reader.message(record)
        record.args = ()
        error = error_of(record)
        if error is not None:
            attributes["_exception"] = reader.exception(error)
            record.exc_text = redact_text(_traceback(error), reader.policy)
        elif record.exc_text:
            record.exc_text = redact_text(record.exc_text, reader.policy)
        record.exc_info = None
        if record.stack_info:
            record.stack_info = redact_text(record.stack_info, reader.policy)


def _traceback(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error, limit=-MAX_FRAMES)).rstrip("\n")
    except Exception:
        return f"{type(error).__name__}: {UNREDACTABLE}"
