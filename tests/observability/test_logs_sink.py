"""A stuck reader of standard output costs lines, which are counted, and never a request's time."""

import fcntl
import io
import json
import logging
import os
import subprocess
import sys
import threading
import time

import pytest
from prometheus_client import REGISTRY

from observability.logs import JsonFormatter, QueuedHandler, sink
from tests.system import wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def logger():
    logger = logging.getLogger("tests.sink")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.handlers.clear()


def attach(logger, handler):
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    return handler


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    stream = os.fdopen(writer, "w")
    yield reader, stream
    # The stuck writer thread ends with its reader.
    os.close(reader)
    stream.close()


def test_lines_come_out_whole_and_in_order(logger):
    stream = io.StringIO()
    handler = attach(logger, QueuedHandler(stream))
    threads = [
        threading.Thread(target=lambda n=n: [logger.info("x" * 50, extra={"n": n, "i": i}) for i in range(200)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handler.flush()
    lines = [json.loads(text) for text in stream.getvalue().splitlines()]
    assert len(lines) == 800
    for n in range(4):
        assert [line["i"] for line in lines if line["n"] == n] == list(range(200))


def test_a_warning_is_written_at_once_and_takes_along_what_waits(logger, monkeypatch):
    monkeypatch.setattr(sink, "GATHER_SECONDS", 60.0)
    out = io.StringIO()
    handler = attach(logger, QueuedHandler(out))
    logger.info("first")
    logger.info("second")
    time.sleep(0.3)
    assert out.getvalue() == ""
    logger.warning("third")
    wait_for(lambda: "third" in out.getvalue(), what="the warning")
    assert [json.loads(line)["message"] for line in out.getvalue().splitlines()] == ["first", "second", "third"]
    logger.info("fourth")
    handler.flush()
    assert out.getvalue().count("\n") == 4


def test_a_stuck_stream_drops_and_counts_what_does_not_fit(logger, pipe):
    _, stream = pipe
    handler = attach(logger, QueuedHandler(stream, capacity=100_000))
    before = sample("log_lines_dropped_total")
    for _ in range(3000):
        logger.info("y" * 100)
    kept = len(handler._lines)
    assert kept * 180 < 110_000
    assert handler.dropped >= 3000 - kept - 200
    assert sample("log_lines_dropped_total") - before == handler.dropped
    logger.removeHandler(handler)
    handler._lines.clear()


def test_lines_flow_again_once_the_reader_is_back(logger, pipe):
    reader, stream = pipe
    handler = attach(logger, QueuedHandler(stream, capacity=50_000))
    for number in range(1000):
        logger.info("z" * 100, extra={"n": number})
    dropped = handler.dropped
    assert dropped > 0
    received = bytearray()

    def read():
        while b'"last"' not in received:
            received.extend(os.read(reader, 65536))

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(100):
        if handler._queued < 10_000:
            break
        threading.Event().wait(0.05)
    logger.info("last")
    thread.join(10)
    assert not thread.is_alive()
    lines = [json.loads(text) for text in received.decode().splitlines()]
    assert len(lines) == 1000 - dropped + 1


def test_a_closed_stream_is_counted_and_never_raises(logger):
    stream = io.StringIO()
    handler = attach(logger, QueuedHandler(stream))
    stream.close()
    logger.info("lost")
    handler.flush()
    assert handler.dropped == 1


def test_records_are_counted_by_level(logger):
    handler = attach(logger, QueuedHandler(io.StringIO()))
    before = {level: sample("log_messages_total", level=level) for level in ("debug", "info", "warning", "error")}
    logger.debug("a")
    logger.warning("b")
    logger.warning("c")
    logger.log(25, "a level of one's own")
    handler.flush()
    after = {level: sample("log_messages_total", level=level) - count for level, count in before.items()}
    assert after == {"debug": 1, "info": 1, "warning": 2, "error": 0}


def run(code: str, **options) -> subprocess.CompletedProcess[str]:
    prelude = """
import logging, os, sys
from logging.config import dictConfig
from observability.logs import logging_config
dictConfig(logging_config())
log = logging.getLogger("app")
"""
    return subprocess.run(
        [sys.executable, "-c", prelude + code], cwd=ROOT, text=True, timeout=30, check=False, **options
    )


def test_a_process_that_ends_writes_its_last_lines():
    result = run("for n in range(5000): log.info('line', extra={'n': n})", capture_output=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert [json.loads(line)["n"] for line in result.stdout.splitlines()] == list(range(5000))


def test_a_forked_child_writes_its_own_lines_once():
    result = run(
        """
log.info("before")
child = os.fork()
log.info("child" if child == 0 else "parent")
if child == 0:
    logging.shutdown()
    os._exit(0)
os.waitpid(child, 0)
""",
        capture_output=True,
    )
    assert sorted(json.loads(line)["message"] for line in result.stdout.splitlines()) == ["before", "child", "parent"]


def test_a_process_ends_although_its_stdout_is_stuck():
    reader, writer = os.pipe()
    try:
        result = run("for n in range(20000): log.info('x' * 200)", stdout=writer, stderr=subprocess.PIPE)
    finally:
        os.close(reader)
        os.close(writer)
    assert (result.returncode, result.stderr) == (0, "")


def test_importing_the_package_needs_none_of_the_optional_packages():
    blocked = ["sentry_sdk", "celery", "redis", "psycopg", "gunicorn", "rest_framework"]
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys\nfor name in {blocked}: sys.modules[name] = None\n"
            "import observability.logs, observability.context, observability.sentry, observability.redaction",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr == ""


def test_the_bound_is_the_documented_one():
    assert sink.MAX_QUEUED_CHARACTERS == 8 * 1024 * 1024
    assert sink.FLUSH_SECONDS == 2.0
