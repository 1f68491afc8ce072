"""Tasks, queues and beat: counted where they happen, measured from outside where nobody is alive."""

import json
import time
from types import SimpleNamespace

import pytest
from celery import current_app

from observability import sampler
from observability.metrics import celery as task_metrics
from observability.metrics import redis as broker_metrics
from observability.testing import assert_metric_delta, metric_value

TASK = "outbox.tasks.relay"


@pytest.fixture(autouse=True)
def _tasks():
    current_app.loader.import_default_modules()


@pytest.fixture
def broker(settings):
    client = broker_metrics.client()
    client.flushdb()
    yield client
    client.flushdb()


def test_depth_covers_every_priority_with_no_worker_alive(broker):
    for priority in (None, 0, 3, 6, 9):
        for _ in range(10):
            current_app.send_task("any.task", priority=priority)
    assert broker.llen("celery") == 20
    assert broker_metrics.depths() == {"celery": 50.0}
    assert broker_metrics.unacknowledged() == 0


def test_what_a_worker_has_taken_is_unacknowledged(broker):
    for _ in range(3):
        current_app.send_task("any.task")
    with current_app.connection_for_read() as connection:
        queue = connection.SimpleQueue("celery")
        message = queue.get(timeout=2)
        assert (broker_metrics.depths(), broker_metrics.unacknowledged()) == ({"celery": 2.0}, 1.0)
        message.requeue()
        queue.close()


def test_the_oldest_message_tells_its_age(broker):
    assert broker_metrics.oldest_ages() == {"celery": 0.0}
    current_app.send_task("any.task", priority=6)
    body = json.loads(broker.lpop("celery\x06\x166"))
    body["headers"][task_metrics.PUBLISHED_AT] -= 100
    broker.lpush("celery\x06\x166", json.dumps(body))
    current_app.send_task("any.task", priority=0)
    assert 100 <= broker_metrics.oldest_ages()["celery"] < 110


def test_a_message_that_says_no_time_has_no_age(broker):
    broker.lpush("celery", b"not json", json.dumps({"headers": {}}))
    assert broker_metrics.oldest_ages() == {"celery": 0.0}
    assert broker_metrics.depths() == {"celery": 2.0}


def test_nobody_answers_is_zero_workers(broker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(broker_metrics, "PING_SECONDS", 0.1)
    assert broker_metrics.workers() == 0


def test_the_queue_wait_starts_at_publication_or_eta():
    request = SimpleNamespace(headers={task_metrics.PUBLISHED_AT: 1000.0}, eta=None)
    assert task_metrics.queue_wait(request, 1002.5) == 2.5
    assert task_metrics.queue_wait(request, 999.0) == 0
    late = SimpleNamespace(headers={task_metrics.PUBLISHED_AT: 1000.0}, eta="1970-01-01T00:17:00+00:00")
    assert task_metrics.queue_wait(late, 1021.0) == 1
    assert task_metrics.queue_wait(SimpleNamespace(headers=None, eta=None), 1.0) is None


def test_an_unknown_task_is_other():
    with assert_metric_delta("celery_tasks_total", 1, task="other", state="failed"):
        task_metrics.count("invented.task", "failed")
    with assert_metric_delta("celery_tasks_total", 1, task=TASK, state="failed"):
        task_metrics.count(TASK, "failed")


def test_publishing_counts_as_sent(broker):
    with assert_metric_delta("celery_tasks_total", 1, task=TASK, state="sent"):
        current_app.tasks[TASK].apply_async()


def test_beat_lag_grows_while_a_tick_hangs(monkeypatch: pytest.MonkeyPatch):
    scheduler = SimpleNamespace(tick=lambda: 0.2)
    monkeypatch.setattr(sampler, "_samplers", {})
    task_metrics.watch_beat(SimpleNamespace(scheduler=scheduler))
    assert scheduler.tick() == 0.2
    sampler.sample()
    assert metric_value("celery_beat_lag_seconds") == 0
    time.sleep(0.5)
    sampler.sample()
    assert 0.25 < metric_value("celery_beat_lag_seconds") < 5
    scheduler.tick()
    sampler.sample()
    assert metric_value("celery_beat_lag_seconds") == 0
