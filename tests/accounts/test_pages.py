"""The pages that links in mails lead to."""

import re
from pathlib import Path

import allauth
import pytest
from django.test import Client

import accounts
from accounts.models import User
from tests.accounts.conftest import PASSWORD, ApiClient, delivered
from tests.accounts.test_flows import SIGNUP

NEW = "charlemagne fills the kettle"


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True)


def submit(browser: Client, url: str, **fields: str):
    form = browser.get(url)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.content.decode())
    return browser.post(url, fields | ({"csrfmiddlewaretoken": token.group(1)} if token else {}))


def link() -> str:
    """The path of the link in the newest mail."""
    return re.search(r"https?://[^/\s]+(/account/\S+)", delivered()[-1].body).group(1)


def test_the_link_of_a_sign_up_verifies_by_its_button_only(app, browser):
    app.auth("POST", "auth/signup", SIGNUP)
    url = link()
    assert browser.get(url).status_code == 200
    address = User.objects.get().emailaddress_set.get()
    assert not address.verified  # mail programs follow links too
    answer = submit(browser, url)
    assert (answer.status_code, "verified" in answer.content.decode()) == (200, True)
    address.refresh_from_db()
    assert address.verified
    assert browser.get(url).status_code == 400
    assert ApiClient("app").login(SIGNUP["email"]).status_code == 200


def test_a_forgotten_password_is_replaced(person, browser):
    assert "mailbox" in submit(browser, "/account/password/reset", email=person.email).content.decode()
    url = link()
    weak = submit(browser, url, password="password123456")
    assert (weak.status_code, "Choose another password" in weak.content.decode()) == (400, True)
    assert submit(browser, url, password=NEW).status_code == 200
    assert browser.get(url).status_code == 400
    assert ApiClient("app").login(person.email, PASSWORD).status_code == 400
    assert ApiClient("app").login(person.email, NEW).status_code == 200


def test_asking_for_a_reset_tells_nothing(person, browser):
    answers = [submit(browser, "/account/password/reset", email=e) for e in (person.email, "nobody@example.org")]
    assert answers[0].content == answers[1].content
    assert submit(browser, "/account/password/reset", email="no address").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "verify-email/x",
        "verify-email/MQ:1:x",
        "password/reset/key/x",
        "password/reset/key/-",
        "password/reset/key/1-x-y",
    ],
)
def test_a_dead_link_says_so(db, browser, path):
    answer = browser.get(f"/account/{path}")
    assert (answer.status_code, "not valid any more" in answer.content.decode()) == (400, True)


def test_pages_need_csrf_and_are_not_kept(person, browser):
    assert browser.post("/account/password/reset", {"email": person.email}).status_code == 403
    assert "no-store" in browser.get("/account/password/reset")["Cache-Control"]
    assert not re.search(r"<script(?![^>]*src=)", browser.get("/account/password/reset").content.decode())


def test_pages_are_limited(db, browser, settings):
    settings.LIMITS = settings.LIMITS | {"key_source": "2/60"}
    answers = [browser.get("/account/verify-email/x") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert int(answers[-1]["Retry-After"]) > 50


def test_a_reset_by_page_is_limited_for_its_address(person, browser, settings):
    settings.LIMITS = settings.LIMITS | {"reset_address": "2/60"}
    statuses = [submit(browser, "/account/password/reset", email=person.email).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_the_pages_need_no_others(person, browser, settings):
    """Where nothing but accounts is installed they look plain."""
    folders = [Path(app.__file__).parent / "templates" for app in (accounts, allauth)]
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": folders, "APP_DIRS": False}]
    assert "mailbox" in submit(browser, "/account/password/reset", email=person.email).content.decode()
    weak = submit(browser, link(), password="password123456")
    assert (weak.status_code, "Choose another password" in weak.content.decode()) == (400, True)
