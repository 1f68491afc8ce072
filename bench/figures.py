"""What a measurement found, one figure at a time, for the report of `make bench`."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "BENCH_FIGURES"


@dataclass(frozen=True)
class Figure:
    """`value` in `unit` ("x" for a ratio), with the bar it is held against, if any.

    `spread` is the lowest and the highest of what `value` is the middle of, where it was measured more than once.
    """

    name: str
    value: float
    unit: str = "x"
    at_most: float | None = None
    at_least: float | None = None
    spread: tuple[float, float] | None = None

    @property
    def held(self) -> bool | None:
        """None without a bar."""
        if self.at_most is None and self.at_least is None:
            return None
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )


def report(
    name: str,
    value: float,
    unit: str = "x",
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    spread: tuple[float, float] | None = None,
) -> bool | None:
    """Keep a figure for the report, where one is being written; returns whether it holds its bar."""
    figure = Figure(name, value, unit, at_most, at_least, spread)
    if path := os.environ.get(FILE):
        with Path(path).open("a") as file:
            file.write(json.dumps(asdict(figure)) + "\n")
    return figure.held


def read(path: Path) -> list[Figure]:
    """Raises ValueError when the file isn't one that `report` wrote."""
    if not path.exists():
        return []
    try:
        return [Figure(**json.loads(line)) for line in path.read_text().splitlines()]
    except TypeError as error:
        raise ValueError(f"{path}: {error}") from error
