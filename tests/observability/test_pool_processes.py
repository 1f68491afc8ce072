"""The pool metrics of running gunicorn workers, held against what psycopg_pool says in each of them."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.system import System, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

WORKERS, POOL, LOCK, FREE_LOCK = 2, 11, 4711, 4712
VARIABLES = {
    "DJANGO_SETTINGS_MODULE": "tests.observability.pool_settings",
    "LMS_WEB_WORKERS": str(WORKERS),
    "LMS_WEB_THREADS": str(POOL + 1),
    "LMS_DB_POOL_MAX": str(POOL),
    "LMS_DB_POOL_TIMEOUT": "60",
}
WORDS = {
    ("db_client_connection_idle_min", ""): "pool_min",
    ("db_client_connection_max", ""): "pool_max",
    ("db_client_connections", "idle"): "pool_available",
    ("db_client_connections", "used"): "used",
    ("db_client_connection_pending_requests", ""): "requests_waiting",
    ("db_client_connection_timeouts_total", ""): "requests_errors",
    ("db_client_connection_wait_time_seconds_count", ""): "requests_queued",
    ("db_client_connection_wait_time_seconds_sum", ""): "requests_wait_ms",
}
Statistics = dict[str, dict[str, float]]


def own(directory: Path) -> Statistics:
    """Slot → what psycopg_pool says now, in the workers with an open pool; a number that is 0 may be missing there."""
    files = [path for path in directory.iterdir() if not path.name.startswith(".")]
    asked = time.time()
    found: Statistics = {}
    for path in files:
        wait_for(lambda path=path: path.stat().st_mtime > asked, every=0.02, what="newer statistics")
        stats = json.loads(path.read_text())
        stats["used"] = stats["pool_size"] - stats.get("pool_available", 0)
        found[path.name] = {word: stats.get(word, 0) for word in WORDS.values()}
    return found


def exported(system: System) -> Statistics:
    """Slot → what the side process says, in psycopg_pool's words."""
    found: Statistics = {}
    text = system.get("/metrics", port=system.ports["web_metrics"], Accept="text/plain").text
    for family in text_string_to_metric_families(text):
        for name, labels, value, *_ in family.samples:
            word = WORDS.get((name, labels.get("state", "")))
            if word is not None and labels["role"] == "api":
                scale = 1000 if word == "requests_wait_ms" else 1
                found.setdefault(labels["slot"], {})[word] = round(value * scale)
    return found


def agreed(system: System, directory: Path) -> Statistics:
    """The statistics of the slots where the pool said the same before and after a scrape, if the scrape says it too."""
    before, scraped, after = own(directory), exported(system), own(directory)
    steady = {slot: stats for slot, stats in after.items() if before.get(slot) == stats}
    return steady if all(scraped.get(slot) == stats for slot, stats in steady.items()) else {}


def test_pool_metrics_are_the_pools_own_statistics_in_every_worker(tmp_path: Path):
    statuses: list[int] = []
    (directory := tmp_path / "statistics").mkdir()
    variables = VARIABLES | {"POOL_STATISTICS": str(directory)}
    with System(tmp_path, processes=("web",), variables=variables) as system:

        def every_worker_has_a_pool() -> bool:
            with ThreadPoolExecutor(16) as askers:
                list(askers.map(lambda _: system.get(f"/hold/{FREE_LOCK}"), range(32)))
            return len(own(directory)) == WORKERS

        wait_for(every_worker_has_a_pool, seconds=60, what="a request for each worker")

        def ask() -> None:
            statuses.append(system.get(f"/hold/{LOCK}").status)

        threads = [threading.Thread(target=ask) for _ in range(WORKERS * (POOL + 1))]
        with psycopg.connect(system.servers.database_url, autocommit=True) as session:
            session.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            for thread in threads:
                thread.start()

            def used_up() -> list[dict[str, float]]:
                return [stats for stats in agreed(system, directory).values() if stats["requests_waiting"]]

            full = wait_for(used_up, what="a used-up pool that is exported as it is")[0]
            assert (full["used"], full["pool_available"], full["pool_max"]) == (POOL, 0, POOL)
        for thread in threads:
            thread.join()
        assert statuses == [200] * len(threads)

        rested: Statistics = {}

        def all_at_rest() -> bool:
            rested.update(agreed(system, directory))
            return len(rested) == WORKERS and not any(stats["used"] for stats in rested.values())

        wait_for(all_at_rest, seconds=60, what="every worker's statistics afterwards")
        assert sum(stats["requests_queued"] for stats in rested.values()) > 0
        assert sum(stats["requests_wait_ms"] for stats in rested.values()) > 0
        assert sum(stats["requests_waiting"] for stats in rested.values()) == 0
