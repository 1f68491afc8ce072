"""Keeping engagement: SQL agrees with the formula, changes are found, tallies stay true, runs may stop and meet."""

import datetime
import random

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.personal_data import export_person
from analytics import metrics
from analytics.engagement import formula, refresh
from analytics.models import CourseTally, Engagement, Measure, RefreshMark
from courses.models import Course, CourseState, Enrollment, EnrollmentChange, Lesson, LessonProgress, Section

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
NOW = timezone.now().replace(microsecond=0)
ITEMS = ("text", "video", "quiz", "assignment", "text", "quiz")


@pytest.fixture
def course() -> Course:
    course = Course.objects.create(
        title="Biology", slug="biology", state=CourseState.PUBLISHED, starts_at=NOW - 30 * DAY
    )
    section = Section.objects.create(course=course, title="One")
    Lesson.objects.bulk_create(
        Lesson(section=section, title="L", kind=kind, position=n, due_at=NOW + (n * 7 - 27) * DAY)
        for n, kind in enumerate(ITEMS)
    )
    Lesson.objects.create(section=section, title="Optional", required=False, due_at=NOW - 20 * DAY)
    Lesson.objects.create(section=section, title="Hidden", published=False, due_at=NOW - 20 * DAY)
    Lesson.objects.create(section=section, title="Whenever")
    Lesson.objects.update(updated_at=NOW - 30 * DAY)
    Course.objects.update(updated_at=NOW - 30 * DAY)
    return course


def learn(course: Course, count: int, state: str = "active") -> list[Enrollment]:
    """Learners who did some of the lessons, the same ones in each run."""
    chooser, made = random.Random(7), []
    lessons = list(Lesson.objects.filter(section__course=course).order_by("pk"))
    for _ in range(count):
        user = User.objects.create(email=f"p{User.objects.count()}@example.com")
        enrollment = Enrollment.objects.create(
            user=user,
            course=course,
            state=state,
            progress=chooser.choice([0, 33, 100]),
            enrolled_at=NOW - chooser.choice([1, 10, 40]) * DAY,
            last_activity_at=NOW - chooser.uniform(0.5, 20) * DAY,
        )
        LessonProgress.objects.bulk_create(
            LessonProgress(
                enrollment=enrollment,
                lesson=lesson,
                completed_at=chooser.choice([None, NOW - chooser.uniform(-1, 35) * DAY]),
            )
            for lesson in chooser.sample(lessons, chooser.randint(0, len(lessons)))
        )
        made.append(enrollment)
    return made


def tallies() -> dict[tuple[str, str], int]:
    return {
        (row.measure, row.value): row.count for row in CourseTally.objects.exclude(count=0).order_by("measure", "value")
    }


def recounted() -> dict[tuple[str, str], int]:
    CourseTally.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(refresh._RECOUNT)
    return tallies()


def test_the_statement_gives_what_the_formula_gives(course):
    learn(course, 40)
    assert refresh.everybody(now=NOW) == 40
    scored = 0
    for row in Engagement.objects.select_related("enrollment"):
        lessons = Lesson.objects.filter(section__course=course, required=True, published=True, due_at__isnull=False)
        done = dict(row.enrollment.lesson_progress.values_list("lesson_id", "completed_at"))
        found = formula.components(
            items=[formula.Item(lesson.due_at, done.get(lesson.pk)) for lesson in lessons],
            opened_at=course.starts_at,
            enrolled_at=row.enrollment.enrolled_at,
            last_action_at=row.enrollment.last_activity_at,
            at=NOW,
        )
        assert (row.items_due, row.formula_version) == (4, formula.VERSION)
        if found is None:
            assert (row.score, row.submitted, row.band) == (None, None, "none")
            continue
        scored += 1
        assert [row.submitted, row.on_time, row.prompt, row.recency, row.score] == pytest.approx(
            [found.submitted, found.on_time, found.prompt, found.recency, found.score]
        )
        assert row.band == found.band
    assert 0 < scored < 40


def test_only_active_learners_have_a_score(course):
    learn(course, 3, "dropped")
    refresh.everybody(now=NOW)
    assert set(Engagement.objects.values_list("state", "score", "band")) == {("dropped", None, "none")}


def test_changes_are_counted_and_nothing_else_is(course):
    some = learn(course, 10)
    assert refresh.changed(now=NOW) == 10  # the first time
    assert refresh.changed(now=NOW + DAY / 24) == 0
    later = NOW + DAY / 12
    Enrollment.objects.filter(pk=some[0].pk).update(last_activity_at=later)
    Enrollment.objects.filter(pk=some[1].pk).update(state="dropped")
    EnrollmentChange.objects.create(enrollment=some[1], from_state="active", to_state="dropped", at=later)
    assert refresh.changed(now=later) == 2
    assert set(Engagement.objects.filter(computed_at=later).values_list("pk", flat=True)) == {some[0].pk, some[1].pk}
    assert tallies() == recounted()
    assert tallies()["state", "dropped"] == 1


def test_what_refreshing_asks_and_writes_follows_the_changes_not_the_enrollments(course):
    learn(course, 3)
    refresh.changed(now=NOW)
    for extra in (0, 60):
        learn(course, extra)
        refresh.everybody(now=NOW)
        Enrollment.objects.filter(pk=Enrollment.objects.earliest("pk").pk).update(last_activity_at=NOW + DAY / 12)
        refresh.changed(now=NOW + DAY / 24)
        with CaptureQueriesContext(connection) as queries:
            assert refresh.changed(now=NOW + DAY / 12) == 1
        assert len(queries) == 7  # a savepoint, the lock, the mark, who changed, those, the mark, and its release
        assert Engagement.objects.filter(computed_at=NOW + DAY / 12).count() == 1
        RefreshMark.objects.update(changes_until=NOW)


def test_a_change_that_became_visible_late_is_still_counted(course):
    some = learn(course, 2)
    refresh.changed(now=NOW)
    Enrollment.objects.filter(pk=some[0].pk).update(last_activity_at=NOW - refresh.LATE_COMMIT / 2)
    assert refresh.changed(now=NOW + DAY / 24) == 1


def test_everybody_in_a_course_changes_when_a_lesson_falls_due_or_is_edited(course):
    learn(course, 5)
    refresh.changed(now=NOW)
    due = NOW + 1.01 * DAY  # the fifth item
    assert refresh.changed(now=due) == 5
    assert set(Engagement.objects.values_list("items_due", flat=True)) == {5}
    Lesson.objects.filter(title="Optional").update(required=True, updated_at=due + DAY / 24)
    assert refresh.changed(now=due + DAY / 12) == 5
    assert set(Engagement.objects.values_list("items_due", flat=True)) == {6}


def test_an_interrupted_pass_goes_on_where_it_stopped(course, monkeypatch):
    some = learn(course, 10)
    original, batches = refresh._count, []

    def stop_at_the_third(keys, now):
        original(keys, now)
        batches.append(keys)
        if len(batches) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(refresh, "_count", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        refresh.everybody(now=NOW, at_once=3)
    assert Engagement.objects.count() == 6  # the third batch was undone
    assert tallies() == recounted()
    assert refresh.everybody(now=NOW, at_once=3) == 4
    assert list(Engagement.objects.order_by("pk").values_list("pk", flat=True)) == [row.pk for row in some]
    assert tallies() == recounted()
    assert RefreshMark.objects.get().position == 0
    assert refresh.everybody(now=NOW, at_once=3) == 10


def test_counting_again_changes_nothing_and_forgets_who_was_deleted(course):
    some = learn(course, 10)
    refresh.everybody(now=NOW)
    first = tallies()
    refresh.everybody(now=NOW)
    assert tallies() == first
    LessonProgress.objects.filter(enrollment=some[0]).delete()
    some[0].delete()
    refresh.everybody(now=NOW)
    assert sum(count for (measure, _), count in tallies().items() if measure == "band") == 9


@pytest.mark.django_db(transaction=True)
def test_while_one_refreshes_another_does_nothing(course):
    learn(course, 2)
    parameters = {
        name: value
        for name, value in connection.get_connection_params().items()
        if name in ("host", "port", "dbname", "user", "password")
    }
    with psycopg.connect(**parameters) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [refresh.LOCK])
        assert refresh.changed(now=NOW) == 0
        assert not Engagement.objects.exists()
    assert refresh.changed(now=NOW) == 2


def test_the_facts_are_the_tallies_of_all_courses(course):
    learn(course, 6)
    learn(course, 2, "dropped")
    refresh.everybody(now=NOW)
    bands = metrics.tallied(Measure.BAND)()
    assert sum(bands.values()) == 8
    assert bands["none"] >= 2
    assert metrics.tallied(Measure.STATE)() == {"active": 6, "dropped": 2}
    done = LessonProgress.objects.filter(completed_at__lte=NOW, lesson__published=True)
    by_kind = {kind: float(done.filter(lesson__kind=kind).count()) for kind in set(ITEMS)}
    assert metrics.tallied(Measure.COMPLETED)() == {kind: count for kind, count in by_kind.items() if count}


def test_a_persons_export_holds_their_scores(course):
    enrollment = learn(course, 1)[0]
    refresh.everybody(now=NOW)
    row = Engagement.objects.get()
    exported = export_person(person=enrollment.user)["analytics"]["engagement"]
    assert exported == [
        {
            "course__slug": "biology",
            "score": row.score,
            "band": row.band,
            "items_due": row.items_due,
            "submitted": row.submitted,
            "on_time": row.on_time,
            "prompt": row.prompt,
            "recency": row.recency,
            "formula_version": 1,
            "computed_at": NOW.isoformat(),
        }
    ]
