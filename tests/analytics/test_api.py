"""What staff, instructors and admins read: the numbers, at a constant price."""

import csv
import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role, User
from analytics import consistency, workload
from analytics.active_users import active_users
from analytics.engagement import refresh
from analytics.models import Engagement, Inconsistency, InstructorWorkload
from courses import services as courses
from courses.models import CourseStaff, Enrollment, EnrollmentState, LessonProgress

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def enrol(course, count: int, **fields: object) -> None:
    start = User.objects.count()
    people = User.objects.bulk_create(
        User(email=f"p{start + number}@example.com", name=f"P {number}") for number in range(count)
    )
    Enrollment.objects.bulk_create(Enrollment(user=person, course=course, **fields) for person in people)


def scored(course, count: int) -> None:
    """Learners of ten days, and a lesson that was due yesterday."""
    course.sections.get().lessons.filter(position=0).update(due_at=timezone.now() - DAY)
    enrol(course, count, enrolled_at=timezone.now() - 10 * DAY)


def teach(course, count: int) -> None:
    start = User.objects.count()
    people = User.objects.bulk_create(
        User(email=f"t{start + number}@example.com", role=Role.INSTRUCTOR) for number in range(count)
    )
    CourseStaff.objects.bulk_create(CourseStaff(course=course, user=person) for person in people)


@pytest.fixture
def course(quiz):
    return quiz.lesson.section.course


def test_course_analytics_count_everybody_who_began(course, instructor, ask, finish, student, quiz):
    empty = ask(instructor, f"courses/{course.slug}/analytics").json()
    assert (empty["completion_rate"], empty["drop_out_rate"], empty["mean_progress"]) == (None, None, None)
    finish(student, quiz)
    enrol(course, 1, state=EnrollmentState.PENDING)
    enrol(course, 2, state=EnrollmentState.DROPPED, progress=35)
    enrol(course, 1, state=EnrollmentState.ACTIVE, progress=0)
    answer = ask(instructor, f"courses/{course.slug}/analytics")
    assert answer.status_code == 200
    assert answer.json() == {
        "course": course.slug,
        "enrollments": {"pending": 1, "active": 1, "completed": 1, "dropped": 2, "expired": 0},
        "completion_rate": 0.25,
        "drop_out_rate": 0.5,
        "mean_progress": 42.5,
        "progress_distribution": [1, 0, 0, 2, 0, 0, 0, 0, 0, 1],
        "lesson_kinds": [{"kind": "quiz", "lessons": 1, "opened": 1, "completed": 1, "completion_rate": 0.25}],
        "engagement": {"none": 0, "at_risk": 0, "watch": 0, "on_track": 0},  # not counted yet
    }
    refresh.everybody()
    counted = ask(instructor, f"courses/{course.slug}/analytics").json()["engagement"]
    assert counted == {"none": 5, "at_risk": 0, "watch": 0, "on_track": 0}


def test_staff_see_the_least_engaged_first_with_the_parts_of_the_score(course, instructor, ask):
    scored(course, 3)
    enrol(course, 1)  # too early
    idle, half, done = Enrollment.objects.filter(course=course).order_by("pk")[:3]
    lesson = course.sections.get().lessons.get()
    LessonProgress.objects.create(enrollment=done, lesson=lesson, completed_at=lesson.due_at - 3 * DAY)
    LessonProgress.objects.create(enrollment=half, lesson=lesson, completed_at=lesson.due_at + DAY / 2)
    refresh.everybody()
    rows = ask(instructor, f"courses/{course.slug}/engagement").json()["results"]
    assert [row["enrollment"] for row in rows] == [str(row.public_id) for row in (idle, half, done)]
    assert [(row["submitted"], row["on_time"], row["prompt"]) for row in rows] == [(0, 0, 0), (1, 0, 0), (1, 1, 0.5)]
    assert [row["band"] for row in rows] == ["at_risk", "on_track", "on_track"]
    recency = rows[2]["recency"]
    assert rows[2]["score"] == pytest.approx(100 * (0.5 + 0.1 + 0.25 * 0.5 + 0.15 * recency))
    assert (rows[0]["learner"], rows[0]["name"], rows[0]["items_due"]) == (str(idle.user.public_id), "P 0", 1)
    some = ask(instructor, f"courses/{course.slug}/engagement?band=at_risk").json()["results"]
    assert [row["enrollment"] for row in some] == [str(idle.public_id)]
    refused = ask(instructor, f"courses/{course.slug}/engagement?band=lazy")
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["band"])


def test_the_export_has_everybody_and_runs_nothing(course, instructor, ask):
    enrol(course, 3)
    User.objects.filter(name="P 1").update(name='=HYPERLINK("http://evil.example","x")')
    answer = ask(instructor, f"courses/{course.slug}/learners.csv")
    assert (answer.status_code, answer.streaming) == (200, True)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="{course.slug}.csv"'
    rows = list(csv.DictReader(b"".join(answer).decode().splitlines()))
    assert [row["name"] for row in rows] == ["P 0", '\'=HYPERLINK("http://evil.example","x")', "P 2"]
    assert rows[0]["learner"] == str(User.objects.get(name="P 0").public_id)
    assert (rows[0]["state"], rows[0]["progress"]) == ("active", "0.00")
    assert "@" not in str(rows)
    assert {row["engagement"] for row in rows} == {""}


def test_the_export_has_the_score_and_its_parts(course, instructor, ask):
    scored(course, 1)
    refresh.everybody()
    body = b"".join(ask(instructor, f"courses/{course.slug}/learners.csv")).decode()
    row = next(csv.DictReader(body.splitlines()))
    counted = Engagement.objects.get()
    assert (row["engagement"], row["engagement_band"]) == (str(counted.score), "at_risk")
    parts = ("items_due", "submitted", "on_time", "prompt", "recency", "engagement_formula")
    assert [row[part] for part in parts] == ["1", "0.0", "0.0", "0.0", str(counted.recency), "1"]


def test_workload_is_ones_own_as_last_counted(course, instructor, ask, make_user):
    other = make_user("nobody", Role.INSTRUCTOR)
    workload.refresh()
    own = ask(instructor, "analytics/workload").json()
    assert (own["instructor"], own["courses"], own["ungraded_items"]) == (str(instructor.public_id), 1, 0)
    none = ask(other, "analytics/workload").json()
    assert (none["instructor"], none["courses"]) == (str(other.public_id), 0)


def test_admins_see_whose_work_waits_most_first(course, administrator, ask):
    teach(course, 3)
    workload.refresh()
    busiest = InstructorWorkload.objects.last()
    InstructorWorkload.objects.filter(pk=busiest.pk).update(ungraded_items=9)
    rows = ask(administrator, "analytics/workloads").json()["results"]
    assert [row["ungraded_items"] for row in rows] == [9, 0, 0, 0]
    assert rows[0]["instructor"] == str(busiest.user.public_id)


def test_the_platform_in_numbers(course, administrator, ask, settings):
    settings.ACTIVE_USERS_BACKGROUND = False
    active_users.reset()
    active_users.seen("student", 5)
    active_users.flush()
    enrol(course, 2)
    consistency.check([Inconsistency.ATTEMPTS_STUCK])
    numbers = ask(administrator, "analytics/platform").json()
    assert numbers["active_users"]["5m"] == {"student": 1, "instructor": 0, "admin": 0}
    assert numbers["people"] == {"student": 2, "instructor": 1, "admin": 1}
    assert numbers["courses"] == {"draft": 0, "published": 1, "archived": 0}
    assert numbers["enrollments"]["active"] == 2
    assert numbers["certificates"] == {"issued": 0, "revoked": 0, "reissued": 0}
    assert [(row["kind"], row["found"]) for row in numbers["consistency"]] == [("attempts_stuck", 0)]


@pytest.mark.parametrize(
    "path",
    ["courses/biology/analytics", "courses/biology/engagement", "courses/biology/learners.csv", "analytics/workload",
     "analytics/workloads", "analytics/platform"],
)  # fmt: skip
def test_it_costs_the_same_for_5_and_for_200(path, course, instructor, administrator, ask):
    user = administrator if path.endswith(("workloads", "platform")) else instructor
    taken = []
    for count in (5, 195):
        scored(course, count)
        teach(course, count)
        courses.add_lesson(section=course.sections.get(), title=f"After {count}", content="")
        workload.refresh()
        refresh.everybody()
        with CaptureQueriesContext(connection) as queries:
            answer = ask(user, path + ("?page_size=100" if path.endswith(("workloads", "engagement")) else ""))
            body = b"".join(answer) if answer.streaming else answer.content
        assert (answer.status_code, bool(body)) == (200, True)
        taken.append(len(queries))
    assert taken[0] == taken[1]


@pytest.mark.parametrize("model", ["instructorworkload", "consistencycheck", "engagement"])
def test_admin_lists_cost_the_same_for_5_and_for_90(model, course, administrator, client):
    client.force_login(administrator)
    consistency.check([Inconsistency.ATTEMPTS_STUCK])
    path, taken = f"/admin/analytics/{model}/", []
    client.get(path)
    for count in (5, 85):
        teach(course, count)
        scored(course, count)
        workload.refresh()
        refresh.everybody()
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path)
        assert answer.status_code == 200
        taken.append(len(queries))
    assert taken[0] == taken[1]


def test_the_admin_finds_workload_by_the_id_that_reports_show(course, instructor, administrator, client):
    teach(course, 2)
    workload.refresh()
    client.force_login(administrator)
    page = client.get("/admin/analytics/instructorworkload/", {"q": str(instructor.public_id)}).content.decode()
    assert instructor.email in page
    assert "t3@example.com" not in page


def test_the_admin_finds_engagement_by_the_id_that_reports_show(course, administrator, client):
    scored(course, 2)
    refresh.everybody()
    shown, other = User.objects.filter(enrollments__course=course).order_by("pk")
    client.force_login(administrator)
    page = client.get("/admin/analytics/engagement/", {"q": str(shown.public_id)}).content.decode()
    assert shown.email in page
    assert other.email not in page
    assert "At risk" in page
