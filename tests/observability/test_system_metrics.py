"""The product's real processes: several gunicorn workers and Celery children exported as one."""

import contextlib
import signal
import subprocess
import time

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

import bench.hostile
from lms import monitoring
from tests.system import System, wait_for

pytestmark = pytest.mark.processes

REQUESTS = "django_http_responses_total_by_status_view_method_total"


def samples(system: System, process: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = system.get("/metrics", port=system.ports[f"{process}_metrics"])
    assert answer.status == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(system: System, process: str, name: str, **labels: str) -> float:
    return sum(
        number
        for (found, has), number in samples(system, process).items()
        if found == name and labels.items() <= dict(has).items()
    )


def workers(system: System) -> list[psutil.Process]:
    """The web workers: children of gunicorn that serve no metrics of their own."""
    children = psutil.Process(system.running["web"].pid).children()
    return [child for child in children if "observability.exporter" not in child.cmdline()]


def test_any_worker_answers_for_all(system: System):
    before = system.metric(REQUESTS, status="404", view="<unnamed view>")
    for _ in range(12):
        system.get("/no/such/path")
    seen = {system.metric(REQUESTS, status="404", view="<unnamed view>") - before for _ in range(6)}
    assert seen == {12}
    assert value(system, "web", REQUESTS, status="404", view="<unnamed view>") - before == 12


def test_a_killed_workers_counts_stay(system: System):
    for _ in range(5):
        system.get("/no/such/path")
    before = samples(system, "web")
    victim = workers(system)[0]
    victim.kill()
    wait_for(lambda: not victim.is_running() and len(workers(system)) == 2, what="a new worker")
    wait_for(lambda: system.get("/api/v1/ready").status == 200)
    after = samples(system, "web")
    counters = [key for key in before if key[0].endswith(("_total", "_count", "_bucket", "_sum"))]
    gone_back = [key for key in counters if not key[0].startswith("process_") and after.get(key, 0.0) < before[key]]
    assert len(counters) > 500
    assert gone_back == []


def test_the_side_process_answers_while_every_worker_is_stopped(system: System):
    stopped = workers(system)
    assert len(stopped) == 2
    for worker in stopped:
        worker.suspend()
    try:
        started = time.monotonic()
        assert value(system, "web", REQUESTS) > 0
        assert time.monotonic() - started < 1
    finally:
        for worker in stopped:
            worker.resume()


def test_the_side_process_is_started_again(system: System):
    def serving() -> list[psutil.Process]:
        found = []
        for child in psutil.Process(system.running["web"].pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if "--serve" in child.cmdline():
                    found.append(child)
        return found

    (victim,) = wait_for(serving)
    victim.send_signal(signal.SIGKILL)
    wait_for(
        lambda: (
            [child.pid for child in serving()] not in ([], [victim.pid])
            and system.get("/metrics", port=system.ports["web_metrics"]).status == 200
        ),
        what="a new side process",
    )


def test_processes_of_every_role_are_measured(system: System):
    roles = {
        process: {
            dict(labels)["role"]
            for (name, labels) in samples(system, process)
            if name == "process_resident_memory_bytes"
        }
        for process in ("web", "worker", "beat")
    }
    assert roles == {"web": {"api", "exporter"}, "worker": {"worker", "exporter"}, "beat": {"beat", "exporter"}}
    measured = {
        (dict(labels)["role"], dict(labels)["slot"])
        for (name, labels) in samples(system, "web")
        if name == "process_cpu_seconds_total"
    }
    assert measured == {("api", "0"), ("api", "1"), ("exporter", "0")}


def test_tasks_are_counted_in_prefork_children(system: System):
    def succeeded() -> float:
        return value(system, "worker", "celery_tasks_total", task="outbox.tasks.relay", state="succeeded")

    first = wait_for(succeeded)
    task = frozenset({("task", "outbox.tasks.relay")})
    before = samples(system, "worker")
    wait_for(lambda: succeeded() >= first + 4)
    now = samples(system, "worker")
    assert now["celery_task_runtime_seconds_count", task] > 0
    assert 0 <= now["celery_task_queue_wait_seconds_sum", task] < 60 * now["celery_task_queue_wait_seconds_count", task]
    failed = ("celery_tasks_total", task | {("state", "failed")})
    assert now[failed] == before[failed]


def test_the_site_knows_its_queues_and_workers(system: System):
    wait_for(lambda: value(system, "web", "celery_workers") == 1, what="an answering worker")
    names = {name for name, _ in samples(system, "web")}
    assert {"celery_queue_messages", "celery_unacknowledged_messages", "lms_active_users"} <= names
    assert not {"celery_queue_messages", "lms_active_users"} & {name for name, _ in samples(system, "worker")}
    assert value(system, "beat", "celery_beat_lag_seconds") < 5


def test_pool_gauges_are_those_of_each_worker(system: System):
    now = samples(system, "web")
    limits = {
        dict(labels)["slot"]: number
        for (name, labels), number in now.items()
        if name == "db_client_connection_max" and dict(labels)["role"] == "api"
    }
    assert limits == {"0": 12.0, "1": 12.0}
    for slot in limits:
        used = [
            number
            for (name, labels), number in now.items()
            if name == "db_client_connections" and {("slot", slot), ("role", "api")} <= set(labels)
        ]
        assert len(used) == 2
        assert 0 <= sum(used) <= 12


def test_hostile_requests_make_few_series(system: System):
    def invented() -> float:
        return value(system, "web", "django_http_requests_total_by_method_total", method="other")

    before = invented()
    result = bench.hostile.run(system, methods=150, paths=150, hosts=150)
    assert result.statuses.total() == 450
    assert result.statuses[404] == 150
    assert invented() - before == 150
    assert len(result.new) <= bench.hostile.SERIES, result.new
    assert result.size <= bench.hostile.BYTES


@pytest.fixture(scope="module")
def promtool() -> str:
    if monitoring.find("promtool") is None:
        try:
            monitoring.fetch({"prometheus": monitoring.PACKAGES["prometheus"]})
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"no promtool, and none to be had: {error}")
    found = monitoring.find("promtool")
    assert found is not None
    return found


@pytest.mark.parametrize("process", ["web", "worker", "beat"])
def test_promtool_finds_nothing_in_our_metrics(system: System, promtool: str, process: str):
    exposition = system.get("/metrics", port=system.ports[f"{process}_metrics"], Accept="text/plain").text
    result = subprocess.run(
        [promtool, "check", "metrics"], input=exposition, capture_output=True, text=True, check=False
    )
    assert exposition.count("# TYPE") > 30
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
