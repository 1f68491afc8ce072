"""10,000 wrong logins from 500 sources against gunicorn, and what that costs everybody else.

    python -m bench.login_storm [--failures 10000] [--sources 500] [--rate 60] [--rounds 8]

Each source sends its share in one go, as rented proxies do, and all together at a steady rate per second: a client that
takes the whole machine would measure itself. The server, its database, Redis and both clients share two cores here; 60
a second leave room for right logins, and are what the measure is made at, not what the server could take. A fast
password hasher, so that the limits, the counting and the recording are what is measured.

Quiet and storm take turns in one run, equally long, because the machine's other work comes and goes: one person of
twenty after the other logs in every 50 ms or so, from sources of their own. Each round gives the ratio of the p95 of
these right logins; what is reported is the median of the rounds. Beside it: how busy the machine was, the episodes of
`security_failed_logins_per_source_max` above 10 (what an alert would fire for), crossings, rows and Redis memory.
"""

import argparse
import itertools
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
import redis

from bench.figures import report
from tests.system import System

LOGIN = "/api/v1/auth/app/v1/auth/login"
PASSWORD = "charlemagne fills the kettle"
THREADS = 8
PEOPLE = 20
GAUGE = "security_failed_logins_per_source_max"
VARIABLES = {
    "LMS_WEB_WORKERS": "2",
    "LMS_TRUSTED_PROXIES": "127.0.0.0/8",
    "LMS_AUTH_ANSWER_SECONDS": "0",
    "DJANGO_SETTINGS_MODULE": "bench.login_storm_settings",
    "LMS_LIMITS": "login_calls=1000000/60",
    "LMS_LOG_LEVEL": "INFO",
}


@dataclass(frozen=True)
class Phase:
    """`times` in seconds per right login; `busy` is the share of all cores, 0 to 100."""

    times: list[float]
    busy: float

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.times, n=20)[-1]


def good_logins(system: System, done: threading.Event) -> Phase:
    """Right logins, one after the other with pauses, until `done`."""
    times: list[float] = []
    psutil.cpu_percent()
    for number in itertools.count():
        if done.is_set():
            return Phase(times, psutil.cpu_percent())
        body = {"email": f"ada{number % PEOPLE}@example.org", "password": PASSWORD}
        started = time.perf_counter()
        answer = system.post(LOGIN, body, X_Forwarded_For=f"203.0.113.{number % 200 + 1}")
        times.append(time.perf_counter() - started)
        assert answer.status == 200, answer.text
        time.sleep(0.05)
    raise AssertionError


def quiet(system: System, seconds: float) -> Phase:
    done = threading.Event()
    timer = threading.Timer(seconds, done.set)
    timer.start()
    return good_logins(system, done)


def stormy(system: System, numbers: range, storm: Callable[[range], None]) -> Phase:
    done = threading.Event()

    def run() -> None:
        try:
            storm(numbers)
        finally:
            done.set()

    sender = threading.Thread(target=run)
    sender.start()
    try:
        return good_logins(system, done)
    finally:
        sender.join()


class Storm:
    def __init__(self, system: System, failures: int, sources: int, rate: float) -> None:
        self.system, self.failures, self.sources, self.rate = system, failures, sources, rate
        self.statuses: Counter[int] = Counter()
        self.seconds = 0.0

    def __call__(self, numbers: range) -> None:
        """Send those of the failures at the rate."""
        began = time.monotonic()

        def fail(number: int) -> int:
            time.sleep(max(0.0, began + (number - numbers.start) / self.rate - time.monotonic()))
            source = number * self.sources // self.failures
            address = f"10.{source // 250}.{source % 250}.1"
            body = {"email": f"nobody{number % 997}@example.org", "password": "wrong"}
            return self.system.post(LOGIN, body, X_Forwarded_For=address).status

        with ThreadPoolExecutor(THREADS) as pool:
            self.statuses.update(pool.map(fail, numbers))
        self.seconds += time.monotonic() - began


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
    parser.add_argument("--rounds", type=int, default=8)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        System(Path(directory), processes=("web",), variables=VARIABLES) as system,
    ):
        create = f"services.create_person(email=f'ada{{n}}@example.org', name='Ada', password={PASSWORD!r})"
        system.manage("shell", "-c", f"from accounts import services\nfor n in range({PEOPLE}): {create}")
        storm = Storm(system, arguments.failures, arguments.sources, arguments.rate)
        share = arguments.failures // arguments.rounds
        quiet(system, 5)
        done, values, ratios = threading.Event(), [], []
        watcher = threading.Thread(target=watch, args=(system, done, values))
        watcher.start()
        for number in range(arguments.rounds):
            last = arguments.failures if number == arguments.rounds - 1 else (number + 1) * share
            calm = quiet(system, share / arguments.rate)
            during = stormy(system, range(number * share, last), storm)
            ratios.append(during.p95 / calm.p95)
            print(f"round {number + 1}: p95 quiet {calm.p95 * 1e3:.1f} ms ({len(calm.times)} logins,", end=" ")
            print(f"cores {calm.busy:.0f} % busy), storm {during.p95 * 1e3:.1f} ms ({len(during.times)},", end=" ")
            print(f"{during.busy:.0f} %), ratio {ratios[-1]:.2f}", flush=True)
        time.sleep(6)
        done.set()
        watcher.join()
        bytes_used, keys = memory(system)
        print(f"{arguments.failures} failures from {arguments.sources} sources in {storm.seconds:.0f} s,", end=" ")
        print(f"{arguments.failures / storm.seconds:.0f} a second: {dict(storm.statuses)}")
        report(
            "p95 of right logins, storm over quiet, median of the rounds",
            statistics.median(ratios),
            at_most=2,
            spread=(min(ratios), max(ratios)),
        )
        report("episodes of a crossed threshold", episodes(values), "", at_most=3)
        print(f"episodes of {GAUGE} > 10: {episodes(values)}, highest {max(values):.0f}")
        print(f"crossings: {system.metric('security_failed_login_threshold_crossed_total'):.0f}")
        print(f"rows: {count_rows(system)}; lost: {system.metric('security_records_lost_total'):.0f}")
        print(f"Redis: {keys} keys, {bytes_used / 1024:.0f} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
