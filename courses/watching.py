"""Which seconds of a video were seen: sorted, disjoint ranges, and how much of a whole they cover."""

from collections.abc import Iterable, Sequence

Range = tuple[float, float]


def merge(*groups: Iterable[Sequence[float]]) -> list[Range]:
    """All ranges as the fewest sorted ones that don't touch."""
    merged: list[Range] = []
    for start, end in sorted((float(start), float(end)) for group in groups for start, end in group):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def seconds(ranges: Iterable[Sequence[float]]) -> float:
    return sum(end - start for start, end in ranges)
