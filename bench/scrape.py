"""Cost of a scrape: our merge beside prometheus_client's own collector, over the same files, in one run.

    python -m bench.scrape

Each of N processes holds the same ~6,000 series of an ordinary site (histograms by view and method, counters by view,
method and status, gauges). Prints milliseconds (best of several rounds, taken in turn), the ratio, and whether both
wrote the same exposition; then how long a scrape takes after 1,000 restarts of a worker beside after 10. Exits 1 when
the expositions differ.
"""

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.figures import report

ROUNDS = 7
VIEWS = 140
SETS = {4: 4.0, 16: 8.0}  # file sets: how many times faster than stock
FEW, MANY = 10, 1000


def populate(directory: Path, processes: int) -> None:
    """Leave the files of `processes` processes behind."""
    for number in range(processes):
        pid = os.fork()
        if pid == 0:
            try:
                os.environ |= {"PROMETHEUS_MULTIPROC_DIR": str(directory), "OBSERVABILITY_ROLE": f"api{number}"}
                count(random.Random(number))
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
    for path in directory.glob("*.db"):
        # Names that are no slots: the stock collector counts the gauges of the dead as well.
        path.rename(path.with_name(path.name.replace("-", "")))


def count(generator: random.Random) -> None:
    import prometheus_client

    from observability.multiprocess import values

    values.install()
    latency = prometheus_client.Histogram(
        "latency_seconds", "Latency.", ["view", "method"], buckets=[0.01 * 1.6**n for n in range(16)]
    )
    responses = prometheus_client.Counter("responses_total", "Responses.", ["view", "method", "status"])
    busy = prometheus_client.Gauge("busy", "Busy.", ["pool"], multiprocess_mode="livesum")
    newest = prometheus_client.Gauge("newest", "Newest.", ["fact"], multiprocess_mode="mostrecent")
    views = [f"app:view-{number}" for number in range(VIEWS)]
    generator.shuffle(views)
    for view in views:
        for method in ("GET", "POST"):
            latency.labels(view, method).observe(generator.expovariate(10))
            for status in ("200", "404"):
                responses.labels(view, method, status).inc(generator.randrange(100_000))
    for number in range(20):
        busy.labels(str(number)).set(number)
        newest.labels(str(number)).set(number)


def rounds_of(calls: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Milliseconds of each, round by round."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            taken[name].append((time.perf_counter() - started) * 1000)
    return taken


def compare(sets: int) -> bool:
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    from observability.multiprocess.merge import Families, Merge

    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        populate(directory, sets)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(directory))
        merge = Merge(directory)
        started = time.perf_counter()
        ours = merge.encode(generate_latest)
        first = (time.perf_counter() - started) * 1000
        in_order = MultiProcessCollector.merge(sorted(map(str, directory.glob("*.db"))))
        same = sorted(ours.splitlines()) == sorted(generate_latest(Families(in_order)).decode().splitlines())
        calls = {"ours": lambda: merge.encode(generate_latest), "stock": lambda: generate_latest(registry)}
        rounds = rounds_of(calls)
        times = {name: min(taken) for name, taken in rounds.items()}
        each = [stock / own for own, stock in zip(rounds["ours"], rounds["stock"], strict=True)]
        series = sum(line[0] != "#" for line in ours.splitlines())
        print(
            f"{sets:3} file sets, {series} series: ours {times['ours']:7.1f} ms (first {first:.0f}), "
            f"stock {times['stock']:7.1f} ms, ratio {times['stock'] / times['ours']:5.1f}x, "
            f"same exposition: {'yes' if same else 'NO'}"
        )
        report(
            f"scrape of {sets} file sets, faster than stock",
            times["stock"] / times["ours"],
            at_least=SETS[sets],
            spread=(min(each), max(each)),
        )
        return same


def restarts() -> None:
    """Scrape time after many restarts of one worker, over after few."""
    from prometheus_client.exposition import generate_latest

    from observability.multiprocess.merge import Merge

    taken: dict[int, tuple[float, int]] = {}
    for number in (FEW, MANY):
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            master = os.fork()
            if master == 0:
                try:
                    os.environ |= {"PROMETHEUS_MULTIPROC_DIR": str(directory), "OBSERVABILITY_ROLE": "api"}
                    count(random.Random(1))
                    restart(number)
                finally:
                    os._exit(0)
            os.waitpid(master, 0)
            merge = Merge(directory)
            merge.encode(generate_latest)
            best = min(rounds_of({"scrape": lambda merge=merge: merge.encode(generate_latest)})["scrape"])
            taken[number] = best, len(list(directory.glob("*.db")))
    (few, few_files), (many, many_files) = taken[FEW], taken[MANY]
    print(
        f"after {FEW} restarts {few:.1f} ms ({few_files} files), after {MANY} {many:.1f} ms ({many_files} files): "
        f"ratio {many / few:.2f}"
    )
    report(f"scrape after {MANY} restarts over after {FEW}", many / few, at_most=1.2)


def restart(times: int) -> None:
    """Start a worker and kill it, again and again."""
    from observability.multiprocess.values import store

    for _ in range(times):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            store.values[0].inc(1)
            os.write(writer, b"x")
            signal.pause()
        os.read(reader, 1)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reader)
        os.close(writer)


def main() -> int:
    same = [compare(sets) for sets in SETS]
    restarts()
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
