"""A quiz in a real browser from the enrolment to the certificate, through a lost connection, and without JavaScript."""

import re
import uuid

import psycopg
import pytest
from playwright.sync_api import expect

from tests.browser.test_pages import PASSWORD, find_course, log_in
from tests.system import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
SETUP = """
from datetime import datetime, UTC
from decimal import Decimal
from accounts import services as accounts
from courses import services
from quizzes.services import create_assignment
from tests.pages.test_quizzes import make_quiz
accounts.create_person(email="{person}", name="Ada", password="{password}")
course = services.create_course(title="{course}")
section = services.add_section(course=course, title="Week 1")
make_quiz(course, time_limit_seconds=3600)
report = services.add_lesson(section=section, title="Report", kind="assignment", required=False)
create_assignment(lesson=report, instructions="<p>Write.</p>", due_at=datetime(2100, 1, 31, 20, 0, tzinfo=UTC))
services.publish_course(course=course)
"""
GRADE = """
from accounts.models import User
from quizzes import services
from quizzes.models import Answer
grader = User.objects.create(email="{grader}", name="Grader", role="admin")
for answer in Answer.objects.filter(attempt__public_id="{attempt}", needs_person=True):
    services.claim(answer=answer, by=grader)
    services.grade_answer(answer=answer, by=grader, points=answer.version.points, comment="Well done")
"""
A_YEAR_AHEAD = """
const Real = Date;
Date = class extends Real {
  constructor(...given) { given.length ? super(...given) : super(Real.now() + 365 * 86400000); }
  static now() { return Real.now() + 365 * 86400000; }
};
"""
DISCONNECTED = re.compile(r"net::ERR_(INTERNET_DISCONNECTED|FAILED)")


class School:
    """A learner, and a course whose quiz asks one question of each kind."""

    def __init__(self, system) -> None:
        word = uuid.uuid4().hex[:8]
        self.system, self.person, self.course = system, f"{word}@example.org", f"Biology {word}"
        self.url = f"http://127.0.0.1:{system.ports['web']}"
        system.manage("shell", "-c", SETUP.format(person=self.person, password=PASSWORD, course=self.course))

    def grade(self, attempt: str) -> None:
        self.system.manage("shell", "-c", GRADE.format(grader=f"grader-{self.person}", attempt=attempt))


@pytest.fixture
def school(system):
    return School(system)


def question(page, number):
    return page.locator(f"#question-{number}")


def find_quiz(page, school) -> None:
    """From the login to the quiz, enrolling on the way."""
    log_in(page, school)
    find_course(page, school)
    page.get_by_role("button", name="Enrol").click()
    page.get_by_role("link", name="Exam").click()
    page.get_by_role("link", name="To the quiz").click()


def answer_by_choosing(page) -> None:
    """Questions 1 to 4, 6 to 8, and the file of 10."""
    question(page, 1).get_by_label("A", exact=True).check()
    question(page, 2).get_by_label("X").check()
    question(page, 2).get_by_label("Y").check()
    question(page, 3).get_by_label("False").check()
    question(page, 4).get_by_label("Your answer").fill("150 cm")
    question(page, 6).get_by_label("Dog").select_option(label="barks")
    question(page, 6).get_by_label("Cow").select_option(label="moos")
    for place, item in enumerate(("one", "two", "three"), start=1):
        question(page, 7).get_by_label(item).select_option(label=str(place))
    question(page, 8).get_by_label("Gap 1").fill("sea")
    question(page, 8).get_by_label("Gap 2").select_option(label="sky")
    notes = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"text"}
    question(page, 10).locator("input[type=file]").set_input_files([notes])


def answer_by_typing(page) -> None:
    question(page, 5).get_by_label("Your answer").fill("secret answer")
    question(page, 9).get_by_label("Your answer").fill("Line one\nLine two")


def responses(page, attempt: str) -> dict[int, object]:
    """What the server holds."""
    found = page.request.get(f"{page.url.split('/attempts/')[0]}/api/v1/attempts/{attempt}").json()
    return {
        answer["position"]: answer["response"] or [file["name"] for file in answer["files"]]
        for answer in found["answers"]
    }


def see_result(page, words: str) -> None:
    """Workers grade it: look again until the page says so."""
    wait_for(lambda: page.reload() and page.get_by_text(words).count(), every=0.5, what=words)


def to_the_certificate(page, school, look) -> None:
    find_course(page, school)
    page.get_by_role("button", name="Your certificate").click()
    page.get_by_role("heading", name="Certificate", level=1).wait_for()
    look()
    page.get_by_role("link", name="What others see when they check it").click()
    page.get_by_text("Valid.").wait_for()
    look()


def answer_elsewhere_meanwhile(page, school) -> None:
    """Neither the later answer of another device nor what was typed here gets lost."""
    attempt = page.url.rsplit("/", 1)[1]
    page.context.route("**/answers/*", lambda route: route.abort())
    question(page, 5).get_by_label("Your answer").fill("typed here")
    expect(question(page, 5).get_by_role("status")).to_contain_text("Not saved yet: no connection.")
    token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken")
    answer = page.request.put(
        f"{school.url}/api/v1/attempts/{attempt}/answers/5",
        data={"response": "from the phone"},
        headers={"X-CSRFToken": token},
    )
    assert answer.status == 200
    page.reload()
    expect(question(page, 5).get_by_role("status")).to_contain_text("A later answer was saved on another device")
    expect(question(page, 5).get_by_label("Your answer")).to_have_value("from the phone")
    page.context.unroute("**/answers/*")
    page.get_by_role("button", name="Use what I typed here").click()
    expect(question(page, 5).get_by_role("status")).to_have_text(re.compile(r"^Saved at "))
    assert responses(page, attempt)[5] == "typed here"


def run_out_of_time(page, school) -> None:
    """The deadline moves to the next moment; the page learns it from the server, whose clock alone counts."""
    attempt = page.url.rsplit("/", 1)[1]
    with psycopg.connect(school.system.environment["DATABASE_URL"]) as database:
        database.execute(
            "UPDATE quizzes_attempt SET deadline_at = now() + interval '3 seconds', "
            "accepts_until = now() + interval '3 seconds' WHERE public_id = %s",
            [attempt],
        )
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("timer")).to_have_text("The attempt is over. What was saved in time counts.")
    expect(question(page, 5).get_by_label("Your answer")).to_be_disabled()
    page.get_by_role("button", name="See the result").click()
    page.get_by_text("expired: what was saved in time counts").wait_for()
    page.get_by_text("typed here").wait_for()


def test_a_quiz_survives_a_lost_connection(browser_page, console_errors, assert_accessible, school):
    page = browser_page

    def look():
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360

    page.set_viewport_size({"width": 360, "height": 740})
    page.add_init_script(A_YEAR_AHEAD)
    find_quiz(page, school)
    look()
    page.get_by_role("button", name="Start an attempt").click()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^(1:00:00|59:[0-5]\d) left$"))
    attempt = page.url.rsplit("/", 1)[1].partition("#")[0]
    look()
    answer_by_choosing(page)
    for number in (1, 2, 3, 4, 6, 7, 8):
        expect(question(page, number).get_by_role("status")).to_have_text(re.compile(r"^Saved at "))
    expect(question(page, 10).get_by_role("status")).to_have_text("The file is saved.")
    expect(question(page, 5).get_by_role("status")).to_have_text("Not answered yet.")

    page.context.set_offline(True)
    answer_by_typing(page)
    for number in (5, 9):
        expect(question(page, number).get_by_role("status")).to_contain_text("Not saved yet: no connection.")
    expect(page.locator("#connection")).to_contain_text("The server can't be reached.")
    page.get_by_role("button", name="Hand in").click()
    expect(page.locator("#connection")).to_contain_text("Not handed in")
    look()
    where = page.url
    page.goto("about:blank")
    page.context.route("**/answers/*", lambda route: route.abort())
    page.context.set_offline(False)
    page.goto(where)
    expect(question(page, 9).get_by_label("Your answer")).to_have_value("Line one\nLine two")
    for number in (5, 9):
        expect(question(page, number).get_by_role("status")).to_contain_text("Not saved yet: no connection.")
    before = responses(page, attempt)
    assert (before[5], before[9], before[10], before[4]) == ([], [], ["notes.txt"], "150 cm")
    page.context.unroute("**/answers/*")
    for number in (5, 9):
        expect(question(page, number).get_by_role("status")).to_have_text(re.compile(r"^Saved at "))
    assert responses(page, attempt) == before | {5: "secret answer", 9: "Line one\nLine two"}
    assert page.evaluate("Object.keys(localStorage)") == []

    question(page, 9).get_by_label("Your answer").fill("The last word")
    page.get_by_role("button", name="Hand in").click()
    page.get_by_role("heading", name="Result").wait_for()
    assert responses(page, attempt)[9] == "The last word"
    see_result(page, "waits for grading by a person")
    look()
    school.grade(attempt)
    see_result(page, "10 of 10 (100 %)")
    page.get_by_text("Well done").first.wait_for()
    look()
    find_course(page, school)
    page.get_by_role("link", name="Report").click()
    page.get_by_role("link", name="To the assignment").click()
    look()
    to_the_certificate(page, school, look)
    find_course(page, school)
    page.get_by_role("link", name="Exam").click()
    page.get_by_role("link", name="To the quiz").click()
    look()
    page.get_by_role("button", name="Start an attempt").click()
    page.get_by_role("timer").wait_for()
    answer_elsewhere_meanwhile(page, school)
    run_out_of_time(page, school)
    expected = [error for error in console_errors if DISCONNECTED.search(error)]
    assert len(expected) >= 4
    for error in expected:
        console_errors.remove(error)


def test_the_same_without_javascript(chromium_browser, school):
    context = chromium_browser.new_context(java_script_enabled=False, locale="en-GB")
    try:
        page = context.new_page()
        find_quiz(page, school)
        page.get_by_role("button", name="Start an attempt").click()
        page.get_by_text("left when this page was loaded").wait_for()
        attempt = page.url.rsplit("/", 1)[1]
        answer_by_choosing(page)
        page.get_by_role("button", name="Save everything").click()
        page.get_by_text("Saved.", exact=True).first.wait_for()
        assert responses(page, attempt)[10] == ["notes.txt"]
        answer_by_typing(page)
        page.get_by_role("button", name="Hand in").click()
        page.get_by_role("heading", name="Result").wait_for()
        assert responses(page, attempt)[9] == "Line one\nLine two"
        see_result(page, "waits for grading by a person")
        school.grade(attempt)
        see_result(page, "10 of 10 (100 %)")
        find_course(page, school)
        page.get_by_role("link", name="Report").click()
        page.get_by_role("link", name="To the assignment").click()
        expect(page.locator("time.moment")).to_have_text(re.compile(r"Jan\w*\.? (31, )?2100.* UTC$"))
        page.get_by_label("Your text").fill("My report")
        page.get_by_role("button", name="Hand in").click()
        page.get_by_text("Handed in.").wait_for()
        there = page.url
        to_the_certificate(page, school, lambda: None)
        tokyo = chromium_browser.new_context(
            storage_state=context.storage_state(), timezone_id="Asia/Tokyo", locale="en-GB"
        )
        with tokyo:
            page = tokyo.new_page()
            page.goto(there)
            expect(page.locator("time.moment").first).to_have_text(re.compile(r"^1 Feb 2100.*05:00.* GMT\+9$"))
    finally:
        context.close()
