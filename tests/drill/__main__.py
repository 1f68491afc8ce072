"""`make drill`: every alert of deploy/prometheus/alerts.yml fired by a real fault, received, and resolved.

    python -m tests.drill [--only TEXT] [--report DIRECTORY]
    python -m tests.drill --real-time failed-logins

Exits 1 when a drill failed or an alert has none. Drills that need root are skipped without it, and named.
"""

import argparse
import shlex
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import yaml

from lms import monitoring
from tests.drill import real_time, report
from tests.drill.drills import BESIDE, DRILLS, LAST, WAVES
from tests.drill.model import Expected
from tests.drill.run import Outcome, run_wave
from tests.drill.world import DEPLOY, FACTOR, World


def versioned() -> set[tuple[str, str, str]]:
    """(name, severity, category) of every alert that ships."""
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    return {
        (rule["alert"], rule["labels"]["severity"], rule["labels"].get("category", ""))
        for group in groups
        for rule in group["rules"]
    }


def without_drill() -> set[tuple[str, str, str]]:
    drilled = {(one.alert, one.severity, one.category) for drill in DRILLS for one in drill.expected}
    return versioned() - drilled - {("Watchdog", "none", "watchdog")}


def named(alerts: set[tuple[str, str, str]]) -> str:
    return ", ".join(f"{name} ({category or severity})" for name, severity, category in sorted(alerts))


def watchdog(world: World) -> Outcome:
    expected = Expected("Watchdog", "watchdog", "none", "watchdog")
    began = time.monotonic()
    while time.monotonic() - began < 60:
        if world.sinks.first("watchdog", "Watchdog", since=0, resolved=False):
            return Outcome("none: it always fires", expected, 0.0, 0.0)
        time.sleep(0.2)
    return Outcome("none: it always fires", expected, None, None, "never heard")


def carry_out(world: World, only: list[str]) -> list[Outcome]:
    """The waves one after the other, and what takes longest beside them."""
    outcomes = [watchdog(world)]

    def say(text: str) -> None:
        print(text, flush=True)

    def wanted(name: str) -> bool:
        return not only or any(text in name for text in only)

    beside = [drill for drill in BESIDE if wanted(drill.name)]
    under_way = threading.Event()
    thread = threading.Thread(target=lambda: outcomes.extend(run_wave(world, beside, say, under_way.set)), daemon=True)
    if beside:
        thread.start()
        under_way.wait()
    for waves in (WAVES, LAST):
        for number, wave in enumerate(waves, 1):
            if chosen := [drill for drill in wave if wanted(drill.name)]:
                say(f"-- wave {number} of {len(waves)}, {time.strftime('%H:%M:%S')}")
                outcomes += run_wave(world, chosen, say)
        if beside:
            thread.join()
    return outcomes


def main() -> int:
    parser = argparse.ArgumentParser(prog="drill")
    parser.add_argument("--only", default="", metavar="TEXT", help="drills whose name contains TEXT; several by commas")
    parser.add_argument("--report", type=Path, metavar="DIRECTORY", help="write drill.md and drill.json there")
    parser.add_argument("--real-time", choices=("failed-logins",), help="measure a page with production's durations")
    options = parser.parse_args()
    try:
        monitoring.fetch()
    except (RuntimeError, OSError) as error:
        print(f"drill: {error}", file=sys.stderr)
        return 1
    if options.real_time:
        return real_time.main()
    only = [text.strip() for text in options.only.split(",") if text.strip()]
    if not only and (alerts := without_drill()):
        print(f"drill: no drill for: {named(alerts)}", file=sys.stderr)
    # Whoever ends it early, by Ctrl-C or as a script does, finds no disk mounted and no process left.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    began = time.monotonic()
    print(f"All durations are divided by {FACTOR:g}; thresholds are those of production.", flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="lms-drill-") as directory, World(Path(directory)) as world:
            outcomes = carry_out(world, only)
    except KeyboardInterrupt:
        print("drill: interrupted; nothing of it is left running", file=sys.stderr)
        return 130
    seconds = time.monotonic() - began
    print(f"{report.table(outcomes)}\n{seconds:.0f} s in all")
    if options.report:
        command = shlex.join(["python", "-m", "tests.drill", *sys.argv[1:]])
        report.write(options.report, outcomes, command=command, factor=FACTOR, seconds=seconds)
    skipped = {(o.expected.alert, o.expected.severity, o.expected.category) for o in outcomes if o.skipped}
    passed = {
        (o.expected.alert, o.expected.severity, o.expected.category) for o in outcomes if o.passed and not o.routing
    }
    if skipped:
        print(f"drill: SKIPPED for lack of root: {named(skipped)}", file=sys.stderr)
    unproven = versioned() - passed - skipped
    if unproven and not only:
        print(f"drill: not proven: {named(unproven)}", file=sys.stderr)
    failed = any(not outcome.passed and not outcome.skipped for outcome in outcomes)
    return 1 if failed or (unproven and not only) else 0


if __name__ == "__main__":
    sys.exit(main())
