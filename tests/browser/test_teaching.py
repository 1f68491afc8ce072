"""Teaching in a real browser, from the queue to the gradebook and the plots; what pages tell of themselves, too."""

import re
import uuid

import pytest

from tests.system import wait_for

PASSWORD = "a long and unusual passphrase"
pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
SETUP = """
from decimal import Decimal
from accounts import services as accounts
from accounts.models import Role
from certificates.services import issue
from courses import services as courses
from courses.models import Enrollment
from quizzes import services
word = "{word}"
people = {{
    name: accounts.create_person(
        email=f"{{name}}-{{word}}@example.org", name=f"{{name}} {{word}}", role=role, password="{password}"
    )
    for name, role in dict(teacher=Role.INSTRUCTOR, admin=Role.ADMIN, ada=Role.STUDENT, bob=Role.STUDENT).items()
}}
course = courses.create_course(title=f"Biology {{word}}", instructors=[people["teacher"]])
section = courses.add_section(course=course, title="Week 1")
lesson = courses.add_lesson(section=section, title=f"Exam {{word}}", kind="quiz")
quiz = services.create_quiz(lesson=lesson)
rubric = {{"rubric": [{{"id": "r", "text": "Reasons", "points": "4"}}]}}
services.add_question(quiz=quiz, kind="essay", prompt="Why do fish swim?", points=Decimal(4), content=rubric)
courses.publish_course(course=course)
for name in ("ada", "bob"):
    courses.enroll(user=people[name], course=course)
    attempt = services.start_attempt(user=people[name], quiz=quiz)[0]
    services.save_answer(attempt=attempt, position=1, response=f"{{name}} says: water is dense.")
    services.submit_attempt(attempt=attempt)
    services.grade_attempt(attempt_id=attempt.pk)
other = courses.create_course(title=f"Chemistry {{word}}")
section = courses.add_section(course=other, title="Week 1")
done = courses.add_lesson(section=section, title="Acids", content="<p>Sour.</p>")
courses.publish_course(course=other)
enrollment = courses.enroll(user=people["ada"], course=other)
courses.complete_lesson(enrollment=enrollment, lesson=done)
print("SERIAL", issue(enrollment=Enrollment.objects.get(pk=enrollment.pk), cause="claimed").serial)
"""


class School:
    """A course with two essays that wait, and a certificate, at the product's own web server."""

    def __init__(self, system) -> None:
        self.word = uuid.uuid4().hex[:8]
        self.system, self.url = system, f"http://127.0.0.1:{system.ports['web']}"
        self.gradebook = re.compile(f"Gradebook ?: Biology {self.word}")
        said = system.manage("shell", "-c", SETUP.format(word=self.word, password=PASSWORD))
        self.serial = said.split("SERIAL", 1)[1].split()[0]

    def log_in(self, page, name: str) -> None:
        page.goto(f"{self.url}/teaching")
        page.get_by_label("E-mail address").fill(f"{name}-{self.word}@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", name="Teaching", level=1).wait_for()

    def grade_next(self, page, points: str) -> None:
        page.get_by_role("button", name="Grade the oldest that nobody has").click()
        page.get_by_text("says: water is dense.").wait_for()
        page.get_by_label("Reasons").fill(points)
        page.get_by_label("Feedback").fill("Well seen.")

    def failures(self, kind: str) -> float:
        return self.system.metric("lms_page_errors_total", kind=kind)


@pytest.fixture(scope="module")
def school(system):
    return School(system)


def test_an_instructor_grades_and_sees_points_and_plots(browser_page, assert_accessible, console_errors, school):
    page, word = browser_page, school.word
    before = {kind: school.failures(kind) for kind in ("csp_violation", "script_error")}

    def looks_right() -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360

    page.set_viewport_size({"width": 360, "height": 740})
    school.log_in(page, "teacher")
    looks_right()
    page.get_by_role("link", name="Grading queue").click()
    page.get_by_text("2 items wait for a grade").wait_for()
    looks_right()
    school.grade_next(page, "3")
    looks_right()
    page.get_by_role("button", name="Grade, then the queue").click()
    page.get_by_text("1 item waits for a grade").wait_for()
    page.goto(f"{school.url}/teaching")
    page.get_by_role("link", name=school.gradebook).click()
    page.get_by_role("row", name=f"ada {word}").get_by_text("3 / 4").wait_for()
    looks_right()
    # A table wider than the phone is reached and scrolled by keyboard.
    region = page.get_by_role("region", name="Results of every learner")
    region.focus()
    page.keyboard.press("ArrowRight")
    wait_for(lambda: region.evaluate("it => it.scrollLeft") > 0, what="scrolling")
    page.get_by_role("link", name="Analytics").click()
    page.get_by_role("img", name="Mean result of each quiz").wait_for()
    assert page.get_by_role("img").count() == 6
    looks_right()
    page.get_by_text("As a table: Mean result of each quiz").click()
    page.get_by_role("row", name=f"Exam {word} 75 %").first.wait_for()
    page.get_by_role("link", name=f"Exam {word}").click()
    page.get_by_role("heading", name="Statistics").wait_for()
    looks_right()
    page.goto(f"{school.url}/teaching/workload")
    looks_right()
    wait_for(
        lambda: all(
            school.system.metric("lms_web_vitals_lcp_seconds_count", page=f"pages:{name}")
            for name in ("teaching", "queue", "grade-answer", "gradebook", "analytics")
        ),
        what="the largest paints of the pages that were left",
    )
    assert school.system.metric("lms_web_vitals_inp_seconds_count", page="pages:queue") >= 1
    assert {kind: school.failures(kind) for kind in before} == before
    # And what is broken is told: a script of the page's own, and one that the policy refuses.
    page.evaluate("setTimeout(() => { throw new Error('broken') })")
    page.evaluate("document.head.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")
    wait_for(lambda: page.evaluate("1") and len(console_errors) == 2, what="both in the console")
    assert page.evaluate("window.ran") is None
    console_errors.clear()
    page.goto(f"{school.url}/teaching")
    for kind, count in before.items():
        wait_for(lambda kind=kind, count=count: school.failures(kind) == count + 1, what=kind)


def test_the_same_without_javascript(chromium_browser, school):
    context = chromium_browser.new_context(java_script_enabled=False, locale="en-GB")
    try:
        page = context.new_page()
        school.log_in(page, "teacher")
        page.get_by_role("link", name="Grading queue").click()
        page.get_by_text("1 item waits for a grade").wait_for()
        school.grade_next(page, "1")
        page.get_by_role("button", name="Grade, then the next one").click()
        page.get_by_text("Nothing waits for you.").first.wait_for()
        page.goto(f"{school.url}/teaching")
        page.get_by_role("link", name=school.gradebook).click()
        page.get_by_role("row", name=f"bob {school.word}").get_by_text("1 / 4").wait_for()
        page.get_by_role("link", name="Analytics").click()
        page.get_by_text("As a table: Mean result of each quiz").click()
        page.get_by_role("row", name=f"Exam {school.word} 50 %").first.wait_for()
    finally:
        context.close()


def test_an_admin_revokes_a_certificate_and_everybody_is_told(browser_page, assert_accessible, school):
    page, address = browser_page, f"{school.url}/certificates/{school.serial}"
    page.goto(address)
    page.get_by_text("Valid.").wait_for()
    school.log_in(page, "admin")
    page.goto(f"{school.url}/admin/certificates/certificate/?q={school.serial}")
    page.locator("input.action-select").check()
    page.locator("select[name=action]").select_option("revoke_misconduct")
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).click()
    page.get_by_text("1 certificates revoked.").wait_for()
    page.goto(address)
    page.get_by_text("Revoked.").wait_for()
    assert "This certificate has not been valid since" in page.content()
    assert_accessible(page)
