"""Work in the background that fails, waits, or isn't done; and data that contradict each other."""

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from tests.drill.faults import celery, run_task, sending
from tests.drill.world import World
from tests.faults import frozen
from tests.system import wait_for

CHECK = "analytics.tasks.check_consistency"
GRANT = """
from accounts.models import User
from certificates import services
from certificates.models import IssueCause
from courses.models import Enrollment
staff = User.objects.create_user(email="registrar@example.org", password=None, name="registrar")
import time
for enrollment in Enrollment.objects.order_by("pk")[:3]:
    services.issue(enrollment=enrollment, cause=IssueCause.GRANTED, actor=staff, note="drill")
    time.sleep(5)
"""
TRY_AGAIN = "from outbox import models, services\nservices.try_again(messages=models.Message.objects.all())"


def tasks_called_wrongly(world: World) -> contextlib.AbstractContextManager[None]:
    """A release that calls a task with an argument it doesn't take."""
    call = "app.send_task('outbox.tasks.relay', args=['unknown'])"
    return sending(world, f"for _ in range(600):\n    {call}\n    time.sleep(0.2)")


def tasks_stamped_with_nonsense(world: World) -> contextlib.AbstractContextManager[None]:
    """Another program publishes tasks with a time that is no time."""
    call = "app.send_task('outbox.tasks.relay', headers={'published_at': 10**400})"
    return sending(world, f"for _ in range(300):\n    {call}\n    time.sleep(0.5)")


@contextlib.contextmanager
def worker_frozen_with_work_to_do(world: World) -> Iterator[None]:
    """People go on enrolling and handing in quizzes, and the queue grows by a message a second and more."""
    course = "reliable-services"
    world.system.manage("import_questions", "--course", course)
    headers = {"X_Session_Token": world.log_in(5)}

    def asked(method: str, path: str, **more: str) -> Any:
        answer = world.system.request(method, path, {} if method == "POST" else None, **headers, **more)
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.text[:300]}")
        return answer.json

    with frozen(world.system.running["worker"]):
        asked("POST", f"/api/v1/courses/{course}/enrollment")
        quiz = asked("GET", "/api/v1/quizzes")["results"][0]["id"]
        attempt = asked("POST", f"/api/v1/quizzes/{quiz}/attempts", Idempotency_Key=str(uuid.uuid4()))["id"]
        asked("POST", f"/api/v1/attempts/{attempt}/submission", Idempotency_Key=str(uuid.uuid4()))
        burst = "for _ in range(120): app.send_task('outbox.tasks.relay')\n"
        with sending(
            world, f"{burst}for _ in range(400):\n    app.send_task('outbox.tasks.relay')\n    time.sleep(0.5)"
        ):
            yield


@contextlib.contextmanager
def _in_the_way(world: World, folder: Path) -> Iterator[None]:
    """A file lies where a folder has to be; afterwards what was given up is tried again."""
    before = folder.with_name(f"{folder.name}-before")
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        folder.rename(before)
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        if before.exists():
            before.rename(folder)
        world.system.manage("shell", "-c", TRY_AGAIN)


@contextlib.contextmanager
def certificates_without_a_place(world: World) -> Iterator[None]:
    with _in_the_way(world, world.directory / "lms" / "media" / "certificates"):
        world.system.manage("shell", "-c", GRANT)
        yield


@contextlib.contextmanager
def mails_without_a_place(world: World) -> Iterator[None]:
    """Somebody has forgotten the password, and the mail with the link can't be handed over, twelve times."""
    with _in_the_way(world, world.directory / "lms" / "mail"):
        answer = world.system.post("/api/v1/auth/app/v1/auth/password/request", {"email": "student6@example.org"})
        if answer.status != 200:
            raise RuntimeError(f"nobody was sent a mail: {answer.status} {answer.text[:300]}")
        yield


@contextlib.contextmanager
def progress_changed_by_hand(world: World) -> Iterator[None]:
    """Somebody repairs a person's progress in the database, and the lessons say otherwise."""
    with psycopg.connect(world.system.servers.database_url, autocommit=True) as connection:
        changed = connection.execute(
            "UPDATE courses_enrollment SET progress = progress + 1 RETURNING id, progress - 1"
        ).fetchall()
        try:
            run_task(world, CHECK)
            yield
        finally:
            for pk, progress in changed:
                connection.execute("UPDATE courses_enrollment SET progress = %s WHERE id = %s", (progress, pk))
            run_task(world, CHECK)


@contextlib.contextmanager
def consistency_check_switched_off(world: World) -> Iterator[None]:
    """Somebody unticks the check in the list of periodic tasks."""
    with psycopg.connect(world.system.servers.database_url, autocommit=True) as connection:

        def checked() -> bool:
            return connection.execute("SELECT count(*) FROM analytics_consistencycheck").fetchone() != (0,)

        def switch(on: bool) -> None:
            connection.execute("UPDATE django_celery_beat_periodictask SET enabled = %s WHERE task = %s", (on, CHECK))
            connection.execute("UPDATE django_celery_beat_periodictasks SET last_update = now()")

        run_task(world, CHECK)
        wait_for(checked, seconds=60, what="the first check")
        switch(False)
        try:
            yield
        finally:
            switch(True)
            run_task(world, CHECK)


@contextlib.contextmanager
def task_of_the_day_run(world: World) -> Iterator[None]:
    """No fault: what happens each night, now."""
    run_task(world, "lms.tasks.purge_old_data")
    yield


@contextlib.contextmanager
def worker_flooded(world: World) -> Iterator[None]:
    """More tasks than it can carry out; afterwards they are thrown away, as an operator does."""
    with sending(world, "for _ in range(15000):\n    app.send_task('outbox.tasks.relay')\n    time.sleep(0.01)"):
        yield
    if celery(world, "app.control.purge()").wait(60):
        raise RuntimeError("the queue could not be emptied")
