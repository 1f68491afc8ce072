"""Redaction of structures: the same shape comes back, the argument stays as it was."""

import dataclasses
from collections import deque
from collections.abc import Hashable, Iterable, Mapping, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from observability.redaction.keys import classify_key
from observability.redaction.policy import DEFAULT, UNREDACTABLE, Policy, RawAddress
from observability.redaction.text import redact_text
from observability.redaction.validators import is_ip

_PLAIN = (float, complex, Decimal, datetime, date, time, timedelta, UUID, type(None), type(Ellipsis))
_SHORTEST_NUMBER = 10**11
_NAME_FIELDS = ("name", "key", "header", "field", "Name", "Key")


def redact(value: Any, policy: Policy | None = None) -> Any:
    """A redacted copy of ``value`` in the same shape.

    Mappings come back as ``dict``, other containers, named tuples and dataclasses in their own type. The value under a
    sensitive key is replaced whole, whatever it is, except ``None``, booleans and empty text. An object of an unknown
    type becomes its redacted ``str``. Cycles, depth and size are bounded by the policy and leave ``[cycle]``,
    ``[depth]``, ``[truncated]``. Never raises and never changes its argument: what cannot be handled becomes
    ``[unredactable]``.
    """
    policy = policy or DEFAULT
    try:
        return _Walk(policy).visit(value, 0)
    except Exception:  # fail closed: no value instead of an unredacted one
        return UNREDACTABLE


class _Walk:
    __slots__ = ("items_left", "path", "policy", "text_left")

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.items_left = policy.max_items
        self.text_left = 4 * policy.max_text
        self.path: set[int] = set()

    def visit(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is str:
            return self._text(value)
        if kind is bool or kind in _PLAIN:
            return value
        if kind is int:
            return self._number(value)
        self.items_left -= 1
        if self.items_left < 0:
            return "[truncated]"
        if depth >= self.policy.max_depth:
            return "[depth]"
        if id(value) in self.path:
            return "[cycle]"
        self.path.add(id(value))
        try:
            return self._container(value, depth + 1)
        except Exception:  # one broken member must not cost its neighbours
            return UNREDACTABLE
        finally:
            self.path.discard(id(value))

    def _container(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self._string_subclass(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self._bytes(value)
        if isinstance(value, dict):
            # The plain view: a subclass may answer items() with less than it holds, as a multi-value dict does.
            return self._mapping(list(dict.items(value)), depth)
        if isinstance(value, Mapping):
            return self._mapping(list(value.items()), depth)
        if isinstance(value, tuple):
            names = getattr(value, "_fields", None)
            if isinstance(names, tuple) and len(names) == len(value):
                return tuple.__new__(type(value), self._named(zip(names, value, strict=True), depth))
            return tuple(self._sequence(value, depth))
        if isinstance(value, (list, deque)):
            items = self._sequence(list(value), depth)
            return items if isinstance(value, list) else deque(items, value.maxlen)
        if isinstance(value, (set, frozenset, Set)):
            members = self._sequence(list(value), depth, pairs=False)
            return frozenset(members) if isinstance(value, frozenset) else set(members)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._dataclass(value, depth)
        if isinstance(value, int):
            return self._number(int(value))
        if isinstance(value, BaseException):
            return f"{type(value).__name__}: {self._text(str(value))}"
        return self._text(str(value))

    def _text(self, text: str) -> str:
        self.items_left -= 1
        self.text_left -= min(len(text), self.policy.max_text)
        if self.items_left < 0 or self.text_left < 0:
            return "[truncated]"
        return redact_text(text, self.policy)

    def _string_subclass(self, value: str) -> str:
        text = str.__str__(value)
        if self.policy.raw_addresses and isinstance(value, RawAddress) and is_ip(text):
            return value
        return self._text(text)

    def _number(self, value: int) -> int | str:
        if -_SHORTEST_NUMBER < value < _SHORTEST_NUMBER:
            return value
        if value.bit_length() > 256:
            return UNREDACTABLE
        text = str(value)
        redacted = redact_text(text, self.policy)
        return value if redacted == text else redacted

    def _bytes(self, value: bytes | bytearray | memoryview) -> bytes | bytearray:
        data = bytes(value)
        # Text with zero bytes is either binary or in a wide encoding; its words cannot be seen.
        if b"\0" in data:
            redacted = UNREDACTABLE.encode()
        else:
            redacted = self._text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        return bytearray(redacted) if isinstance(value, bytearray) else redacted

    def _mapping(self, items: list[tuple[Any, Any]], depth: int) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        announced = self._announced(items)
        for key, value in items:
            if self.items_left <= 0:
                result["[truncated]"] = "[truncated]"
                break
            if type(key) is str and len(key) < 20 and key.isidentifier():
                name = shown = key
            else:
                name, shown = self._name(key) or "", self.visit(key, depth)
            if type(shown) is str and shown[:1] == "[" and self.policy.placeholder.match(shown):
                # A person as a key says nothing about the value.
                name = ""
            if announced is not None and name in {"value", "Value"}:
                name = announced
            result[self._free(shown, result)] = self._under(name, value, depth)
        return result

    def _announced(self, items: list[tuple[Any, Any]]) -> str | None:
        """The name in a ``{"name": ..., "value": ...}`` pair, the way forms and header lists are often kept."""
        if 2 <= len(items) <= 8:
            names = {key: value for key, value in items if type(key) is str}
            if "value" in names or "Value" in names:
                return next((names[field] for field in _NAME_FIELDS if type(names.get(field)) is str), None)
        return None

    @staticmethod
    def _free(key: Any, taken: dict[Any, Any]) -> Any:
        if not isinstance(key, Hashable):
            key = str(key)
        if key in taken:
            key = next(f"{key}#{n}" for n in range(2, len(taken) + 3) if f"{key}#{n}" not in taken)
        return key

    @staticmethod
    def _name(key: Any) -> str | None:
        if isinstance(key, str):
            return str.__str__(key)
        return key.decode("utf-8", "replace") if isinstance(key, bytes) else None

    def _under(self, name: str, value: Any, depth: int) -> Any:
        kind = classify_key(name if len(name) <= 256 else name[-256:], self.policy.extra_keys)
        return self.visit(value, depth) if kind is None else self._masked(kind, value)

    def _masked(self, kind: str, value: Any) -> Any:
        if value is None or value is True or value is False or (isinstance(value, (str, bytes)) and not value):
            return value
        self.items_left -= 1
        if isinstance(value, (str, int)):
            text = str.__str__(value) if isinstance(value, str) else str(int(value))
            return text if self.policy.placeholder.fullmatch(text) else self.policy.replacement(kind, text)
        if isinstance(value, bytes):
            return self._masked(kind, value.decode("utf-8", "replace")).encode()
        return f"[{kind}]"

    def _sequence(self, values: Iterable[Any], depth: int, *, pairs: bool = True) -> list[Any]:
        items = list(values)
        if pairs and len(items) == 2:
            name = self._name(items[0])
            if name is not None and len(name) <= 64 and name.replace("-", "").replace("_", "").isalnum():
                return [self.visit(items[0], depth), self._under(name, items[1], depth)]
        result = []
        for item in items:
            if self.items_left <= 0:
                result.append("[truncated]")
                break
            result.append(self.visit(item, depth))
        return result

    def _named(self, fields: Iterable[tuple[str, Any]], depth: int) -> list[Any]:
        return [self._under(name, value, depth) for name, value in fields]

    def _dataclass(self, value: Any, depth: int) -> Any:
        copy = object.__new__(type(value))
        for item in dataclasses.fields(value):
            object.__setattr__(copy, item.name, self._under(item.name, getattr(value, item.name, None), depth))
        return copy
