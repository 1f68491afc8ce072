"""Settings refuse to start half-configured, and name what is missing."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.backends import cached_db

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = {
    "DJANGO_SECRET_KEY": "k" * 60,
    "DATABASE_URL": "postgres://u:p@127.0.0.1:1/d",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "LMS_BASE_URL": "https://lms.example.org",
    "LMS_ENV_FILE": os.devnull,
}


def start(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
    return subprocess.run(
        [sys.executable, "manage.py", *(command or ("diffsettings", "--output", "unified"))],
        cwd=ROOT,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("missing", ["DJANGO_SECRET_KEY", "DATABASE_URL", "REDIS_URL", "LMS_BASE_URL"])
def test_a_missing_variable_stops_the_start_and_is_named(missing):
    result = start(**{name: value for name, value in COMPLETE.items() if name != missing})
    assert result.returncode == 1
    assert result.stderr.strip().startswith(f"manage.py: {missing} is not set")
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("interval", ["0", "0.5", "-1", "soon"])
def test_an_interval_that_beat_would_run_without_a_pause_stops_the_start(interval):
    result = start(**COMPLETE, LMS_OUTBOX_INTERVAL=interval)
    assert result.returncode == 1
    assert f"LMS_OUTBOX_INTERVAL={interval!r}" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("missing", ["DATABASE_URL", "REDIS_URL"])
def test_development_never_guesses_a_server_either(missing):
    result = start(LMS_DEBUG="1", **{name: value for name, value in COMPLETE.items() if name != missing})
    assert result.returncode == 1
    assert missing in result.stderr


@pytest.mark.parametrize(("role", "streams"), [("command", "result|line"), ("api", "line,result|")])
def test_the_log_lines_of_a_command_stay_out_of_its_output(role, streams):
    program = "import logging; logging.getLogger('lms').warning('line'); logging.shutdown(); print('result')"
    result = start("shell", "--no-imports", "-c", program, **COMPLETE, LMS_ROLE=role, LMS_LOG_FORMAT="json")
    assert result.returncode == 0, result.stderr
    said = [
        ",".join(word for text in written.splitlines() for word in ("line", "result") if word in text)
        for written in (result.stdout, result.stderr)
    ]
    assert "|".join(said) == streams


def test_the_defaults_are_those_of_production():
    result = start(**COMPLETE)
    assert result.returncode == 0, result.stderr
    changed = result.stdout
    assert "+ DEBUG = True" not in changed
    for line in ("SESSION_COOKIE_SECURE = True", "CSRF_COOKIE_SECURE = True", "SECURE_SSL_REDIRECT = True"):
        assert f"+ {line}" in changed


def test_sessions_live_in_the_database_behind_the_cache():
    engine = import_module(settings.SESSION_ENGINE)
    assert issubclass(engine.SessionStore, cached_db.SessionStore)
