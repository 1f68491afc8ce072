"""Kill workers at random while they count and are scraped; tell whether a count ever went back.

    python -m bench.chaos [SECONDS]

Six processes (as 4 web workers and 2 Celery children) count under load in one directory, each is killed with -9 at
random and started again, and a process beside them scrapes. Every event is also written to a pipe *before* it is
counted, so that what is missing in the end is known: at most the event in flight at each kill. Exits 1 when a count
went back, a scrape failed, more was lost, or files are left that no process explains.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROLES = ("api",) * 4 + ("worker",) * 2
SPARE = 1  # the master, which has a slot of its own
SERIES = 40


@dataclass
class Result:
    processes: int = len(ROLES)
    scrapes: int = 0
    kills: int = 0
    sent: int = 0
    lost: int = 0
    slots: int = 0
    files: int = 0
    slowest_ms: float = 0.0
    failed_scrapes: list[str] = field(default_factory=list)
    backwards: list[str] = field(default_factory=list)


def work(role: str, started: int) -> None:
    """Count until killed: one byte into the pipe, then one event."""
    import prometheus_client

    os.environ["OBSERVABILITY_ROLE"] = role
    events = prometheus_client.REGISTRY._names_to_collectors["events"]
    latency = prometheus_client.REGISTRY._names_to_collectors["latency_seconds"]
    generator = random.Random()
    while True:
        os.write(started, b"x")
        events.labels(str(generator.randrange(SERIES))).inc()  # type: ignore[attr-defined]
        latency.labels(str(generator.randrange(SERIES))).observe(generator.random())  # type: ignore[attr-defined]
        time.sleep(0.0005)


def declare() -> None:
    import prometheus_client

    from observability.multiprocess import values

    values.install()
    events = prometheus_client.Counter("events_total", "Events.", ["kind"])
    latency = prometheus_client.Histogram("latency_seconds", "Latency.", ["kind"])
    for kind in range(SERIES):
        events.labels(str(kind))
        latency.labels(str(kind))


def master(seconds: float, started: int, report: int) -> None:
    """Keep every role running and kill one of them after the other."""
    declare()
    running: dict[int, str] = {}
    kills, end, generator = 0, time.monotonic() + seconds, random.Random(11)

    def start(role: str) -> None:
        pid = os.fork()
        if pid == 0:
            try:
                work(role, started)
            finally:
                os._exit(1)
        running[pid] = role

    for role in ROLES:
        start(role)
    while time.monotonic() < end:
        time.sleep(generator.uniform(0.01, 0.2))
        pid = generator.choice(list(running))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        kills += 1
        start(running.pop(pid))
    for pid in running:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    os.write(report, str(kills + len(running)).encode())


def run(seconds: float, every: float) -> Result:
    """What happened in `seconds` of killing, scraped each `every` seconds."""
    result = Result()
    started_out, started_in = os.pipe()
    report_out, report_in = os.pipe()
    with tempfile.TemporaryDirectory() as name:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.chaos", "--master", str(seconds), str(started_in), str(report_in)],
            cwd=Path(__file__).resolve().parents[1],
            env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": name, "OBSERVABILITY_ROLE": "master"},
            pass_fds=(started_in, report_in),
        )
        os.close(started_in)
        os.close(report_in)
        os.set_blocking(started_out, False)
        watch(result, Path(name), started_out, process, every)
        result.kills = int(os.read(report_out, 20) or b"0")
    os.close(started_out)
    os.close(report_out)
    return result


def watch(result: Result, directory: Path, started: int, process: "subprocess.Popen[bytes]", every: float) -> None:
    from prometheus_client.exposition import generate_latest

    from observability.multiprocess.merge import Merge

    merge = Merge(directory)
    seen: dict[str, float] = {}
    ended = False
    while True:
        result.sent += drain(started)
        began = time.perf_counter()
        try:
            text = merge.encode(generate_latest)
        except Exception as error:
            result.failed_scrapes.append(repr(error))
            text = ""
        result.slowest_ms = max(result.slowest_ms, (time.perf_counter() - began) * 1000)
        result.scrapes += 1
        for line in text.splitlines():
            if line[0] != "#":
                row, _, value = line.rpartition(" ")
                if float(value) < seen.get(row, 0.0):
                    result.backwards.append(f"{row}: {seen[row]} then {value}")
                seen[row] = float(value)
        if ended:
            break
        ended = process.poll() is not None
        time.sleep(0.0 if ended else every)
    result.sent += drain(started)
    result.lost = result.sent - int(sum(value for row, value in seen.items() if row.startswith("events_total")))
    files = list(directory.glob("*.db"))
    result.files = len(files)
    result.slots = len({path.stem.rpartition("_")[2] for path in files})


def drain(pipe: int) -> int:
    total = 0
    while True:
        try:
            part = os.read(pipe, 1 << 16)
        except BlockingIOError:
            return total
        if not part:
            return total
        total += len(part)


def main() -> int:
    if sys.argv[1:2] == ["--master"]:
        master(float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
        return 0
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    result = run(seconds, every=1.0)
    print(
        f"{seconds:.0f} s, {result.kills} kills: {result.scrapes} scrapes, {len(result.failed_scrapes)} failed, "
        f"{len(result.backwards)} counts went back, slowest {result.slowest_ms:.0f} ms; {result.sent} events, "
        f"{result.lost} lost in flight; {result.slots} slots, {result.files} files for {result.processes} processes"
    )
    fine = not result.failed_scrapes and not result.backwards and result.lost <= result.kills
    return 0 if fine and result.slots <= result.processes + SPARE else 1


if __name__ == "__main__":
    sys.exit(main())
