"""A completed course, its people, and a private place for files."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Role, User
from certificates import services, signals
from certificates.models import Certificate, IssueCause
from courses import services as courses
from courses.models import Course, CourseStaff, Enrollment, EnrollmentState
from outbox import services as outbox
from tests.announcements import heard

SEED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture(autouse=True)
def _files_and_key(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.BADGE_KEYS = [SEED]
    settings.ISSUER_NAME = "Example School"
    settings.BASE_URL = "https://lms.example.com"


@pytest.fixture
def make_user(db) -> Callable[..., User]:
    def make(who: str = "student", role: str = Role.STUDENT, **fields: Any) -> User:
        return User.objects.create(**{"email": f"{who}@example.com", "name": who.title(), "role": role, **fields})

    return make


@pytest.fixture
def student(make_user) -> User:
    return make_user("student", name="Zoë Łukasz")


@pytest.fixture
def admin_user(make_user) -> User:
    return make_user("admin", Role.ADMIN)


@pytest.fixture
def teacher(make_user, course) -> User:
    teacher = make_user("teacher", Role.INSTRUCTOR)
    CourseStaff.objects.create(course=course, user=teacher)
    return teacher


@pytest.fixture
def course(db) -> Course:
    course = courses.create_course(title="Biology")
    courses.add_lesson(section=courses.add_section(course=course, title="Week 1"), title="Fish", content="<p>1</p>")
    return courses.publish_course(course=course)


def complete_silently(user: User, course: Course) -> Enrollment:
    """A completed enrollment whose signal was lost: nobody was told."""
    enrollment = courses.enroll(user=user, course=course)
    Enrollment.objects.filter(pk=enrollment.pk).update(
        state=EnrollmentState.COMPLETED, completed_at=timezone.now(), progress=100
    )
    enrollment.refresh_from_db()
    return enrollment


@pytest.fixture
def completed(student, course) -> Enrollment:
    return complete_silently(student, course)


@pytest.fixture
def certificate(completed) -> Certificate:
    return services.issue(enrollment=completed, cause=IssueCause.CLAIMED)


@pytest.fixture
def rendered(certificate) -> Certificate:
    carry_out()
    certificate.refresh_from_db()
    return certificate


def carry_out() -> int:
    """Everything that waits in the outbox."""
    return outbox.relay()


@pytest.fixture
def as_user() -> Callable[..., APIClient]:
    def client(user: User | None = None) -> APIClient:
        api = APIClient()
        if user is not None:
            api.force_authenticate(user)
        return api

    return client


@pytest.fixture
def announced():
    """What was announced during the test, as (signal name, facts)."""
    with heard(signals) as said:
        yield said
