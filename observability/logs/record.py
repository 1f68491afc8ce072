"""Reading a log record safely: its message, its extra fields and its exception, redacted; nothing here raises."""

import itertools
import logging
import traceback
from types import TracebackType
from typing import Any

from observability.policy import current_policy
from observability.redaction import DEFAULT, UNREDACTABLE, Policy, redact, redact_text
from observability.redaction.keys import classify_key
from observability.statements import normalised

# Attributes of every record come first in its dict, so what a caller or another formatter added is what follows them.
_STANDARD = len(logging.LogRecord("", 0, "", 0, "", (), None).__dict__)
# Not a caller's data: what formatters leave behind, and live objects that Django adds.
_IGNORED = frozenset({"message", "asctime", "taskName", "request", "socket"})
# Numbers this long may be a card or a phone.
_SHORTEST_NUMBER = 10**11
_HARMLESS = frozenset({float, bool, type(None)})

MAX_FRAMES = 40
MAX_CHAIN = 10
MAX_NOTES = 20
MAX_REMEMBERED = 4096
LONGEST_REMEMBERED = 200

_redacted_mark = object()


def mark_redacted(record: logging.LogRecord) -> None:
    record.__dict__["_redacted"] = _redacted_mark


def is_redacted(record: logging.LogRecord) -> bool:
    """Whether a RedactingFilter has been here. No `extra` can pretend that: the mark is compared by identity."""
    return record.__dict__.get("_redacted") is _redacted_mark


def error_of(record: logging.LogRecord) -> BaseException | None:
    info = record.exc_info
    return info[1] if isinstance(info, tuple) and len(info) == 3 and isinstance(info[1], BaseException) else None


def _is_statement(record: logging.LogRecord) -> bool:
    """Whether Django logs an SQL statement, whose parameters are anything that anybody ever stored."""
    return "sql" in record.__dict__ and str(record.name).startswith("django.db.backends")


def extra_of(record: logging.LogRecord) -> dict[str, Any]:
    """What was given as `extra`, as it is."""
    attributes = record.__dict__
    if len(attributes) == _STANDARD:
        return {}
    added = itertools.islice(attributes, _STANDARD, None)
    if _is_statement(record):
        return {key: attributes[key] for key in added if key in {"duration", "alias"}}
    return {key: attributes[key] for key in added if key not in _IGNORED and key[:1] != "_"}


class RecordReader:
    """Reads records under one policy.

    Texts found clean are remembered, since routes, events and most messages come again and again. A text that holds
    anything to hide is never kept.
    """

    def __init__(self, policy: Policy | None = None) -> None:
        self._own_policy = policy
        self._clean: set[str] = set()
        self._plain_keys: set[str] = set()
        self._remembers_for = policy

    @property
    def policy(self) -> Policy:
        return self._own_policy or current_policy()

    def text(self, text: str) -> str:
        if text in self._clean:
            return text
        policy = self.policy
        redacted = redact_text(text, policy)
        if len(text) <= LONGEST_REMEMBERED and redacted == text and self._may_remember(policy):
            self._clean.add(text)
        return redacted

    def _may_remember(self, policy: Policy) -> bool:
        if policy is not self._remembers_for or len(self._clean) >= MAX_REMEMBERED:
            self._clean, self._plain_keys = set(), set()
            self._remembers_for = policy
        # Before the settings are loaded the policy is provisional, and the next one may hide more.
        return policy is not DEFAULT

    def any_text(self, value: Any) -> str:
        try:
            return redact_text(str(value), self.policy)
        except Exception:
            return UNREDACTABLE

    def message(self, record: logging.LogRecord) -> str:
        """The message with its arguments. Arguments that don't fit are shown after it instead of being lost."""
        message = record.msg
        if isinstance(message, dict):
            return ""
        if _is_statement(record):
            return normalised(self.any_text(record.__dict__["sql"]))
        try:
            if record.args or type(message) is not str:
                message = record.getMessage()
            return self.text(message)
        except Exception:
            return f"{self.any_text(record.msg)} {self.any_text(record.args)}"

    def fields(self, given: dict[Any, Any]) -> dict[Any, Any]:
        """`redact` of a flat mapping of mostly short, known texts and numbers, which is what `extra` is."""
        policy = self.policy
        if "value" in given or len(given) > policy.max_items:
            # A pair of name and value is judged together.
            return self._structure(given)
        result: dict[Any, Any] = {}
        for key, value in given.items():
            if key not in self._plain_keys and not self._is_plain_key(key):
                result.update(self._structure({key: value}))
                continue
            kind = type(value)
            if kind is str:
                value = self.text(value)
            elif not (kind in _HARMLESS or (kind is int and -_SHORTEST_NUMBER < value < _SHORTEST_NUMBER)):
                value = redact(value, policy)
            result[key] = value
        return result

    def _is_plain_key(self, key: Any) -> bool:
        policy = self.policy
        if type(key) is not str or not key.isidentifier() or classify_key(key, policy.extra_keys) is not None:
            return False
        if redact_text(key, policy) != key:
            return False
        if self._may_remember(policy):
            self._plain_keys.add(key)
        return True

    def _structure(self, given: dict[Any, Any]) -> dict[Any, Any]:
        redacted = redact(given, self.policy)
        return redacted if isinstance(redacted, dict) else {"extra": redacted}

    def exception(self, error: BaseException) -> dict[str, Any]:
        """The exception as a structure.

        Members: type, message, frames (outermost first, `file:line function`), and where present notes, cause, context
        (not one suppressed by `raise ... from`) and exceptions (of a group). Bounded in length, depth and cycles.
        """
        return self._exception(error, set())

    def _exception(self, error: BaseException, seen: set[int]) -> dict[str, Any]:
        kind = type(error)
        module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
        fields: dict[str, Any] = {"type": f"{module}{kind.__qualname__}", "message": self.any_text(error)}
        if id(error) in seen or len(seen) >= MAX_CHAIN:
            return fields
        seen.add(id(error))
        if error.__traceback__ is not None:
            fields["frames"] = _frames(error.__traceback__)
        notes = getattr(error, "__notes__", None)
        if isinstance(notes, (list, tuple)) and notes:
            fields["notes"] = [self.any_text(note) for note in notes[:MAX_NOTES]]
        if error.__cause__ is not None:
            fields["cause"] = self._exception(error.__cause__, seen)
        elif error.__context__ is not None and not error.__suppress_context__:
            fields["context"] = self._exception(error.__context__, seen)
        if isinstance(error, BaseExceptionGroup):
            fields["exceptions"] = [self._exception(member, seen) for member in error.exceptions[:MAX_CHAIN]]
        return fields


def _frames(trace: TracebackType) -> list[str]:
    frames = [f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}" for frame, line in traceback.walk_tb(trace)]
    if len(frames) > MAX_FRAMES:
        half = MAX_FRAMES // 2
        frames = [*frames[:half], f"... {len(frames) - MAX_FRAMES} more ...", *frames[-half:]]
    return frames
