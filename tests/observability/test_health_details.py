"""The details of readiness: for the token's bearer only, and each check can fail."""

import datetime

import pytest
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from lms.health import OutboxAge
from observability.health import details, readiness
from observability.health.reasons import CheckFailed, Reason

PATH = "/api/v1/ready/details"
TOKEN = "a-token-for-operators"


@pytest.fixture(autouse=True)
def _afresh(settings):
    settings.OBSERVABILITY = settings.OBSERVABILITY | {"HEALTH_TOKEN": TOKEN, "DETAIL_DEADLINE_SECONDS": 3.0}
    readiness.close()
    yield
    readiness.close()


def test_without_a_token_set_there_are_no_details(client, settings):
    settings.OBSERVABILITY = settings.OBSERVABILITY | {"HEALTH_TOKEN": ""}
    assert client.get(PATH, headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer t\u00f6ken"])
def test_without_the_token_they_stay_closed(client, authorization):
    response = client.get(PATH, headers={"Authorization": authorization})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert response.json() == {"status": "unauthorized"}


@pytest.mark.django_db(transaction=True)
def test_with_it_every_check_is_shown_with_its_numbers(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    response = client.get(PATH, headers={"Authorization": f"Bearer {TOKEN}", "Host": "anything"})
    checks = response.json()["checks"]
    names = {"database", "redis", "migrations", "storage", "disk", "broker", "workers", "outbox", "pool"}
    assert checks.keys() == names
    assert checks["migrations"].items() >= {"status": "ok", "reason": "ok", "pending": 0}.items()
    assert checks["outbox"].items() >= {"status": "ok", "oldest_seconds": 0}.items()
    assert checks["storage"]["status"] == "ok"
    # No worker runs here, so the whole is not well; readiness, which has nothing to do with it, is.
    assert (checks["workers"]["status"], response.status_code) == ("failed", 503)
    assert client.get("/api/v1/ready").status_code == 200


@pytest.mark.django_db
def test_a_migration_that_is_not_applied_is_outdated(monkeypatch):
    monkeypatch.setattr(type(connections["default"]), "close", lambda self: None)
    MigrationRecorder(connection).record_unapplied("outbox", "0001_initial")
    check = details.Migrations()
    with pytest.raises(CheckFailed) as failure:
        check.run()
    assert failure.value.reason is Reason.OUTDATED
    assert check.measured["pending"] >= 1


@pytest.mark.django_db
def test_a_message_long_due_is_delayed(monkeypatch):
    from outbox.models import Message

    monkeypatch.setattr(type(connections["default"]), "close", lambda self: None)
    message = Message.objects.create(topic="x", key="1", payload={})
    check = OutboxAge()
    check.run()
    Message.objects.filter(pk=message.pk).update(available_at=timezone.now() - datetime.timedelta(minutes=11))
    with pytest.raises(CheckFailed) as failure:
        check.run()
    assert failure.value.reason is Reason.DELAYED
    assert check.measured["oldest_seconds"] >= 660
    Message.objects.filter(pk=message.pk).update(delivered_at=timezone.now())
    check.run()
