"""The production format: one JSON object per line, after the schema in docs/logging.md."""

import json
import logging
import time
from typing import Any

import orjson
from pythonjsonlogger.orjson import OrjsonFormatter

from observability.context import current
from observability.logs.record import RecordReader, error_of, extra_of, is_redacted
from observability.redaction import UNREDACTABLE, Policy, redact_text

# Not control characters to JSON, yet line ends or terminal commands to readers of a line.
_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029)}
_OWN_FIELDS = frozenset(
    {"time", "level", "logger", "message", "request_id", "trace_id", "span_id", "exception", "stack"}
)


class JsonFormatter(OrjsonFormatter):
    """Formats a record without changing it, with its context, redacted. Never raises; always one line.

    An extra field named like one of the schema's own is written as `extra_<name>`.
    """

    def __init__(self, *, policy: Policy | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call,unused-ignore]
        self.reader = RecordReader(policy)
        self._second: tuple[int, str] = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        try:
            return self._encode(self.fields(record))
        except Exception:
            return self._last_resort(record)

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        reader, msg, done = self.reader, record.msg, is_redacted(record)
        data: dict[str, Any] = {
            "time": self.time_text(record.created),
            "level": record.levelname,
            "logger": reader.text(str(record.name)),
            "message": msg if done and type(msg) is str else reader.message(record),
        }
        context = current()
        if context is not None:
            data.update(context.fields())
        extra: dict[Any, Any] = extra_of(record)
        if isinstance(msg, dict):
            extra = {**msg, **extra}
        if extra:
            if not done:
                extra = reader.fields(extra)
            if _OWN_FIELDS.isdisjoint(extra):
                data.update(extra)
            else:
                data.update((f"extra_{key}" if key in _OWN_FIELDS else key, value) for key, value in extra.items())
        if record.exc_info or record.exc_text:
            data["exception"] = self._exception(record, done)
        if record.stack_info:
            data["stack"] = redact_text(record.stack_info, reader.policy)
        return data

    def _exception(self, record: logging.LogRecord, done: bool) -> Any:
        if done and "_exception" in record.__dict__:
            return record.__dict__["_exception"]
        error = error_of(record)
        if error is not None:
            return self.reader.exception(error)
        return {"text": redact_text(record.exc_text or "", self.reader.policy)}

    def time_text(self, created: float) -> str:
        second = int(created)
        known, text = self._second
        if known != second:
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = (second, text)
        return f"{text}.{int((created - second) * 1000):03d}Z"

    def _encode(self, data: dict[str, Any]) -> str:
        try:
            line = orjson.dumps(data, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
        except TypeError:
            # Lone surrogates and integers beyond 64 bits, which orjson refuses.
            text = json.dumps(data, default=_plain, ensure_ascii=False, skipkeys=True, allow_nan=False)
            line = text.encode("utf-8", "replace").decode()
        return one_line(line)

    def _last_resort(self, record: logging.LogRecord) -> str:
        fields = {
            "time": self.time_text(time.time()),
            "level": str(getattr(record, "levelname", "ERROR")),
            # The host's policy may be what failed.
            "logger": redact_text(str(getattr(record, "name", ""))),
            "message": UNREDACTABLE,
            "event": "log.format_failed",
        }
        return json.dumps(fields)


def one_line(text: str) -> str:
    """JSON with every character escaped that a reader of lines may take for more than text."""
    return text if text.isascii() else text.translate(_ESCAPES)


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "replace")
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    if hasattr(value, "__iter__"):
        return list(value)
    return redact_text(str(value))
