"""A gauge with a label whose values are known only at run time: the few that matter most now, and `other`."""

import itertools
from collections.abc import Iterable, Mapping

import prometheus_client

from observability import catalog
from observability.catalog import OTHER
from observability.multiprocess.values import SlotValue


class TopGauge:
    """`label` takes at most `size` values at a time and `other`; `labels` maps each further label to all its values.

    Its series are exchanged as a whole: what is no longer among the top is exported no more.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        *,
        label: str,
        size: int,
        labels: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self.name = name
        self.label = label
        self.size = size
        self.labels: dict[str, tuple[str, ...]] = {key: tuple(values) for key, values in (labels or {}).items()}
        self._metric = prometheus_client.Gauge(
            name, documentation, (label, *self.labels), multiprocess_mode="livemostrecent"
        )
        self._shown: dict[tuple[str, ...], prometheus_client.Gauge] = {}
        series = size + 1
        for values in self.labels.values():
            series *= len(values)
        catalog.add(
            catalog.Entry(
                name,
                "gauge",
                documentation,
                {label: (f"<top {size} or {OTHER}>",), **self.labels},
                series,
                "livemostrecent",
            )
        )

    def replace(self, values: Mapping[tuple[str, ...], float]) -> None:
        """Export these values, keyed by the labels' values in order; a combination that is missing is 0.

        Raises ValueError for more than `size` values of the open label beside `other`, and for a value that another
        label does not list; nothing is changed then.
        """
        leading = {key[0] for key in values} - {OTHER}
        if len(leading) > self.size:
            raise ValueError(f"{self.name} takes {self.size} values of {self.label} at a time, not {len(leading)}")
        wanted = set(itertools.product([*leading, OTHER], *self.labels.values()))
        if not values.keys() <= wanted:
            raise ValueError(f"{self.name} does not list {sorted(values.keys() - wanted)[0]}")
        for key in self._shown.keys() - wanted:
            self._hide(key)
        for key in wanted:
            child = self._shown.get(key)
            if child is None:
                child = self._shown[key] = self._metric.labels(*key)
            child.set(values.get(key, 0.0))

    def _hide(self, key: tuple[str, ...]) -> None:
        value = self._shown.pop(key)._value
        if isinstance(value, SlotValue):
            # A file of values never loses a cell; the merge leaves out what has no time.
            value.set(0.0, timestamp=0.0)
        else:
            self._metric.remove(*key)
