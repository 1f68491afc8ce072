"""A scrape asks no table: what is known about the site was measured before."""

import threading

import pytest
from django.db.backends.utils import CursorWrapper

from accounts.models import User
from analytics.engagement import refresh
from courses.models import Course, Enrollment
from observability import facts

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.observability,
]


@pytest.fixture
def statements(monkeypatch) -> list[str]:
    """What any thread that a scrape may use sends to the database from now on."""
    sent: list[str] = []
    for name in ("execute", "executemany", "callproc"):
        original = getattr(CursorWrapper, name)

        def record(self, statement, *args, _original=original, **kwargs):
            if threading.current_thread().name != "observability-facts":  # measures by itself, scraped or not
                sent.append(str(statement))
            return _original(self, statement, *args, **kwargs)

        monkeypatch.setattr(CursorWrapper, name, record)
    return sent


def test_a_scrape_sends_the_same_statements_for_3_and_for_3000_enrollments(statements, client):
    apps = ("accounts_", "courses_", "quizzes_", "certificates_", "analytics_", "outbox_")
    course, sent = Course.objects.create(title="Biology", slug="biology"), []
    for count in (3, 2997):
        start = User.objects.count()
        people = User.objects.bulk_create(User(email=f"p{start + number}@example.com") for number in range(count))
        Enrollment.objects.bulk_create(Enrollment(user=person, course=course) for person in people)
        refresh.everybody()
        facts.refresh(force=True)
        statements.clear()
        answer = client.get("/metrics")
        assert answer.status_code == 200
        assert b"lms_active_users{" in answer.content
        counted = f'lms_course_enrollments_by_engagement{{band="none",course="biology"}} {start + count}.0'
        assert counted in answer.content.decode()
        sent.append(list(statements))
    assert sent[0] == sent[1]
    assert [line for line in sent[0] if any(app in line for app in apps)] == []
