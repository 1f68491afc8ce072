"""The admin of courses: every list works, searches and keeps its query count."""

import csv

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from courses import services
from courses.models import Course, CourseStaff, Enrollment, ImportedItem
from tests.courses.conftest import lessons_of

pytestmark = pytest.mark.django_db

LISTS = ["course", "section", "lesson", "enrollment", "importeditem"]


@pytest.fixture
def admin(make_user, client):
    user = make_user("admin", Role.ADMIN)
    user.is_superuser = True
    user.save()
    client.force_login(user)
    return client


@pytest.fixture
def grow(make_user, make_course):
    def add(first: int, last: int) -> None:
        for number in range(first, last):
            course = make_course(f"Course {number}")
            CourseStaff.objects.create(course=course, user=make_user(f"teacher{number}"))
            services.enroll(user=make_user(f"student{number}"), course=course)
            ImportedItem.objects.create(
                course=course, section=course.sections.get(), kind="poll", source_key="poll@1", raw_xml="<poll/>"
            )

    return add


@pytest.mark.parametrize("name", LISTS)
def test_a_change_list_searches_and_keeps_its_query_count(admin, grow, name):
    grow(0, 3)
    path = f"/admin/courses/{name}/?q=Course"
    admin.get(path)
    with CaptureQueriesContext(connection) as few:
        assert admin.get(path).status_code == 200
    grow(3, 12)
    with CaptureQueriesContext(connection) as many:
        answer = admin.get(path)
    assert len(answer.context["cl"].result_list) >= 12
    # Filters by course list the courses: one query for each such filter, whatever the number of rows.
    assert len(many) == len(few)


@pytest.mark.parametrize("name", LISTS)
def test_a_row_opens(admin, grow, name):
    grow(0, 1)
    row = apps.get_model("courses", name).objects.first()
    assert admin.get(f"/admin/courses/{name}/{row.pk}/change/").status_code == 200


def test_publishing_and_archiving_by_action_go_through_the_services(admin, make_course):
    course = make_course(publish=False)
    for action, state in [("publish", "published"), ("archive", "archived")]:
        admin.post("/admin/courses/course/", {"action": action, "_selected_action": [course.pk]})
        assert Course.objects.get().state == state


def test_dropping_by_action_records_who_did_it_and_leaves_the_completed(admin, make_user, make_course):
    course = make_course(lessons=1)
    active = services.enroll(user=make_user("active"), course=course)
    done = services.enroll(user=make_user("done"), course=course)
    services.complete_lesson(enrollment=done, lesson=lessons_of(course)[0])
    admin.post("/admin/courses/enrollment/", {"action": "drop", "_selected_action": [active.pk, done.pk]})
    assert list(Enrollment.objects.order_by("pk").values_list("state", flat=True)) == ["dropped", "completed"]
    assert active.changes.last().actor.email == "admin@example.com"


def test_a_lesson_edited_in_the_admin_is_sanitised_and_recounted(admin, student, course):
    first, second = lessons_of(course)
    enrollment = services.enroll(user=student, course=course)
    services.complete_lesson(enrollment=enrollment, lesson=first)
    form = {
        "section": second.section_id, "kind": "text", "title": "Changed", "position": 1, "published": "on",
        "content": "<p>x<script>y</script></p>", "minimum_seconds": 0, "files-TOTAL_FORMS": 0, "files-INITIAL_FORMS": 0,
    }  # fmt: skip
    assert admin.post(f"/admin/courses/lesson/{second.pk}/change/", form).status_code == 302
    second.refresh_from_db()
    assert (second.content, second.required) == ("<p>x</p>", False)
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.progress) == ("completed", 100)


def test_a_list_is_enrolled_on_its_own_page(admin, course, make_user):
    make_user("anna"), make_user("bert")
    Course.objects.filter(pk=course.pk).update(capacity=1)
    path = f"/admin/courses/course/{course.pk}/enroll/"
    assert f'href="{path}"' in admin.get(f"/admin/courses/course/{course.pk}/change/").content.decode()
    assert admin.get(path).status_code == 200
    page = admin.post(path, {"emails": "anna@example.com, bert@example.com;\nnobody@example.com"}).content.decode()
    assert "1 enrolled, 0 were in the course already." in page
    assert "bert@example.com: course_full" in page
    assert "nobody@example.com: no_such_person" in page
    enrollment = Enrollment.objects.get()
    assert (enrollment.user.name, enrollment.source) == ("Anna", "bulk")
    assert enrollment.changes.get().actor.email == "admin@example.com"


@pytest.mark.parametrize("role", [Role.STUDENT, Role.INSTRUCTOR])
def test_only_admins_reach_the_page(client, course, make_user, role):
    client.force_login(make_user("curious", role))
    assert client.get(f"/admin/courses/course/{course.pk}/enroll/").status_code == 302


def test_waiting_people_are_approved_by_action_until_the_course_is_full(admin, course, make_user):
    Course.objects.filter(pk=course.pk).update(capacity=1, requires_approval=True)
    rows = [services.enroll(user=make_user(name), course=course) for name in ("anna", "bert")]
    answer = admin.post(
        "/admin/courses/enrollment/", {"action": "approve", "_selected_action": [row.pk for row in rows]}, follow=True
    )
    assert "1 waiting enrollments were approved, 1 found no seat." in answer.content.decode()
    assert list(Enrollment.objects.order_by("pk").values_list("state", flat=True)) == ["active", "pending"]


def test_an_export_is_a_table_that_no_spreadsheet_runs(admin, course, make_user):
    user = make_user("eve")
    user.name = '=HYPERLINK("http://x")'
    user.save()
    enrollment = services.enroll(user=user, course=course)
    answer = admin.post("/admin/courses/enrollment/", {"action": "export", "_selected_action": [enrollment.pk]})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="enrollments.csv"'
    header, row = list(csv.reader(answer.content.decode().splitlines()))
    assert header[:6] == ["public_id", "user__email", "user__name", "course__slug", "state", "progress"]
    assert row[:6] == [
        str(enrollment.public_id), "eve@example.com", '\'=HYPERLINK("http://x")', "biology", "active", "0.00",
    ]  # fmt: skip
    courses = admin.post("/admin/courses/course/", {"action": "export", "_selected_action": [course.pk]})
    assert courses.content.decode().splitlines()[1].startswith("biology,Biology,published,,1,0,")
