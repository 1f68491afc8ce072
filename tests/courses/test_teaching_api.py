"""Making and running courses over the API."""

import pytest
from rest_framework.test import APIClient

from accounts.models import Role
from courses import services
from courses.models import Course, CourseStaff, Enrollment, LessonProgress
from tests.courses.conftest import lessons_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def teacher(make_user):
    return make_user("teacher", Role.INSTRUCTOR)


@pytest.fixture
def api(teacher) -> APIClient:
    client = APIClient()
    client.force_authenticate(teacher)
    return client


@pytest.fixture
def own(course, teacher) -> Course:
    CourseStaff.objects.create(course=course, user=teacher)
    return course


def test_a_course_is_made_filled_and_opened(api, student):
    made = api.post("/api/v1/courses", {"title": "Marine Biology", "description": "<p>x<script>y</script></p>"})
    assert made.status_code == 201, made.content
    course = made.json()
    assert (course["slug"], course["state"], course["description"]) == ("marine-biology", "draft", "<p>x</p>")
    assert [person["role"] for person in course["staff"]] == ["instructor"]
    section = api.post("/api/v1/courses/marine-biology/sections", {"title": "Week 1"})
    assert (section.status_code, section.json()["position"]) == (201, 0)
    lesson = api.post(
        f"/api/v1/sections/{section.json()['id']}/lessons",
        {"title": "Fish", "kind": "text", "content": "<p onclick='x'>Fish</p>"},
    )
    assert (lesson.status_code, lesson.json()["content"]) == (201, "<p>Fish</p>")
    assert api.post("/api/v1/courses/marine-biology/publication").json()["state"] == "published"
    learner = APIClient()
    learner.force_authenticate(student)
    assert learner.post("/api/v1/courses/marine-biology/enrollment").status_code == 201
    assert api.delete("/api/v1/courses/marine-biology/publication").json()["state"] == "archived"
    assert learner.get(f"/api/v1/lessons/{lesson.json()['id']}").status_code == 200


def test_a_student_makes_no_course(student):
    learner = APIClient()
    learner.force_authenticate(student)
    assert learner.post("/api/v1/courses", {"title": "Mine"}).status_code == 403
    assert Course.objects.count() == 0


@pytest.mark.parametrize("what", ["course", "lesson"])
def test_a_change_needs_the_version_that_was_read(api, own, what):
    path = f"/api/v1/courses/{own.slug}" if what == "course" else f"/api/v1/lessons/{lessons_of(own)[0].public_id}"
    tag = api.get(path).headers["ETag"]
    missing = api.patch(path, {"title": "New"})
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    first = api.patch(path, {"title": "First"}, headers={"If-Match": tag})
    assert (first.status_code, first.json()["title"]) == (200, "First")
    lost = api.patch(path, {"title": "Second"}, headers={"If-Match": tag})
    assert (lost.status_code, lost.json()["code"]) == (412, "precondition_failed")
    again = api.patch(path, {"title": "Second"}, headers={"If-Match": first.headers["ETag"]})
    assert (again.status_code, again.json()["title"]) == (200, "Second")
    assert api.patch(path, {"title": "Third"}, headers={"If-Match": "*"}).status_code == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"starts_at": "2026-09-01T00:00:00Z", "ends_at": "2026-08-01T00:00:00Z"}, 400),
        ({"capacity": -1}, 400),
        ({"prerequisites": ["nothing"]}, 400),
        ({"prerequisites": ["noth\x00ing"]}, 400),
        ({"slug": "taken"}, 409),
        ({"prerequisites": ["biology"]}, 409),
        ({"prerequisites": ["taken"]}, 409),
        ({"capacity": 3, "requires_approval": True}, 200),
    ],
)
def test_impossible_settings_of_a_course_are_refused(api, own, make_course, change, status):
    make_course("Other", slug="taken").prerequisites.add(own)
    answer = api.patch("/api/v1/courses/biology", change, headers={"If-Match": "*"})
    assert answer.status_code == status, answer.content


def test_staff_come_and_go_but_one_instructor_stays(api, own, teacher, make_user):
    assistant = make_user("assistant")
    path = f"/api/v1/courses/{own.slug}/staff"
    added = api.post(path, {"email": "ASSISTANT@example.com", "role": "teaching_assistant"})
    assert (added.status_code, added.json()["role"]) == (200, "teaching_assistant")
    assert api.post(path, {"email": "nobody@example.com", "role": "instructor"}).status_code == 404
    last = api.delete(f"{path}/{teacher.public_id}")
    assert (last.status_code, last.json()["code"]) == (409, "last_instructor")
    assert api.delete(f"{path}/{assistant.public_id}").status_code == 204
    assert api.delete(f"{path}/{assistant.public_id}").status_code == 404


def test_sections_are_renamed_and_only_empty_ones_deleted(api, own):
    section = own.sections.get()
    assert api.patch(f"/api/v1/sections/{section.public_id}", {"title": "Renamed"}).json()["title"] == "Renamed"
    refused = api.delete(f"/api/v1/sections/{section.public_id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "section_not_empty")
    for lesson in lessons_of(own):
        assert api.delete(f"/api/v1/lessons/{lesson.public_id}").status_code == 204
    assert api.delete(f"/api/v1/sections/{section.public_id}").status_code == 204


def test_a_lesson_that_somebody_began_is_unpublished_not_deleted(api, own, student):
    lesson = lessons_of(own)[0]
    enrollment = services.enroll(user=student, course=own)
    services.complete_lesson(enrollment=enrollment, lesson=lesson)
    path = f"/api/v1/lessons/{lesson.public_id}"
    refused = api.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "lesson_has_progress")
    assert LessonProgress.objects.count() == 1
    assert api.patch(path, {"published": False}, headers={"If-Match": "*"}).status_code == 200
    enrollment.refresh_from_db()
    assert enrollment.progress == 0, "what is unpublished counts no more"


def test_learners_are_listed_filtered_and_enrolled_by_list(api, own, make_user):
    make_user("anna"), make_user("bert")
    answer = api.post(
        f"/api/v1/courses/{own.slug}/learners", {"emails": ["anna@example.com", "bert@example.com", "x@example.com"]}
    )
    assert answer.json() == {
        "enrolled": ["anna@example.com", "bert@example.com"],
        "present": [],
        "refused": {"x@example.com": "no_such_person"},
    }
    services.complete_lesson(
        enrollment=Enrollment.objects.get(user__email="anna@example.com"), lesson=lessons_of(own)[0]
    )

    def people(query: str) -> list[str]:
        rows = api.get(f"/api/v1/courses/{own.slug}/learners?{query}").json()["results"]
        return [row["name"] for row in rows]

    assert people("ordering=progress") == ["Bert", "Anna"]
    assert people("search=ann") == ["Anna"]
    assert people("progress_below=50") == ["Bert"]
    assert people("state=dropped") == []


def test_approving_and_declining(api, own, make_user):
    Course.objects.update(requires_approval=True)
    rows = [services.enroll(user=make_user(name), course=own) for name in ("anna", "bert")]
    paths = [f"/api/v1/enrollments/{row.public_id}/approval" for row in rows]
    assert api.post(paths[0]).json()["state"] == "active"
    assert api.delete(paths[1]).json()["state"] == "dropped"
    assert api.post(paths[1]).status_code == 409


def test_watching_is_reported_over_the_api(own, student):
    lesson = services.add_lesson(section=own.sections.get(), title="Film", kind="video", duration_seconds=10.0)
    services.enroll(user=student, course=own)
    learner = APIClient()
    learner.force_authenticate(student)
    path = f"/api/v1/lessons/{lesson.public_id}"
    assert learner.get(path).json()["duration_seconds"] == 10.0
    answer = learner.post(f"{path}/watching", {"ranges": [[0, 5], [4, 9.6]]})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["watched"], answer.json()["fraction"]) == ([[0.0, 9.6]], 0.96)
    assert answer.json()["completed_at"] is not None
    assert learner.post(f"{path}/watching", {"ranges": [[1]]}).status_code == 400
    assert learner.post(f"{path}/watching", {"ranges": [["NaN", 2]]}).status_code in (400, 422)


def test_a_released_lesson_shows_its_dates_and_lateness(own, student):
    lesson = lessons_of(own)[0]
    type(lesson).objects.filter(pk=lesson.pk).update(due_at="2020-01-01T00:00:00Z")
    enrollment = services.enroll(user=student, course=own)
    services.complete_lesson(enrollment=enrollment, lesson=lesson)
    learner = APIClient()
    learner.force_authenticate(student)
    rows = learner.get(f"/api/v1/courses/{own.slug}/outline").json()["sections"][0]["lessons"]
    assert [(row["completed"], row["late"]) for row in rows] == [(True, True), (False, False)]


def test_a_lesson_before_its_release_is_forbidden_with_its_time(own, student, api):
    lesson = lessons_of(own)[0]
    type(lesson).objects.filter(pk=lesson.pk).update(available_at="2100-01-01T00:00:00Z")
    services.enroll(user=student, course=own)
    learner = APIClient()
    learner.force_authenticate(student)
    refused = learner.get(f"/api/v1/lessons/{lesson.public_id}")
    assert (refused.status_code, refused.json()["code"]) == (403, "lesson_not_open")
    assert refused.json()["opens_at"] == "2100-01-01T00:00:00+00:00"
    assert api.get(f"/api/v1/lessons/{lesson.public_id}").status_code == 200
