"""Tasks by name and state, how long they run and wait, retries, and beat's lag; counted where it happens.

Needs Celery. Task names are those that the application has registered; any other is `other`.
"""

import logging
import time
from typing import Any

from celery import current_app, signals
from prometheus_client import Counter, Gauge, Histogram

from observability import catalog, sampler
from observability.catalog import OTHER
from observability.failures import failures
from observability.metrics import database

logger = logging.getLogger(__name__)

STATES = ("sent", "started", "succeeded", "failed", "retried", "revoked", "rejected")
RUNTIME_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0)
WAIT_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
PUBLISHED_AT = "published_at"
TASK = {"task": ("<task name>",)}
TASKS_BUDGET = 60

tasks = Counter("celery_tasks_total", "Task events, by task and the state that was reached.", ("task", "state"))
runtime = Histogram("celery_task_runtime_seconds", "Time a task ran.", ("task",), buckets=RUNTIME_BUCKETS)
wait = Histogram(
    "celery_task_queue_wait_seconds",
    "Time from when a task was published, or its ETA, to when it started.",
    ("task",),
    buckets=WAIT_BUCKETS,
)
beat_lag = Gauge(
    "celery_beat_lag_seconds",
    "How overdue beat's next tick is; near 0 while it keeps time.",
    multiprocess_mode="livemostrecent",
)

_started: dict[str, float] = {}


def task_label(name: Any) -> str:
    return name if isinstance(name, str) and name in current_app.tasks else OTHER


def count(name: Any, state: str) -> None:
    """Count one event. Never raises."""
    try:
        tasks.labels(task_label(name), state).inc()
    except Exception:
        failures.inc(part="celery")


@signals.before_task_publish.connect(weak=False, dispatch_uid="observability.metrics")
def stamp(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    if headers is not None:
        headers.setdefault(PUBLISHED_AT, time.time())


@signals.after_task_publish.connect(weak=False, dispatch_uid="observability.metrics")
def sent(sender: Any = None, **kwargs: Any) -> None:
    count(sender, "sent")


@signals.task_prerun.connect(weak=False, dispatch_uid="observability.metrics")
def started(task_id: str = "", task: Any = None, **kwargs: Any) -> None:
    _started[task_id] = time.perf_counter()
    count(task.name, "started")
    try:
        waited = queue_wait(task.request, time.time())
        if waited is not None:
            wait.labels(task_label(task.name)).observe(waited)
    except Exception:
        failures.inc(part="celery")


def queue_wait(request: Any, now: float) -> float | None:
    """Seconds that a task has waited at `now` (seconds since the epoch); None when its message doesn't say."""
    published = (getattr(request, "headers", None) or {}).get(PUBLISHED_AT) or getattr(request, PUBLISHED_AT, None)
    if not isinstance(published, (int, float)):
        return None
    due = float(published)
    if request.eta:
        from datetime import datetime

        due = max(due, datetime.fromisoformat(request.eta).timestamp())
    return max(0.0, now - due)


@signals.task_postrun.connect(weak=False, dispatch_uid="observability.metrics")
def ended(task_id: str = "", task: Any = None, **kwargs: Any) -> None:
    start = _started.pop(task_id, None)
    try:
        if start is not None:
            runtime.labels(task_label(task.name)).observe(time.perf_counter() - start)
        # Celery closes the pool after each task.
        database.count_waits()
    except Exception:
        failures.inc(part="celery")


@signals.task_success.connect(weak=False, dispatch_uid="observability.metrics")
def succeeded(sender: Any = None, **kwargs: Any) -> None:
    count(getattr(sender, "name", None), "succeeded")


@signals.task_failure.connect(weak=False, dispatch_uid="observability.metrics")
def failed(sender: Any = None, **kwargs: Any) -> None:
    count(getattr(sender, "name", None), "failed")


@signals.task_retry.connect(weak=False, dispatch_uid="observability.metrics")
def retried(sender: Any = None, **kwargs: Any) -> None:
    count(getattr(sender, "name", None), "retried")


@signals.task_revoked.connect(weak=False, dispatch_uid="observability.metrics")
def revoked(sender: Any = None, **kwargs: Any) -> None:
    count(getattr(sender, "name", None), "revoked")


@signals.task_rejected.connect(weak=False, dispatch_uid="observability.metrics")
@signals.task_unknown.connect(weak=False, dispatch_uid="observability.metrics.unknown")
def rejected(**kwargs: Any) -> None:
    count(None, "rejected")


def declare() -> None:
    """Create the series of every registered task at zero, for this process."""
    for name in (*current_app.tasks, OTHER):
        for state in STATES:
            tasks.labels(name, state)
        runtime.labels(name)
        wait.labels(name)


def watch_beat(service: Any) -> None:
    """Measure the lag of a beat service from now on."""
    scheduler = service.scheduler
    tick = scheduler.tick
    due = time.monotonic()

    def timed_tick(*args: Any, **kwargs: Any) -> Any:
        nonlocal due
        interval = tick(*args, **kwargs)
        due = time.monotonic() + (interval or 0.0)
        return interval

    scheduler.tick = timed_tick
    sampler.register("beat", lambda: beat_lag.set(max(0.0, time.monotonic() - due)))


def _catalogue() -> None:
    states = {**TASK, "state": STATES}
    series = TASKS_BUDGET * len(STATES)
    catalog.add(catalog.Entry(f"{tasks._name}_total", "counter", tasks._documentation, states, series))
    for histogram, buckets in ((runtime, RUNTIME_BUCKETS), (wait, WAIT_BUCKETS)):
        series = TASKS_BUDGET * (len(buckets) + 3)
        catalog.add(catalog.Entry(histogram._name, "histogram", histogram._documentation, TASK, series))
    catalog.add(catalog.Entry(beat_lag._name, "gauge", beat_lag._documentation, {}, 1, "livemostrecent"))


_catalogue()
