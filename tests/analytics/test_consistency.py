"""Each check finds what is wrong, and nothing where all is well."""

import datetime
from decimal import Decimal

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from rest_framework.test import APIClient

from analytics import consistency
from analytics.models import ConsistencyCheck, Inconsistency
from certificates import services as certificates
from certificates.models import Certificate, IssueCause
from courses import services as courses
from courses.models import Enrollment, EnrollmentState
from outbox import services as outbox
from quizzes.models import Attempt, AttemptState
from tests.certificates.conftest import complete_silently

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - datetime.timedelta(hours=2)


@pytest.fixture
def course(make_quiz):
    course = make_quiz().lesson.section.course
    section = course.sections.get()
    for number in range(3):
        courses.add_lesson(section=section, title=f"Lesson {number}", content="<p>x</p>")
    courses.add_lesson(section=section, title="Optional", content="<p>x</p>", required=False)
    return course


@pytest.fixture
def healthy(course, make_user, finish):
    """People in every state of learning, made by the services only."""
    for number in range(3):
        finish(make_user(f"s{number}"), course.sections.get().lessons.get(kind="quiz").quiz)
    enrollment = Enrollment.objects.get(user__email="s0@example.com")
    for lesson in course.sections.get().lessons.filter(kind="text"):
        courses.complete_lesson(enrollment=enrollment, lesson=lesson)
    certificates.issue_missing()
    outbox.relay()
    return course


def test_nothing_is_found_where_all_is_well(healthy):
    assert consistency.check() == dict.fromkeys(Inconsistency.values, 0)
    assert set(ConsistencyCheck.objects.values_list("kind", "found")) == {(kind, 0) for kind in Inconsistency.values}


def test_drift_is_what_recounting_finds(healthy):
    Enrollment.objects.filter(user__email="s0@example.com").update(progress=Decimal("99.99"))
    Enrollment.objects.filter(user__email="s1@example.com").update(progress=0)
    assert len(courses.drifted()) == 2
    assert consistency.progress_drift() == 2


def test_a_lesson_required_behind_the_services_back_drifts_those_who_have_not_done_it(healthy):
    healthy.sections.get().lessons.filter(title="Optional").update(required=True)
    assert consistency.progress_drift() == len(courses.drifted()) == 2


def test_completed_without_a_certificate_counts_once_sweeps_had_their_time(course, student):
    enrollment = complete_silently(student, course)
    assert consistency.passed_without_certificate() == 0
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=LONG_AGO)
    assert consistency.passed_without_certificate() == 1
    certificates.issue(enrollment=enrollment, cause=IssueCause.CLAIMED)
    assert consistency.passed_without_certificate() == 0


def test_a_certificate_without_completion_counts_unless_somebody_gave_it(course, student, make_user, administrator):
    enrollment = complete_silently(student, course)
    certificates.issue(enrollment=enrollment, cause=IssueCause.CLAIMED)
    granted = certificates.issue(
        enrollment=courses.enroll(user=make_user("other"), course=course),
        cause=IssueCause.GRANTED,
        actor=administrator,
        note="Oral exam",
    )
    certificates.reissue(certificate=granted, reason="corrected", actor=administrator)
    assert consistency.certificate_without_pass() == 0
    Enrollment.objects.filter(pk=enrollment.pk).update(state=EnrollmentState.ACTIVE, completed_at=None)
    assert consistency.certificate_without_pass() == 1


def test_an_attempt_long_past_its_end_is_stuck(quiz, student, start):
    attempt = start(student, quiz)
    Attempt.objects.update(deadline_at=timezone.now(), accepts_until=timezone.now())
    assert consistency.attempts_stuck() == 0
    Attempt.objects.filter(pk=attempt.pk).update(deadline_at=LONG_AGO, accepts_until=LONG_AGO)
    assert consistency.attempts_stuck() == 1


def test_a_submission_that_was_acknowledged_must_be_stored(quiz, student, start):
    attempt = start(student, quiz)
    client = APIClient()
    client.force_authenticate(student)
    path = f"/api/v1/attempts/{attempt.public_id}/submission"
    receipt = client.post(path, headers={"Idempotency-Key": "once"})
    assert (receipt.status_code, consistency.submits_lost()) == (200, 0)
    Attempt.objects.filter(pk=attempt.pk).update(
        state=AttemptState.IN_PROGRESS, closed_at=None, closed_as="", graded_at=None, percent=None, passed=None
    )
    assert consistency.submits_lost() == 1


def test_files_and_rows_must_have_each_other(course, monkeypatch):
    monkeypatch.setattr(consistency, "FILES_AT_ONCE", 2)
    files = [courses.add_file(course=course, name=f"{number}.txt", content=ContentFile(b"text")) for number in range(5)]
    for number in range(3):
        default_storage.save(f"courses/left/{number}.txt", ContentFile(b"left"))
    assert (consistency.files_without_row(), consistency.rows_without_file()) == (0, 0)
    monkeypatch.setattr(consistency, "YOUNG_FILE", datetime.timedelta(0))
    assert consistency.files_without_row() == 3
    default_storage.delete(files[0].content.name)
    assert (consistency.files_without_row(), consistency.rows_without_file()) == (3, 1)


def test_a_check_that_fails_keeps_its_last_result_and_stops_no_other(monkeypatch, caplog):
    consistency.check()
    before = dict(ConsistencyCheck.objects.values_list("kind", "checked_at"))
    monkeypatch.setitem(consistency.CHECKS, Inconsistency.PROGRESS_DRIFT, lambda: 1 / 0)
    results = consistency.check()
    after = dict(ConsistencyCheck.objects.values_list("kind", "checked_at"))
    assert set(Inconsistency.values) - set(results) == {"progress_drift"}
    assert {kind for kind in before if after[kind] == before[kind]} == {"progress_drift"}
    assert [record.check for record in caplog.records if record.levelname == "ERROR"] == ["progress_drift"]


@pytest.mark.skipif(not django_settings.OBSERVABILITY_ENABLED, reason="observability is off")
def test_the_gauges_show_what_was_found_and_how_long_ago(course, student):
    from analytics import metrics

    enrollment = complete_silently(student, course)
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=LONG_AGO)
    assert metrics.oldest_check() == 0
    consistency.check()
    # Completed without a single lesson done: both are wrong.
    wrong = {"passed_without_certificate": 1.0, "progress_drift": 1.0}
    assert metrics.inconsistencies() == dict.fromkeys(Inconsistency.values, 0.0) | wrong
    ConsistencyCheck.objects.filter(kind="progress_drift").update(checked_at=LONG_AGO)
    assert metrics.oldest_check() >= 7200
    assert Certificate.objects.count() == 0
