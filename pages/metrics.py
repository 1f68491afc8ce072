"""How pages were to their readers, and what failed in them. Labels are closed; nothing here names a person."""

from collections.abc import Mapping
from typing import Any

from django.dispatch import receiver

from observability import business
from pages import signals
from pages.vitals import KINDS, OTHER, OUTCOMES, PAGES, Failure

LABELS = {"page": (*PAGES, OTHER)}
# The bounds of "good" and "poor" (https://web.dev/articles/vitals) are bounds of buckets, so shares of both are exact.
measures = {
    "lcp": business.Histogram(
        "lms_web_vitals_lcp_seconds",
        "Time until the largest thing of a page was painted, as browsers saw it: good to 2.5, poor above 4.",
        labels=LABELS,
        buckets=(0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0),
    ),
    "inp": business.Histogram(
        "lms_web_vitals_inp_seconds",
        "Time from an interaction to the next paint, about the longest of a page view: good to 0.2, poor above 0.5.",
        labels=LABELS,
        buckets=(0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0),
    ),
    "cls": business.Histogram(
        "lms_web_vitals_cls",
        "How much of a page jumped while it was read, as a layout shift score: good to 0.1, poor above 0.25.",
        labels=LABELS,
        buckets=(0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0),
    ),
    "fcp": business.Histogram(
        "lms_web_vitals_fcp_seconds",
        "Time until something of a page was painted: good to 1.8, poor above 3.",
        buckets=(0.25, 0.5, 1.0, 1.8, 2.5, 3.0, 5.0, 10.0),
    ),
    "ttfb": business.Histogram(
        "lms_web_vitals_ttfb_seconds",
        "Time until the first byte of a page arrived: good to 0.8, poor above 1.8.",
        buckets=(0.1, 0.2, 0.4, 0.8, 1.2, 1.8, 3.0, 5.0),
    ),
}
failures = business.Counter(
    "lms_page_errors_total",
    "What browsers reported to have failed in pages, by kind.",
    labels={"kind": KINDS, **LABELS},
)
beacons = business.Counter(
    "lms_page_beacons_total",
    "Reports of browsers, by what became of them: one beyond the limit of its source is dropped.",
    labels={"outcome": OUTCOMES},
)


@receiver(signals.page_measured)
def observe_page(sender: Any, *, page: str, vitals: Mapping[str, float], **kwargs: Any) -> None:
    for name, value in vitals.items():
        measure = measures[name]
        measure.observe(value, **({"page": page} if measure.labels else {}))


@receiver(signals.page_failed)
def count_failure(sender: Any, *, page: str, failure: Failure, **kwargs: Any) -> None:
    failures.inc(kind=failure.kind, page=page)


@receiver(signals.beacon_answered)
def count_beacon(sender: Any, *, outcome: str, **kwargs: Any) -> None:
    beacons.inc(outcome=outcome)
