"""The commands behind make whose work takes too long for a test do at least start."""

import subprocess
import sys

import pytest

from tests.system import ROOT

pytestmark = pytest.mark.observability
COMMANDS = ("bench", "simulation", "tests.drill", "tests.panels", "tests.preview", "tests.tour")


@pytest.mark.parametrize("module", COMMANDS)
def test_the_command_says_how_it_is_used(module):
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "usage"), done.stderr
