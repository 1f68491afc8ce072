"""What a step found, as a table for people and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass(frozen=True)
class Result:
    """One step: `code` is the exit code if it is the first to fail; each problem is a line that names a fault."""

    step: str
    code: int
    state: str
    evidence: str = ""
    problems: Sequence[str] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def exit_code(results: Sequence[Result]) -> int:
    """0, or the code of the first step that failed."""
    return next((result.code for result in results if result.state == FAILED), 0)


def table(results: Sequence[Result]) -> str:
    """Step, state and evidence in columns; the problems of a step below it."""
    width = max(len(result.step) for result in results)
    lines = []
    for result in results:
        lines.append(f"{result.step:{width}}  {result.state:7}  {result.evidence}".rstrip())
        lines += [f"{'':{width}}  - {problem}" for problem in result.problems]
    return "\n".join(lines)
