"""A scrape asks no table: what is known about the site was measured before."""

import threading

import pytest
from django.db.backends.utils import CursorWrapper

from accounts.models import User
from courses.models import Course, Enrollment

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
        statements.clear()
        answer = client.get("/metrics")
        assert answer.status_code == 200
        assert b"lms_active_users{" in answer.content
        sent.append(list(statements))
    assert sent[0] == sent[1]
    assert [line for line in sent[0] if any(app in line for app in apps)] == []
