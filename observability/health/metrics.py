"""What Prometheus learns of the checks; updated by each run, so something has to probe."""

from observability import business
from observability.health.configured import ready_checks
from observability.health.reasons import Reason

# The newest result of any living process: a worker that no probe reaches must not keep an outage alive.
up = business.Gauge(
    "observability_health_check_up",
    "1 when the last run of the readiness check succeeded, else 0; absent before the first run",
    labels={"check": ready_checks()},
    multiprocess_mode="livemostrecent",
)
changes = business.Counter(
    "observability_health_changes_total",
    "Changes of a readiness check's state seen by a process, by the reason changed to (ok: recovered)",
    labels={"check": ready_checks(), "reason": list(Reason)},
)
