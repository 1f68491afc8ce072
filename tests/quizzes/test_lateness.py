"""The late policy as a table."""

import datetime
from decimal import Decimal

import pytest

from quizzes.lateness import days_late, share_kept

DUE = datetime.datetime(2026, 3, 28, 12, 0, tzinfo=datetime.UTC)
DAY, SECOND = datetime.timedelta(days=1), datetime.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("after", "days"),
    [(-DAY, 0), (0 * DAY, 0), (SECOND, 1), (DAY, 1), (DAY + SECOND, 2), (10 * DAY, 10)],
)
def test_a_day_counts_once_it_has_begun(after, days):
    assert days_late(DUE, DUE + after) == days


def test_nothing_is_late_without_a_due_date():
    assert days_late(None, DUE) == 0


@pytest.mark.parametrize(
    ("days", "penalty", "floor", "share"),
    [
        (0, "10", "0", "1"),
        (1, "10", "0", "0.9"),
        (3, "12.5", "0", "0.625"),
        (20, "10", "0", "0"),
        (20, "10", "40", "0.4"),
        (1, "100", "50", "0.5"),
        (5, "0", "0", "1"),
        (0, "10", "100", "1"),
    ],
)
def test_each_day_takes_its_penalty_down_to_the_floor(days, penalty, floor, share):
    assert share_kept(days, Decimal(penalty), Decimal(floor)) == Decimal(share)
