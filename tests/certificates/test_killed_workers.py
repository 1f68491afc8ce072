"""A worker that is killed with SIGKILL, wherever it is: the next sweep and relay bring it to one certificate."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.core.management import call_command
from django.db import connection

from certificates import rendering
from certificates.models import Certificate
from outbox import services as outbox
from outbox.models import Message
from tests.certificates.conftest import carry_out
from tests.system import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
# Does what a worker does, until the named function is reached; there it waits to be killed.
WORKER = """
import importlib, sys, time
import django
django.setup()
from django.conf import settings
settings.MEDIA_ROOT = sys.argv[3]
module, _, name = sys.argv[1].rpartition(".")
owner = importlib.import_module(module)
original = getattr(owner, name)
def stop(*args, **kwargs):
    if sys.argv[2] == "after":
        original(*args, **kwargs)
    print("reached", flush=True)
    time.sleep(300)
setattr(owner, name, stop)
from certificates import services
from outbox import services as outbox
services.issue_missing()
while outbox.relay():
    pass
print("not reached", flush=True)
"""

POINTS = [
    ("certificates.services._create", "before"),
    ("certificates.services._publish_mail", "before"),
    ("certificates.services._record", "after"),
    ("certificates.services.issue", "after"),
    ("certificates.pdf.render", "before"),
    ("certificates.pdf.render", "after"),
    ("certificates.rendering._store", "after"),
    ("certificates.mail.render_to_string", "before"),
]


def run_until_killed(point: str, when: str, media: Path) -> None:
    """Raises AssertionError when the worker never gets to the point."""
    environment = os.environ | {
        "DATABASE_URL": _url(connection.settings_dict),
        "LMS_BASE_URL": django_settings.BASE_URL,
        "LMS_ISSUER_NAME": django_settings.ISSUER_NAME,
        "DJANGO_SETTINGS_MODULE": "lms.settings",
        "LMS_EMAIL_URL": f"filemail:///{media.parent / 'mail'}",
    }
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, point, when, str(media)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert worker.stdout is not None
        lines = iter(worker.stdout.readline, "")
        assert next((line for line in lines if "reached" in line), "") == "reached\n"
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()


def _url(database: dict[str, object]) -> str:
    """The address of the tests' own database."""
    given = os.environ["DATABASE_URL"]
    head, _, tail = given.rpartition("/")
    _, mark, options = tail.partition("?")
    return f"{head}/{database['NAME']}{mark}{options}"


@pytest.mark.parametrize(("point", "when"), POINTS, ids=lambda value: value.rpartition(".")[2])
def test_killed_anywhere_there_is_one_certificate_after_the_next_sweep(completed, point, when, announced):
    media = Path(django_settings.MEDIA_ROOT)
    run_until_killed(point, when, media)
    # PostgreSQL notices that the client is gone when it next talks to it.
    wait_for(_sweep_and_relay, what="the certificate", seconds=20)
    certificate = Certificate.objects.get()
    assert rendering.is_intact(certificate)
    assert [path.name for path in media.rglob("*.pdf")] == [Path(certificate.pdf.name).name]
    assert len(mail.outbox) == 1
    assert not Message.objects.filter(delivered_at__isnull=True).exists()
    call_command("issue_missing_certificates", verbosity=0)
    assert (Certificate.objects.count(), carry_out(), len(mail.outbox)) == (1, 0, 1)


def _sweep_and_relay() -> bool:
    call_command("issue_missing_certificates", verbosity=0)
    outbox.relay()
    undelivered = Message.objects.filter(delivered_at__isnull=True).exists()
    return not undelivered and Certificate.objects.exclude(pdf_sha256="").exists()
