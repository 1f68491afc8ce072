"""What `source lms/completion.bash` offers after `manage.py`."""

import os
import subprocess

import pytest

from tests.system import ROOT

VARIABLES = {
    "DJANGO_SECRET_KEY": "completion",
    "LMS_DEBUG": "1",
    "LMS_ENV_FILE": os.devnull,
    "DATABASE_URL": "postgres://x:x@127.0.0.1:1/x",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


@pytest.mark.parametrize(
    ("typed", "offered"), [("manage.py recount_", "recount_progress"), ("manage.py backup --k", "--keep=")]
)
def test_commands_and_options_are_completed(typed, offered):
    words = " ".join(f"'{word}'" for word in typed.split())
    script = f"source lms/completion.bash; COMP_WORDS=({words}); COMP_CWORD={len(typed.split()) - 1}; _lms_manage; "
    done = subprocess.run(
        ["bash", "-c", script + 'printf "%s\\n" "${COMPREPLY[@]}"'],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | VARIABLES,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == [offered]
