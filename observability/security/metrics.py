"""Counts without identities. No label names an address, an account or a person."""

from observability import business
from observability.security import windows
from observability.security.events import SecurityEvent

LOSSES = ("queue_full", "row_budget", "failed")

events = business.Counter(
    "security_events_total", "Security events, by kind.", labels={"event": [str(event) for event in SecurityEvent]}
)
threshold_crossed = business.Counter(
    "security_failed_login_threshold_crossed_total",
    "Times that one source went over the threshold of failed logins per minute; once per source in 15 minutes.",
)
lost = business.Counter(
    "security_records_lost_total",
    "Security events that were counted and logged, but made no row or were not examined, by reason.",
    labels={"reason": LOSSES},
)
business.fact(
    "security_failed_logins_per_source_max",
    "Failed logins in the last 60 s of the source that has the most; counted up to 100.",
    windows.most_failures,
    every=5,
)
