"""The running demo as the source of every panel: its Prometheus, its database, and the lines that it wrote."""

import contextlib
import json
import shlex
from pathlib import Path
from typing import Any

from tests.panels.answers import Sources, make_reporting_role

STEP_SECONDS = 15.0  # as often as it is scraped
PROXY = "proxy"


def written(log: Path) -> list[dict[str, Any]]:
    """The JSON objects in what `LMS_LOG_FORMAT=json make demo` wrote: each line after its process' name."""
    lines = []
    for line in log.read_text(errors="replace").splitlines():
        with contextlib.suppress(ValueError):
            value = json.loads(line.partition("| ")[2])
            if isinstance(value, dict):
                lines.append(value)
    return lines


def sources_of(run_directory: Path, log: Path) -> Sources:
    """Raises OSError where no demo has run, ValueError where the reporting role can't be made."""
    words = shlex.split((run_directory / "demo.env").read_text())
    environment = dict(word.split("=", 1) for word in words)
    reporting = make_reporting_role(environment["DATABASE_URL"])
    return Sources(
        environment["LMS_PROMETHEUS_URL"], reporting, lambda service: [] if service == PROXY else written(log)
    )
