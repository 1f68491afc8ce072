"""What the product needs is away, slow or unwatched; or a part of it is."""

import contextlib
import itertools
import signal
import threading
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager

import psutil

from tests.drill.faults import locked, meanwhile, missing
from tests.drill.world import World
from tests.system import wait_for

HEALING_SECONDS = 300
FIRST_READERS = 9  # they can't fill a pool, however they are spread
READS_FOR_EACH_ERROR = 29  # an error in thirty requests lies between the two tiers' limits, 2 % and 5 %


def redis_away(world: World) -> AbstractContextManager[None]:
    return world.proxies["REDIS_URL"].fault("refuse")


@contextlib.contextmanager
def database_away(world: World) -> Iterator[None]:
    with world.proxies["DATABASE_URL"].fault("refuse"), meanwhile(world.read, 0.05):
        yield


@contextlib.contextmanager
def a_dozen_lessons_lost(world: World) -> Iterator[None]:
    """The database is away for a moment: on a young store a share of every window, which many good answers heal."""
    # A login that failed would need two hundred good ones to heal, and there are few.
    with world.nobody_else(), world.proxies["DATABASE_URL"].fault("refuse"):
        for _ in range(12):
            world.read()
    yield
    with world.hurry():
        wait_for(lambda: not world.query("slo:errors:ratio_rate3d > 0.005"), seconds=HEALING_SECONDS, what="healing")


@contextlib.contextmanager
def database_slow(world: World) -> Iterator[None]:
    with world.proxies["DATABASE_URL"].fault("slow", 0.7), meanwhile(world.read, 0.1, threads=4):
        yield


@contextlib.contextmanager
def one_page_without_its_table(world: World) -> Iterator[None]:
    """People read on, and now and then somebody asks for what fails, by the API and in a browser."""
    turns, turn = itertools.count(), threading.Lock()
    page = world.browser(2)

    def ask() -> None:
        with turn:
            number = next(turns)
        if number % (READS_FOR_EACH_ERROR + 1) == READS_FOR_EACH_ERROR:
            world.system.get("/api/v1/assignments", X_Session_Token=world.tokens[0])
            page(f"/assignments/{uuid.uuid4()}")
        else:
            world.read()

    with missing(world, "quizzes_assignment"), meanwhile(ask, 0.02, threads=4):
        yield


def web_killed(world: World) -> AbstractContextManager[None]:
    return world.without_lms("web")


def worker_killed(world: World) -> AbstractContextManager[None]:
    return world.without_lms("worker")


@contextlib.contextmanager
def worker_restarted(world: World) -> Iterator[None]:
    process = world.system.running["worker"]
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    world.system.start("worker")
    yield


def host_exporter_killed(world: World) -> AbstractContextManager[None]:
    return world.without("node")


def database_exporter_killed(world: World) -> AbstractContextManager[None]:
    return world.without("postgres")


@contextlib.contextmanager
def _forgotten(world: World, job: str) -> Iterator[None]:
    world.set_targets(job, [])
    try:
        yield
    finally:
        world.set_targets(job, world.targets()[job])


def web_server_forgotten_in_the_targets(world: World) -> AbstractContextManager[None]:
    return _forgotten(world, "lms-api")


def scheduler_forgotten_in_the_targets(world: World) -> AbstractContextManager[None]:
    return _forgotten(world, "lms-beat")


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
    """Readers wait for a table, one more whenever no process has had most of its pool waiting for some seconds.

    Each is refused after a while and asks again, maybe another process: so many as fill a pool for a moment don't
    keep it filled.
    """
    with contextlib.ExitStack() as readers:

        def steer() -> None:
            if not world.query("min_over_time(max(pool:db_client_connections:utilisation)[4s:1s]) > 0.72"):
                readers.enter_context(meanwhile(world.read, 0.01))

        for _ in range(FIRST_READERS):
            readers.enter_context(meanwhile(world.read, 0.01))
        # The table is given back before the readers are waited for.
        with locked(world, "courses_lesson"), meanwhile(steer, 3.0):
            yield


@contextlib.contextmanager
def metrics_of_web_frozen(world: World) -> Iterator[None]:
    """The process that shows the web workers' metrics hangs; the workers go on."""
    beside = psutil.Process(world.system.running["web"].pid).children()
    (watcher,) = [process for process in beside if "observability.exporter" in process.cmdline()]
    stopped = [watcher, *watcher.children(recursive=True)]
    for process in stopped:
        process.suspend()
    try:
        yield
    finally:
        for process in reversed(stopped):
            process.resume()


@contextlib.contextmanager
def backup_disk_lost(world: World) -> Iterator[None]:
    elsewhere = world.backups.with_name("backups-unmounted")
    world.backups.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(world.backups)


@contextlib.contextmanager
def maintenance_under_way(world: World) -> Iterator[None]:
    services = "from maintenance import services, selectors\n"
    world.system.manage(
        "shell",
        "-c",
        f"{services}import datetime\nnow = datetime.datetime.now(datetime.UTC)\n"
        "services.schedule_window(title='Drill', starts_at=now, ends_at=now + datetime.timedelta(hours=1))",
    )
    try:
        yield
    finally:
        end = "for window in selectors.open_windows(): services.end_window(window=window)"
        world.system.manage("shell", "-c", services + end)
