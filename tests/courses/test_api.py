"""The API of courses: who sees what, the shape of answers, and a query count that doesn't grow."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Role, User
from courses import services
from courses.models import Course, CourseStaff, Enrollment, Lesson, LessonFile, LessonKind, LessonProgress
from tests.courses.conftest import lessons_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_user():
    def client(user=None) -> APIClient:
        api = APIClient()
        if user is not None:
            api.force_authenticate(user)
        return api

    return client


@pytest.fixture
def people(make_user, course):
    teacher, assistant = make_user("teacher", Role.INSTRUCTOR), make_user("assistant", Role.INSTRUCTOR)
    CourseStaff.objects.create(course=course, user=teacher)
    CourseStaff.objects.create(course=course, user=assistant, role="teaching_assistant")
    enrolled = make_user("enrolled")
    services.enroll(user=enrolled, course=course)
    return {
        "outsider": None,
        "stranger": make_user("stranger"),
        "enrolled": enrolled,
        "other teacher": make_user("other", Role.INSTRUCTOR),
        "assistant": assistant,
        "teacher": teacher,
        "admin": make_user("admin", Role.ADMIN),
    }


def statuses(as_user, people, path: str) -> dict[str, int]:
    return {who: as_user(person).get(path).status_code for who, person in people.items()}


@pytest.mark.parametrize("state", ["draft", "published", "archived"])
def test_who_sees_a_course(as_user, people, course, state):
    type(course).objects.filter(pk=course.pk).update(state=state)
    everyone = state == "published"
    expected = {
        "outsider": 401,
        "stranger": 200 if everyone else 404,
        "enrolled": 200 if state != "draft" else 404,
        "other teacher": 200 if everyone else 404,
        "assistant": 200,
        "teacher": 200,
        "admin": 200,
    }
    for path in (f"/api/v1/courses/{course.slug}", f"/api/v1/courses/{course.slug}/outline"):
        assert statuses(as_user, people, path) == expected
    listed = {
        who: [row["slug"] for row in as_user(person).get("/api/v1/courses").json()["results"]] == [course.slug]
        for who, person in people.items()
        if person
    }
    assert listed == {who: status == 200 for who, status in expected.items() if who != "outsider"}


def test_who_reads_a_lesson(as_user, people, course):
    path = f"/api/v1/lessons/{lessons_of(course)[0].public_id}"
    assert statuses(as_user, people, path) == {
        "outsider": 401,
        "stranger": 404,
        "enrolled": 200,
        "other teacher": 404,
        "assistant": 200,
        "teacher": 200,
        "admin": 200,
    }


def test_only_staff_see_an_unpublished_lesson(as_user, people, course):
    hidden = services.add_lesson(section=course.sections.get(), title="Not yet", published=False)
    seen = statuses(as_user, people, f"/api/v1/lessons/{hidden.public_id}")
    assert {who for who, status in seen.items() if status == 200} == {"assistant", "teacher", "admin"}
    for who, count in {"enrolled": 2, "teacher": 3}.items():
        outline = as_user(people[who]).get(f"/api/v1/courses/{course.slug}/outline").json()
        assert len(outline["sections"][0]["lessons"]) == count


def test_after_dropping_a_lesson_is_closed(as_user, people, course):
    api = as_user(people["enrolled"])
    path = f"/api/v1/lessons/{lessons_of(course)[0].public_id}"
    answer = api.delete(f"/api/v1/courses/{course.slug}/enrollment")
    assert (answer.status_code, answer.json()["state"]) == (200, "dropped")
    assert api.get(path).status_code == 404
    assert api.post(path + "/completion").status_code == 404
    assert api.post(f"/api/v1/courses/{course.slug}/enrollment").status_code == 200
    assert api.get(path).status_code == 200


def test_a_student_enrols_reads_and_completes(as_user, student, course):
    api = as_user(student)
    first = api.post(f"/api/v1/courses/{course.slug}/enrollment")
    again = api.post(f"/api/v1/courses/{course.slug}/enrollment")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    sections = api.get(f"/api/v1/courses/{course.slug}/outline").json()["sections"]
    assert [lesson["completed"] for lesson in sections[0]["lessons"]] == [False, False]
    lesson = sections[0]["lessons"][0]["id"]
    assert api.get(f"/api/v1/lessons/{lesson}").json()["content"] == "<p>1</p>"
    done = api.post(f"/api/v1/lessons/{lesson}/completion")
    assert (done.status_code, done.json()["progress"]) == (200, 50.0)
    sections = api.get(f"/api/v1/courses/{course.slug}/outline").json()["sections"]
    assert [lesson["completed"] for lesson in sections[0]["lessons"]] == [True, False]
    mine = api.get("/api/v1/enrollments").json()["results"]
    assert [(row["course"], row["state"], row["progress"]) for row in mine] == [("biology", "active", 50.0)]
    assert api.get(f"/api/v1/enrollments/{mine[0]['id']}").json() == mine[0]


def test_a_refusal_is_a_problem_body_with_a_stable_code(as_user, student, course):
    quiz = services.add_lesson(section=course.sections.get(), title="Quiz", kind=LessonKind.QUIZ)
    api = as_user(student)
    answer = api.get(f"/api/v1/courses/{course.slug}/enrollment")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_enrolled")
    api.post(f"/api/v1/courses/{course.slug}/enrollment")
    answer = api.post(f"/api/v1/lessons/{quiz.public_id}/completion")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {key: answer.json()[key] for key in ("type", "status", "code")} == {
        "type": "about:blank",
        "status": 409,
        "code": "needs_result",
    }


def test_another_persons_enrollment_is_not_found(as_user, people, make_user, course):
    enrollment = services.enroll(user=people["stranger"], course=course)
    assert as_user(people["enrolled"]).get(f"/api/v1/enrollments/{enrollment.public_id}").status_code == 404


def test_courses_are_searched_filtered_and_ordered(as_user, student, make_course):
    for title, language in [("Algebra", "en"), ("Botany", "de"), ("Zoology", "en")]:
        make_course(title, lessons=0, language=language)
    api = as_user(student)

    def titles(query: str) -> list[str]:
        return [row["title"] for row in api.get(f"/api/v1/courses?{query}").json()["results"]]

    assert titles("") == ["Algebra", "Botany", "Zoology"]
    assert titles("search=bot") == ["Botany"]
    assert titles("language=EN&ordering=-title") == ["Zoology", "Algebra"]
    assert titles("teaching=true") == []
    assert api.get("/api/v1/courses?state=nonsense").status_code == 400


def test_pages_follow_one_another_without_gap_or_repeat(as_user, student, make_course):
    for number in range(7):
        make_course("Same title", lessons=0, slug=f"course-{number}")
    api, path, seen = as_user(student), "/api/v1/courses?page_size=3", []
    while path:
        page = api.get(path).json()
        seen += [row["slug"] for row in page["results"]]
        path = page["next"]
    assert seen == [f"course-{number}" for number in range(7)]


@pytest.mark.parametrize(
    "path",
    [
        "courses?page_size=100",
        "courses/biology",
        "courses/biology/outline",
        "courses/biology/learners?page_size=100",
        "enrollments?page_size=100",
        "lessons/{lesson}",
    ],
)
def test_the_query_count_is_the_same_for_5_and_for_200_rows(as_user, make_user, course, path):
    teacher = make_user("teacher", Role.INSTRUCTOR)
    CourseStaff.objects.create(course=course, user=teacher)
    section = course.sections.get()
    path = path.format(lesson=lessons_of(course)[0].public_id)

    def grow(first: int, last: int) -> None:
        numbers = range(first, last)
        people = User.objects.bulk_create(User(email=f"p{number}@example.com") for number in numbers)
        courses = Course.objects.bulk_create(
            Course(slug=f"c{number}", title=f"C{number}", state="published") for number in numbers
        )
        lessons = Lesson.objects.bulk_create(
            Lesson(section=section, title=f"L{number}", position=number + 2) for number in numbers
        )
        Enrollment.objects.bulk_create(Enrollment(user=person, course=course) for person in people)
        own = Enrollment.objects.bulk_create(Enrollment(user=teacher, course=other) for other in courses)
        CourseStaff.objects.bulk_create(CourseStaff(course=course, user=person) for person in people)
        LessonProgress.objects.bulk_create(LessonProgress(enrollment=own[0], lesson=lesson) for lesson in lessons)
        LessonFile.objects.bulk_create(
            LessonFile(course=course, lesson=lessons_of(course)[0], name=f"f{number}", size=1) for number in numbers
        )
        course.prerequisites.add(*courses)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert as_user(teacher).get(f"/api/v1/{path}").status_code == 200
        return len(captured)

    grow(0, 5)
    queries()
    few = queries()
    grow(5, 200)
    assert queries() == few
