"""What the real processes write: only our lines, and one request id from the browser to the last consumer."""

import json
import re

import pytest

from tests.system import System, wait_for

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_after_the_banner_every_line_of_every_process_is_ours(system: System, name):
    wait_for(lambda: len(system.log_lines(name)) >= 3, what=f"three lines of {name}")
    lines = system.log_path(name).read_text().splitlines()
    first = next(index for index, text in enumerate(lines) if text.startswith("{"))
    for text in lines[first:]:
        fields = json.loads(text)
        assert list(fields)[:4] == ["time", "level", "logger", "message"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", fields["time"])
