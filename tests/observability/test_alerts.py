"""POST /alerts: who may post, what is written, and what is turned down."""

import json
import logging

import pytest

TOKEN = "t" * 32
MESSAGE = {
    "receiver": "log",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "Watchdog", "severity": "none", "category": "watchdog"},
            "annotations": {"summary": "The alerting pipeline works."},
            "startsAt": "2026-01-01T00:00:00Z",
            "fingerprint": "abc",
        }
    ],
}

pytestmark = pytest.mark.observability


def post(client, body, token=TOKEN):
    data = body if isinstance(body, str) else json.dumps(body)
    return client.post("/alerts", data, content_type="application/json", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(autouse=True)
def token_set(settings):
    settings.OBSERVABILITY = settings.OBSERVABILITY | {"ALERTS_TOKEN": TOKEN}


def test_each_alert_is_one_log_line(client, caplog):
    with caplog.at_level(logging.INFO, logger="observability.alerts"):
        assert post(client, MESSAGE).status_code == 204
    [record] = [record for record in caplog.records if record.name == "observability.alerts"]
    assert (record.alertname, record.status, record.severity, record.receiver, record.summary) == (
        "Watchdog",
        "firing",
        "none",
        "log",
        "The alerting pipeline works.",
    )


def test_a_wrong_token_is_refused_and_nothing_is_written(client, caplog):
    assert post(client, MESSAGE, token="wrong").status_code == 403
    assert not [record for record in caplog.records if record.name == "observability.alerts"]


def test_without_a_configured_token_nobody_may_post(client, settings):
    settings.OBSERVABILITY = settings.OBSERVABILITY | {"ALERTS_TOKEN": ""}
    assert post(client, MESSAGE, token="").status_code == 403


@pytest.mark.parametrize("body", ["no json", "[]", '{"alerts": 1}', '{"alerts": [{"labels": {}}]}', "null"])
def test_what_is_not_alertmanagers_message_is_a_400_with_nothing_written(client, caplog, body):
    answer = post(client, body)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert not [record for record in caplog.records if record.name == "observability.alerts"]


def test_a_get_is_not_allowed(client):
    assert client.get("/alerts").status_code == 405
