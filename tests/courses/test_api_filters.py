"""Moments in filters: whatever ISO 8601 can say is an answer, never a crash."""

import pytest

from courses import services

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("0603-08-03T17:45:06-19:51", 200),
        ("2026-01-01T00:00:00+23:59", 200),
        ("0001-01-01T00:00:00+14:00", 400),
        ("9999-12-31T23:59:59-14:00", 400),
    ],
)
def test_a_moment_with_any_offset(moment, status, client, django_user_model):
    teacher = django_user_model.objects.create(email="ina@example.org", role="instructor")
    course = services.create_course(title="Biology", instructors=[teacher])
    client.force_login(teacher)
    answer = client.get(f"/api/v1/courses/{course.slug}/learners", {"quiet_since": moment})
    assert answer.status_code == status, answer.content
