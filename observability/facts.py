"""Facts of the whole site (how many active users, how deep a queue), measured once for all processes.

One process of a tree measures, off the request path; the others read its gauges like any other process's. A fact that
cannot be measured keeps its last value, its age grows, and observability_fact_failures_total rises.
"""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

import prometheus_client
from django.db import connections

from observability import catalog, instruments, sampler
from observability.multiprocess.values import directory
from observability.top import TopGauge

logger = logging.getLogger(__name__)

Measurement = float | Mapping[str, float] | Mapping[tuple[str, ...], float]
FACT = {"fact": ("<fact name>",)}
TICK_SECONDS = 1.0


class _ByFact:
    """Gauges and counters labelled with the registered facts."""

    def __init__(self) -> None:
        self.updated = prometheus_client.Gauge(
            "observability_fact_updated_timestamp_seconds",
            "When this fact was last measured, in seconds since the epoch.",
            ("fact",),
            multiprocess_mode="livemostrecent",
        )
        self.age = prometheus_client.Gauge(
            "observability_fact_age_seconds",
            "How long ago this fact was last measured.",
            ("fact",),
            multiprocess_mode="livemostrecent",
        )
        self.failures = prometheus_client.Counter(
            "observability_fact_failures_total", "Measurements of this fact that failed.", ("fact",)
        )
        for metric, name in ((self.updated, ""), (self.age, ""), (self.failures, "_total")):
            catalog.add(
                catalog.Entry(
                    metric._name + name, metric._type or "", metric._documentation, FACT, 40, "livemostrecent"
                )
            )


_by_fact = _ByFact()


class Fact:
    """`measure` returns the value, or with labels a value for each label value (a tuple for several labels)."""

    def __init__(self, gauge: instruments.Gauge | TopGauge, measure: Callable[[], Measurement], every: float) -> None:
        self.gauge = gauge
        self.measure = measure
        self.every = every
        self.due = 0.0
        self.measured = 0.0

    def refresh(self) -> None:
        self.due = time.monotonic() + self.every
        try:
            measured = self.measure()
            values = measured if isinstance(measured, Mapping) else {(): float(measured)}
            given = {key if isinstance(key, tuple) else (key,): value for key, value in values.items()}
            self.gauge.replace(given)
        except Exception as error:
            logger.warning("fact %s could not be measured: %s", self.gauge.name, type(error).__name__)
            _by_fact.failures.labels(self.gauge.name).inc()
            return
        self.measured = time.time()
        _by_fact.updated.labels(self.gauge.name).set(self.measured)
        _by_fact.age.labels(self.gauge.name).set(0.0)


_facts: dict[str, Fact] = {}
_refresher: threading.Thread | None = None
_ended = threading.Event()
_lease = -1


def register(
    name: str,
    documentation: str,
    measure: Callable[[], Measurement],
    *,
    labels: Mapping[str, Iterable[str]] | None = None,
    every: float = 60.0,
) -> None:
    """Export the gauge `name`, measured each `every` seconds. Registered again, the last `measure` counts."""
    known = _facts.get(name)
    gauge = (
        known.gauge
        if known
        else instruments.Gauge(name, documentation, labels=labels, multiprocess_mode="livemostrecent")
    )
    _add(Fact(gauge, measure, every))


def register_top(
    name: str,
    documentation: str,
    measure: Callable[[], Mapping[str, float] | Mapping[tuple[str, ...], float]],
    *,
    label: str,
    size: int,
    labels: Mapping[str, Iterable[str]] | None = None,
    every: float = 60.0,
) -> None:
    """Export the gauge `name`, whose `label` has up to `size` values that `measure` chooses, and `other`."""
    known = _facts.get(name)
    gauge = known.gauge if known else TopGauge(name, documentation, label=label, size=size, labels=labels)
    _add(Fact(gauge, measure, every))


def _add(fact: Fact) -> None:
    _facts[fact.gauge.name] = fact
    _by_fact.failures.labels(fact.gauge.name)


def refresh(*, force: bool = False) -> None:
    """Measure what is due, or everything, in this thread."""
    for fact in list(_facts.values()):
        if force or fact.due <= time.monotonic():
            fact.refresh()


def start() -> None:
    """Measure in this process from now on, unless another process that shares its directory already does."""
    global _refresher
    if _refresher is not None and _refresher.is_alive():
        return
    if _lead():
        _ended.clear()
        _refresher = threading.Thread(target=_run, name="observability-facts", daemon=True)
        _refresher.start()


def stop() -> None:
    """Measure no more in this process; returns once the measurement under way is over."""
    global _refresher
    refresher, _refresher = _refresher, None
    if refresher is not None:
        _ended.set()
        refresher.join()


def _lead() -> bool:
    global _lease
    path = directory()
    if path is None or _lease >= 0:
        return True
    try:
        lease = os.open(path / "facts.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        return False
    try:
        fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lease)
        return False
    _lease = lease
    return True


def _run() -> None:
    while not _ended.is_set():
        refresh()
        # Else the pool would count a connection as used between two measurements.
        connections.close_all()
        _ended.wait(TICK_SECONDS)


def _after_fork() -> None:
    global _ended, _lease, _refresher
    if _lease >= 0:
        with suppress(OSError):
            os.close(_lease)
    _ended, _lease, _refresher = threading.Event(), -1, None


def _age() -> None:
    for name, fact in list(_facts.items()):
        if fact.measured:
            _by_fact.age.labels(name).set(max(0.0, time.time() - fact.measured))


os.register_at_fork(after_in_child=_after_fork)
sampler.register("facts", _age)
