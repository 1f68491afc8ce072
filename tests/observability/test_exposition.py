"""/metrics: who may read it, in which format, and that a collector costs only itself."""

import gzip
import threading
import time
from collections.abc import Iterator

import prometheus_client
import pytest
from django.test import Client, override_settings
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from observability import exposition

TOKEN = "t" * 32


def settings(**values: object):
    return override_settings(OBSERVABILITY={"SITE_FACTS": False, **values})


@pytest.fixture(autouse=True)
def _collectors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(exposition, "_collectors", {})
    with settings():
        yield


def up(text: str, collector: str) -> float:
    line = f'observability_collector_up{{collector="{collector}"}} '
    return next(float(found.removeprefix(line)) for found in text.splitlines() if found.startswith(line))


def family(name: str) -> Metric:
    metric = Metric(name, "Help.", "gauge")
    metric.add_sample(name, {}, 1.0)
    return metric


@pytest.mark.parametrize(
    ("peer", "headers", "allowed"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("10.0.0.1", {}, False),
        ("", {}, False),
        ("unix:", {}, False),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, False),
        ("127.0.0.1", {"x-forwarded-for": ""}, False),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, False),
        ("10.0.0.1", {"Authorization": f"Bearer {TOKEN}"}, True),
        ("10.0.0.1", {"Authorization": f"bearer {TOKEN}", "X-Forwarded-For": "1.2.3.4"}, True),
        ("10.0.0.1", {"Authorization": f"Bearer {TOKEN}x"}, False),
        ("127.0.0.1", {"Authorization": "Bearer wrong"}, False),
        ("10.0.0.1", {"Authorization": "Bearer \xe9"}, False),
        ("10.0.0.1", {"Authorization": f"Basic {TOKEN}"}, False),
    ],
)
def test_who_may_scrape(peer: str, headers: dict[str, str], allowed: bool):
    with settings(METRICS_TOKEN=TOKEN):
        assert exposition.may_scrape(peer, headers) is allowed


def test_without_a_token_no_bearer_is_right():
    assert exposition.may_scrape("10.0.0.1", {"Authorization": "Bearer "}) is False


def test_a_stranger_gets_403_and_nothing_else(client: Client):
    response = client.get("/metrics", REMOTE_ADDR="10.0.0.1")
    assert (response.status_code, response.content) == (403, b"metrics: not for you\n")


def test_only_reading_is_allowed(client: Client):
    assert client.post("/metrics").status_code == 405


def test_the_text_format_is_the_default(client: Client):
    response = client.get("/metrics", headers={"Accept": "*/*"})
    assert response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    names = {family.name for family in parse_text(response.content.decode())}
    assert {"django_http_responses_total_by_status_view_method", "process_cpu_seconds", "python_info"} <= names


def test_openmetrics_on_request(client: Client):
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    response = client.get("/metrics", headers={"Accept": accept})
    assert response["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    text = response.content.decode()
    assert text.endswith("\n# EOF\n")
    assert text.count("# EOF") == 1
    assert len(list(parse_openmetrics(text))) > 30


def test_no_created_series(client: Client):
    assert b"_created" not in client.get("/metrics").content


@pytest.mark.parametrize(
    ("accepted", "compressed"), [("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("", False)]
)
def test_gzip_for_who_accepts_it(client: Client, accepted: str, compressed: bool):
    response = client.get("/metrics", headers={"Accept-Encoding": accepted})
    assert (response.headers.get("Content-Encoding") == "gzip") is compressed
    body = gzip.decompress(response.content) if compressed else response.content
    assert body.startswith(b"# HELP")


def test_a_family_is_exported_once():
    body, _ = exposition.render()
    helped = [line for line in body.decode().splitlines() if line.startswith("# HELP")]
    assert len(helped) == len({line.split()[2] for line in helped})


def test_a_collector_of_the_hosts_own_is_exported():
    exposition.register("host", lambda: [family("host_things")])
    text = exposition.render()[0].decode()
    assert "\nhost_things 1.0\n" in text
    assert up(text, "host") == 1


def test_a_collector_registered_with_prometheus_client_is_exported():
    class Things:
        def collect(self) -> list[Metric]:
            return [family("registered_things")]

        def describe(self) -> list[Metric]:
            return []

    things = Things()
    prometheus_client.REGISTRY.register(things)
    try:
        text = exposition.render()[0].decode()
    finally:
        prometheus_client.REGISTRY.unregister(things)
    assert "\nregistered_things 1.0\n" in text
    assert up(text, "Things") == 1


def test_a_throwing_collector_is_reported_and_costs_only_itself():
    def broken() -> Iterator[Metric]:
        yield family("half_things")
        raise RuntimeError("no")

    exposition.register("broken", broken)
    exposition.register("host", lambda: [family("host_things")])
    text = exposition.render()[0].decode()
    assert (up(text, "broken"), up(text, "host")) == (0, 1)
    assert "half_things" not in text
    assert "host_things 1.0" in text


def test_a_name_that_is_taken_is_refused():
    exposition.register("thief", lambda: [family("python_info")])
    assert up(exposition.render()[0].decode(), "thief") == 0


def test_a_late_collector_is_reported_and_not_started_twice():
    release, calls = threading.Event(), []

    def slow() -> list[Metric]:
        calls.append(1)
        release.wait(20)
        return [family("slow_things")]

    exposition.register("slow", slow)
    with settings(SCRAPE_DEADLINE_SECONDS=0.2):
        started = time.monotonic()
        for _ in range(2):
            assert up(exposition.render()[0].decode(), "slow") == 0
        assert time.monotonic() - started < 10
        assert len(calls) == 1
        release.set()
        time.sleep(0.1)
        assert up(exposition.render()[0].decode(), "slow") == 1


def test_process_metrics_have_their_limits():
    text = exposition.render()[0].decode()
    values = {
        line.partition("{")[0].partition(" ")[0]: float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith("process_")
    }
    assert 0 < values["process_resident_memory_bytes"] < values["process_memory_limit_bytes"]
    assert 0 < values["process_open_fds"] < values["process_max_fds"]
    assert 0 < values["process_threads"] < values["process_threads_limit"]
    assert values["process_cpu_limit_cores"] > 0
    assert values["process_cpu_seconds_total"] > 0
