"""Redaction of structures: the shape stays, the argument stays, nothing gets through, nothing is raised."""

import copy
import dataclasses
from collections import OrderedDict, deque, namedtuple
from types import MappingProxyType
from uuid import UUID

import pytest
from django.http import QueryDict

from observability.redaction import IpPolicy, Level, Policy, RawAddress, redact


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    pk: int
    first_name: str
    note: str


Point = namedtuple("Point", ["x", "email"])


class Unprintable:
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class BrokenMapping(dict):
    def items(self):
        raise RuntimeError("no items")


def test_sensitive_keys_are_masked_at_any_depth_and_the_argument_is_untouched():
    value = {"user": {"profile": [{"apiKey": "k1", "n": 1}, ("x", {"Set-Cookie": "a=b"})]}, "passing_score": 80}
    before = copy.deepcopy(value)
    assert redact(value) == {
        "user": {"profile": [{"apiKey": "[secret]", "n": 1}, ("x", {"Set-Cookie": "[secret]"})]},
        "passing_score": 80,
    }
    assert value == before


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (("password", "hunter2"), ("password", "[secret]")),
        ([[b"cookie", b"sessionid=x"]], [[b"cookie", b"[secret]"]]),
        ({"name": "Authorization", "value": "abc"}, {"name": "Authorization", "value": "[secret]"}),
        (b"to a@example.com \xff", b"to [email] \xff"),
        (bytearray(b"password=x"), bytearray(b"password=[secret]")),
        (memoryview(b"password=x"), b"password=[secret]"),
        ("p\0a".encode("utf-16"), b"[unredactable]"),
        ({"a@example.com": 1, "b@example.com": 2}, {"[email]": 1, "[email]#2": 2}),
        ({"a@example.com"}, {"[email]"}),
        (frozenset({"x"}), frozenset({"x"})),
        (deque(["a@example.com"]), deque(["[email]"])),
        (OrderedDict(token="t"), {"token": "[secret]"}),
        (MappingProxyType({"token": "t"}), {"token": "[secret]"}),
        (Person(1, "Alice", "a@example.com"), Person(1, "[personal]", "[email]")),
        (Point(1, "x"), Point(1, "[personal]")),
        ({"password": None, "token": "", "secret": True}, {"password": None, "token": "", "secret": True}),
        ({"pin": 1234, "credentials": {"a": 1}}, {"pin": "[secret]", "credentials": "[secret]"}),
        (4111111111111111, "[card]"),
        (1795400207123456789, 1795400207123456789),
        (UUID(int=5), UUID(int=5)),
        (ValueError("no a@example.com"), "ValueError: no [email]"),
        (QueryDict("token=a&token=b&q=x"), {"token": "[secret]", "q": ["x"]}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_container_comes_back_in_its_shape(value, expected):
    result = redact(value)
    assert result == expected
    assert type(result) is type(expected)
    assert redact(result) == result


def test_unknown_objects_become_redacted_text_and_broken_ones_a_placeholder():
    class Learner:
        def __str__(self):
            return "Learner a@example.com"

    assert redact([Learner(), Unprintable(), BrokenMapping(token="t"), 1]) == [
        "Learner [email]", "[unredactable]", {"token": "[secret]"}, 1,
    ]  # fmt: skip


def test_cycles_and_depth_end_in_a_placeholder():
    cycle = {"a": 1}
    cycle["self"] = cycle
    assert redact(cycle) == {"a": 1, "self": "[cycle]"}
    deep = leaf = []
    for _ in range(10_000):
        leaf.append([])
        leaf = leaf[0]
    leaf.append("a@example.com")
    text = repr(redact(deep))
    assert text == "[" * 32 + "'[depth]'" + "]" * 32


def test_size_is_bounded():
    result = redact(list(range(50_000)) + ["a@example.com"] * 50_000)
    assert "a@example.com" not in result
    assert result[-1] == "[truncated]"
    assert len(result) < 70_000


def test_only_the_security_stream_keeps_an_address_and_only_an_address():
    event = {
        "client_address": RawAddress("203.0.113.77"),
        "other": RawAddress("a@example.com"),
        "plain": "203.0.113.77",
    }
    assert redact(event) == {"client_address": "203.0.113.0", "other": "[email]", "plain": "203.0.113.0"}
    assert redact(event, Policy(raw_addresses=True)) == {
        "client_address": "203.0.113.77", "other": "[email]", "plain": "203.0.113.0",
    }  # fmt: skip


def test_one_person_has_one_hash_in_text_and_under_a_key():
    policy = Policy(level=Level.HASH, ip=IpPolicy.TRUNCATE, key=b"k")
    result = redact({"username": "Alice@example.com", "message": "alice@example.com left"}, policy)
    digest = result["username"].removeprefix("[personal:")
    assert result["message"] == f"[email:{digest} left"
    assert redact(result, policy) == result
