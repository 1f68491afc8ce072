"""Pages of those who teach: who sees them, what they say, and that it costs the same for any number of rows."""

import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern
from django.utils import timezone

from accounts.models import User
from analytics import workload
from analytics.engagement import refresh
from analytics.models import Engagement
from courses import services as courses
from pages import teaching_urls
from quizzes import course_selectors, services
from tests.authorisation import ACTORS
from tests.pages.teaching_world import Work, attempt_of, make_work, submission_of
from tests.pages.test_learning import INLINE

# One status per actor: outsider, stranger, learner, other teacher, assistant, instructor, admin. As the API's.
MATRIX = {
    "GET teaching": "302 200 200 200 200 200 200",
    "GET queue": "302 200 200 200 200 200 200",
    "GET workload": "302 403 403 200 403 200 200",
    "GET gradebook": "302 403 403 403 200 200 200",
    "GET analytics": "302 403 403 403 200 200 200",
    "GET statistics": "302 404 403 404 200 200 200",
    "GET learner-attempt": "302 404 404 404 200 200 200",
    "GET grade-answer": "302 404 404 404 200 200 200",
    "GET grade-submission": "302 404 404 404 200 200 200",
    "POST grade-next": "302 302 302 302 302 302 302",
    "POST count-again": "302 404 403 404 302 302 302",
    "POST grade-answer": "302 404 404 404 409 409 409",
    "POST grade-submission": "302 404 404 404 409 409 409",
    "POST claim-answer": "302 404 404 404 302 302 302",
    "POST claim-submission": "302 404 404 404 302 302 302",
    "POST release-answer": "302 404 404 404 302 302 302",
    "POST release-submission": "302 404 404 404 302 302 302",
    "POST override-answer": "302 404 404 404 403 409 409",
    "POST override-submission": "302 404 404 404 403 409 409",
}
FORM = {"points": "1", "reason": "Because"}


@pytest.fixture
def work(world) -> Work:
    return make_work(world)


@pytest.fixture
def instructor(world, as_user):
    return as_user(world.people["instructor"])


def test_every_page_has_its_row():
    names = {pattern.name for pattern in teaching_urls.urlpatterns if isinstance(pattern, URLPattern)}
    assert names == {row.split()[1] for row in MATRIX}


@pytest.mark.parametrize("row", MATRIX)
def test_who_may_use_a_page(world, work, as_user, row):
    method, name = row.split()
    answers = {}
    for actor in ACTORS:
        client = as_user(world.people[actor])
        answers[actor] = client.post(work.path(name), FORM) if method == "POST" else client.get(work.path(name))
        work.free()
    expected = dict(zip(ACTORS, map(int, MATRIX[row].split()), strict=True))
    assert {actor: answer.status_code for actor, answer in answers.items()} == expected
    assert answers.pop("outsider")["Location"].startswith("/account/login?next=")
    for answer in answers.values():
        if answer.status_code != 302:
            assert answer["Content-Type"] == "text/html; charset=utf-8"
            assert "unsafe" not in answer["Content-Security-Policy"]
            assert INLINE.findall(answer.text) == []


def test_following_a_link_changes_nothing(world, work, instructor):
    for row in MATRIX:
        method, name = row.split()
        if method == "POST" and name not in ("grade-answer", "grade-submission"):
            assert instructor.get(work.path(name)).status_code == 405


@pytest.mark.parametrize(
    ("actor", "leads"),
    [("stranger", 0), ("learner", 0), ("other_teacher", 1), ("assistant", 1), ("instructor", 1), ("admin", 1)],
)
def test_the_navigation_leads_those_who_teach(world, as_user, actor, leads):
    assert as_user(world.people[actor]).get("/").text.count('href="/teaching"') == leads


def test_courses_taught_are_listed_with_what_waits(world, work, as_user):
    courses.publish_course(course=_course("Chemistry"))
    for actor in ("assistant", "instructor"):
        text = as_user(world.people[actor]).get("/teaching").text
        assert ("Biology" in text, "Chemistry" in text, "2 items to grade" in text) == (True, False, True)
    assert "Chemistry" in as_user(world.people["admin"]).get("/teaching").text
    assert "You teach no course." in as_user(world.people["learner"]).get("/teaching").text


def test_the_gradebook_shows_points_percent_and_what_waits(world, work, instructor):
    grade_both(world, work)
    second = attempt_of(world.people["learner"], work.quiz)
    text = squeezed(instructor.get(work.path("gradebook")).text)
    assert '<th scope="row"><bdi>learner</bdi></th><td>Active</td>' in text
    assert '4 / 5 <span class="small">80 % · passed</span>' in text
    assert '7.5 / 10 <span class="small">75 % · passed</span>' in text
    assert text.count('<span class="tag">waits for a grade</span>') == 1
    assert f"/teaching/attempts/{work.attempt.public_id}" in text
    assert str(second.public_id) not in text
    assert f"/teaching/submissions/{work.submission.public_id}" in text
    assert f'href="/api/v1/courses/{world.course.slug}/learners.csv"' in text


@pytest.mark.parametrize(
    ("policy", "percent", "points"), [("latest", 20, 1), ("highest", 80, 4), ("average", 50, None)]
)
def test_the_gradebook_counts_as_the_quiz_does(world, work, policy, percent, points):
    grade_both(world, work)
    second = attempt_of(world.people["learner"], work.quiz)
    grade(second.answers.get(position=2), world.people["instructor"], {"form": 0, "fact": 0})
    work.quiz.scoring_policy = policy
    work.quiz.save(update_fields=["scoring_policy"])
    person = world.people["learner"].enrollments.get()
    result, _ = course_selectors.results(course_selectors.graded_items(world.course), [person])[person.pk]
    assert (float(result.percent), result.points and float(result.points)) == (percent, points)


def test_the_25_first_learners_are_on_the_first_page(world, work, instructor):
    more_learners(world, 25)
    first, second = instructor.get(work.path("gradebook")), instructor.get(work.path("gradebook") + "?page=2")
    assert (first.text.count('<th scope="row">'), second.text.count('<th scope="row">')) == (25, 1)


def test_analytics_plots_say_the_same_as_their_tables(world, work, instructor):
    grade_both(world, work)
    text = instructor.get(work.path("analytics")).text
    assert text.count("<svg ") == text.count('role="img"') == 6
    assert "<caption" in text
    assert '<th scope="row"><bdi>Exam</bdi></th><td>80 %</td>' in text
    assert text.count('aria-describedby="results-table"') == text.count('id="results-table"') == 1
    today = timezone.localdate()
    assert text.count(f"<bdi>{today:%B} {today.day}</bdi></th><td>1</td>") == 1


def test_the_least_engaged_come_first(world, work, instructor):
    assert "Nobody has a score yet" in instructor.get(work.path("analytics")).text
    more_learners(world, 2)
    refresh.everybody()
    for number, row in enumerate(Engagement.objects.order_by("pk")):
        Engagement.objects.filter(pk=row.pk).update(
            score=90 - number * 30, band="on_track", submitted=0.5, on_time=0.25
        )
    text = instructor.get(work.path("analytics")).text
    section = text[text.index('id="engagement"') :]
    assert section.index("learner 1") < section.index("learner 0") < section.index("<bdi>learner</bdi>")
    assert section.count("<td>25 %</td>") == 3


def test_statistics_are_counted_again_on_demand(world, work, instructor):
    grade_both(world, work)
    assert "Nothing has been counted yet." in instructor.get(work.path("statistics")).text
    assert "counted again" in instructor.post(work.path("count-again"), follow=True).text
    services.compute_statistics(quiz=work.quiz)
    text = instructor.get(work.path("statistics")).text
    assert '<th scope="row">1. <bdi>Air</bdi></th><td>1</td><td>1</td><td>100 %</td>' in text
    assert '<th scope="row">2. <bdi>Why</bdi></th><td>1</td><td>3</td><td>75 %</td>' in text
    assert text.count("<svg ") == 1


def test_workload_is_ones_own_and_everybodys_for_admins(world, work, as_user, instructor):
    workload.refresh()
    own = instructor.get(work.path("workload")).text
    assert "<dt>To grade</dt><dd>2</dd>" in own
    assert "<bdi>assistant</bdi>" not in own
    everybody = as_user(world.people["admin"]).get(work.path("workload")).text
    assert "<bdi>assistant</bdi>" in everybody
    assert "<bdi>instructor</bdi>" in everybody


@pytest.mark.parametrize("name", ["teaching", "queue", "gradebook", "analytics", "statistics", "learner-attempt"])
def test_pages_cost_the_same_for_few_rows_and_for_many(world, work, instructor, name):
    instructor.get("/")  # the first visit in five minutes is written down
    few = _queries(instructor, work.path(name))
    for user in more_learners(world, 6):
        attempt_of(user, work.quiz)
        submission_of(user, work.assignment)
    for number in range(4):
        course = _course(f"More {number}")
        courses.add_staff(course=course, user=world.people["instructor"], role="instructor")
        section = world.course.sections.get()
        lesson = courses.add_lesson(section=section, title=f"Quiz {number}", kind="quiz")
        services.create_quiz(lesson=lesson)
        services.add_question(quiz=work.quiz, kind="true_false", prompt="So?", content={"correct": True})
    refresh.everybody()
    services.compute_statistics(quiz=work.quiz)
    assert _queries(instructor, work.path(name)) == few


def test_attempts_are_counted_by_day_in_the_present_time_zone(world, work):
    moment = datetime.datetime(2026, 3, 1, 23, 30, tzinfo=datetime.UTC)
    work.attempt.__class__.objects.update(started_at=moment)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: moment + datetime.timedelta(hours=12))
        utc = course_selectors.attempts_by_day(world.course, days=3)
        with timezone.override("Europe/Berlin"):
            berlin = course_selectors.attempts_by_day(world.course, days=3)
    assert list(utc.values()) == [0, 1, 0]
    assert list(berlin.values()) == [0, 0, 1]


def test_the_pages_speak_german(work, instructor):
    text = instructor.get(work.path("analytics"), headers={"Accept-Language": "de"}).text
    for word in ("Auswertung", "Abgeschlossene Lektionen", "Aktiv", "Als Tabelle"):
        assert word in text


def grade_both(world, work: Work) -> None:
    grade(work.attempt.answers.get(position=2), world.people["instructor"], {"form": 1, "fact": 2})
    services.claim_submission(submission=work.submission, by=world.people["instructor"])
    services.grade_submission(submission=work.submission, by=world.people["instructor"], points=Decimal("7.5"))


def grade(answer, by, marks) -> None:
    services.claim(answer=answer, by=by)
    services.grade_answer(answer=answer, by=by, rubric={key: Decimal(value) for key, value in marks.items()})


def more_learners(world, number: int) -> list[User]:
    people = [User.objects.create(email=f"more{one}@example.com", name=f"learner {one}") for one in range(number)]
    for person in people:
        courses.enroll(user=person, course=world.course)
    return people


def squeezed(text: str) -> str:
    return " ".join(text.split())


def _course(title: str):
    course = courses.create_course(title=title)
    courses.add_lesson(section=courses.add_section(course=course, title="Week 1"), title="One", content="<p>1</p>")
    return course


def _queries(client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)
