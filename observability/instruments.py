"""Metrics with closed label sets, created at zero in every process.

A value that a label does not list is counted as
`other`, and in observability_unknown_label_values_total; a label that the metric does not have raises ValueError.
"""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

import prometheus_client

from observability import catalog
from observability.catalog import OTHER
from observability.multiprocess.values import SlotValue

# 2.0 and its neighbours: a deadline of two seconds is read off a bucket, not interpolated between 1 and 2.5.
SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 30.0, 60.0)

Child = TypeVar("Child", prometheus_client.Counter, prometheus_client.Gauge, prometheus_client.Histogram)


class _Metric(Generic[Child]):
    """`labels` maps each label to all the values it may take."""

    metric_type = ""

    def __init__(
        self,
        kind: type[Child],
        name: str,
        documentation: str,
        labels: Mapping[str, Iterable[str]] | None,
        *,
        per_label_set: int = 1,
        **options: Any,
    ) -> None:
        self.name: str = name
        self.labels: dict[str, tuple[str, ...]] = {
            label: tuple(str(value) for value in values) for label, values in (labels or {}).items()
        }
        self._names: tuple[str, ...] = tuple(self.labels)
        self._metric: Child = kind(name, documentation, self._names, **options)
        self._children: dict[tuple[str, ...], Child] = {values: self._new_child(values) for values in self.label_sets()}
        if self._names:
            unknown_label_values.expect(name)
        catalog.add(
            catalog.Entry(
                name=name,
                type=self.metric_type,
                documentation=documentation,
                labels=self.labels,
                series=catalog.series_budget(self.labels, per_label_set=per_label_set),
                multiprocess_mode=options.get("multiprocess_mode", ""),
            )
        )

    def label_sets(self) -> list[tuple[str, ...]]:
        """Every declared combination of label values, in the labels' order."""
        return list(itertools.product(*self.labels.values()))

    def _new_child(self, values: tuple[str, ...]) -> Child:
        child: Child = self._metric.labels(*values) if values else self._metric
        return child

    def _child(self, labels: dict[str, str]) -> Child:
        try:
            if len(labels) == len(self._names):
                return self._children[tuple([labels[name] for name in self._names])]
        except (KeyError, TypeError):
            pass
        return self._unlisted(labels)

    def _unlisted(self, labels: dict[str, str]) -> Child:
        if labels.keys() != self.labels.keys():
            raise ValueError(f"{self.name} has the labels {list(self._names)}, not {list(labels)}")
        given = {name: str(value) for name, value in labels.items()}
        values = tuple(given[name] if given[name] in self.labels[name] else OTHER for name in self._names)
        if OTHER in values:
            unknown_label_values.count(self.name)
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = self._new_child(values)
        return child


class Counter(_Metric[prometheus_client.Counter]):
    """A count that only rises."""

    metric_type = "counter"

    def __init__(self, name: str, documentation: str, *, labels: Mapping[str, Iterable[str]] | None = None) -> None:
        super().__init__(prometheus_client.Counter, name, documentation, labels)

    def inc(self, amount: float = 1, **labels: str) -> None:
        """Raises ValueError for a negative amount."""
        self._child(labels).inc(amount)


class Gauge(_Metric[prometheus_client.Gauge]):
    """A number that rises and falls.

    `multiprocess_mode` says how the processes' values become one, in prometheus_client's words: the last one set
    (`mostrecent`, which survives the process that set it), or of living processes `livesum`, `livemax`, `livemin`.
    """

    metric_type = "gauge"

    def __init__(
        self,
        name: str,
        documentation: str,
        *,
        labels: Mapping[str, Iterable[str]] | None = None,
        multiprocess_mode: str = "mostrecent",
    ) -> None:
        super().__init__(prometheus_client.Gauge, name, documentation, labels, multiprocess_mode=multiprocess_mode)
        for child in self._children.values():
            if multiprocess_mode == "mostrecent" and isinstance(child._value, SlotValue):
                child._value.show()

    def set(self, value: float, **labels: str) -> None:
        self._child(labels).set(value)

    def replace(self, values: Mapping[tuple[str, ...], float]) -> None:
        """Set every label set, by the labels' values in order; one that is missing to 0."""
        for labels in dict.fromkeys([*self.label_sets(), *values]):
            self.set(values.get(labels, 0.0), **dict(zip(self.labels, labels, strict=True)))

    def inc(self, amount: float = 1, **labels: str) -> None:
        """Raises RuntimeError for a `mostrecent` gauge."""
        self._child(labels).inc(amount)

    def dec(self, amount: float = 1, **labels: str) -> None:
        """Raises RuntimeError for a `mostrecent` gauge."""
        self._child(labels).dec(amount)


class Histogram(_Metric[prometheus_client.Histogram]):
    """A distribution. `buckets` are upper bounds in the unit that the name ends with."""

    metric_type = "histogram"

    def __init__(
        self,
        name: str,
        documentation: str,
        *,
        labels: Mapping[str, Iterable[str]] | None = None,
        buckets: Iterable[float] = SECONDS_BUCKETS,
    ) -> None:
        self.buckets = tuple(float(bound) for bound in buckets)
        super().__init__(
            prometheus_client.Histogram,
            name,
            documentation,
            labels,
            per_label_set=len(self.buckets) + 3,
            buckets=self.buckets,
        )

    def observe(self, amount: float, **labels: str) -> None:
        self._child(labels).observe(amount)


class _UnknownLabelValues:
    """How often a metric met a value that its labels do not list; at zero for every metric with labels."""

    def __init__(self) -> None:
        self.name = "observability_unknown_label_values_total"
        documentation = "Events with a label value that the metric does not list, counted there as other, by metric."
        self._metric = prometheus_client.Counter(self.name, documentation, ("metric",))
        catalog.add(catalog.Entry(self.name, "counter", documentation, {"metric": ("<metric name>",)}, 200))

    def expect(self, metric: str) -> None:
        self._metric.labels(metric)

    def count(self, metric: str) -> None:
        self._metric.labels(metric).inc()


unknown_label_values = _UnknownLabelValues()
