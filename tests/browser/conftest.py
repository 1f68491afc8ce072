"""A real browser: `browser_page` is a fresh page, `assert_accessible` asks axe-core about what it shows."""

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from lms import browser as chromium

SERIOUS = {"serious", "critical"}
# No rule that runs reads the style sheets, and copying them into the page is refused by its policy.
PRELOAD = {"preload": {"assets": ["media"], "timeout": 10_000}}


@pytest.fixture(scope="module")
def chromium_browser() -> Iterator[Browser]:
    """Ends with its module: while Playwright's loop runs in this thread, Django and asyncio take it for their own."""
    try:
        found = chromium.fetch()
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"NO BROWSER, NOTHING ABOUT PAGES WAS TESTED: {error}")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Without it Django refuses the ORM to a test that has a page open, such as one with live_server.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        launched = playwright.chromium.launch(
            executable_path=found.executable, env=dict(os.environ) | found.variables, timeout=60_000
        )
        yield launched
        launched.close()


@pytest.fixture
def console_errors() -> list[str]:
    """What `browser_page` heard of errors. A test that provokes one takes it out, or fails in the end."""
    return []


@pytest.fixture
def browser_page(chromium_browser: Browser, console_errors: list[str]) -> Iterator[Page]:
    """A page without cookies. Errors in its console, and scripts that failed, fail the test."""
    context = chromium_browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(30_000)
    page = context.new_page()

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            console_errors.append(f"{message.text} ({message.location.get('url', '')})")

    page.on("console", heard)
    page.on("pageerror", lambda error: console_errors.append(str(error)))
    yield page
    context.close()
    assert console_errors == []


@pytest.fixture(scope="session")
def assert_accessible() -> Callable[[Page], None]:
    """Fails with rule and elements for every serious or critical finding of axe-core; it ignores nothing."""
    axe = Axe()

    def check(page: Page) -> None:
        violations = axe.run(page, options=PRELOAD).response["violations"]
        found = [
            f"{violation['id']}: {', '.join(str(node['target'][0]) for node in violation['nodes'])}"
            for violation in violations
            if violation["impact"] in SERIOUS
        ]
        if found:
            pytest.fail("not accessible: " + "; ".join(found))

    return check
