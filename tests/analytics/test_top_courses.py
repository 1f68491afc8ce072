"""What metrics say about courses: the few that most people began, by slug, and the rest together."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import top_courses
from analytics.models import CourseTally, Measure
from courses.models import Course, CourseState

pytestmark = pytest.mark.django_db


def make(slug: str, state: str = CourseState.PUBLISHED, **counts: int) -> None:
    """A course with tallies: states by name, bands as `band_watch`."""
    course = Course.objects.create(slug=slug, title=slug, state=state)
    for name, count in counts.items():
        measure, _, value = name.rpartition("_") if name.startswith("band_") else ("state", "", name)
        CourseTally.objects.create(course=course, measure=Measure(measure), value=value, count=count)


@pytest.fixture
def _two(monkeypatch) -> None:
    monkeypatch.setattr(top_courses, "TOP", 2)


@pytest.mark.usefixtures("_two")
def test_the_most_begun_courses_have_a_name_and_the_others_are_one():
    make("biology", active=6, completed=3, dropped=1, band_watch=6, band_none=4)
    make("chemistry", active=2, expired=2, band_watch=2)
    make("physics", completed=1, dropped=2, band_none=3)
    make("latin", completed=1, pending=90, band_none=91)
    assert top_courses.completion() == {("biology",): 0.3, ("chemistry",): 0, ("other",): 0.5}
    assert top_courses.drop_out() == {("biology",): 0.1, ("chemistry",): 0.5, ("other",): 0.5}
    assert top_courses.bands() == {
        ("biology", "watch"): 6,
        ("biology", "none"): 4,
        ("chemistry", "watch"): 2,
        ("other", "none"): 94,
    }


@pytest.mark.usefixtures("_two")
def test_archived_courses_are_left_out_and_a_course_called_other_is_one_of_the_others():
    make("old", CourseState.ARCHIVED, completed=50)
    make("other", completed=40)
    make("biology", active=1, completed=1)
    make("physics", active=1)
    assert top_courses.completion() == {("biology",): 0.5, ("physics",): 0, ("other",): 1}


def test_it_costs_three_statements_whatever_the_number_of_courses():
    for number in range(30):
        make(f"course-{number}", active=number)
    with CaptureQueriesContext(connection) as queries:
        assert len(top_courses.completion()) == top_courses.TOP + 1
    assert len(queries) == 3


def test_before_anything_was_counted_there_is_nothing():
    assert (top_courses.bands(), top_courses.completion(), top_courses.drop_out()) == ({}, {}, {})
