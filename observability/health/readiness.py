"""This process's readiness: the checks of READY_CHECKS, what their changes leave behind, and the details."""

import datetime
import logging
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.module_loading import import_string
from health_check.base import HealthCheck

from observability.conf import conf
from observability.health import metrics
from observability.health.checkset import CheckSet, Report
from observability.health.configured import ready_checks
from observability.health.reasons import Reason

logger = logging.getLogger(__name__)

INNER_SHARE = 0.9  # of the deadline: a check that gives up by itself names its reason and frees its thread


def build(checks: Mapping[str, Any], *, deadline: float) -> dict[str, HealthCheck]:
    """Checks by name from `{name: path}` or `{name: (path, options)}`; each gets its share of the deadline in seconds.

    Raises ImportError for a path that isn't a class.
    """
    built: dict[str, HealthCheck] = {}
    for name, entry in checks.items():
        path, options = (entry, {}) if isinstance(entry, str) else entry
        check = import_string(path)(**options)
        if "timeout" not in options:
            check.timeout = datetime.timedelta(seconds=deadline * INNER_SHARE)
        built[name] = check
    return built


class Recorder:
    """Sets the gauges; logs and counts each change of a check's state, once per process."""

    def __init__(self) -> None:
        self._reasons: dict[str, Reason] = {}

    def __call__(self, report: Report) -> None:
        for name, outcome in report.outcomes.items():
            metrics.up.set(outcome.ok, check=name)
            before, now = self._reasons.get(name, Reason.OK), outcome.reason
            self._reasons[name] = now
            if before is now:
                continue
            metrics.changes.inc(check=name, reason=now.value)
            level = logging.INFO if outcome.ok else logging.ERROR
            logger.log(
                level,
                "readiness check %s: %s",
                name,
                now.value,
                extra={"event": "health.changed", "check": name, "reason": now.value, "before": before.value},
            )


_lock = threading.Lock()
_sets: dict[Callable[[], CheckSet], CheckSet] = {}


def checks() -> CheckSet:
    """The process's one set of readiness checks."""
    return _sets.get(_build_checks) or _only(_build_checks)


def details() -> CheckSet:
    """The process's one set of the checks that only operators see."""
    return _sets.get(_build_details) or _only(_build_details)


def _only(build_set: Callable[[], CheckSet]) -> CheckSet:
    """Two first probes at once must not make two sets, with a connection each."""
    with _lock:
        if build_set not in _sets:
            _sets[build_set] = build_set()
        return _sets[build_set]


def _build_details() -> CheckSet:
    deadline = conf.DETAIL_DEADLINE_SECONDS
    return CheckSet(build(conf.DETAIL_CHECKS, deadline=deadline), deadline=deadline, memory=deadline)


def _build_checks() -> CheckSet:
    deadline = conf.READY_DEADLINE_SECONDS
    return CheckSet(
        build(ready_checks(), deadline=deadline),
        deadline=deadline,
        memory=conf.READY_MEMORY_SECONDS,
        on_report=Recorder(),
    )


def close() -> None:
    """Drop every connection that readiness keeps; the next probe starts afresh."""
    with _lock:
        kept = list(_sets.values())
        _sets.clear()
    for one in kept:
        one.close()


def _forget() -> None:
    """In a forked child: its parent's threads aren't there, and its parent's sockets aren't its own to close."""
    global _lock
    _lock = threading.Lock()
    _sets.clear()


os.register_at_fork(after_in_child=_forget)
