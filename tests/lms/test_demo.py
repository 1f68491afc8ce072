"""The front door: clear refusals in one line, a start after a crash, and nothing left running."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from lms import monitoring
from lms.demo.ports import DEMO_PORTS
from lms.embedded import free_ports
from tests.system import wait_for

ROOT = Path(__file__).resolve().parents[2]


def run_demo(directory: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lms.demo"],
        cwd=ROOT,
        env=os.environ | {"LMS_RUN_DIR": str(directory)} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 1
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_a_taken_port_is_named_with_its_variable(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = one_line(run_demo(tmp_path, LMS_PORT=str(port)))
    assert line == f"demo: port {port} (web) is taken: set LMS_PORT to a free one."


def test_a_port_that_is_none_is_named_with_its_variable(tmp_path):
    assert one_line(run_demo(tmp_path, LMS_PORT="http")) == "demo: LMS_PORT='http' is not a port (1-65535)."


def test_an_unwritable_directory_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    line = one_line(run_demo(blocked / "run"))
    assert line.startswith(f"demo: {blocked / 'run'} can't be written: ")
    assert line.endswith("Set LMS_RUN_DIR to another directory.")


def test_an_older_python_is_refused_in_one_line(tmp_path):
    """A stand-in for the interpreter that reports 3.10 to the version test that `make` runs first."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("no make on this machine")
    fake = tmp_path / "python3.10"
    fake.write_text(
        f"""#!/bin/sh
[ "$1" = -c ] && exec {sys.executable} -c "import sys; sys.version_info = (3, 10, 4, 'final', 0); $2"
exec {sys.executable} "$@"
"""
    )
    fake.chmod(0o755)
    result = subprocess.run(
        [make, "setup", f"PYTHON={fake}", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "Python 3.11 or newer is needed" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "venv").exists()


class Demo:
    """A running `python -m lms.demo` whose output is read line by line."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        fresh = free_ports(len(DEMO_PORTS))
        variables = {port.variable: str(number) for port, number in zip(DEMO_PORTS, fresh, strict=True)}
        self.web = int(variables["LMS_PORT"])
        variables |= {"LMS_RUN_DIR": str(directory), "LMS_DEMO_STUDENTS": "20"}
        variables["LMS_TOOLS_DIR"] = str(monitoring.tools_directory())
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LMS_", "DJANGO_")) and name not in ("DATABASE_URL", "REDIS_URL")
        }
        self.output = (directory.parent / f"demo-{self.web}.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lms.demo"],
            cwd=ROOT,
            env=inherited | variables,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait_until_ready(self) -> str:
        def ready() -> str:
            text = Path(self.output.name).read_text()
            assert self.process.poll() is None, text[-3000:]
            return text if "The LMS is ready." in text else ""

        return wait_for(ready, seconds=90, what="the demo's readiness")

    def get(self, path: str, token: str = "", body: dict | None = None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.web}{path}",
            data=json.dumps(body).encode() if body else None,
            headers={"Content-Type": "application/json", "X-Session-Token": token},
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.loads(response.read())

    def marked_processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                environment = process.environ()
                if environment.get("LMS_DEMO_DIR") == str(self.directory) or (
                    environment.get("LMS_EMBEDDED_DIR") == str(self.directory / "servers")
                ):
                    found.append(process)
        return found


def alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.processes
@pytest.mark.timeout(300)
def test_a_killed_demo_starts_again_with_its_data_and_ctrl_c_stops_every_process(tmp_path):
    run_dir = tmp_path / "run"
    first = Demo(run_dir)
    try:
        assert "Seeded 20 students" in first.wait_until_ready()
        login = {"email": "student1@demo.lms.test", "password": "learn-by-doing"}
        token = first.get("/api/v1/auth/app/v1/auth/login", body=login)["meta"]["session_token"]
        mine = first.get("/api/v1/enrollments", token)["results"]
        assert len(first.marked_processes()) > 5
    finally:
        own = psutil.Process(first.process.pid).children()
        first.process.kill()
        first.process.wait()
    assert len(own) > 5
    wait_for(lambda: not any(map(alive, own)), what="the end of those that waited for its processes")

    second = Demo(run_dir)
    try:
        assert "Demo people exist; left as they are." in second.wait_until_ready()
        kept = {row["id"] for row in second.get("/api/v1/enrollments", token)["results"]}
        assert {row["id"] for row in mine} <= kept
        second.process.send_signal(signal.SIGINT)
        assert second.process.wait(60) == 0
        assert second.marked_processes() == []
    finally:
        if second.process.poll() is None:
            second.process.kill()
            second.process.wait()
        for process in second.marked_processes():
            process.kill()
