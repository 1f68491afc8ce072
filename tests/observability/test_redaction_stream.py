"""Old logs: the byte stream and `manage.py redact`."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from observability.redaction import Level, redact_lines
from observability.redaction_settings import policy_from_settings

ROOT = Path(__file__).resolve().parents[2]
OLD_LOG = (
    b"login of alice@example.com from 203.0.113.77\r\n"
    b"broken \xff\xfe bytes stay, password=hunter2\n"
    b"-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAK\nqwertyuiop\n-----END RSA PRIVATE KEY-----\n"
    b"graded 42\nlast line"
)
CLEAN = (
    b"login of [email] from 203.0.113.0\r\n"
    b"broken \xff\xfe bytes stay, password=[secret]\n"
    b"[private_key]\n"
    b"graded 42\nlast line"
)


def test_lines_are_redacted_with_their_endings_and_broken_bytes():
    counts = Counter()
    assert b"".join(redact_lines(OLD_LOG.splitlines(keepends=True), counts=counts)) == CLEAN
    assert counts == {"email": 1, "ip": 1, "secret": 1, "private_key": 1}


def _run(*options, stdin):
    return subprocess.run(
        [sys.executable, "manage.py", "redact", *options],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_the_command_copies_stdin_to_stdout():
    done = _run(stdin=OLD_LOG)
    assert (done.returncode, done.stdout, done.stderr) == (0, CLEAN, b"")


def test_the_report_counts_by_kind_and_shows_no_line():
    done = _run("--report", stdin=OLD_LOG)
    assert done.returncode == 0
    assert [line.split() for line in done.stdout.decode().splitlines()] == [
        ["lines", "5"], ["email", "1"], ["ip", "1"], ["private_key", "1"], ["secret", "1"],
    ]  # fmt: skip


def test_settings_make_the_policy(settings):
    settings.OBSERVABILITY = {"REDACTION": {"LEVEL": "hash", "EXTRA_KEYS": ["matriculation"]}}
    policy = policy_from_settings()
    assert policy.level is Level.HASH
    assert policy.key == settings.SECRET_KEY.encode()
    assert "matriculation" in policy.extra_keys


def test_a_model_declares_its_personal_fields(monkeypatch, settings):
    from django.contrib.auth.models import Permission

    settings.OBSERVABILITY = {}
    monkeypatch.setattr(Permission, "PII", ("codename",), raising=False)
    assert policy_from_settings().extra_keys >= {"codename"}


@pytest.mark.parametrize("given", [{"LEVEL": "loud"}, {"TYPO": 1}, {"EXTRA_PATTERNS": [("x", "(")]}])
def test_a_setting_the_policy_refuses_is_a_clear_error(settings, given):
    settings.OBSERVABILITY = {"REDACTION": given}
    with pytest.raises(ImproperlyConfigured, match="REDACTION"):
        policy_from_settings()
