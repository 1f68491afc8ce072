"""Real faults, one per function: each lasts as long as its block, and none writes what an alert reads."""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import psycopg

from lms.embedded import end_with_parent
from tests.drill.world import World
from tests.system import ROOT


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


@contextlib.contextmanager
def missing(world: World, table: str) -> Iterator[None]:
    """A release whose migration was forgotten: the table has another name."""
    with psycopg.connect(world.system.servers.database_url, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
        try:
            yield
        finally:
            connection.execute(f"ALTER TABLE {table}_before RENAME TO {table}")


def celery(world: World, code: str) -> "subprocess.Popen[bytes]":
    """A program of its own that uses the product's Celery application as `app`."""
    return subprocess.Popen(
        [sys.executable, "-c", f"import time\nfrom lms.celery import app\n{code}"],
        cwd=ROOT,
        env=world.system.environment | {"LMS_ROLE": "command"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=end_with_parent,
    )


def run_task(world: World, name: str) -> None:
    """Ask a worker for one task."""
    process = celery(world, f"app.send_task({name!r})")
    if process.wait(60):
        raise RuntimeError(f"the task {name} could not be sent")


@contextlib.contextmanager
def sending(world: World, code: str) -> Iterator[None]:
    process = celery(world, code)
    try:
        yield
    finally:
        process.kill()
        process.wait(10)
