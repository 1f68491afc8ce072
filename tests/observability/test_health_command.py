"""`manage.py health` asks the running server, and says in its exit code what it heard."""

import http.server
import json
import subprocess
import sys
import threading
import time

import pytest

from lms.embedded import free_port
from tests.system import ROOT


class Answers(http.server.BaseHTTPRequestHandler):
    """A server whose answers a test chooses by `server.answer`: (status, content), or None for silence."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.server.answer is None:
            time.sleep(2)
            return
        status, content = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        running.asked, running.answer = [], (200, b'{"status":"ok"}')
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def health(*arguments, port, **environment):
    return subprocess.run(
        [sys.executable, "-X", "importtime", "manage.py", "health", *arguments],
        cwd=ROOT,
        env={"LMS_PORT": str(port), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def said(result):
    return [line for line in result.stderr.splitlines() if not line.startswith("import time:")]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ((), "/api/v1/ready"),
        (("--process",), "/api/v1/ready?scope=process"),
        (("--live",), "/health"),
    ],
)
def test_ready_is_exit_code_0_and_silence(server, arguments, path):
    result = health(*arguments, port=server.server_port)
    assert (result.returncode, result.stdout, said(result)) == (0, "", [])
    assert server.asked == [path]


def test_not_ready_is_exit_code_1_and_names_the_reasons(server):
    checks = {"database": {"status": "ok", "reason": "ok"}, "redis": {"status": "failed", "reason": "timeout"}}
    server.answer = (503, json.dumps({"status": "unavailable", "checks": checks}).encode())
    result = health(port=server.server_port)
    assert (result.returncode, said(result)) == (1, ["health: 503 redis: timeout"])


@pytest.mark.parametrize("content", [b"", b"[]", b"<html>", b'{"checks":{"redis":7}}'])
def test_a_stranger_on_the_port_is_exit_code_1(server, content):
    server.answer = (404, content)
    result = health(port=server.server_port)
    assert (result.returncode, said(result)) == (1, ["health: 404 an answer that is not readiness'"])


def test_wrong_usage_is_exit_code_2():
    assert health("--nothing", port=1).returncode == 2


def test_nobody_there_is_exit_code_3():
    result = health(port=free_port())
    assert result.returncode == 3
    assert said(result)[0].endswith("Connection refused")


def test_silence_is_exit_code_3(server):
    server.answer = None
    result = health("--seconds", "0.5", port=server.server_port)
    assert (result.returncode, len(said(result))) == (3, 1)


def test_it_loads_neither_django_nor_settings(server):
    result = health(port=server.server_port, DJANGO_SETTINGS_MODULE="does.not.exist")
    loaded = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in result.stderr.splitlines() if "|" in line}
    assert result.returncode == 0
    assert "observability" in loaded
    assert loaded & {"django", "lms", "redis", "psycopg", "celery"} == set()
