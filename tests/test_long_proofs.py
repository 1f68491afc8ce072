"""What takes too long for a test, or for a second run of it: it does at least start, or exist."""

import subprocess
import sys

import pytest

from tests.conftest import LONGEST_FIRST, SAME_WITHOUT_OBSERVABILITY
from tests.system import ROOT

pytestmark = pytest.mark.observability
COMMANDS = ("bench", "simulation", "tests.drill", "tests.panels", "tests.preview", "tests.tour")


@pytest.mark.parametrize("module", COMMANDS)
def test_the_command_says_how_it_is_used(module):
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "usage"), done.stderr


def test_what_is_left_out_of_the_run_without_observability_or_begins_the_other_exists():
    named = (*SAME_WITHOUT_OBSERVABILITY, *LONGEST_FIRST)
    assert [name for name in named if not (ROOT / "tests" / name).exists()] == []
