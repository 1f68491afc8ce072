"""10,000 wrong logins from 500 sources against gunicorn, and what that costs everybody else.

    python -m bench.login_storm [--failures 10000] [--sources 500] [--rate 60]

Each source sends its share in one go, as rented proxies do.
Sent at a steady rate per second: a client that takes the whole machine would measure itself.
A fast password hasher, so that the limits, the counting and the recording are what is measured. A right login every
50 ms or so, before and during the storm, from sources of its own. Prints the ratio of their p95, the episodes of
`security_failed_logins_per_source_max` above 10 (what an alert would fire for), crossings, rows and Redis memory.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import redis

from bench.figures import report
from tests.system import System

LOGIN = "/api/v1/auth/app/v1/auth/login"
PASSWORD = "charlemagne fills the kettle"
THREADS = 8
GAUGE = "security_failed_logins_per_source_max"
VARIABLES = {
    "LMS_WEB_WORKERS": "2",
    "LMS_TRUSTED_PROXIES": "127.0.0.0/8",
    "LMS_AUTH_ANSWER_SECONDS": "0",
    "DJANGO_SETTINGS_MODULE": "bench.login_storm_settings",
    "LMS_LIMITS": "login_calls=1000000/60",
    "LMS_LOG_LEVEL": "INFO",
}


def good_logins(system: System, seconds: float, done: threading.Event) -> list[float]:
    """Seconds per right login, one after the other with pauses."""
    times, begin, number = [], time.monotonic(), 0
    while time.monotonic() - begin < seconds and not done.is_set():
        number += 1
        body = {"email": "ada@example.org", "password": PASSWORD}
        started = time.perf_counter()
        answer = system.post(LOGIN, body, X_Forwarded_For=f"203.0.113.{number % 200 + 1}")
        times.append(time.perf_counter() - started)
        assert answer.status == 200, answer.text
        time.sleep(0.05)
    return times


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def storm(system: System, failures: int, sources: int, rate: float) -> dict[int, int]:
    statuses: dict[int, int] = {}
    began = time.monotonic()

    def fail(number: int) -> int:
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        source = number * sources // failures
        address = f"10.{source // 250}.{source % 250}.1"
        body = {"email": f"nobody{number % 997}@example.org", "password": "wrong"}
        return system.post(LOGIN, body, X_Forwarded_For=address).status

    with ThreadPoolExecutor(THREADS) as pool:
        for status in pool.map(fail, range(failures)):
            statuses[status] = statuses.get(status, 0) + 1
    return statuses


def watch(system: System, done: threading.Event, values: list[float]) -> None:
    while not done.is_set():
        values.append(system.metric(GAUGE))
        time.sleep(1)


def episodes(values: list[float]) -> int:
    """How often the value went over 10."""
    return sum(after > 10 >= before for before, after in zip([0.0, *values], values, strict=False))


def count_rows(system: System) -> int:
    code = "from observability.security.models import SecurityRecord; print('rows', SecurityRecord.objects.count())"
    return int(system.manage("shell", "-c", code).split("rows ")[1].split()[0])


def memory(system: System) -> tuple[int, int]:
    """Bytes of all keys of limits and security events in Redis, and their number."""
    client = redis.Redis.from_url(system.environment["REDIS_URL"])
    keys = [key for pattern in ("security:*", "lms:limit:*") for key in client.scan_iter(pattern, count=1000)]
    return sum(int(client.memory_usage(key) or 0) for key in keys), len(keys)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--failures", type=int, default=10_000)
    parser.add_argument("--sources", type=int, default=500)
    parser.add_argument("--rate", type=float, default=60)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        System(Path(directory), processes=("web",), variables=VARIABLES) as system,
    ):
        create = f"services.create_person(email='ada@example.org', name='Ada', password={PASSWORD!r})"
        system.manage("shell", "-c", f"from accounts import services; {create}")
        never = threading.Event()
        good_logins(system, 3, never)
        idle = good_logins(system, 15, never)
        done, values, during = threading.Event(), [], []
        watcher = threading.Thread(target=watch, args=(system, done, values))
        logins = threading.Thread(target=lambda: during.extend(good_logins(system, 3600, done)))
        watcher.start()
        logins.start()
        began = time.monotonic()
        statuses = storm(system, arguments.failures, arguments.sources, arguments.rate)
        seconds = time.monotonic() - began
        time.sleep(6)
        done.set()
        logins.join()
        watcher.join()
        bytes_used, keys = memory(system)
        print(f"{arguments.failures} failures from {arguments.sources} sources in {seconds:.0f} s: {statuses}")
        print(f"p95 of right logins: idle {p95(idle) * 1e3:.1f} ms, storm {p95(during) * 1e3:.1f} ms,", end=" ")
        print(f"ratio {p95(during) / p95(idle):.2f} ({len(idle)} and {len(during)} logins)")
        report("p95 of right logins, storm over idle", p95(during) / p95(idle), at_most=2)
        report("episodes of a crossed threshold", episodes(values), "", at_most=3)
        print(f"episodes of {GAUGE} > 10: {episodes(values)}, highest {max(values):.0f}")
        print(f"crossings: {system.metric('security_failed_login_threshold_crossed_total'):.0f}")
        print(f"rows: {count_rows(system)}; lost: {system.metric('security_records_lost_total'):.0f}")
        print(f"Redis: {keys} keys, {bytes_used / 1024:.0f} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
