"""No kind of personal data leaves through any part of a log record, by our formatters or by the filter alone."""

import dataclasses
import io
import json
import logging
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from django.db import connection
from pythonjsonlogger.json import JsonFormatter as StockJsonFormatter

from observability.context import Context, enter, leave
from observability.logs import ConsoleFormatter, JsonFormatter, RedactingFilter
from tests.observability.canaries import CANARIES

ROOT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass
class Envelope:
    note: str


def _log(logger, *args, **options):
    logger.error(*args, **options)


def _raise(logger, error):
    try:
        raise error
    except BaseException:
        logger.exception("failed")


def _chained(logger, text, *, explicit):
    try:
        try:
            raise ValueError(text)
        except ValueError as error:
            if explicit:
                raise RuntimeError("outer") from error
            raise RuntimeError("outer")  # noqa: B904
    except RuntimeError:
        logger.exception("failed")


def _noted(logger, text):
    error = ValueError("plain")
    error.add_note(text)
    _raise(logger, error)


def _nested(text):
    value = text
    for _ in range(10):
        value = {"level": [value]}
    return value


def _in_context(logger, text):
    token = enter(Context(request_id=text, task=text, traceparent=text))
    try:
        logger.error("inside")
    finally:
        leave(token)


def _cached_text(logger, text):
    record = logger.makeRecord(logger.name, logging.ERROR, "f.py", 1, "failed", (), None, "f")
    record.exc_text = f"Traceback (most recent call last):\nValueError: {text}"
    logger.handle(record)


def _named(logger, text):
    logger.handle(logger.makeRecord(text, logging.ERROR, "f.py", 1, "m", (), None, "f"))


def _stack(logger, text):
    record = logger.makeRecord(logger.name, logging.ERROR, "f.py", 1, "failed", (), None, "f")
    record.stack_info = f"Stack (most recent call last):\n  call({text!r})"
    logger.handle(record)


CHANNELS = {
    "msg": lambda logger, text: _log(logger, text),
    "args": lambda logger, text: _log(logger, "got %s", text),
    "joined args": lambda logger, text: _log(logger, "%s%s", text[: len(text) // 2], text[len(text) // 2 :]),
    "mapping args": lambda logger, text: _log(logger, "got %(body)s", {"body": text}),
    "args that do not fit": lambda logger, text: _log(logger, "%d %d", text),
    "dict message": lambda logger, text: _log(logger, {"note": text}),
    "object message": lambda logger, text: _log(logger, ValueError(text)),
    "extra": lambda logger, text: _log(logger, "m", extra={"note": text}),
    "extra nested": lambda logger, text: _log(logger, "m", extra={"note": _nested(text)}),
    "extra list": lambda logger, text: _log(logger, "m", extra={"note": ["a", text, ("b", text)]}),
    "extra bytes": lambda logger, text: _log(logger, "m", extra={"note": text.encode()}),
    "extra dataclass": lambda logger, text: _log(logger, "m", extra={"note": Envelope(text)}),
    "extra key": lambda logger, text: _log(logger, "m", extra={text: 1}),
    "extra exception": lambda logger, text: _log(logger, "m", extra={"note": ValueError(text)}),
    "extra request": lambda logger, text: _log(logger, "m", extra={"request": text}),
    "exception": lambda logger, text: _raise(logger, ValueError(text)),
    "exception arguments": lambda logger, text: _raise(logger, ValueError("a", {"note": text})),
    "cause": lambda logger, text: _chained(logger, text, explicit=True),
    "context": lambda logger, text: _chained(logger, text, explicit=False),
    "group": lambda logger, text: _raise(logger, ExceptionGroup("many", [ValueError(text), TypeError("x")])),
    "note": _noted,
    "cached exception text": _cached_text,
    "stack": _stack,
    "work context": _in_context,
    "logger name": _named,
}
WAYS_OUT = {
    "json": (JsonFormatter, None),
    "console": (ConsoleFormatter, None),
    "filter and text": (lambda: logging.Formatter("%(asctime)s %(name)s %(message)s"), RedactingFilter),
    "filter and stock json": (lambda: StockJsonFormatter(["levelname", "name", "message"]), RedactingFilter),
    "filter and json": (JsonFormatter, RedactingFilter),
}
# A filter doesn't see what its handler's formatter does with the logger's name.
OUT_OF_THE_FILTERS_SIGHT = {"logger name"}


@pytest.fixture
def written(request):
    """A logger, and what its handler has written."""
    formatter, record_filter = WAYS_OUT[request.param]
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter())
    if record_filter:
        handler.addFilter(record_filter())
    # Outside of the tree of loggers: pytest's own handler would raise at what we survive.
    logger = logging.Logger("tests.canary", logging.DEBUG)
    logger.addHandler(handler)

    return logger, stream.getvalue


def needles(needle):
    return {needle, needle.encode("unicode_escape").decode(), needle.replace(" ", "")}


@pytest.mark.parametrize("written", WAYS_OUT, indirect=True)
@pytest.mark.parametrize("channel", CHANNELS)
def test_no_canary_comes_out(written, channel, request):
    logger, read = written
    way = request.node.callspec.params["written"]
    if way in {"filter and text", "filter and stock json"} and channel in OUT_OF_THE_FILTERS_SIGHT:
        pytest.skip("a logger's name is the program's own text")
    leaked = []
    for kind, (text, needle) in CANARIES.items():
        already = len(read())
        CHANNELS[channel](logger, text)
        out = read()[already:]
        assert out
        if any(part in out for part in needles(needle)):
            leaked.append((kind, out))
        if way in {"json", "filter and json"}:
            json.loads(out)
            assert out.count("\n") == 1
    assert leaked == []


def test_sensitive_names_hide_any_value():
    formatter = JsonFormatter()
    record = logging.makeLogRecord({"msg": "m"})
    record.__dict__.update({"dbPassword": "hunter2", "x_api_key": 17, "session_count": 3, "passing_score": 70})
    fields = json.loads(formatter.format(record))
    assert (fields["dbPassword"], fields["x_api_key"]) == ("[secret]", "[secret]")
    assert (fields["session_count"], fields["passing_score"]) == (3, 70)


def test_the_filter_marks_nothing_a_caller_could_forge():
    text, needle = CANARIES["email"]
    record = logging.makeLogRecord({"msg": text, "_redacted": True})
    assert needle not in JsonFormatter().format(record)


def test_the_filter_keeps_the_records_meaning():
    record = logging.makeLogRecord({"msg": "graded %d of %d", "args": (3, 4), "course": "physics", "levelname": "INFO"})
    result = RedactingFilter().filter(record)
    record = record if result is True else result
    assert (record.getMessage(), record.course) == ("graded 3 of 4", "physics")


def test_the_filter_survives_anything():
    class Hostile:
        def __str__(self):
            raise RuntimeError

        __repr__ = __str__

    record = logging.makeLogRecord({"msg": Hostile(), "args": (Hostile(),), "exc_info": (None, None, None)})
    result = RedactingFilter().filter(record)
    record = record if result is True else result
    assert "[unredactable]" in record.getMessage()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("written", ["json"], indirect=True)
@pytest.mark.parametrize(
    "hostile",
    [text * (2**20 // len(text)) for text in (
        "a", "@", "a@", "1", "eyJ", "password=", "%40", "\ud800", "::", '{"a":', "\\", "x\n", "-----BEGIN PRIVATE KEY-",
    )],
    ids=lambda text: ascii(text[:8]),
)  # fmt: skip
def test_a_hostile_mebibyte_is_one_valid_line(written, hostile):
    logger, read = written
    logger.error("got %s", hostile, extra={"note": hostile})
    (line,) = read().splitlines()
    assert json.loads(line)["level"] == "ERROR"
    assert len(line) < 2**20


@pytest.fixture(scope="module")
def libraries_output():
    """What gunicorn, Celery, Django and urllib3 wrote at DEBUG while they worked with every canary."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.observability.libraries"],
        cwd=ROOT,
        input=json.dumps([text for text, _ in CANARIES.values()]),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout


@pytest.mark.timeout(180)
def test_real_libraries_write_no_canary_at_debug(libraries_output):
    written = Counter(line["logger"] for line in map(json.loads, libraries_output.splitlines()))
    for logger in (
        *("gunicorn.access", "gunicorn.error", "celery.worker.strategy", "celery.app.trace", "django.db.backends"),
        "urllib3.connectionpool",
    ):
        assert written[logger] >= len(CANARIES), written
    encoded = {kind: {needle, quote(needle), quote_plus(needle)} for kind, (_, needle) in CANARIES.items()}
    assert [kind for kind, forms in encoded.items() if any(form in libraries_output for form in forms)] == []


@pytest.mark.django_db
def test_a_logged_statement_has_no_values():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("django.db.backends")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    connection.force_debug_cursor = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s WHERE 'Ada Example' <> %s", ["a session key", "Grace Example"])
    finally:
        connection.force_debug_cursor = False
        logger.removeHandler(handler)
        logger.setLevel(level)
    fields = json.loads(stream.getvalue().splitlines()[-1])
    assert fields["message"] == "SELECT %s WHERE %s <> %s"
    assert set(fields) == {"time", "level", "logger", "message", "duration", "alias"}
