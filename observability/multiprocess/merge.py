"""All processes' files as one exposition, by the rules of prometheus_client's MultiProcessCollector.

Where each value stands is worked out once and kept while the files keep their layout: a scrape then reads cells, adds
columns and formats numbers.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import accumulate, groupby
from math import inf
from operator import add, itemgetter
from pathlib import Path
from typing import Any

from prometheus_client import Metric
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from observability.multiprocess.files import Key, parse_key
from observability.multiprocess.sources import Directory, Source

Encoder = Callable[[Any], bytes]
Values = Sequence[float | None]
Getter = Callable[[Sequence[Any]], tuple[Any, ...]]

MISSING = {"min": inf, "max": -inf}


go_string: Callable[[float], str] = floatToGoString


def pick(indexes: Sequence[int]) -> Getter:
    """A function that takes these items of a sequence, always as a tuple."""
    if len(indexes) == 1:
        index = indexes[0]
        return lambda cells: (cells[index],)
    return itemgetter(*indexes) if indexes else lambda cells: ()


def known_key(key: bytes) -> Key:
    parsed = parse_key(key)
    assert parsed is not None
    return parsed


def latest(values: Sequence[float], stamps: Sequence[float]) -> float | None:
    """The value of the greatest timestamp; None when no process has set it."""
    stamp = max(stamps)
    return values[stamps.index(stamp)] if stamp > 0 else None


class Group:
    """The files that are merged with each other: those of one metric type, for gauges of one mode."""

    def __init__(self, kind: str, sources: list[Source]) -> None:
        self.type, _, mode = kind.partition("_")
        self.mode = mode.removeprefix("live")
        self.metrics: dict[str, Metric] = {}
        self._columns: list[tuple[Source, Getter, Getter]] = []
        if self.mode == "all":
            self._columns = [(source, pick(source.indexes), pick(())) for source in sources]
            rows = [
                (metric, name, labels | {"pid": source.name.slot}, text)
                for source in sources
                for metric, name, labels, text in map(known_key, source.keys)
            ]
        else:
            positions: dict[bytes, int] = {}
            for source in sources:
                for key in source.keys:
                    positions.setdefault(key, len(positions))
            for source in sources:
                indexes = [-1] * len(positions)
                for key, index in zip(source.keys, source.indexes, strict=True):
                    indexes[positions[key]] = index
                stamps = [index + 1 if index >= 0 else -1 for index in indexes]
                source.cells[-1] = MISSING.get(self.mode, 0.0)
                self._columns.append((source, pick(indexes), pick(stamps)))
            rows = list(map(known_key, positions))
        self._arrange = self._arrangement(rows)

    def _arrangement(self, rows: list[Any]) -> Callable[[Values], list[float | None]]:
        """Fills `metrics` with samples of value 0; returns what brings merged rows into the order of the samples."""
        by_metric: dict[str, list[Any]] = {}
        for row, (metric, name, labels, text) in enumerate(rows):
            by_metric.setdefault(metric, []).append((row, metric, name, labels, text))
        for metric, entries in by_metric.items():
            self.metrics[metric] = Metric(metric, entries[0][4], self.type)
        if self.type == "histogram":
            return self._histograms(by_metric)
        order = []
        for metric, entries in by_metric.items():
            for row, _, name, labels, _ in entries:
                self.metrics[metric].add_sample(name, labels, 0.0)
                order.append(row)
        chosen = pick(order)
        return lambda values: list(chosen(values))

    def _histograms(self, by_metric: dict[str, list[Any]]) -> Callable[[Values], list[float | None]]:
        plan: list[tuple[Getter, bool, Getter]] = []
        for metric, entries in by_metric.items():
            series: dict[tuple[Any, ...], tuple[dict[float, int], list[Any]]] = {}
            for row, _, name, labels, _ in entries:
                plain = tuple(sorted(item for item in labels.items() if item[0] != "le"))
                buckets, others = series.setdefault(plain, ({}, []))
                if "le" in labels:
                    buckets[float(labels["le"])] = row
                else:
                    others.append((row, name))
            samples = self.metrics[metric].add_sample
            for plain, (buckets, others) in series.items():
                for bound in sorted(buckets):
                    samples(f"{metric}_bucket", dict(plain) | {"le": go_string(bound)}, 0.0)
                if buckets:
                    samples(f"{metric}_count", dict(plain), 0.0)
                for _, name in others:
                    samples(name, dict(plain), 0.0)
                plan.append(
                    (
                        pick([buckets[bound] for bound in sorted(buckets)]),
                        bool(buckets),
                        pick([row for row, _ in others]),
                    )
                )

        def arrange(values: Values) -> list[float | None]:
            out: list[float | None] = []
            for buckets, any_buckets, others in plan:
                out.extend(accumulate(buckets(values)))
                if any_buckets:
                    out.append(out[-1])
                out.extend(others(values))
            return out

        return arrange

    def values(self) -> list[float | None]:
        """One value for each sample of `metrics`, None for one that is to be left out."""
        columns = [values(source.cells) for source, values, _ in self._columns]
        merged: Values
        if self.mode == "mostrecent":
            stamps = [stamps(source.cells) for source, _, stamps in self._columns]
            merged = [latest(*pair) for pair in zip(zip(*columns, strict=True), zip(*stamps, strict=True), strict=True)]
        elif self.mode == "all":
            merged = [value for column in columns for value in column]
        elif len(columns) == 1:
            merged = columns[0]
        elif self.mode in ("min", "max"):
            merged = list(map(min if self.mode == "min" else max, *columns))
        else:
            merged = columns[0]
            for column in columns[1:]:
                merged = list(map(add, merged, column))
        return self._arrange(merged)


class Merge:
    """The merged metrics of the processes that share a directory."""

    def __init__(self, path: Path) -> None:
        self.directory = Directory(path)
        self._groups: list[Group] = []
        self._templates: dict[Encoder, list[tuple[str, str]]] = {}
        self._values: list[float | None] = []

    def encode(self, encoder: Encoder) -> str:
        """What `encoder` (an exposition format of prometheus_client) would write of all files. Raises OSError."""
        if self.directory.read() or not self._groups:
            self._lay_out()
        template = self._templates.get(encoder)
        if template is None:
            template = self._templates[encoder] = self._template(encoder)
        values = self._values = [value for group in self._groups for value in group.values()]
        return "".join(
            [
                f"{head}{row} {repr(value) if -1e300 < value < 1e6 else go_string(value)}\n"
                if value is not None
                else head
                for (head, row), value in zip(template, values, strict=True)
            ]
        )

    @property
    def names(self) -> set[str]:
        """The metric families of the last exposition."""
        return {name for group in self._groups for name in group.metrics}

    def samples(self, wanted: Collection[str]) -> dict[str, list[Sample]]:
        """The samples of these metrics in the last exposition."""
        found: dict[str, list[Sample]] = {}
        start = 0
        for group in self._groups:
            for name, metric in group.metrics.items():
                end = start + len(metric.samples)
                if name in wanted:
                    found[name] = [
                        Sample(sample.name, sample.labels, value)
                        for sample, value in zip(metric.samples, self._values[start:end], strict=True)
                        if value is not None
                    ]
                start = end
        return found

    def _lay_out(self) -> None:
        def kind(source: Source) -> str:
            return source.name.kind

        sources = sorted(self.directory.sources, key=kind)
        self._groups = [Group(name, list(members)) for name, members in groupby(sources, key=kind)]
        self._templates = {}

    def _template(self, encoder: Encoder) -> list[tuple[str, str]]:
        template, seen = [], set()
        for group in self._groups:
            for metric in group.metrics.values():
                head = ""
                for line in encoder(Families([metric])).decode().splitlines():
                    if line.startswith("#"):
                        head += f"{line}\n" if line != "# EOF" else ""
                    else:
                        template.append(("" if metric.name in seen else head, line.rpartition(" ")[0]))
                        head = ""
                        seen.add(metric.name)
        return template


class Families:
    """Metrics in the shape that prometheus_client's encoders take."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics
