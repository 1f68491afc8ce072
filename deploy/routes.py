"""Where Alertmanager's routes send each alert, held against where its severity and category belong.

`python -m deploy.routes` (in `make check`) asks amtool, prints a line for each alert that would reach somebody else,
and exits 1.
"""

import subprocess
import sys
from collections.abc import Mapping

from deploy.names import DEPLOY, load
from lms import monitoring

BY_SEVERITY = {"critical": "pager", "warning": "team", "info": "log", "none": "watchdog"}
CONFIG = DEPLOY / "alertmanager" / "alertmanager.yml"


def belongs_to(labels: Mapping[str, str]) -> str:
    """The receivers, separated by commas as amtool prints them."""
    return "planning,log" if labels.get("category") == "capacity" else BY_SEVERITY[labels["severity"]]


def goes_to(labels: Mapping[str, str], amtool: str) -> str:
    """What amtool answers. Raises RuntimeError with its complaint about the configuration."""
    given = [f"{name}={value}" for name, value in labels.items()]
    command = [amtool, "config", "routes", "test", f"--config.file={CONFIG}", *given]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(result.stderr.strip() or f"amtool failed with {result.returncode}")
    return result.stdout.strip()


def findings(amtool: str) -> list[str]:
    lines = []
    for rule in load("alerts.yml"):
        labels = {"alertname": rule["alert"], **rule["labels"]}
        expected, found = belongs_to(labels), goes_to(labels, amtool)
        if found != expected:
            lines.append(f"alert {rule['alert']} ({labels['severity']}): goes to {found}, belongs to {expected}")
    return lines


def main() -> int:
    amtool = monitoring.find("amtool")
    if amtool is None:
        print("routes: no amtool here; `make monitoring` fetches it", file=sys.stderr)
        return 1
    try:
        lines = findings(amtool)
    except RuntimeError as error:
        lines = [f"routes: {error}"]
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
