"""What Prometheus learns of the checks; updated by each run, so something has to probe."""

import prometheus_client

from observability.health.reasons import Reason

# The newest result of any living process: a worker that no probe reaches must not keep an outage alive.
UP = prometheus_client.Gauge(
    "observability_health_check_up",
    "1 when the last run of the readiness check succeeded, else 0.",
    ["check"],
    multiprocess_mode="livemostrecent",
)
CHANGES = prometheus_client.Counter(
    "observability_health_changes_total",
    "Readiness checks that a process saw change, by the reason they changed to (ok: recovered).",
    ["check", "reason"],
)


def initialise(checks: list[str]) -> None:
    """Create every series of CHANGES at zero."""
    for check in checks:
        for reason in Reason:
            CHANGES.labels(check, reason.value)
