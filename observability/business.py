"""Business metrics with closed label sets, created at zero in every process.

The one module of this package that an app's `metrics.py` imports.
"""

import itertools
from collections.abc import Mapping, Sequence

import prometheus_client

Labels = Mapping[str, Sequence[str]]


class Counter:
    """A count that only rises. `labels` maps each label to all values it may take."""

    def __init__(self, name: str, documentation: str, *, labels: Labels | None = None) -> None:
        self.labels = {label: tuple(values) for label, values in (labels or {}).items()}
        self._metric = prometheus_client.Counter(name, documentation, tuple(self.labels))
        for values in itertools.product(*self.labels.values()):
            if values:
                self._metric.labels(*values)

    def inc(self, amount: float = 1, **labels: str) -> None:
        (self._metric.labels(**labels) if labels else self._metric).inc(amount)
