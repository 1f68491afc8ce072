"""The backlog as the metrics show it."""

import datetime

import pytest
from django.utils import timezone

from outbox import selectors
from outbox.models import Message

pytestmark = pytest.mark.django_db


def message(key: str, **fields) -> Message:
    return Message.objects.create(topic="test", key=key, **fields)


def test_the_backlog_counts_what_waits_and_what_was_given_up():
    now = timezone.now()
    assert selectors.backlog() == {"pending": 0, "given_up": 0}
    message("delivered", delivered_at=now)
    message("waits")
    message("waits for its next attempt", attempts=2, available_at=now + datetime.timedelta(minutes=5))
    message("given up", failed_at=now)
    assert selectors.backlog() == {"pending": 2, "given_up": 1}


def test_the_age_is_that_of_the_oldest_that_waits():
    assert selectors.oldest_pending_seconds() == 0.0
    now = timezone.now()
    message("given up", failed_at=now, created_at=now - datetime.timedelta(hours=9))
    message("new")
    message("old", created_at=now - datetime.timedelta(hours=1))
    assert 3600 <= selectors.oldest_pending_seconds() < 3660
