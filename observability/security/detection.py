"""Conclusions from several events: each rule counts different things of one subject within a time.

A rule's threshold is `number/seconds` in OBSERVABILITY["SECURITY_DETECTION"]; `""` turns it off. A suspicion is
reported once per subject and time. Without Redis nothing is concluded.
"""

from functools import lru_cache

from redis import RedisError

from observability.conf import conf
from observability.security import metrics, windows
from observability.security.events import FAILED_LOGINS, SecurityEvent
from observability.security.observation import Observation
from observability.security.sources import keyed, network

DEFAULTS: dict[str, str] = {
    SecurityEvent.BRUTE_FORCE: "10/600",  # sources with failed logins of one account
    SecurityEvent.PASSWORD_SPRAYING: "30/600",  # accounts with failed logins from one source: more than a class's typos
    SecurityEvent.ENUMERATION: "50/300",  # paths answered 403 or 404 to one source
    SecurityEvent.BULK_DOWNLOAD: "100/600",  # files that one person fetched
    SecurityEvent.QUIZ_FROM_TWO_ADDRESSES: "2/86400",  # networks in one attempt
}


@lru_cache(maxsize=64)
def parse(text: str) -> tuple[int, int] | None:
    """ "10/600" is 10 within 600 seconds, "" no rule. Raises ValueError for anything else."""
    if not text:
        return None
    number, _, seconds = text.partition("/")
    parsed = int(number), int(seconds)
    if min(parsed) < 1:
        raise ValueError(f"{text!r}: both numbers must be positive")
    return parsed


def threshold(rule: SecurityEvent) -> tuple[int, int] | None:
    return parse(conf.SECURITY_DETECTION.get(str(rule), DEFAULTS.get(rule, "")))


def examine(seen: Observation) -> list[Observation]:
    """Count what was seen, and what follows from it. Raises ValueError for a threshold that can't be read."""
    conclusions: list[Observation | None] = []
    try:
        if seen.event in FAILED_LOGINS:
            source = keyed(network(seen.source))
            if windows.count_failure(source):
                metrics.threshold_crossed.inc()
            if seen.account:
                conclusions.append(_apply(SecurityEvent.BRUTE_FORCE, seen.account, source, seen))
                conclusions.append(_apply(SecurityEvent.PASSWORD_SPRAYING, source, seen.account, seen))
        if seen.rule is not None:
            conclusions.append(_apply(seen.rule, seen.subject, seen.value, seen))
    except RedisError:
        metrics.lost.inc(reason="failed")
    return [conclusion for conclusion in conclusions if conclusion is not None]


def _apply(rule: SecurityEvent, subject: str, value: str, seen: Observation) -> Observation | None:
    wanted = threshold(rule)
    if wanted is None:
        return None
    number, seconds = wanted
    if not windows.reaches(rule, keyed(subject), keyed(value), threshold=number, seconds=seconds):
        return None
    # An account is told by the same keyed hash that the lines of its failed logins carry.
    account = {"account": seen.account} if rule is SecurityEvent.BRUTE_FORCE else {}
    return Observation(
        at=seen.at,
        event=rule,
        source=seen.source,
        shown=seen.shown,
        person=seen.person,
        request_id=seen.request_id,
        facts={"different": number, "within_seconds": seconds, **account},
    )
