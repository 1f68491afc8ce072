"""What failing requests cost while Sentry is out of reach, beside a Sentry that answers and none at all, in one run.

    python -m bench.sentry_outage

2,000 failing requests per kind of outage, 200 a second, each kind in a process of its own. Bars: at most 10 ms more at
the 99th percentile than with a Sentry that answers, at most 10 MB more memory, at most 5 s to end.
"""

import json
import subprocess
import sys
from pathlib import Path

from bench.figures import report
from tests.observability.sentry_endpoint import OUTAGES, out_of_reach

ROOT = Path(__file__).resolve().parents[1]
ERRORS = 2000
LOST_MS, GROWN_MB, CLOSING_SECONDS = 10.0, 10.0, 5.0


def run(dsn: str) -> tuple[float, float, float]:
    """(milliseconds at p99, megabytes grown, seconds to end)."""
    config = {"dsn": dsn, "requests": [["GET", "/raises/a"]], "repeat": ERRORS, "warm_up": 200, "traces": 0.2}
    config["per_second"] = 200
    result = subprocess.run(
        [sys.executable, "-m", "tests.observability.sentry_app", json.dumps(config)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(result.stdout.splitlines()[-1])
    before, after = figures["memory"]
    ordered = sorted(figures["milliseconds"])
    return ordered[int(len(ordered) * 0.99)], (after - before) / 1e6, figures["closing_seconds"]


def main() -> int:
    print(f"{'':<12} {'p99 ms':>8} {'lost ms':>8} {'grown MB':>9} {'end s':>6}")
    bare, grown, _ = run("")
    print(f"{'no Sentry':<12} {bare:8.2f} {'':>8} {grown:9.1f}")
    with out_of_reach("accept") as dsn:
        healthy, grown, closing = run(dsn)
    print(f"{'answering':<12} {healthy:8.2f} {'':>8} {grown:9.1f} {closing:6.2f}")
    held = True
    for outage in OUTAGES:
        with out_of_reach(outage) as dsn:
            p99, grown, closing = run(dsn)
        missed = p99 - healthy > LOST_MS or grown > GROWN_MB or closing > CLOSING_SECONDS
        held &= not missed
        report(f"{outage}: lost at p99", p99 - healthy, "ms", at_most=LOST_MS)
        report(f"{outage}: memory grown", grown, "MB", at_most=GROWN_MB)
        report(f"{outage}: time to end", closing, "s", at_most=CLOSING_SECONDS)
        print(f"{outage:<12} {p99:8.2f} {p99 - healthy:8.2f} {grown:9.1f} {closing:6.2f}{'  MISSED' if missed else ''}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
