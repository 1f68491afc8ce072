"""The admin's page for whoever is on call, in a healthy system and while parts are away."""

import json
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.urls import reverse

from accounts.models import Role, User
from lms.operations import sources, state
from tests.system import wait_for

pytestmark = [pytest.mark.django_db, pytest.mark.observability]
ALERT = {
    "labels": {"alertname": "ApiSlow", "severity": "critical"},
    "annotations": {
        "summary": "Answers take long.",
        "runbook_url": "https://lms.example.org/runbooks#apislow",
        "dashboard_url": "javascript:alert(1)",
    },
    "startsAt": "2026-01-02T03:04:05.000Z",
}
WATCHDOG = {"labels": {"alertname": "Watchdog", "severity": "none"}, "annotations": {}, "startsAt": ""}


@contextmanager
def answering(answer):
    """The base address of a server that answers each path with what `answer(path, query)` returns as JSON."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            body = json.dumps(answer(parts.path, parse_qs(parts.query))).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def monitoring(path, query):
    if path == "/api/v2/alerts":
        return [ALERT, WATCHDOG]
    value = {"celery_workers": "2", "api:http_errors:ratio_rate5m": "0.0625"}.get(query["query"][0], "NaN")
    return {"status": "success", "data": {"result": [{"metric": {}, "value": [0, value]}]}}


@pytest.fixture
def with_parts():
    """The page's own checks run too; they take a second."""


@pytest.fixture
def asked(monkeypatch, request):
    """Sets what the page asks; everything else is unknown."""
    if "with_parts" not in request.fixturenames:
        monkeypatch.setattr(state, "_parts", list)

    def ask(**urls):
        monkeypatch.setattr(settings, "OPERATIONS", dict.fromkeys(settings.OPERATIONS, "") | urls)

    ask()
    yield ask
    from observability.health import readiness

    # Its thread keeps a connection.
    readiness.close()


@pytest.fixture
def page(client, asked):
    client.force_login(User.objects.create(email="admin@example.org", role=Role.ADMIN, is_superuser=True))
    return lambda: client.get(reverse("operations"))


def lines(response):
    return {str(line.title): (line.value, line.state) for line in response.context_data["state"].figures}


def test_figures_and_alerts_come_from_prometheus_and_alertmanager(page, asked):
    with answering(monitoring) as base:
        asked(PROMETHEUS=base, ALERTMANAGER=base, GRAFANA="https://grafana.example.org")
        response = page()
    assert lines(response)["Workers that answer"] == ("2", "")
    assert lines(response)["Errors of the API"] == ("6.2 %", "")
    assert lines(response)["Requests to the API"] == ("", "unknown")
    text = response.content.decode()
    assert "ApiSlow" in text
    assert "Watchdog" not in text
    assert 'href="https://lms.example.org/runbooks#apislow"' in text
    assert "javascript:" not in text
    assert 'href="https://grafana.example.org"' in text


def test_every_dashboard_is_linked_and_what_has_no_address_says_so(page, asked):
    asked(GRAFANA="https://grafana.example.org")
    links = {link.title: link.url for link in page().context_data["state"].links}
    assert links["Grafana: System Health"] == "https://grafana.example.org/d/lms-system-health"
    assert sum(title.startswith("Grafana: ") for title in links) == 4
    text = page().content.decode()
    for variable in ("PROMETHEUS", "ALERTMANAGER", "FLOWER", "SENTRY", "PROXY_LOGS"):
        assert f"no address is set (LMS_{variable}_URL)" in text
    assert "Prometheus can&#x27;t be reached" in text.replace("can't", "can&#x27;t")


PARTS = {
    "database": "good",
    "redis": "good",
    "broker": "good",
    "migrations": "good",
    "outbox": "good",
    "pool": "good",
    "workers": "bad",  # none runs in this test
}


def test_parts_are_what_this_process_sees(page, with_parts):
    def seen():
        found = {line.title: line.state for line in page().context_data["state"].parts}
        return PARTS.items() <= found.items()

    wait_for(seen, what="every check to end in its time")


def test_whoever_is_away_is_unknown_and_holds_nobody(page, asked):
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        asked(PROMETHEUS=f"http://127.0.0.1:{silent.getsockname()[1]}", ALERTMANAGER="http://127.0.0.1:9")
        began = time.monotonic()
        response = page()
        seconds = time.monotonic() - began
    assert response.status_code == 200
    assert set(lines(response).values()) == {("", "unknown")}
    assert "Alertmanager can't be reached" in response.content.decode()
    assert seconds < state.WAIT_SECONDS + 5


@pytest.mark.parametrize("answer", [[1, 2], {"data": {"result": [{"value": ["x"]}]}}, {"data": None}, "text"])
def test_an_answer_that_makes_no_sense_is_unknown(page, asked, answer):
    with answering(lambda path, query: answer) as base:
        asked(PROMETHEUS=base)
        assert set(lines(page()).values()) == {("", "unknown")}
        if not isinstance(answer, list):
            with pytest.raises(sources.Unreachable):
                sources.alertmanager(base)


def test_no_alert_is_said_to_be_none(page, asked):
    with answering(lambda path, query: [WATCHDOG]) as base:
        asked(ALERTMANAGER=base)
        assert "No alert fires." in page().content.decode()


@pytest.mark.parametrize("role", [Role.STUDENT, Role.INSTRUCTOR])
def test_only_administrators_may_look(client, asked, role):
    assert client.get(reverse("operations")).status_code == 302
    client.force_login(User.objects.create(email="somebody@example.org", role=role))
    assert client.get(reverse("operations")).status_code == 302


def test_the_index_leads_to_it(page, client):
    assert reverse("operations") in client.get(reverse("admin:index")).content.decode()
