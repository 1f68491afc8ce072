"""Many at once, on real connections: one certificate, one serial, one mail, and everybody gets the same one."""

import itertools
import threading
import time
from collections.abc import Callable

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Role, User
from certificates import rendering, services, tasks
from certificates.models import Certificate, IssueCause, ReissueReason, RevocationReason
from core.errors import Conflict
from courses import services as courses
from courses.models import Enrollment, EnrollmentState
from courses.signals import course_completed
from outbox import services as outbox
from outbox.models import Message
from tests.certificates.conftest import carry_out
from tests.courses.test_parallel import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _many_connections():
    """As many at once as a web server's pools hold together: a command's pool has two and gives up after 2 s."""
    pool = connection.settings_dict["OPTIONS"]["pool"]
    before = dict(pool)
    connection.close_pool()
    pool.update(max_size=24, timeout=60)
    yield
    connection.close_pool()
    pool.update(before)


@pytest.fixture
def all_saw_nothing(monkeypatch) -> Callable[[int], None]:
    """The first callers wait for each other once they have looked for a certificate: each goes on to make one."""

    def arrange(parties: int) -> None:
        gate, arrivals, look = threading.Barrier(parties, timeout=60), itertools.count(), services._live

        def look_together(enrollment: Enrollment) -> Certificate | None:
            arrival, found = next(arrivals), look(enrollment)
            if arrival < parties:
                assert found is None
                gate.wait()
            return found

        monkeypatch.setattr(services, "_live", look_together)

    return arrange


def test_claims_duplicate_deliveries_the_sweep_and_an_admin_make_one_certificate(
    student, course, completed, all_saw_nothing
):
    admin = User.objects.create(email="root@example.com", name="Root", role=Role.ADMIN)

    def claim() -> str:
        api = APIClient()
        api.force_authenticate(User.objects.get(pk=student.pk))
        answer = api.post(f"/api/v1/courses/{course.slug}/certificate")
        assert answer.status_code == 200, answer.content
        return answer.json()["serial"]

    def deliver() -> str:
        course_completed.send_robust(sender=Enrollment, enrollment=Enrollment.objects.get(pk=completed.pk))
        tasks.issue_missing()
        outbox.relay()
        return Certificate.objects.get(user=student, course=course).serial

    def by_hand() -> str:
        api = APIClient()
        api.force_authenticate(admin)
        path = f"/api/v1/enrollments/{completed.public_id}/certificate"
        answer = api.post(path, {"reason": "Asked for by telephone"}, format="json")
        assert answer.status_code == 200, answer.content
        return answer.json()["serial"]

    all_saw_nothing(16)
    results = at_once([claim] * 50 + [deliver] * 20 + [by_hand])
    certificate = Certificate.objects.get()
    assert set(results) == {certificate.serial}
    while carry_out():
        pass
    rendering.store_pdf({"certificate": certificate.serial})
    certificate.refresh_from_db()
    assert rendering.is_intact(certificate)
    assert [message.to for message in mail.outbox] == [["student@example.com"]]
    assert sorted(Message.objects.values_list("topic", flat=True)) == ["certificates.mail", "certificates.render"]
    assert certificate.changes.count() == 1


def test_the_admin_page_and_claims_at_once_leave_one_valid_certificate(student, completed, certificate, admin_user):
    """Reissuing from two browsers while the owner asks: one new certificate, and the other browser is told."""

    def reissue() -> str:
        browser = Client()
        browser.force_login(admin_user, backend="allauth.account.auth_backends.AuthenticationBackend")
        data = {"action": "reissue_name_changed", "_selected_action": [certificate.pk]}
        return str(browser.post("/admin/certificates/certificate/", data).status_code)

    results = at_once(
        [reissue] * 2 + [lambda: services.issue(enrollment=completed, cause=IssueCause.CLAIMED).serial] * 10
    )
    assert results[:2] == ["302", "302"]
    states = list(Certificate.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["reissued", "issued"]
    assert set(results[2:]) <= set(Certificate.objects.values_list("serial", flat=True))


def test_two_reissues_of_one_certificate_are_one_and_a_refusal(certificate, admin_user):
    def reissue() -> str:
        new = services.reissue(certificate=certificate, reason=ReissueReason.CORRECTED, actor=admin_user)
        return new.serial

    results = at_once([reissue] * 8)
    assert sum(isinstance(result, Conflict) for result in results) == 7
    assert Certificate.objects.filter(state="issued").count() == 1
    assert Certificate.objects.count() == 2


def test_twenty_deliveries_of_one_rendering_store_one_file(certificate, settings):
    results = at_once([lambda: rendering.store_pdf({"certificate": certificate.serial})] * 20)
    assert results == [None] * 20
    files = [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
    certificate.refresh_from_db()
    assert [str(path) for path in files] == [certificate.pdf.path]
    assert rendering.is_intact(certificate)


def test_a_completion_that_commits_two_seconds_late_is_found_by_the_next_sweep(student, course):
    enrollment = courses.enroll(user=student, course=course)
    begun = threading.Event()

    def complete_late() -> None:
        try:
            with transaction.atomic():
                Enrollment.objects.filter(pk=enrollment.pk).update(
                    state=EnrollmentState.COMPLETED, completed_at=timezone.now()
                )
                begun.set()
                time.sleep(2)
        finally:
            connection.close()

    thread = threading.Thread(target=complete_late)
    thread.start()
    assert begun.wait(10)
    sweeps = []
    while thread.is_alive():
        sweeps.append(services.issue_missing().issued)
        time.sleep(0.2)
    sweeps += [services.issue_missing().issued, services.issue_missing().issued]
    assert (sweeps[0], sum(sweeps), sweeps[-1]) == (0, 1, 0)
    assert Certificate.objects.count() == 1


def test_revoking_while_it_is_rendered_leaves_a_revoked_certificate(certificate, admin_user):
    calls = [
        lambda: rendering.store_pdf({"certificate": certificate.serial}),
        lambda: services.revoke(certificate=certificate, reason=RevocationReason.REQUESTED, actor=admin_user).state,
    ]
    assert not [result for result in at_once(calls * 4) if isinstance(result, Exception)]
    certificate.refresh_from_db()
    assert certificate.state == "revoked"
