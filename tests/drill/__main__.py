"""`make drill`: every alert of deploy/prometheus/alerts.yml fired by a real fault, received, and resolved.

    python -m tests.drill [--only TEXT]

Exits 1 when a drill failed or an alert has none.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import yaml

from lms import monitoring
from tests.drill.drills import DRILLS, Expected
from tests.drill.run import Outcome, run
from tests.drill.world import DEPLOY, FACTOR, World


def versioned() -> set[tuple[str, str, str]]:
    """(name, severity, category) of every alert that ships."""
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    return {
        (rule["alert"], rule["labels"]["severity"], rule["labels"].get("category", ""))
        for group in groups
        for rule in group["rules"]
    }


def table(outcomes: list[Outcome]) -> str:
    def seconds(value: float | None) -> str:
        return "-" if value is None else f"{value:.0f} s"

    lines = ["| alert | fault | fired after | receiver | resolved after | |", "|---|---|---|---|---|---|"]
    for outcome in outcomes:
        cells = [str(outcome.expected), outcome.drill, seconds(outcome.fired), outcome.expected.receiver]
        cells += [seconds(outcome.resolved), "passed" if outcome.passed else f"FAILED: {outcome.problem}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def watchdog(world: World) -> Outcome:
    expected = Expected("Watchdog", "watchdog", "none", "watchdog")
    began = time.monotonic()
    while time.monotonic() - began < 60:
        if world.sinks.first("watchdog", "Watchdog", since=0, resolved=False):
            return Outcome("none: it always fires", expected, 0.0, 0.0)
        time.sleep(0.2)
    return Outcome("none: it always fires", expected, None, None, "never heard")


def main() -> int:
    parser = argparse.ArgumentParser(prog="drill")
    parser.add_argument("--only", default="", metavar="TEXT", help="the drills whose name contains TEXT")
    only = parser.parse_args().only
    try:
        monitoring.fetch()
    except (RuntimeError, OSError) as error:
        print(f"drill: {error}", file=sys.stderr)
        return 1
    chosen = [drill for drill in DRILLS if only in drill.name]
    print(f"All durations are divided by {FACTOR:g}; thresholds are those of production.", flush=True)
    with tempfile.TemporaryDirectory(prefix="lms-drill-") as directory, World(Path(directory)) as world:
        outcomes = [watchdog(world)]
        for drill in chosen:
            for outcome in run(world, drill):
                outcomes.append(outcome)
                print(f"    {outcome.expected}: {'passed' if outcome.passed else outcome.problem}", flush=True)
    print(table(outcomes))
    drilled = {(o.expected.alert, o.expected.severity, o.expected.category) for o in outcomes if o.passed}
    missing = sorted(versioned() - drilled)
    if missing and not only:
        names = ", ".join(f"{name} ({category or severity})" for name, severity, category in missing)
        print(f"drill: not proven: {names}", file=sys.stderr)
    return 1 if (missing and not only) or not all(outcome.passed for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
