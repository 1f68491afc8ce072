"""One JSON line per record, with the schema's fields, whatever is logged."""

import io
import json
import logging
import sys

import pytest

from observability.context import Context, enter, leave
from observability.logs import JsonFormatter, QueuedHandler, logging_config

FORMATTER = JsonFormatter()


def line(level=logging.INFO, msg="hello", args=(), exc_info=None, extra=None, name="app.module", **attributes):
    record = logging.getLogger(name).makeRecord(name, level, "f.py", 1, msg, args, exc_info, "f", extra)
    record.__dict__.update(attributes)
    text = FORMATTER.format(record)
    assert len(text.splitlines()) == 1
    return json.loads(text)


def raised(build):
    try:
        build()
    except BaseException:
        return sys.exc_info()


def test_a_line_has_the_schemas_fields_in_order():
    record = logging.makeLogRecord(
        {"name": "app", "levelname": "WARNING", "msg": "slow %s", "args": ("query",), "created": 1767225600.25}
    )
    assert FORMATTER.format(record) == (
        '{"time":"2026-01-01T00:00:00.250Z","level":"WARNING","logger":"app","message":"slow query"}'
    )


def test_the_work_at_hand_is_on_the_line():
    context = Context(request_id="request-0001", traceparent=f"00-{'a' * 32}-{'b' * 16}-01", task="app.tasks.relay")
    token = enter(context)
    try:
        fields = line()
    finally:
        leave(token)
    assert (fields["request_id"], fields["trace_id"], fields["span_id"], fields["task"]) == (
        "request-0001",
        "a" * 32,
        context.span_id,
        "app.tasks.relay",
    )
    assert "request_id" not in line()


def test_extra_fields_stand_beside_the_schemas_and_never_over_them():
    fields = line(extra={"event": "quiz.graded", "status": 200, "level": "x", "time": "y", "items": [1, {"a": 2}]})
    assert fields["event"] == "quiz.graded"
    assert fields["status"] == 200
    assert fields["items"] == [1, {"a": 2}]
    assert (fields["level"], fields["extra_level"], fields["extra_time"]) == ("INFO", "x", "y")


def test_a_dict_instead_of_a_message_becomes_fields():
    assert line(msg={"event": "x", "count": 3})["count"] == 3


@pytest.mark.parametrize(
    "text",
    [
        'first\n{"level":"ERROR"}',
        "\r\n2026-01-01 ERROR forged",
        "\x1b[2J\x9b31m",
        "one\u2028two\u2029three\x85four\x0bfive\x1csix",
        "\x00",
    ],
)
def test_no_text_breaks_out_of_its_line(text):
    assert line(msg=text)["message"] == text
    assert line(extra={"note": text, text: 1})["note"] == text


def test_arguments_that_do_not_fit_are_shown_not_lost():
    assert line(msg="%d of %d", args=("x",))["message"] == "%d of %d ('x',)"


def test_an_exception_is_a_structure():
    def build():
        try:
            {}["missing"]
        except KeyError as error:
            failure = ValueError("outer")
            failure.add_note("while grading")
            raise failure from error

    fields = line(exc_info=raised(build), level=logging.ERROR)["exception"]
    assert (fields["type"], fields["message"], fields["notes"]) == ("ValueError", "outer", ["while grading"])
    assert (fields["cause"]["type"], fields["cause"]["message"]) == ("KeyError", "'missing'")
    assert "context" not in fields
    assert fields["frames"][-1].endswith(" build")


def test_a_context_and_the_members_of_a_group_are_kept():
    def build():
        try:
            raise KeyError("first")
        except KeyError:
            raise ExceptionGroup("several", [ValueError("a"), TypeError("b")])  # noqa: B904

    fields = line(exc_info=raised(build))["exception"]
    assert fields["context"]["type"] == "KeyError"
    assert [member["type"] for member in fields["exceptions"]] == ["ValueError", "TypeError"]


class Unprintable:
    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __str__


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError("no")


def test_what_cannot_be_shown_leaves_a_placeholder():
    assert line(msg="got %s", args=(Unprintable(),))["message"] == "got %s [unredactable]"
    assert line(msg=Unprintable())["message"] == "[unredactable] ()"
    assert line(extra={"thing": Unprintable(), "count": 1}) | {"time": 0} == {
        "time": 0,
        "level": "INFO",
        "logger": "app.module",
        "message": "hello",
        "thing": "[unredactable]",
        "count": 1,
    }

    def fail():
        raise UnprintableError

    assert line(exc_info=raised(fail))["exception"]["message"] == "[unredactable]"


def test_surrogates_and_huge_numbers_still_give_valid_json():
    assert line(msg="lone \ud800 surrogate")["message"] == "lone ? surrogate"
    assert line(extra={"n": 10**70, "m": 2**63})["m"] == 2**63


def test_cyclic_and_deep_values_are_cut():
    cycle = {}
    cycle["self"] = cycle
    deep = value = []
    for _ in range(10_000):
        value.append([])
        value = value[0]
    fields = line(extra={"cycle": cycle, "deep": deep})
    assert fields["cycle"] == {"self": "[cycle]"}
    assert "[depth]" in json.dumps(fields["deep"])


def test_exceptions_caused_by_each_other_end():
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    fields = line(exc_info=(ValueError, first, None))["exception"]
    assert fields["cause"]["cause"] == {"type": "ValueError", "message": "first"}


def test_the_formatter_leaves_the_record_as_it_was():
    record = logging.makeLogRecord({"msg": "to %s", "args": ("a@example.org",), "exc_info": raised(lambda: 1 / 0)})
    before = dict(record.__dict__)
    FORMATTER.format(record)
    assert record.__dict__ == before


def test_the_format_is_chosen_by_one_argument():
    assert logging_config(log_format="console")["handlers"]["stream"]["formatter"] == "console"
    with pytest.raises(ValueError, match="neither 'json' nor 'console'"):
        logging_config(log_format="xml")
    with pytest.raises(ValueError, match="neither 'stdout' nor 'stderr'"):
        logging_config(stream="file")


def test_the_console_format_keeps_one_line_for_the_message_and_indents_the_exception():
    stream = io.StringIO()
    config = logging_config(log_format="console")
    assert config["formatters"]["console"]["()"] == "observability.logs.ConsoleFormatter"
    from observability.logs import ConsoleFormatter

    handler = QueuedHandler(stream)
    handler.setFormatter(ConsoleFormatter())
    record = logging.makeLogRecord(
        {"name": "app", "levelname": "ERROR", "msg": "a\nb \x1b[31m", "exc_info": raised(lambda: 1 / 0), "status": 500}
    )
    handler.handle(record)
    handler.flush()
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith("ERROR   app a\\nb \\x1b[31m status=500")
    assert lines[-1] == "    ZeroDivisionError: division by zero"
    assert all(text.startswith("    ") for text in lines[1:])


def test_a_policy_that_cannot_be_made_costs_the_message_not_the_line(monkeypatch):
    def fail():
        raise RuntimeError

    monkeypatch.setattr("observability.logs.record.current_policy", fail)
    line = json.loads(JsonFormatter().format(logging.makeLogRecord({"name": "app", "msg": "to a@example.org"})))
    assert (line["logger"], line["message"], line["event"]) == ("app", "[unredactable]", "log.format_failed")
