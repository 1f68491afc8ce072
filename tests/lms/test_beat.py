"""Beat's schedule outlives a connection that is lost while it is being read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.utils.module_loading import import_string
from django_celery_beat.models import PeriodicTask, PeriodicTasks

from lms.celery import app

pytestmark = pytest.mark.django_db(transaction=True)  # it closes old connections


@pytest.fixture
def scheduler():
    """As `celery beat` makes it."""
    return import_string(settings.CELERY_BEAT_SCHEDULER.replace(":", "."))(app=app)


@contextmanager
def lost_while_reading() -> Iterator[list[str]]:
    """The question whether something has changed is answered, what follows meets a connection that is gone."""
    refused: list[str] = []

    def lose(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if sql.startswith("SELECT") and '"django_celery_beat_periodictasks"' not in sql:
            refused.append(sql)
            raise OperationalError("the connection is closed")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(lose):
        yield refused


def change(name: str) -> None:
    task = PeriodicTask.objects.get(name=name)
    task.enabled = False
    task.save()
    PeriodicTasks.update_changed()


def test_a_lost_connection_leaves_the_schedule_as_it_was_and_the_change_comes_later(scheduler, caplog):
    before = set(scheduler.schedule)
    assert "relay-outbox" in before
    heap = scheduler._heap
    change("relay-outbox")
    with lost_while_reading() as refused:
        assert set(scheduler.schedule) == before
        assert set(scheduler.schedule) == before
    assert len(refused) == 2
    assert "could not be read" in caplog.text
    assert scheduler._heap is heap  # built anew from old entries it would send everything at once
    # Away from their hour django-celery-beat leaves out what is due once a day, so that only intervals are compared.
    after = set(scheduler.schedule)
    assert "relay-outbox" not in after
    assert {"carry-out-maintenance", "refresh-workload"} <= after


def test_without_any_schedule_it_ends(scheduler):
    scheduler._schedule, scheduler._initial_read = None, True
    with lost_while_reading(), pytest.raises(OperationalError):
        scheduler.schedule  # noqa: B018
