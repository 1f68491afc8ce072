"""The demo's term: believable, deterministic, and never in production."""

import datetime
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Q
from django.test import override_settings

from accounts.models import User
from analytics.engagement.refresh import everybody
from analytics.models import Engagement
from courses.models import Course, Enrollment, EnrollmentChange, LessonProgress
from courses.services import add_lesson, drifted
from lms.demo.people import PASSWORD, address

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _debug(settings):
    settings.DEBUG = True


def seed(**options) -> str:
    out = StringIO()
    call_command("seed_demo", stdout=out, **({"students": 60, "instructors": 4, "until": "2026-06-01"} | options))
    return out.getvalue()


def fingerprint():
    enrollments = Enrollment.objects.order_by("public_id").values_list(
        "public_id", "user__email", "course__slug", "state", "progress", "enrolled_at", "last_activity_at"
    )
    rows = LessonProgress.objects.order_by("enrollment__public_id", "completed_at").values_list(
        "enrollment__public_id", "lesson__public_id", "completed_at"
    )
    return list(User.objects.order_by("email").values_list("email", "name")), list(enrollments), list(rows)


def test_the_same_seed_makes_the_same_term():
    seed()
    first = fingerprint()
    call_command("seed_demo", remove=True, stdout=StringIO())
    assert not User.objects.exists()
    seed()
    assert fingerprint() == first
    call_command("seed_demo", remove=True, stdout=StringIO())
    seed(seed=2)
    assert fingerprint() != first


def test_the_term_has_dropouts_returns_completions_and_late_nights():
    seed(students=200)
    states = dict(Enrollment.objects.values_list("state").annotate(Count("pk")))
    assert set(states) == {"active", "completed", "dropped"}
    assert EnrollmentChange.objects.filter(from_state="dropped", to_state="active").exists()
    hours = {row.completed_at.hour for row in LessonProgress.objects.all()}
    assert {23, 0, 1} & hours
    weeks = {row.completed_at.isocalendar()[1] for row in LessonProgress.objects.all()}
    assert len(weeks) >= 6
    assert Course.objects.filter(state="published").count() == 5


def test_nothing_lies_in_the_future_and_nothing_before_its_enrolment():
    seed()
    until = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
    wrong = LessonProgress.objects.filter(
        Q(completed_at__gt=until) | Q(started_at__lt=F("enrollment__enrolled_at")) | Q(completed_at__lt=F("started_at"))
    )
    assert wrong.count() == 0
    assert Enrollment.objects.filter(Q(enrolled_at__gt=until) | Q(last_activity_at__gt=until)).count() == 0


def test_stored_progress_equals_the_completed_share():
    seed()
    counted = Enrollment.objects.annotate(
        done=Count("lesson_progress", distinct=True), of=Count("course__sections__lessons", distinct=True)
    )
    assert counted.count() > 60
    for enrollment in counted:
        assert float(enrollment.progress) == round(100 * enrollment.done / enrollment.of, 2)
        assert (enrollment.state == "completed") == (enrollment.done == enrollment.of)


def test_recounting_finds_no_drift_with_lessons_of_other_kinds_either():
    call_command("import_course", "lms/demo/sample_course", publish=True, stdout=StringIO())
    course = Course.objects.get(slug="reliable-services")
    add_lesson(section=course.sections.first(), title="Watch", kind="video", content="")
    seed()
    assert Enrollment.objects.filter(course=course).exists()
    assert drifted() == []


def test_something_is_due_every_week_and_learners_keep_up_or_not():
    seed(until=datetime.datetime.now(datetime.UTC).date().isoformat(), students=200)
    everybody()
    bands = set(Engagement.objects.filter(enrollment__state="active").values_list("band", flat=True))
    assert bands == {"at_risk", "watch", "on_track"}


def test_each_role_can_log_in_with_the_printed_password():
    assert PASSWORD in seed()
    for role in ("admin", "instructor", "student"):
        user = User.objects.get(email=address(role, 1))
        assert (user.role, user.check_password(PASSWORD)) == (role, True)


def test_a_second_run_is_refused_or_left_alone():
    seed()
    before = fingerprint()
    with pytest.raises(CommandError, match="exist already"):
        seed()
    assert "left as they are" in seed(if_empty=True)
    assert fingerprint() == before


def test_it_is_refused_with_debug_off(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="refused"):
        seed()
    assert not User.objects.exists()


def test_demo_people_in_production_are_an_error():
    seed(students=1, instructors=1)
    with override_settings(DEBUG=False):
        ids = [message.id for message in run_checks(databases=["default"], tags=["database"])]
    assert "lms.E001" in ids


@pytest.mark.parametrize("options", [{"until": "soon"}, {"until": "2026-02-31"}, {"students": 0}])
def test_bad_options_are_refused_and_nothing_is_written(options):
    with pytest.raises(CommandError):
        seed(**options)
    assert not User.objects.exists()
