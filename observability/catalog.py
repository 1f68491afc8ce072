"""Every metric that can be exported: what documents, checks and the series budget read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Labels = Mapping[str, Sequence[str]]

OTHER = "other"


@dataclass(frozen=True)
class Entry:
    """One metric. `series` is the most series it may have in one exposition.

    `labels` maps each label to its values; for a label whose values are only known at run time, to one description in
    angle brackets.
    """

    name: str
    type: str
    documentation: str
    labels: Labels
    series: int
    multiprocess_mode: str = ""


_entries: dict[str, Entry] = {}


def add(entry: Entry) -> None:
    """Raises ValueError for a name that is taken by a different metric."""
    if _entries.setdefault(entry.name, entry) != entry:
        raise ValueError(f"the metric {entry.name} is declared twice")


def entries() -> list[Entry]:
    return sorted(_entries.values(), key=lambda entry: entry.name)


def series_budget(labels: Labels, *, per_label_set: int = 1) -> int:
    """Each label may take its values and `other`."""
    return per_label_set * math.prod(len(values) + 1 for values in labels.values())
