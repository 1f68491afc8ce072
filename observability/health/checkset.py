"""Runs a set of checks under one deadline, one run at a time, with a short memory.

Each check has one helper thread of its own. A check that hangs holds that thread and no other: later probes join the
hanging run instead of starting another, so an outage costs at most one thread per check.
"""

import asyncio
import dataclasses
import inspect
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from health_check.base import HealthCheck

from observability.health.reasons import Reason, reason_of

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One check's result. `seconds` is how long the probe waited for it."""

    reason: Reason
    seconds: float = 0.0
    error: BaseException | None = None

    @property
    def ok(self) -> bool:
        return self.reason is Reason.OK


@dataclasses.dataclass(frozen=True)
class Report:
    outcomes: Mapping[str, Outcome]

    @property
    def ok(self) -> bool:
        return all(outcome.ok for outcome in self.outcomes.values())


class _Once(Generic[T]):
    """A value that comes once, for any number of waiting threads: a Future would cost a probe a tenth more."""

    __slots__ = ("_coming", "value")

    def __init__(self) -> None:
        self._coming = threading.Lock()
        self._coming.acquire()

    def set(self, value: T) -> None:
        self.value = value
        self._coming.release()

    def has_come(self, seconds: float = 0.0) -> bool:
        if not self._coming.acquire(timeout=max(0.0, seconds)):
            return False
        self._coming.release()
        return True


class _Helper:
    """The one thread that runs a check; it ends with the process, also while it hangs."""

    def __init__(self, name: str, check: HealthCheck) -> None:
        self.check = check
        self._jobs: queue.SimpleQueue[_Once[BaseException | None]] = queue.SimpleQueue()
        self._pending: _Once[BaseException | None] | None = None
        threading.Thread(target=self._serve, name=f"health-{name}", daemon=True).start()

    def start(self) -> _Once[BaseException | None]:
        """A new run, or the one that still hangs; it comes to the exception raised, if any."""
        if self._pending is None or self._pending.has_come():
            self._pending = _Once()
            self._jobs.put(self._pending)
        return self._pending

    def _serve(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                # Django's name for it is async, its own checks are both.
                answer: Any = self.check.run()
                if inspect.isawaitable(answer):
                    asyncio.run(_completed(answer))
            except BaseException as error:
                job.set(error)
            else:
                job.set(None)
            del job


async def _completed(awaitable: Any) -> None:
    await awaitable


class CheckSet:
    """`report()` answers within `deadline` seconds and runs the checks at most once per `memory` seconds."""

    def __init__(
        self,
        checks: Mapping[str, HealthCheck],
        *,
        deadline: float,
        memory: float,
        on_report: Callable[[Report], None] | None = None,
    ) -> None:
        self.checks = dict(checks)
        self.deadline = deadline
        self.memory = memory
        self._on_report = on_report
        self._lock = threading.Lock()
        self._helpers: dict[str, _Helper] = {}
        self._flight: _Once[Report] | None = None
        self._last: Report | None = None
        self._last_at = 0.0

    def report(self) -> Report:
        with self._lock:
            if self._last is not None and time.monotonic() - self._last_at < self.memory:
                return self._last
            flight = self._flight
            if flight is None:
                mine = self._flight = _Once()
            elif self._last is not None and not self._last.ok:
                # While something is down, one probe waits to see whether it is back; the others needn't hold a thread.
                return self._last
        if flight is not None:
            if flight.has_come(self.deadline):
                return flight.value
            return Report(dict.fromkeys(self.checks, Outcome(Reason.TIMEOUT, self.deadline)))
        report = self._run()
        with self._lock:
            self._last, self._last_at, self._flight = report, time.monotonic(), None
        mine.set(report)
        return report

    def close(self) -> None:
        """Drop the connections that checks keep, and what is remembered."""
        with self._lock:
            self._last = None
            for check in self.checks.values():
                close = getattr(check, "close", None)
                if close:
                    close()

    def _run(self) -> Report:
        started = time.monotonic()
        try:
            runs = {name: self._helper(name).start() for name in self.checks}
            report = Report({name: self._outcome(run, started) for name, run in runs.items()})
        except RuntimeError as error:  # no more threads can be started
            report = Report(dict.fromkeys(self.checks, Outcome(Reason.ERROR, 0.0, error)))
        if self._on_report is not None:
            try:
                self._on_report(report)
            except Exception:
                logger.exception("a health report could not be recorded")
        return report

    def _helper(self, name: str) -> _Helper:
        if name not in self._helpers:
            self._helpers[name] = _Helper(name, self.checks[name])
        return self._helpers[name]

    def _outcome(self, run: _Once[BaseException | None], started: float) -> Outcome:
        came = run.has_come(started + self.deadline - time.monotonic())
        seconds = time.monotonic() - started
        if not came:
            return Outcome(Reason.TIMEOUT, seconds)
        return Outcome(Reason.OK if run.value is None else reason_of(run.value), seconds, run.value)
