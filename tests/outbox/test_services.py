"""The outbox: stored with its cause, carried out at least once, never lost."""

import datetime
import threading

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from outbox import services
from outbox.models import Message


@pytest.fixture
def delivered(monkeypatch):
    """Payloads that reached the consumer of the topic "test"."""
    seen: list[dict] = []
    monkeypatch.setitem(services._consumers, "test", seen.append)
    return seen


@pytest.fixture
def failing(monkeypatch):
    def fail(payload):
        raise ConnectionError("to nobody@example.com")

    monkeypatch.setitem(services._consumers, "test", fail)


def publish(key: str = "k", **payload) -> bool:
    with transaction.atomic():
        return services.publish(topic="test", key=key, payload=payload)


@pytest.mark.django_db
def test_a_message_is_delivered_once_and_its_payload_is_emptied(delivered):
    publish(n=1)
    assert services.relay() == 1
    assert services.relay() == 0
    assert delivered == [{"n": 1}]
    message = Message.objects.get()
    assert (message.payload, message.attempts) == ({}, 1)
    assert message.delivered_at is not None


@pytest.mark.django_db
def test_the_same_key_is_stored_once(delivered):
    assert publish(n=1) is True
    assert publish(n=2) is False
    services.relay()
    assert delivered == [{"n": 1}]


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_cause_leaves_no_message(delivered):
    with pytest.raises(RuntimeError), transaction.atomic():
        services.publish(topic="test", key="k", payload={})
        raise RuntimeError
    assert services.relay() == 0
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_publishing_outside_of_a_transaction_is_refused(delivered):
    with pytest.raises(transaction.TransactionManagementError):
        services.publish(topic="test", key="k", payload={})


@pytest.mark.django_db
def test_a_topic_without_consumer_is_refused_at_once():
    with pytest.raises(ValueError, match="no consumer"), transaction.atomic():
        services.publish(topic="nobody", key="k", payload={})


def test_a_second_consumer_for_a_topic_is_refused(monkeypatch):
    monkeypatch.setattr(services, "_consumers", {})
    services.consumer("once")(lambda payload: None)
    with pytest.raises(ValueError, match="already"):
        services.consumer("once")(lambda payload: None)


@pytest.mark.django_db
def test_a_failure_is_tried_again_later_and_keeps_no_exception_text(failing):
    publish()
    before = timezone.now()
    assert services.relay() == 0
    message = Message.objects.get()
    assert (message.attempts, message.last_error, message.delivered_at) == (1, "ConnectionError", None)
    assert message.available_at - before >= datetime.timedelta(seconds=settings.OUTBOX_FIRST_DELAY_SECONDS)
    assert services.relay() == 0, "not due yet"
    assert Message.objects.get().attempts == 1


@pytest.mark.django_db
def test_the_delay_grows_to_five_minutes_and_then_the_message_is_given_up(failing):
    publish()
    delays = []
    for _ in range(services.MAX_ATTEMPTS):
        Message.objects.update(available_at=timezone.now())
        services.relay()
        message = Message.objects.get()
        delays.append(round((message.available_at - timezone.now()).total_seconds()))
    assert delays[:3] == [5, 10, 20]
    assert max(delays) == settings.OUTBOX_LONGEST_DELAY_SECONDS
    assert message.failed_at is not None
    Message.objects.update(available_at=timezone.now())
    services.relay()
    assert Message.objects.get().attempts == services.MAX_ATTEMPTS


@pytest.mark.django_db
def test_one_poisoned_message_does_not_stop_the_others(monkeypatch):
    seen = []

    def consume(payload):
        if payload["n"] == 0:
            raise ValueError
        seen.append(payload["n"])

    monkeypatch.setitem(services._consumers, "test", consume)
    for n in range(3):
        publish(key=str(n), n=n)
    assert services.relay() == 2
    assert seen == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_parallel_relays_deliver_each_message_once(monkeypatch):
    seen: list[int] = []
    monkeypatch.setitem(services._consumers, "test", lambda payload: seen.append(payload["n"]))
    for n in range(40):
        publish(key=str(n), n=n)

    def run():
        services.relay()
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(40))


@pytest.mark.django_db
def test_purge_removes_old_delivered_messages_only(delivered):
    publish(key="old")
    services.relay()
    Message.objects.update(delivered_at=timezone.now() - datetime.timedelta(days=8))
    publish(key="fresh")
    services.relay()
    publish(key="pending")
    assert services.purge(older_than=datetime.timedelta(days=7)) == 1
    assert set(Message.objects.values_list("key", flat=True)) == {"fresh", "pending"}
