"""Plots as numbers that a template writes as SVG: geometry only, no markup and no colour.

Units are those of the view box, 320 wide, which is the content of a phone of 360 pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 320
ROW, BAR = 36, 10
HEIGHT, BASE, TOP = 140, 112, 20


@dataclass(frozen=True)
class Mark:
    """One bar. `text` is its value in words."""

    label: str
    text: str
    x: str
    y: str
    width: str
    height: str
    place: str = ""  # of the label: down for a bar, across for a column
    shown: bool = True  # whether a column has room for its label
    anchor: str = "middle"


@dataclass(frozen=True)
class Plot:
    """`name` is unique on its page. `heads` are the headings of the table that says the same."""

    name: str
    title: str
    heads: tuple[str, str]
    marks: Sequence[Mark]
    height: int
    upright: bool
    most: str = ""
    note: str = ""

    @property
    def view_box(self) -> str:
        return f"0 0 {WIDTH} {self.height}"


Row = tuple[str, float, str]  # label, value, value in words


def bars(
    name: str, title: str, heads: tuple[str, str], rows: Sequence[Row], *, most: float | None = None, note: str = ""
) -> Plot:
    """A bar below each label. `most` fills the width; without it the highest value does."""
    full = _full(rows, most)
    marks = [
        Mark(
            label,
            text,
            x="0",
            y=str(number * ROW + 20),
            width=_number(value / full * WIDTH),
            height=str(BAR),
            place=str(number * ROW + 14),
        )
        for number, (label, value, text) in enumerate(rows)
    ]
    return Plot(name, title, heads, marks, max(1, len(rows)) * ROW, upright=False, note=note)


def columns(name: str, title: str, heads: tuple[str, str], rows: Sequence[Row], *, note: str = "") -> Plot:
    """Columns side by side. With many of them, only the first, the middle and the last show their label."""
    full = _full(rows, None)
    step = WIDTH / max(1, len(rows))
    shown = range(len(rows)) if len(rows) <= 10 else (0, len(rows) // 2, len(rows) - 1)
    marks = []
    for number, (label, value, text) in enumerate(rows):
        tall = value / full * (BASE - TOP)
        at_edge = {0: "start", len(rows) - 1: "end"} if len(rows) > 10 else {}
        marks.append(
            Mark(
                label,
                text,
                x=_number(number * step + step * 0.1),
                y=_number(BASE - tall),
                width=_number(step * 0.8),
                height=_number(tall),
                place=_number({"start": 0, "end": WIDTH}.get(at_edge.get(number, ""), (number + 0.5) * step)),
                shown=number in shown,
                anchor=at_edge.get(number, "middle"),
            )
        )
    most = next((text for _, value, text in rows if value == full), "")
    return Plot(name, title, heads, marks, HEIGHT, upright=True, most=most, note=note)


def _full(rows: Sequence[Row], most: float | None) -> float:
    return most or max((value for _, value, _ in rows), default=0) or 1


def _number(value: float) -> str:
    """Without the decimal comma of some languages, which SVG doesn't know."""
    return f"{max(0.0, value):.1f}".removesuffix(".0")
