"""The access line's short way writes what a record would, and steps aside for whatever could tell the difference."""

import io
import json
import logging
import time

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import ResolverMatch

from observability.context import Context, enter, leave
from observability.logs import JsonFormatter, QueuedHandler, RedactingFilter, access, sink
from observability.middleware import RequestContextMiddleware

NOW = 1767225600.25


class Person:
    is_authenticated = True

    def __init__(self, public_id):
        self.public_id = self.pk = public_id


class Unreadable:
    @property
    def is_authenticated(self):
        raise RuntimeError("ada@example.org")


HOSTILE = 'ada@example.org"}\n{"level":"ERROR'
# Method, route, status, headers, user.
REQUESTS = {
    "nobody": ("GET", "api/v1/courses/", 200, {}, None),
    "a person": (
        "POST",
        "api/v1/courses/<slug:slug>/enrollment",
        201,
        {},
        Person("5f0c9b1e-7f2f-4d3a-9e55-0c3d8a1b2c3d"),
    ),
    "a person named by an address": ("GET", "admin/", 200, {}, Person("ada@example.org")),
    "a person named by broken text": ("GET", "admin/", 200, {}, Person('"\n\x00\u2028\x85\ud800é')),
    "a person that cannot be read": ("GET", "admin/", 200, {}, Unreadable()),
    "offered ids": (
        *("PUT", "api/v1/courses/", 204),
        {"X-Request-ID": "request-0001", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"},
        None,
    ),
    "a client's mistake": ("DELETE", "api/v1/courses/", 405, {}, None),
    "an error": ("GET", "api/v1/courses/", 500, {}, None),
    "an unknown route": ("GET", None, 404, {}, None),
    "a route of other letters": ("GET", '^kurs/(?P<name>"ä\u2028\x85\\d+)$', 200, {}, None),
    "a route of broken text": ("GET", "kurs/\ud800", 200, {}, None),
    "a hostile method": (HOSTILE, "api/v1/courses/", 405, {}, None),
    "a method in small letters": ("get", "api/v1/courses/", 405, {}, None),
    "hostile headers": (
        *("GET", "api/v1/courses/", 200),
        {"X-Request-ID": HOSTILE, "traceparent": HOSTILE, "User-Agent": HOSTILE, "X-Forwarded-For": "203.0.113.77"},
        None,
    ),
    "an id that is an address": ("GET", "api/v1/courses/", 200, {"X-Request-ID": "203.0.113.77"}, None),
}


@pytest.fixture
def only_handler(monkeypatch):
    """A QueuedHandler with a JsonFormatter as the whole of the logging configuration, as in production."""
    handler = QueuedHandler(io.StringIO())
    handler.setFormatter(JsonFormatter())
    # Not the root logger: pytest has a handler of its own there.
    top = logging.Logger("top")
    top.handlers = [handler]
    for name, value in {"parent": top, "handlers": [], "filters": [], "propagate": True, "disabled": False}.items():
        monkeypatch.setattr(access.logger, name, value)
    monkeypatch.setattr(access, "_pieces", {})
    level = access.logger.level
    access.logger.setLevel(logging.INFO)
    yield handler
    access.logger.setLevel(level)
    handler.flush()


@pytest.fixture
def records(monkeypatch):
    """The records made for access lines, which then go their way."""
    made = []

    def handle(record):
        made.append(record)
        logging.Logger.handle(access.logger, record)

    monkeypatch.setattr(access.logger, "handle", handle)
    return made


def ask(case, monkeypatch):
    """The middleware's answer to one request of the table, at a fixed time and with fixed ids."""
    method, route, status, headers, user = REQUESTS[case]
    request = RequestFactory().generic("GET", "/api/v1/courses/ada@example.org?email=ada@example.org", headers=headers)
    request.method = method
    if user is not None:
        request.user = user

    def view(request):
        if route is not None:
            request.resolver_match = ResolverMatch(view, (), {}, "name", route=route)
        return HttpResponse(status=status)

    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: NOW)
        patch.setattr(time, "perf_counter", iter((10.0, 10.01234)).__next__)
        patch.setattr("observability.context.getrandbits", lambda bits: 7**60)
        RequestContextMiddleware(view)(request)


def written(handler):
    handler.flush()
    text = handler.stream.getvalue()
    handler.stream.seek(0)
    handler.stream.truncate()
    return text


@pytest.mark.parametrize("case", REQUESTS)
def test_both_ways_write_the_same_bytes(only_handler, records, monkeypatch, case):
    unreadable = case == "a person that cannot be read"
    by_record = unreadable or "broken text" in case
    lines = []
    # Twice, since the second line of a route is made of remembered pieces.
    for _ in range(2):
        ask(case, monkeypatch)
        lines.append(written(only_handler))
    assert len(records) == (2 if by_record else 0)
    records.clear()
    monkeypatch.setattr(access, "direct_handler", lambda: None)
    ask(case, monkeypatch)
    assert len(records) == 1
    assert lines == [written(only_handler)] * 2
    (line,) = lines[0].splitlines()
    assert json.loads(line)["time"] == "2026-01-01T00:00:00.250Z"
    assert "ada@example.org" not in line
    assert "203.0.113.77" not in line
    if not unreadable:
        assert json.loads(line)["duration_ms"] == 12.34


@pytest.mark.parametrize("seconds", [0.0, 0.000004, 0.00001, 0.1 + 0.2, 3.0, 86400.123456, 1e9])
def test_durations_are_written_alike(only_handler, records, monkeypatch, seconds):
    context = Context(request_id="request-0001")
    monkeypatch.setattr(time, "time", lambda: NOW)
    access.log_request(context, "GET", "a", 200, seconds)
    direct = written(only_handler)
    assert records == []
    monkeypatch.setattr(access, "direct_handler", lambda: None)
    token = enter(context)
    access.log_request(context, "GET", "a", 200, seconds)
    leave(token)
    assert direct == written(only_handler)


def add_filter(handler, monkeypatch):
    handler.addFilter(RedactingFilter())


def add_logger_filter(handler, monkeypatch):
    monkeypatch.setattr(access.logger, "filters", [lambda record: True])


def add_handler(handler, monkeypatch):
    monkeypatch.setattr(access.logger.parent, "handlers", [handler, logging.NullHandler()])


def add_handler_of_its_own(handler, monkeypatch):
    monkeypatch.setattr(access.logger, "handlers", [logging.NullHandler()])


def other_formatter(handler, monkeypatch):
    handler.setFormatter(type("HostFormatter", (JsonFormatter,), {})())


def other_handler(handler, monkeypatch):
    own = type("HostHandler", (QueuedHandler,), {})(io.StringIO())
    own.setFormatter(JsonFormatter())
    monkeypatch.setattr(access.logger.parent, "handlers", [own])


def other_level(handler, monkeypatch):
    handler.setLevel(logging.WARNING)


def other_level_name(handler, monkeypatch):
    monkeypatch.setitem(logging._levelToName, logging.INFO, "Information")


def record_factory(handler, monkeypatch):
    monkeypatch.setattr(logging, "_logRecordFactory", lambda *args, **kwargs: logging.LogRecord(*args, **kwargs))


def no_propagation(handler, monkeypatch):
    monkeypatch.setattr(access.logger, "propagate", False)


@pytest.mark.parametrize(
    "change",
    [
        *(add_filter, add_logger_filter, add_handler, add_handler_of_its_own, other_formatter, other_handler),
        *(other_level, other_level_name, record_factory, no_propagation),
    ],
)
def test_a_configuration_of_the_hosts_own_gets_a_record(only_handler, records, monkeypatch, change):
    ask("nobody", monkeypatch)
    assert records == []
    change(only_handler, monkeypatch)
    ask("nobody", monkeypatch)
    assert len(records) == 1
    assert records[0].getMessage() == "GET /api/v1/courses/ 200"


def test_a_direct_line_is_counted_like_a_record(only_handler, records, monkeypatch):
    counted = []
    monkeypatch.setattr(sink, "count_messages", lambda level, number: counted.append((level, number)))
    ask("nobody", monkeypatch)
    only_handler.flush()
    assert (records, counted) == ([], [("INFO", 1)])


def test_a_direct_line_that_does_not_fit_is_dropped_and_counted(only_handler, records, monkeypatch):
    only_handler.capacity = 10
    ask("nobody", monkeypatch)
    assert (records, only_handler.dropped, written(only_handler)) == ([], 1, "")


def test_what_is_remembered_of_routes_is_bounded(only_handler, monkeypatch):
    monkeypatch.setattr(access, "MAX_REMEMBERED", 3)
    context = Context()
    for number in range(10):
        access.log_request(context, "GET", f"route-{number}", 200, 0.1)
    assert len(access._pieces) <= 3
    assert [json.loads(line)["route"] for line in written(only_handler).splitlines()] == [
        f"route-{number}" for number in range(10)
    ]
