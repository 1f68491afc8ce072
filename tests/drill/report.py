"""What a run of drills found, as a table for people (Markdown) and for machines (JSON)."""

import json
from pathlib import Path

from tests.drill.run import Outcome


def table(outcomes: list[Outcome]) -> str:
    lines = ["| alert | fault | fired after | receiver | resolved after | |", "|---|---|---|---|---|---|"]
    for outcome in outcomes:
        receiver = f"{outcome.routing} {outcome.expected.receiver}".strip()
        cells = [str(outcome.expected), outcome.drill, _seconds(outcome.fired), receiver]
        verdict = "passed" if outcome.passed else f"{'SKIPPED' if outcome.skipped else 'FAILED'}: {outcome.problem}"
        lines.append("| " + " | ".join([*cells, _seconds(outcome.resolved), verdict]) + " |")
    return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} s"


def write(directory: Path, outcomes: list[Outcome], *, command: str, factor: float, seconds: float) -> None:
    """drill.md and drill.json in `directory`; `seconds` is how long the run took, `command` repeats it."""
    directory.mkdir(parents=True, exist_ok=True)
    head = f"All durations divided by {factor:g}; {seconds:.0f} s in all. Again: `{command}`"
    (directory / "drill.md").write_text(f"{head}\n\n{table(outcomes)}\n")
    rows = [
        {
            "alert": outcome.expected.alert,
            "severity": outcome.expected.severity,
            "category": outcome.expected.category,
            "fault": outcome.drill,
            "fired_seconds": outcome.fired,
            "receiver": outcome.expected.receiver,
            "routing": outcome.routing,
            "resolved_seconds": outcome.resolved,
            "passed": outcome.passed,
            "skipped": outcome.skipped,
            "problem": outcome.problem,
        }
        for outcome in outcomes
    ]
    document = {"command": command, "factor": factor, "seconds": seconds, "drills": rows}
    (directory / "drill.json").write_text(json.dumps(document, indent=1) + "\n")
