"""Pages of learners: who sees them, what they show and change, and what they cost."""

import re
from importlib import import_module

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern

from accounts.models import User
from certificates.models import Certificate
from certificates.services import issue
from courses import services
from courses.models import Enrollment, Lesson, LessonProgress
from pages import learning, urls
from tests.authorisation import ACTORS

INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=[\"']", re.I)
# One status per actor, as in the matrix of the API: outsider, stranger, learner, other teacher, assistant, ...
MATRIX = {
    "GET catalogue": "302 200 200 200 200 200 200",
    "GET course": "302 200 200 200 200 200 200",
    "GET lesson": "302 404 200 404 200 200 200",
    "GET progress": "302 200 200 200 200 200 200",
    "POST enroll": "302 302 302 302 302 302 302",
    "POST leave": "302 409 302 409 409 409 409",
    "POST complete": "302 404 302 404 409 409 409",
}
MATRICES = ("test_learning", "test_quizzes", "test_assignments", "test_certificates")


def address(world, name: str) -> str:
    ids = world.ids
    place = {"course": f"courses/{ids['course']}", "enroll": f"courses/{ids['course']}/enroll"}
    place |= {"leave": f"courses/{ids['course']}/leave", "lesson": f"lessons/{ids['lesson']}"}
    place |= {"complete": f"lessons/{ids['lesson']}/complete", "catalogue": "", "progress": "progress"}
    return "/" + place[name]


def test_every_page_has_its_row():
    """Those of accounts have theirs in test_account."""
    patterns = [pattern for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)]
    names = {pattern.name for pattern in patterns if not str(pattern.pattern).startswith(("account", "logout"))}
    rows = [row for name in MATRICES for row in import_module(f"tests.pages.{name}").MATRIX]
    assert names == {row.split()[1] for row in rows}


@pytest.mark.parametrize("row", MATRIX)
def test_who_may_use_a_page(world, as_user, row):
    method, name = row.split()
    answers = {actor: as_user(world.people[actor]).generic(method, address(world, name)) for actor in ACTORS}
    expected = dict(zip(ACTORS, map(int, MATRIX[row].split()), strict=True))
    assert {actor: answer.status_code for actor, answer in answers.items()} == expected
    assert answers.pop("outsider")["Location"].startswith("/account/login?next=")
    for answer in answers.values():
        if answer.status_code != 302:
            assert answer["Content-Type"] == "text/html; charset=utf-8"
            assert "unsafe" not in answer["Content-Security-Policy"]
            assert INLINE.findall(answer.text) == []


@pytest.mark.parametrize("name", ["enroll", "leave", "complete"])
def test_following_a_link_changes_nothing(world, as_user, name):
    before = list(Enrollment.objects.values()), list(LessonProgress.objects.values())
    assert as_user(world.people["learner"]).get(address(world, name)).status_code == 405
    assert (list(Enrollment.objects.values()), list(LessonProgress.objects.values())) == before


def test_a_form_from_another_site_is_refused(world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["stranger"])
    assert client.post(address(world, "enroll")).status_code == 403
    assert not Enrollment.objects.filter(user=world.people["stranger"]).exists()


def test_enrolling_reading_completing_and_leaving(world, as_user):
    client = as_user(world.people["stranger"])
    assert "Enrol</button>" in client.get(address(world, "course")).text
    after = client.post(address(world, "enroll"), follow=True)
    assert "You are enrolled." in after.text
    assert client.get(address(world, "lesson")).text.count("<p>Fish</p>") == 1
    done = client.post(address(world, "complete"), follow=True)
    assert "Done." in done.text
    assert "Mark as done" not in done.text
    assert "50 %" in client.get(address(world, "progress")).text
    client.post(address(world, "leave"))
    enrollment = Enrollment.objects.get(user=world.people["stranger"])
    assert (enrollment.state, float(enrollment.progress)) == ("dropped", 50.0)


def test_a_lesson_leads_to_its_neighbours_and_its_files(world, as_user):
    text = as_user(world.people["learner"]).get(address(world, "lesson")).text
    assert f'rel="next" href="/lessons/{world.ids["video"]}"' in text
    assert 'rel="prev"' not in text
    assert f'href="/api/v1/files/{world.ids["file"]}"' in text


def test_neighbours_cross_sections_and_unpublished_ones_are_there_for_staff_only(world, as_user):
    last = world.course.sections.get().lessons.get(kind="video")
    section = services.add_section(course=world.course, title="Week 2")
    hidden, shown = (services.add_lesson(section=section, title=title, content="<p>1</p>") for title in ("A", "B"))
    Lesson.objects.filter(pk=hidden.pk).update(published=False)
    for actor, after in {"learner": shown, "instructor": hidden}.items():
        text = as_user(world.people[actor]).get(f"/lessons/{last.public_id}").text
        assert f'rel="prev" href="{address(world, "lesson")}"' in text
        assert f'rel="next" href="/lessons/{after.public_id}"' in text
    text = as_user(world.people["learner"]).get(f"/lessons/{shown.public_id}").text
    assert f'rel="prev" href="/lessons/{last.public_id}"' in text
    assert 'rel="next"' not in text


def test_a_films_seconds_go_to_the_api_under_the_pages_token(world, as_user):
    lesson = world.course.sections.get().lessons.get(kind="video")
    services.update_lesson(lesson=lesson, changes={"video_url": "https://films.example/a.mp4"}, if_match="*")
    text = as_user(world.people["learner"]).get(f"/lessons/{lesson.public_id}").text
    assert f'data-report="/api/v1/lessons/{lesson.public_id}/watching"' in text
    assert text.count('src="/static/pages/watching.js"') == 1
    assert '<form id="token" hidden><input type="hidden" name="csrfmiddlewaretoken"' in text


def test_styles_of_a_lesson_are_left_out_and_its_pictures_stay(world, as_user):
    lesson = world.course.sections.get().lessons.get(kind="text")
    styled = '<p style="color:red">Red</p><img src="https://x.example/a.png" alt="A">'
    services.update_lesson(lesson=lesson, changes={"content": styled}, if_match="*")
    answer = as_user(world.people["learner"]).get(f"/lessons/{lesson.public_id}")
    assert "<p>Red</p>" in answer.text
    assert '<img src="https://x.example/a.png" alt="A">' in answer.text
    assert answer["Content-Security-Policy"] == learning.LESSON_POLICY


def test_an_earned_certificate_is_on_the_page_with_pdf_and_check(world, as_user):
    learner = world.people["learner"]
    client = as_user(learner)
    assert "A certificate appears here" in client.get("/progress").text
    enrollment = Enrollment.objects.get(user=learner)
    Enrollment.objects.filter(pk=enrollment.pk).update(state="completed", completed_at=enrollment.enrolled_at)
    enrollment.refresh_from_db()
    issue(enrollment=enrollment, cause="claimed")
    serial = Certificate.objects.get(user=learner).serial
    text = client.get("/progress").text
    assert f'href="/api/v1/certificates/{serial}/pdf"' in text
    assert f'href="/certificates/{serial}"' in text
    assert serial not in as_user(world.people["stranger"]).get("/progress").text


def test_titles_are_searched_and_nothing_found_is_said(world, as_user):
    client = as_user(world.people["learner"])
    assert "Biology" in client.get("/?q=olog").text
    assert "No course has these words in its title." in client.get("/?q=Chemistry").text


def test_the_21st_course_is_on_the_second_page_of_the_same_search(world, as_user):
    for number in range(20):
        services.publish_course(course=_with_lesson(services.create_course(title=f"Biology {number:02}")))
    client = as_user(world.people["learner"])
    first, second = client.get("/?q=Bio"), client.get("/?q=Bio&page=2")
    assert 'href="?q=Bio&amp;page=2"' in first.text
    assert (len(first.context["page"]), len(second.context["page"])) == (20, 1)


def test_pages_cost_the_same_for_two_rows_and_for_many(world, as_user, django_assert_num_queries):
    learner = world.people["learner"]
    client = as_user(learner)
    costs = {}
    for name in ("catalogue", "course", "lesson", "progress"):
        client.get(address(world, name))  # the first reading of a lesson is written down
        costs[name] = _queries(client, address(world, name))
    section = world.course.sections.get()
    for number in range(12):
        services.add_lesson(section=section, title=f"More {number}", content="<p>More</p>")
        other = services.publish_course(course=_with_lesson(services.create_course(title=f"Other {number}")))
        services.enroll(user=learner, course=other)
        services.add_staff(course=other, user=world.people["instructor"], role="instructor")
    for name, cost in costs.items():
        with django_assert_num_queries(cost):
            assert client.get(address(world, name)).status_code == 200


def test_pages_and_the_api_share_one_allowance(world, as_user, settings):
    settings.LIMITS = settings.LIMITS | {"api_student": "3/60"}
    client = as_user(world.people["learner"])
    assert [client.get(path).status_code for path in ("/", "/api/v1/courses", "/progress")] == [200] * 3
    refused = client.get("/")
    assert (refused.status_code, client.get("/api/v1/courses").status_code) == (429, 429)
    assert 1 <= int(refused["Retry-After"]) <= 60


def test_staff_who_need_a_second_factor_see_no_page_without(world, as_user, settings):
    settings.STAFF_MFA_REQUIRED = True
    assert as_user(world.people["instructor"]).get("/").status_code == 403
    assert as_user(world.people["learner"]).get("/").status_code == 200


def test_a_person_who_was_locked_out_sees_the_login(world, as_user):
    client = as_user(world.people["learner"])
    User.objects.filter(pk=world.people["learner"].pk).update(is_active=False)
    assert client.get("/progress").status_code == 302


def _with_lesson(course):
    section = services.add_section(course=course, title="Week 1")
    services.add_lesson(section=section, title="One", content="<p>1</p>")
    return course


def _queries(client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)
