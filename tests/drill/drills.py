"""Which real fault makes which alert fire, and who is told. A fault never writes what the alert reads."""

import contextlib
import multiprocessing
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import psycopg
import redis

from tests.drill.world import World
from tests.faults import frozen
from tests.system import ROOT

Fault = Callable[[World], AbstractContextManager[None]]


@dataclass(frozen=True)
class Expected:
    """`labels` tell alerts of one name apart: its severity, and its category where severities repeat."""

    alert: str
    receiver: str
    severity: str
    category: str = ""
    text: str = ""  # what else the message must say, where several alerts share a name and a receiver

    def __str__(self) -> str:
        return f"{self.alert} ({self.category or self.severity})"


@dataclass(frozen=True)
class Drill:
    fault: Fault
    expected: tuple[Expected, ...]
    short: bool = False  # also in the tests
    may_burn_on: frozenset[str] = frozenset()  # alerts with windows so long that an earlier drill still shows in them

    @property
    def name(self) -> str:
        return self.fault.__name__.replace("_", " ")  # type: ignore[attr-defined]


def pages(*alerts: str) -> tuple[Expected, ...]:
    return tuple(Expected(alert, "pager", "critical") for alert in alerts)


def warns(*alerts: str) -> tuple[Expected, ...]:
    return tuple(Expected(alert, "team", "warning") for alert in alerts)


@contextlib.contextmanager
def meanwhile(action: Callable[[], object], every: float, threads: int = 1) -> Iterator[None]:
    """`action` again and again, in the background, until the end of the block."""
    done = threading.Event()

    def run() -> None:
        while not done.wait(every):
            with contextlib.suppress(Exception):
                action()

    runners = [threading.Thread(target=run, daemon=True) for _ in range(threads)]
    for runner in runners:
        runner.start()
    try:
        yield
    finally:
        done.set()
        for runner in runners:
            runner.join(30)


@contextlib.contextmanager
def locked(world: World, table: str) -> Iterator[None]:
    """Somebody's forgotten transaction keeps a table from everyone else."""
    with psycopg.connect(world.system.servers.database_url) as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


def redis_away(world: World) -> AbstractContextManager[None]:
    return world.proxies["REDIS_URL"].fault("refuse")


@contextlib.contextmanager
def database_away(world: World) -> Iterator[None]:
    with world.proxies["DATABASE_URL"].fault("refuse"), meanwhile(world.read, 0.05):
        yield


@contextlib.contextmanager
def a_dozen_lessons_lost(world: World) -> Iterator[None]:
    """The database is away for a moment: on a young store a share of every window, which many good answers heal."""
    with world.proxies["DATABASE_URL"].fault("refuse"):
        for _ in range(12):
            world.read()
    yield
    world.hurry(seconds=90)


@contextlib.contextmanager
def database_slow(world: World) -> Iterator[None]:
    with world.proxies["DATABASE_URL"].fault("slow", 0.7), meanwhile(world.read, 0.1, threads=4):
        yield


def web_killed(world: World) -> AbstractContextManager[None]:
    return world.without_lms("web")


def worker_killed(world: World) -> AbstractContextManager[None]:
    return world.without_lms("worker")


def host_exporter_killed(world: World) -> AbstractContextManager[None]:
    return world.without("node")


def database_exporter_killed(world: World) -> AbstractContextManager[None]:
    return world.without("postgres")


@contextlib.contextmanager
def web_server_forgotten_in_the_targets(world: World) -> Iterator[None]:
    world.set_targets("lms-api", [])
    try:
        yield
    finally:
        world.set_targets("lms-api", world.targets()["lms-api"])


def wrong_passwords_from_one_source(world: World) -> AbstractContextManager[None]:
    return meanwhile(world.wrong_password, 0.1)


def _celery(world: World, code: str) -> None:
    subprocess.run(
        [sys.executable, "-c", f"from lms.celery import app\n{code}"],
        cwd=ROOT,
        env=world.system.environment | {"LMS_ROLE": "command"},
        check=True,
        capture_output=True,
    )


@contextlib.contextmanager
def tasks_called_wrongly(world: World) -> Iterator[None]:
    """A release that calls a task with an argument it doesn't take."""
    call = "app.send_task('outbox.tasks.relay', args=['unknown'])"
    code = f"import time\nfor _ in range(600):\n    {call}\n    time.sleep(0.2)"
    process = subprocess.Popen(
        [sys.executable, "-c", f"from lms.celery import app\n{code}"],
        cwd=ROOT,
        env=world.system.environment | {"LMS_ROLE": "command"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def queue_flooded(world: World) -> Iterator[None]:
    """More tasks than the one worker, which has stopped answering, can take."""
    with frozen(world.system.running["worker"]):
        _celery(world, "for _ in range(200): app.send_task('outbox.tasks.relay')")
        yield


def worker_frozen(world: World) -> AbstractContextManager[None]:
    return frozen(world.system.running["worker"])


@contextlib.contextmanager
def worker_frozen_with_work_to_do(world: World) -> Iterator[None]:
    """People go on enrolling, and their mails wait."""
    token = world.log_in(5)
    with frozen(world.system.running["worker"]):
        world.system.post("/api/v1/courses/reliable-services/enrollment", {}, X_Session_Token=token)
        yield


@contextlib.contextmanager
def scheduler_blocked(world: World) -> Iterator[None]:
    with locked(world, "django_celery_beat_periodictasks"):
        yield


@contextlib.contextmanager
def pool_held_full(world: World) -> Iterator[None]:
    with locked(world, "courses_lesson"), meanwhile(world.read, 0.01, threads=40):
        yield


@contextlib.contextmanager
def pool_held_nearly_full(world: World) -> Iterator[None]:
    """Readers one by one, until one of the processes has most of its pool waiting for the table."""
    with locked(world, "courses_lesson"), contextlib.ExitStack() as readers:
        for _ in range(40):
            readers.enter_context(meanwhile(world.read, 0.01))
            time.sleep(0.3)
            used = world.query("max(pool:db_client_connections:utilisation)")
            if used and float(used[0]["value"][1]) > 0.72:
                break
        yield


@contextlib.contextmanager
def connections_left_open(world: World) -> Iterator[None]:
    """Another program takes three of four connections."""
    with contextlib.ExitStack() as stack:
        with psycopg.connect(world.system.servers.database_url) as first:
            limit = int(first.execute("SHOW max_connections").fetchone()[0])  # type: ignore[index]
            taken = int(first.execute("SELECT count(*) FROM pg_stat_activity").fetchone()[0])  # type: ignore[index]
        for _ in range(int(limit * 0.78) - taken):
            stack.enter_context(psycopg.connect(world.system.servers.database_url))
        yield


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
def worker_restarted(world: World) -> Iterator[None]:
    process = world.system.running["worker"]
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    world.system.start("worker")
    yield


def _maintenance(world: World, code: str) -> None:
    world.system.manage("shell", "-c", f"from maintenance import services, selectors\n{code}")


@contextlib.contextmanager
def maintenance_under_way(world: World) -> Iterator[None]:
    _maintenance(
        world,
        "import datetime\nnow = datetime.datetime.now(datetime.UTC)\n"
        "services.schedule_window(title='Drill', starts_at=now, ends_at=now + datetime.timedelta(hours=1))",
    )
    try:
        yield
    finally:
        _maintenance(world, "for window in selectors.open_windows(): services.end_window(window=window)")


BURNS = (
    Expected("ErrorBudgetBurn", "pager", "critical", "window-1h", "over 5m and 1h"),
    Expected("ErrorBudgetBurn", "pager", "critical", "window-6h", "over 30m and 6h"),
    Expected("ErrorBudgetBurn", "team", "warning", "window-1d", "over 2h and 1d"),
    Expected("ErrorBudgetBurn", "team", "warning", "window-3d", "over 6h and 3d"),
)


DRILLS = (
    Drill(a_dozen_lessons_lost, BURNS),
    Drill(redis_away, pages("HealthCheckFailing", "RedisUnreachable"), short=True),
    Drill(worker_killed, warns("CeleryWorkerDown", "TargetDown"), short=True),
    Drill(database_away, pages("DatabaseUnreachable", "ApiErrorRateHigh")),
    Drill(web_server_forgotten_in_the_targets, pages("TargetAbsent")),
    Drill(database_exporter_killed, pages("TargetDown")),
    Drill(host_exporter_killed, warns("TargetDown")),
    Drill(wrong_passwords_from_one_source, warns("LoginsFail", "RateLimitViolations")),
    Drill(tasks_called_wrongly, warns("CeleryTaskFailures")),
    Drill(queue_flooded, warns("QueueBacklog", "CeleryWorkerDown")),
    Drill(worker_frozen_with_work_to_do, warns("OutboxStuck", "ExamSweeperLate")),
    Drill(scheduler_blocked, warns("BeatLate")),
    Drill(database_slow, pages("ApiSlow")),
    Drill(pool_held_full, pages("DatabasePoolSaturated")),
    Drill(pool_held_nearly_full, warns("DatabasePoolSaturated")),
    Drill(connections_left_open, warns("PostgresConnectionsHigh")),
    Drill(redis_filled, warns("RedisMemoryHigh")),
    Drill(web_killed, pages("ServiceUnavailable", "TargetDown")),
    Drill(cpu_burnt, warns("HostCpuHigh")),
    Drill(maintenance_under_way, (Expected("ScheduledMaintenance", "log", "info", "operation"),)),
    Drill(worker_restarted, (Expected("ProcessRestarted", "log", "info", "operation"),)),
)
