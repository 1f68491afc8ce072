"""Reading a log record safely: its message, its extra fields and its exception, redacted; nothing here raises."""

import itertools
import logging
import traceback
from types import TracebackType
from typing import Any

from observability.redaction import UNREDACTABLE, Policy, redact, redact_text

# Attributes of every record come first in its dict, so what a caller or another formatter added is what follows them.
_STANDARD = len(logging.LogRecord("", 0, "", 0, "", (), None).__dict__)
# Not a caller's data: what formatters leave behind, and live objects that Django adds.
_IGNORED = frozenset({"message", "asctime", "taskName", "request", "socket"})

MAX_FRAMES = 40
MAX_CHAIN = 10
MAX_NOTES = 20


def safe_message(record: logging.LogRecord, policy: Policy | None) -> str:
    """The redacted message. Arguments that don't fit the message are shown after it instead of being lost."""
    msg = record.msg
    if type(msg) is str and not record.args:
        return redact_text(msg, policy)
    if isinstance(msg, dict):
        return ""
    try:
        return redact_text(record.getMessage(), policy)
    except Exception:
        return f"{_text(msg, policy)} {_text(record.args, policy)}"


def _text(value: Any, policy: Policy | None) -> str:
    try:
        return redact_text(str(value), policy)
    except Exception:
        return UNREDACTABLE


def extra_fields(record: logging.LogRecord, policy: Policy | None) -> dict[str, Any]:
    """What was given as `extra`, or as a dict instead of a message, redacted."""
    attributes = record.__dict__
    found: dict[Any, Any] = {}
    if len(attributes) > _STANDARD:
        for key in itertools.islice(attributes, _STANDARD, None):
            if key not in _IGNORED and not (type(key) is str and key[:1] == "_"):
                found[key] = attributes[key]
    if isinstance(record.msg, dict):
        found = {**record.msg, **found}
    if not found:
        return found
    redacted = redact(found, policy)
    return redacted if isinstance(redacted, dict) else {"extra": redacted}


def exception_fields(error: BaseException | None, policy: Policy | None) -> dict[str, Any]:
    """The exception as a structure.

    Members: type, message, frames (outermost first, `file:line function`), and where present notes, cause, context
    (not one suppressed by `raise ... from`) and exceptions (of a group). Bounded in length, depth and cycles.
    """
    return _exception(error, policy, set()) if error is not None else {}


def _exception(error: BaseException, policy: Policy | None, seen: set[int]) -> dict[str, Any]:
    kind = type(error)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    fields: dict[str, Any] = {"type": f"{module}{kind.__qualname__}", "message": _text(error, policy)}
    if id(error) in seen or len(seen) >= MAX_CHAIN:
        return fields
    seen.add(id(error))
    if error.__traceback__ is not None:
        fields["frames"] = _frames(error.__traceback__)
    notes = getattr(error, "__notes__", None)
    if isinstance(notes, (list, tuple)) and notes:
        fields["notes"] = [_text(note, policy) for note in notes[:MAX_NOTES]]
    if error.__cause__ is not None:
        fields["cause"] = _exception(error.__cause__, policy, seen)
    elif error.__context__ is not None and not error.__suppress_context__:
        fields["context"] = _exception(error.__context__, policy, seen)
    if isinstance(error, BaseExceptionGroup):
        fields["exceptions"] = [_exception(member, policy, seen) for member in error.exceptions[:MAX_CHAIN]]
    return fields


def _frames(trace: TracebackType) -> list[str]:
    frames = [f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}" for frame, line in traceback.walk_tb(trace)]
    if len(frames) > MAX_FRAMES:
        half = MAX_FRAMES // 2
        frames = [*frames[:half], f"... {len(frames) - MAX_FRAMES} more ...", *frames[-half:]]
    return frames


def error_of(record: logging.LogRecord) -> BaseException | None:
    info = record.exc_info
    return info[1] if isinstance(info, tuple) and len(info) == 3 and isinstance(info[1], BaseException) else None
