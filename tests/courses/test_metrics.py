"""What is counted."""

import pytest
from django.conf import settings

from courses import services
from courses.models import LessonKind
from tests.courses.conftest import lessons_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not settings.OBSERVABILITY_ENABLED, reason="nothing is counted without observability"),
]


def sample(name: str, **labels: str) -> float | None:
    from prometheus_client import REGISTRY

    return REGISTRY.get_sample_value(name, labels)


COUNTED = [
    ("lms_enrollments_total", {"source": "self"}, 1),
    ("lms_enrollments_total", {"source": "staff"}, 0),
    ("lms_enrollment_changes_total", {"change": "dropped"}, 1),
    ("lms_enrollment_changes_total", {"change": "resumed"}, 1),
    ("lms_lessons_completed_total", {"kind": "text"}, 2),
    ("lms_lessons_completed_total", {"kind": "quiz"}, 1),
    ("lms_course_completions_total", {}, 1),
]


def test_a_term_of_one_student_moves_exactly_these_counters(student, course):
    quiz = services.add_lesson(section=course.sections.get(), title="Quiz", kind=LessonKind.QUIZ)
    before = [sample(name, **labels) for name, labels, _ in COUNTED]
    assert None not in before, "every label value exists before anything happens"
    enrollment = services.enroll(user=student, course=course)
    services.enroll(user=student, course=course)
    services.drop(enrollment=enrollment)
    services.enroll(user=student, course=course)
    for lesson in lessons_of(course)[:2] * 2:
        services.complete_lesson(enrollment=enrollment, lesson=lesson)
    services.record_lesson_result(enrollment=enrollment, lesson=quiz, passed=True, fraction=1)
    after = [sample(name, **labels) for name, labels, _ in COUNTED]
    assert [new - old for new, old in zip(after, before, strict=True)] == [number for *_, number in COUNTED]
