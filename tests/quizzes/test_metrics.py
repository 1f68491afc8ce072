"""What quizzes count."""

from decimal import Decimal

import pytest

pytest.importorskip("prometheus_client")
from django.conf import settings
from prometheus_client import REGISTRY

from observability import facts
from outbox import services as outbox
from quizzes import metrics, services
from quizzes.models import Question
from tests.quizzes.conftest import overdue

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.observability,
    pytest.mark.skipif(not settings.OBSERVABILITY_ENABLED, reason="the observability app is taken out"),
]


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels)


def attempts():
    return {
        e: value("lms_quiz_attempts_total", event=e)
        for e in ("started", "submitted", "expired", "graded", "passed", "failed")
    }


def test_events_scores_and_times_are_counted(make_quiz, finish, start, make_user, instructor):
    quiz = make_quiz(pass_mark=Decimal(60))
    before = attempts()
    scores, seconds = value("lms_quiz_score_ratio_sum"), value("lms_quiz_time_to_grade_seconds_count", by="machine")
    durations = value("lms_quiz_attempt_duration_seconds_count", closed_as="expired")
    regrades = value("lms_quiz_regrades_total", kind="override")
    half = finish(make_user("half"), quiz, {1: "a"})
    finish(make_user("full"), quiz)
    late = start(make_user("late"), quiz)
    overdue(late)
    services.sweep()
    outbox.relay()
    services.override_points(answer=half.answers.get(position=2), by=instructor, points=Decimal(1), reason="Oral")
    after = attempts()
    assert {event: after[event] - before[event] for event in after} == {
        "started": 3, "submitted": 2, "expired": 1, "graded": 3, "passed": 1, "failed": 2,
    }  # fmt: skip
    assert value("lms_quiz_score_ratio_sum") - scores == pytest.approx(1.5)
    assert value("lms_quiz_time_to_grade_seconds_count", by="machine") - seconds == 3
    assert value("lms_quiz_attempt_duration_seconds_count", closed_as="expired") - durations == 1
    assert value("lms_quiz_regrades_total", kind="override") - regrades == 1


def test_the_exam_day_is_measured(make_quiz, start, finish, make_user):
    quiz = make_quiz(essay=True)
    running, late = start(make_user("running"), quiz), start(make_user("late"), quiz)
    overdue(running, seconds=-600)
    overdue(late, seconds=120)
    finish(make_user("essayist"), quiz, {3: "text"})
    metrics._measured.cache_clear()
    facts.refresh(force=True)
    assert [value("lms_quiz_attempts_due", within=within) for within in ("5m", "15m", "60m")] == [0, 1, 1]
    assert (value("lms_quiz_attempts_in_progress"), value("lms_quiz_attempts_overdue")) == (2, 1)
    assert 120 <= value("lms_quiz_oldest_overdue_seconds") < 150
    assert value("lms_quiz_attempts_ungraded", by="person") == 1
    assert Question.objects.count() == 3
