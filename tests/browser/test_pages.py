"""The pages in a real browser: usable, quiet and accessible, in light and dark, on a phone, and without JavaScript."""

import uuid

import pytest

PASSWORD = "a long and unusual passphrase"
pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
SETUP = """
from accounts import services as accounts
from courses import services
accounts.create_person(email="{person}", name="Ada", password="{password}")
course = services.create_course(title="{course}")
section = services.add_section(course=course, title="Week 1")
services.add_lesson(section=section, title="Fish", content='<p style="color:red">Fish swim.</p>')
services.add_lesson(section=section, title="Birds", content="<p>Birds fly.</p>")
services.publish_course(course=course)
"""


class School:
    """A learner and a course with two lessons, at the product's own web server."""

    def __init__(self, system) -> None:
        word = uuid.uuid4().hex[:8]
        self.person, self.course = f"{word}@example.org", f"Biology {word}"
        self.url = f"http://127.0.0.1:{system.ports['web']}"
        system.manage("shell", "-c", SETUP.format(person=self.person, password=PASSWORD, course=self.course))


@pytest.fixture
def school(system):
    return School(system)


def log_in(page, school) -> None:
    page.goto(f"{school.url}/")
    page.get_by_label("E-mail address").fill(school.person)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Courses", level=1).wait_for()


def find_course(page, school) -> None:
    page.goto(f"{school.url}/")
    page.get_by_role("link", name=school.course).click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_learner_walks_from_the_login_to_progress(browser_page, assert_accessible, school, scheme):
    page = browser_page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(school.url)
    assert_accessible(page)
    log_in(page, school)
    assert_accessible(page)
    find_course(page, school)
    page.get_by_role("button", name="Enrol").click()
    page.get_by_text("You are enrolled.").wait_for()
    assert_accessible(page)
    page.get_by_role("link", name="Fish").click()
    page.get_by_text("Fish swim.").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Mark as done").click()
    page.get_by_text("Done.").wait_for()
    page.get_by_role("link", name="My progress").click()
    page.get_by_text("50 %").wait_for()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_same_walk_without_javascript(chromium_browser, school):
    context = chromium_browser.new_context(java_script_enabled=False, locale="en-GB")
    try:
        page = context.new_page()
        log_in(page, school)
        find_course(page, school)
        page.get_by_role("button", name="Enrol").click()
        for title in ("Fish", "Birds"):
            find_course(page, school)
            page.get_by_role("link", name=title).click()
            page.get_by_role("button", name="Mark as done").click()
            page.get_by_text("Done.").wait_for()
        page.get_by_role("link", name="My progress").click()
        page.get_by_text("100 %").wait_for()
    finally:
        context.close()
