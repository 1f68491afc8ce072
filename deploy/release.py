"""Rules and dashboards of this release, held against the metrics of the release before: they are rolled out first.

`python -m deploy.release` (in `make check`) prints a line for each alert or panel that worked with the last release's
metrics and would be blank until every server is new, and exits 1. `--write` (`make released`) records what this release
exports and asks, in release.json; after it is published, and only then.
"""

import argparse
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from deploy.names import (
    DEPLOY,
    RELEASE,
    Exports,
    Query,
    everything,
    exported,
    findings,
    metric_names,
    recordings,
    set_up,
)

Record = Mapping[str, Any]


def record() -> Record:
    now = exported()
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]
    return {
        "release": project["version"],
        "queries": dict(sorted(Counter(query.where for query in everything()).items())),
        "views": sorted(now.views),
        "metrics": {
            name: {label: sorted(map(str, values)) for label, values in labels.items()}
            for name, labels in sorted(now.metrics.items())
        },
    }


def blank(queries: Collection[Query], before: Record, now: Exports) -> list[str]:
    """A line for each finding in alerts and panels of which fewer queries work on the old metrics than did then.

    A query that was added since may ask for what is new.
    """
    old = Exports(before["metrics"], before["views"])
    lines = []
    for where, count in before["queries"].items():
        asked = [query for query in queries if query.where == where]
        wrong = {query: found for query in asked if (found := findings([query], old, now, after=True))}
        if len(asked) - len(wrong) < min(count, len(asked)):
            lines += [f"{line} in release {before['release']}" for found in wrong.values() for line in found]
    return lines


def stale(before: Record, now: Exports) -> list[str]:
    """A line for each rule that records a metric's new name from one that the last release did not export."""
    return [
        f"bridge {name}: no metric {old} in release {before['release']}"
        for name, rules in recordings().items()
        if name in now.metrics
        for rule in rules
        for old in sorted(metric_names(rule["expr"]) - before["metrics"].keys())
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="release", description="Do rules and panels work on the last release?")
    parser.add_argument("--write", action="store_true", help="this is the last release now")
    given = parser.parse_args(arguments)
    set_up()
    if given.write:
        Path(RELEASE).write_text(json.dumps(record(), indent=1, ensure_ascii=False) + "\n")
        return 0
    before, now = json.loads(RELEASE.read_text()), exported()
    lines = blank(everything(), before, now) + stale(before, now)
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
