"""The pages in a real browser: usable, quiet and accessible, in light and dark, on a phone, and without JavaScript."""

import pytest

from accounts import services as accounts
from courses import services

PASSWORD = "a long and unusual passphrase"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def course(settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    accounts.create_person(email="ada@example.org", name="Ada", password=PASSWORD)
    course = services.create_course(title="Biology")
    section = services.add_section(course=course, title="Week 1")
    services.add_lesson(section=section, title="Fish", content='<p style="color:red">Fish swim.</p>')
    services.add_lesson(section=section, title="Birds", content="<p>Birds fly.</p>")
    return services.publish_course(course=course)


def log_in(page, address: str) -> None:
    page.goto(f"{address}/")
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Courses", level=1).wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_learner_walks_from_the_login_to_progress(browser_page, assert_accessible, live_server, course, scheme):
    page = browser_page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(live_server.url)
    assert_accessible(page)
    log_in(page, live_server.url)
    assert_accessible(page)
    page.get_by_role("link", name="Biology").click()
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


def test_the_same_walk_without_javascript(chromium_browser, live_server, course):
    context = chromium_browser.new_context(java_script_enabled=False, locale="en-GB")
    try:
        page = context.new_page()
        log_in(page, live_server.url)
        page.get_by_role("link", name="Biology").click()
        page.get_by_role("button", name="Enrol").click()
        for title in ("Fish", "Birds"):
            page.goto(f"{live_server.url}/courses/{course.slug}")
            page.get_by_role("link", name=title).click()
            page.get_by_role("button", name="Mark as done").click()
            page.get_by_text("Done.").wait_for()
        page.get_by_role("link", name="My progress").click()
        page.get_by_text("100 %").wait_for()
    finally:
        context.close()
