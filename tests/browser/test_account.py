"""An account's life in a real browser: light and dark, at a phone's width, with passkeys, and without JavaScript."""

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.accounts.test_flows import totp_now
from tests.system import System, wait_for

PASSWORD = "a long and unusual passphrase"
pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
Look = Callable[[Page], None]


class Visitor:
    """Somebody with a mailbox, who uses the product's own web server by the name that passkeys are bound to."""

    def __init__(self, page: Page, system: System, look: Look) -> None:
        self.page, self.system, self.look = page, system, look
        self.email = f"{uuid.uuid4().hex[:8]}@example.org"
        self.url = f"http://localhost:{system.ports['web']}"

    def open(self, path: str, heading: str) -> None:
        self.page.goto(self.url + path)
        self.arrive(heading)

    def press(self, name: str, heading: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).last.click()
        self.arrive(heading)

    def arrive(self, heading: str) -> None:
        self.page.get_by_role("heading", name=heading, level=1, exact=True).wait_for()
        self.look(self.page)

    def enter(self, **fields: str) -> None:
        for label, value in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(value)

    def sign_up(self) -> None:
        self.open("/account/signup", "Sign up")
        self.enter(Name="Grace", Password=PASSWORD)
        self.page.get_by_label("E-mail address").fill(self.email)
        self.press("Sign up", "Look into your mailbox")
        mail = wait_for(
            lambda: next((mail for mail in self.system.mails() if f"To: {self.email}" in mail), None), what="the mail"
        )
        self.open(re.search(r"http://[^/\s]+(/account/verify-email/\S+)", mail)[1], "Verify your address")
        self.press("Verify", "Your address is verified")

    def log_in(self, heading: str, code: str = "") -> None:
        self.enter(Password=PASSWORD)
        self.page.get_by_label("E-mail address").fill(self.email)
        self.page.get_by_label("Code, if you use").fill(code)
        self.press("Log in", heading)

    def set_up_app(self) -> str:
        """The secret of the authenticator app; the password has been asked for again on the way."""
        self.page.get_by_role("link", name="Set up an authenticator app").click()
        self.arrive("Is it you?")
        self.enter(Password=PASSWORD)
        self.press("Go on", "Set up an authenticator app")
        secret = self.page.locator("#secret").inner_text()
        self.page.get_by_label("Code that the app shows").fill(totp_now(secret))
        self.press("Set it up", "Recovery codes")
        assert self.page.locator(".codes li").count() == 10
        return secret

    def walk(self) -> None:
        """From the sign-up to a login with a second factor."""
        self.sign_up()
        self.open("/account/two-factor", "Log in")
        self.log_in("Second factors and passkeys")
        secret = self.set_up_app()
        self.press("Log out", "Log in")
        self.log_in("Courses", totp_now(secret))


@pytest.fixture
def look(assert_accessible) -> Look:
    """In both schemes, and no wider than a phone."""

    def check(page: Page) -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360

    return check


def test_an_account_from_the_sign_up_to_a_passkey(browser_page, system, look):
    page = browser_page
    page.set_viewport_size({"width": 360, "height": 740})
    visitor = Visitor(page, system, look)
    visitor.walk()

    visitor.open("/account", "My account")
    page.get_by_label("Time zone").select_option("Asia/Kolkata")
    visitor.press("Save", "My account")
    page.get_by_text("Saved.").wait_for()
    visitor.open("/account/sessions", "Where you are logged in")
    page.get_by_text("This one").wait_for()
    visitor.open("/account/password", "Change your password")

    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    kind |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": kind})
    page.goto(f"{visitor.url}/account/passkeys/add")
    visitor.enter(Password=PASSWORD)
    visitor.press("Go on", "Add a passkey")
    page.get_by_label("Name of the passkey").fill("Telephone")
    visitor.press("Add a passkey", "Second factors and passkeys")
    page.get_by_role("heading", name="Telephone").wait_for()
    visitor.press("Log out", "Log in")
    page.get_by_role("link", name="Log in with a passkey").click()
    visitor.arrive("Log in with a passkey")
    visitor.press("Use a passkey", "Courses")


def test_the_walk_to_a_second_factor_without_javascript(chromium_browser, system):
    context = chromium_browser.new_context(java_script_enabled=False, locale="en-GB")
    context.set_default_timeout(30_000)
    try:
        visitor = Visitor(context.new_page(), system, lambda page: None)
        visitor.walk()
        visitor.open("/account/sessions", "Where you are logged in")
        visitor.open("/account/login/passkey", "Log in with a passkey")
        visitor.page.get_by_text("Passkeys need JavaScript.").wait_for()
    finally:
        context.close()
