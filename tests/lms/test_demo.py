"""The front door's clear refusals: one line each, before anything has started."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

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
