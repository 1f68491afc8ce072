"""Where the monitoring binaries come from, and what is said when they can't be had."""

import os
import stat
import subprocess
import sys
from pathlib import Path

from lms import monitoring

ROOT = Path(__file__).resolve().parents[2]


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_our_own_unpacked_binary_wins_over_the_path(tmp_path, monkeypatch):
    monkeypatch.setenv("LMS_RUN_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert monitoring.find("amtool") is None
    on_path = executable(tmp_path / "bin" / "amtool")
    assert monitoring.find("amtool") == str(on_path)
    ours = executable(tmp_path / "run" / "tools" / "usr" / "bin" / "amtool")
    assert monitoring.find("amtool") == str(ours)


def test_upstream_names_on_the_path_are_known(tmp_path, monkeypatch):
    monkeypatch.setenv("LMS_RUN_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    names = ["prometheus", "promtool", "amtool", *monitoring.ALSO_KNOWN_AS.values()]
    for name in names:
        executable(tmp_path / "bin" / name)
    assert monitoring.missing() == []


def test_without_apt_one_line_names_what_is_missing(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "lms.monitoring"],
        cwd=ROOT,
        env=os.environ | {"PATH": str(tmp_path), "LMS_RUN_DIR": str(tmp_path / "run")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("monitoring: no apt-get here: install prometheus, prometheus-alertmanager, ")
    assert not (tmp_path / "run" / "tools" / "usr").exists()
