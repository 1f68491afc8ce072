"""Kill the children of a real gunicorn and a real Celery worker at random, under load; tell whether a count went back.

    python -m bench.chaos_system [SECONDS]              # 4 web workers and 2 prefork children, killed with -9
    python -m bench.chaos_system [SECONDS] --blocked    # every web worker stopped: does the side process answer?

Both side ports are scraped every second. A count of one process (labels `role` and `slot`) may start again from zero
only where that process did, told by its `process_start_time_seconds`; every other count must never go back. Exits 1
when one did, a scrape failed, files are left that no process explains, or (blocked) an answer took 1 s.
`bench.chaos` is the same with known events, so that losses can be counted.
"""

import argparse
import contextlib
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from celery import Celery
from prometheus_client.parser import text_string_to_metric_families

from bench.figures import report
from tests.system import System, wait_for

VARIABLES = {"LMS_WEB_WORKERS": "4", "LMS_CELERY_CONCURRENCY": "2", "LMS_LOG_LEVEL": "ERROR"}
SIDES = ("web", "worker")
CHILDREN = {"web": 4, "worker": 2}
PATHS = ("/api/v1/ready", "/health", "/no/such/path", "/api/v1/courses", "/certificates/no-such-serial")
CLIENTS = 4
TASK = "outbox.tasks.relay"
PAUSE_SECONDS = (0.1, 1.0)
# The master and the side process with its supervisor count too.
SPARE = 3
LIMIT_SECONDS = 1.0

Series = tuple[str, frozenset[tuple[str, str]]]


@dataclass
class Side:
    """What one side port showed, and the files in `directory`, where its processes count. Durations in seconds."""

    directory: Path
    scrapes: int = 0
    counters: int = 0
    slots: int = 0
    files: int = 0
    files_at_first: int = 0
    restarted: int = 0
    durations: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    backwards: list[str] = field(default_factory=list)
    seen: dict[Series, float] = field(default_factory=dict)
    births: dict[frozenset[tuple[str, str]], float] = field(default_factory=dict)

    def take(self, text: str) -> None:
        """Compare an exposition with all before it."""
        counters, births = parse(text)
        for key, value in counters.items():
            before = self.seen.get(key, 0.0)
            owner = frozenset(pair for pair in key[1] if pair[0] in ("role", "slot"))
            if value < before:
                if len(owner) == 2 and births.get(owner) != self.births.get(owner):
                    self.restarted += 1
                else:
                    self.backwards.append(f"{key[0]}{dict(key[1])}: {before} then {value}")
            self.seen[key] = value
        for key in self.seen.keys() - counters.keys():
            if not any(name == "slot" for name, _ in key[1]):
                self.backwards.append(f"{key[0]}{dict(key[1])}: {self.seen[key]} then gone")
        self.births |= births
        self.counters = len(counters)


def parse(text: str) -> tuple[dict[Series, float], dict[frozenset[tuple[str, str]], float]]:
    """The samples of all counters and histograms, and the start time of each process by its labels."""
    counters, births = {}, {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = frozenset(sample.labels.items())
            if family.type in ("counter", "histogram", "summary"):
                counters[sample.name, labels] = sample.value
            elif sample.name == "process_start_time_seconds":
                births[labels] = sample.value
    return counters, births


def children(system: System, side: str) -> list[psutil.Process]:
    """The processes that do the work: all children of the master but the side process."""
    found = []
    for child in psutil.Process(system.running[side].pid).children():
        with contextlib.suppress(psutil.Error):
            if "observability.exporter" not in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
    return found


def directory(system: System, side: str) -> Path:
    """Where the side counts, as its side process was told."""
    for child in psutil.Process(system.running[side].pid).children():
        if "observability.exporter" in child.cmdline():
            return Path(child.environ()["PROMETHEUS_MULTIPROC_DIR"])
    raise LookupError(f"{side} has no side process")


def scrape(system: System, side: str, result: Side) -> None:
    began = time.perf_counter()
    try:
        answer = system.get("/metrics", port=system.ports[f"{side}_metrics"], Accept="text/plain")
        result.durations.append(time.perf_counter() - began)
        if answer.status != 200:
            raise ValueError(f"status {answer.status}")
        result.take(answer.text)
    except Exception as error:
        result.failed.append(repr(error))
    result.scrapes += 1
    files = list(result.directory.glob("*.db"))
    result.files = max(result.files, len(files))
    result.slots = max(result.slots, len({path.stem.rpartition("_")[2] for path in files}))


@contextlib.contextmanager
def background(*loops: Callable[[threading.Event], None]) -> Iterator[None]:
    """Each of `loops` in a thread, until the end of the block."""
    done = threading.Event()
    threads = [threading.Thread(target=loop, args=(done,)) for loop in loops]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def load(system: System, statuses: Counter[str]) -> Callable[[threading.Event], None]:
    def loop(done: threading.Event) -> None:
        generator = random.Random()
        while not done.is_set():
            try:
                statuses[str(system.get(generator.choice(PATHS)).status)] += 1
            except Exception as error:  # a killed worker hangs up
                statuses[type(error).__name__] += 1

    return loop


def tasks(system: System, sent: Counter[str]) -> Callable[[threading.Event], None]:
    broker = system.environment["REDIS_URL"].rsplit("/", 1)[0] + "/1"

    def loop(done: threading.Event) -> None:
        with Celery(broker=broker, set_as_current=False) as application:
            while not done.wait(0.02):
                application.send_task(TASK, ignore_result=True)
                sent[TASK] += 1

    return loop


def killer(system: System, kills: Counter[str]) -> Callable[[threading.Event], None]:
    def loop(done: threading.Event) -> None:
        generator = random.Random(11)
        while not done.wait(generator.uniform(*PAUSE_SECONDS)):
            side = generator.choice(("web",) * CHILDREN["web"] + ("worker",) * CHILDREN["worker"])
            if living := children(system, side):
                with contextlib.suppress(psutil.NoSuchProcess):
                    generator.choice(living).kill()
                    kills[side] += 1

    return loop


def every_second(seconds: float, act: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        act()
        time.sleep(max(0.0, began + 1 - time.monotonic()))


def chaos(system: System, seconds: float) -> bool:
    results = {side: Side(directory(system, side)) for side in SIDES}
    for side, result in results.items():
        scrape(system, side, result)
        result.files_at_first = result.files
    statuses: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    kills: Counter[str] = Counter()

    def look() -> None:
        for side, result in results.items():
            scrape(system, side, result)

    clients = [load(system, statuses) for _ in range(CLIENTS)]
    with background(*clients, tasks(system, sent), killer(system, kills)):
        every_second(seconds, look)
    for side in SIDES:
        wait_for(lambda side=side: len(children(system, side)) == CHILDREN[side], what=f"every child of {side}")
    look()
    print(f"{seconds:.0f} s; answers {dict(statuses)}; {sent[TASK]} tasks sent")
    fine = True
    for side, result in results.items():
        done = sum(value for (name, labels), value in result.seen.items() if counts_work(name, labels))
        limit = CHILDREN[side] + SPARE
        print(
            f"{side}: {kills[side]} kills, {result.scrapes} scrapes, {len(result.failed)} failed, "
            f"{len(result.backwards)} of {result.counters} counts went back ({result.restarted} times a process's own "
            f"began again), slowest scrape {max(result.durations) * 1000:.0f} ms; {result.slots} slots for "
            f"{CHILDREN[side]} children (at most {limit}), {result.files_at_first} files before and at most "
            f"{result.files} after; {done:.0f} requests or tasks counted"
        )
        for line in (result.failed + result.backwards)[:5]:
            print(f"  {line}")
        report(
            f"{side}: scrapes that failed, or whose counts went back, in {sum(kills.values())} kills",
            len(result.failed) + len(result.backwards),
            "",
            at_most=0,
        )
        fine = fine and not result.failed and not result.backwards and result.slots <= limit and kills[side] > 0
    return fine


def counts_work(name: str, labels: frozenset[tuple[str, str]]) -> bool:
    return name == "django_http_responses_total_by_status_view_method_total" or (
        name == "celery_tasks_total" and ("state", "succeeded") in labels
    )


def blocked(system: System, seconds: float) -> bool:
    result = Side(directory(system, "web"))
    stopped = children(system, "web")
    for worker in stopped:
        worker.suspend()
    try:
        # Under gunicorn's own timeout: a worker that is killed for silence would be replaced by one that answers.
        every_second(seconds, lambda: scrape(system, "web", result))
        still = sum(worker.is_running() and worker.status() == psutil.STATUS_STOPPED for worker in stopped)
    finally:
        for worker in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.resume()
    print(
        f"{still} of {len(stopped)} web workers stopped for {seconds:.0f} s: {result.scrapes} scrapes, "
        f"{len(result.failed)} failed, slowest {max(result.durations) * 1000:.0f} ms"
    )
    report(
        f"slowest scrape while every worker was stopped for {seconds:.0f} s",
        max(result.durations),
        "s",
        at_most=LIMIT_SECONDS,
    )
    for line in result.failed[:5]:
        print(f"  {line}")
    return still == CHILDREN["web"] and not result.failed and max(result.durations) < LIMIT_SECONDS


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.chaos_system", description="Scrapes while real workers are killed.")
    parser.add_argument("seconds", nargs="?", type=float)
    parser.add_argument("--blocked", action="store_true", help="stop every web worker instead of killing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        processes = ("web",) if options.blocked else ("web", "worker")
        with System(Path(name), processes=processes, variables=VARIABLES) as system:
            # The side process starts beside the workers, and is not the first to be ready.
            for side in processes:
                port = system.ports[f"{side}_metrics"]
                wait_for(lambda port=port: system.get("/metrics", port=port).status == 200, what=f"metrics of {side}")
                wait_for(lambda side=side: len(children(system, side)) == CHILDREN[side], what=f"children of {side}")
            if options.blocked:
                return 0 if blocked(system, options.seconds or 30.0) else 1
            return 0 if chaos(system, options.seconds or 60.0) else 1


if __name__ == "__main__":
    sys.exit(main())
