"""The real worker and beat, killed, with the broker emptied under them: the certificate still comes, once."""

import hashlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from tests.system import System, wait_for

pytestmark = pytest.mark.processes

COMPLETE = """
from django.utils import timezone
from accounts.models import User
from courses import services
from courses.models import Enrollment
person = User.objects.create(email="learner@example.com", name="Ada Lovelace")
course = services.publish_course(course=services.create_course(title="Biology"))
enrollment = services.enroll(user=person, course=course)
Enrollment.objects.filter(pk=enrollment.pk).update(state="completed", completed_at=timezone.now(), progress=100)
"""


def certificates(system: System) -> list[tuple[str, bool]]:
    """State of each certificate, and whether the stored file is the one that was issued."""
    with psycopg.connect(system.environment["DATABASE_URL"]) as database:
        rows = database.execute("SELECT state, pdf, pdf_sha256 FROM certificates_certificate").fetchall()
    media = Path(system.environment["LMS_MEDIA_ROOT"])
    return [
        (state, bool(name) and hashlib.sha256((media / name).read_bytes()).hexdigest() == digest)
        for state, name, digest in rows
    ]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with System(tmp_path, processes=("worker", "beat"), variables={"LMS_CERTIFICATE_SWEEP": "1"}) as running:
        yield running


def test_a_flushed_broker_and_a_killed_worker_cost_at_most_a_sweep(system):
    wait_for(lambda: "ready." in system.log_path("worker").read_text(), what="the worker")
    broker = redis.Redis.from_url(system.environment["REDIS_URL"].rsplit("/", 1)[0] + "/1")
    system.manage("shell", "-v", "0", "-c", COMPLETE)
    worker = system.running["worker"]
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    for _ in range(3):
        broker.flushdb()
        time.sleep(0.5)
    system.start("worker")
    broker.flushdb()
    wait_for(lambda: certificates(system) == [("issued", True)], seconds=60, what="the certificate")
    wait_for(lambda: len(system.mails()) == 1, what="the mail")
    time.sleep(3)
    assert len(system.mails()) == 1, "the sweep goes on, and sends no second mail"
    assert certificates(system) == [("issued", True)]
