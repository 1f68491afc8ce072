"""Taking what browsers say about pages.

Nothing is stored, so the signals are sent at once: to announce them after a commit would ask for a connection to the
database, and telemetry needs none.
"""

from pages import signals
from pages.vitals import Beacon, Failure


def take_beacon(*, beacon: Beacon) -> None:
    if beacon.vitals:
        signals.page_measured.send_robust(Beacon, page=beacon.page, vitals=beacon.vitals)
    for failure in beacon.failures:
        take_failure(page=beacon.page, failure=failure)


def take_failure(*, page: str, failure: Failure) -> None:
    signals.page_failed.send_robust(Failure, page=page, failure=failure)
