"""Memory, CPU, disks and connections used up, within bounds that leave the machine its life."""

import contextlib
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import redis

from lms.embedded import end_with_parent
from tests.drill.faults import locked, meanwhile
from tests.drill.faults.work import worker_flooded
from tests.drill.world import World
from tests.system import wait_for

LEFT_BYTES = 2 << 30  # a host that would keep less than this is left alone
MEGABYTE = 1 << 20
DISK_MEGABYTES = 64
GROUPS = Path("/sys/fs/cgroup")
GROUP = "lms-drill"
# The kernel ends this process before any other, should the host run out of memory after all.
HOLD_MEMORY = """
import mmap, psutil, sys, time
open("/proc/self/oom_score_adj", "w").write("1000")
flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE
share, left, held = float(sys.argv[1]), int(sys.argv[2]), []
while True:
    memory = psutil.virtual_memory()
    if memory.available > max(memory.total * (1 - share), left):
        held.append(mmap.mmap(-1, 1 << 26, flags=flags))
    else:
        time.sleep(0.5)
"""


def _burn() -> None:
    while True:
        pass


@contextlib.contextmanager
def cpu_burnt(world: World) -> Iterator[None]:
    burners = [multiprocessing.Process(target=_burn, daemon=True) for _ in range(multiprocessing.cpu_count())]
    for burner in burners:
        burner.start()
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()


@contextlib.contextmanager
def memory_held(world: World) -> Iterator[None]:
    """Another program takes three quarters of the host's memory, and what others give back meanwhile.

    Raises RuntimeError where that would leave too little.
    """
    if psutil.virtual_memory().total / 4 < LEFT_BYTES:
        raise RuntimeError("this host has too little memory for the drill")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_MEMORY, "0.75", str(LEFT_BYTES)],
        stdin=subprocess.DEVNULL,
        preexec_fn=end_with_parent,
    )
    try:
        yield
    finally:
        holder.kill()
        holder.wait(30)


@contextlib.contextmanager
def disk_filling(world: World) -> Iterator[None]:
    """A small disk of the drill's own, three quarters full, and something that goes on writing to it."""
    image, mounted = world.directory / "disk.img", world.directory / "disk"
    if not mounted.exists():
        mounted.mkdir()
        with image.open("wb") as file:
            file.truncate(DISK_MEGABYTES * MEGABYTE)
        subprocess.run(["mkfs.ext2", "-q", "-F", "-m", "0", str(image)], check=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(mounted)], check=True)
        # It stays until the world ends: predictions go on from the last samples of a disk that has vanished.
        world.stack.callback(subprocess.run, ["umount", str(mounted)], check=True)
    with (mounted / "data").open("wb", buffering=0) as data:
        for _ in range(int(DISK_MEGABYTES * 0.73)):
            data.write(b"x" * MEGABYTE)
        try:
            with meanwhile(lambda: data.write(b"x" * (MEGABYTE // 20)), 1.0):
                yield
        finally:
            data.truncate(0)


@contextlib.contextmanager
def connections_left_open(world: World) -> Iterator[None]:
    """Another program takes connections until four of five are gone, and those that others give back."""
    with contextlib.ExitStack() as opened, psycopg.connect(world.system.servers.database_url, autocommit=True) as own:
        limit = int(own.execute("SHOW max_connections").fetchone()[0])  # type: ignore[index]
        people = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"

        def take() -> None:
            taken = int(own.execute(people).fetchone()[0])  # type: ignore[index]
            for _ in range(int(limit * 0.8) - taken):
                opened.enter_context(psycopg.connect(world.system.servers.database_url))

        take()
        with meanwhile(take, 1.0):
            yield


@contextlib.contextmanager
def connections_leaking(world: World) -> Iterator[None]:
    """Another program opens a connection every eight seconds and closes none."""
    with contextlib.ExitStack() as opened:

        def leak() -> None:
            opened.enter_context(psycopg.connect(world.system.servers.database_url))

        with meanwhile(leak, 8.0):
            yield


@contextlib.contextmanager
def pool_leaking(world: World) -> Iterator[None]:
    """A table is locked, and every half minute one more person waits for it."""
    done = threading.Event()

    def wait() -> None:
        world.system.get(world.lesson + "/files", X_Session_Token=world.tokens[2])

    def come() -> None:
        with contextlib.ExitStack() as people:
            while True:
                people.enter_context(meanwhile(wait, 0.01))
                if done.wait(30):
                    return

    with locked(world, "courses_lessonfile"):
        coming = threading.Thread(target=come, daemon=True)
        coming.start()
        try:
            yield
        finally:
            done.set()
    coming.join(60)


@contextlib.contextmanager
def redis_filled(world: World) -> Iterator[None]:
    """Another program keeps its data in the same Redis."""
    client = redis.Redis.from_url(world.system.servers.redis_url.removesuffix("/0") + "/7")
    limit = int(client.config_get("maxmemory")["maxmemory"])
    try:
        used = int(client.info("memory")["used_memory"])
        for number in range((int(limit * 0.8) - used) // 1_000_000):
            client.set(f"foreign:{number}", b"x" * 1_000_000, ex=600)
        yield
    finally:
        client.flushdb()
        client.close()


def family(pid: int) -> list[psutil.Process]:
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


@contextlib.contextmanager
def log_file_at_its_limit(world: World) -> Iterator[None]:
    """The worker's log has become as long as a file of that process may be."""
    longest = world.system.log_path("worker").stat().st_size
    limited = [(process, process.rlimit(psutil.RLIMIT_FSIZE)) for process in family(world.system.running["worker"].pid)]
    for process, (_, hard) in limited:
        process.rlimit(psutil.RLIMIT_FSIZE, (longest, hard))
    try:
        yield
    finally:
        for process, limits in limited:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.rlimit(psutil.RLIMIT_FSIZE, limits)


@contextlib.contextmanager
def worker_in_too_small_a_group(world: World) -> Iterator[None]:
    """The worker in control groups of its own, as a container sees them: half a core, and little free memory."""
    memory, cpu = GROUPS / "memory" / GROUP, GROUPS / "cpu" / GROUP
    system = world.system
    _end(world)
    for group in (memory, cpu):
        group.mkdir(exist_ok=True)
    joined = " && ".join(
        f"echo $$ > {group}/cgroup.procs && mount --bind {group} {group.parent}" for group in (memory, cpu)
    )
    log = system.log_path("worker")
    before = log.stat().st_size
    system.start("worker", within=("unshare", "--mount", "sh", "-c", f'{joined} && exec "$@"', "sh"))
    try:
        # Its share is measured once it is all there: Prometheus may not even have noticed that the one before ended.
        wait_for(lambda: b" ready." in log.read_bytes()[before:], seconds=60, what="the worker in its group")
        wait_for(lambda: not world.down(), seconds=60, what="the targets")
        used = sum(process.memory_full_info().pss for process in family(system.running["worker"].pid))
        (memory / "memory.limit_in_bytes").write_text(str(int(used / 0.8)))
        # With less, its own exporter is throttled beyond the time of a scrape.
        (cpu / "cpu.cfs_quota_us").write_text("50000")
        with worker_flooded(world):
            yield
    finally:
        _end(world)
        for group in (memory, cpu):
            group.rmdir()
        system.start("worker")


def _end(world: World) -> None:
    """The worker and its children, at once."""
    process = world.system.running["worker"]
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait(10)
    time.sleep(0.5)
