"""For the tests of host projects: what a metric says now, and by how much a block of code changes it."""

import contextlib
from collections.abc import Iterator

from prometheus_client import REGISTRY

from observability import exposition


def metric_value(name: str, **labels: str) -> float:
    """The sum of this process's samples called `name` whose labels include `labels`; 0.0 when there are none."""
    return sum(
        sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


@contextlib.contextmanager
def assert_metric_delta(name: str, delta: float, **labels: str) -> Iterator[None]:
    """Raises AssertionError unless the block changes `metric_value(name, **labels)` by exactly `delta`."""
    before = metric_value(name, **labels)
    yield
    changed = metric_value(name, **labels) - before
    assert changed == delta, f"{name}{labels or ''} changed by {changed}, not by {delta}"


def assert_metric_unchanged(name: str, **labels: str) -> contextlib.AbstractContextManager[None]:
    return assert_metric_delta(name, 0, **labels)


def scrape(accept: str = "") -> str:
    """What /metrics would answer now."""
    return exposition.render(accept)[0].decode()
