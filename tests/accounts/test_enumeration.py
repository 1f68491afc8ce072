"""Nobody learns from an answer whether an address has an account."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import hashers

from accounts import pace, services
from outbox.models import Message
from tests.accounts.conftest import PASSWORD, ApiClient
from tests.accounts.test_admin import enter

WRONG = "not the passphrase at all"
FLOWS: dict[str, Callable[[ApiClient, str], Any]] = {
    "login": lambda api, email: api.auth("POST", "auth/login", {"email": email, "password": WRONG}),
    "signup": lambda api, email: api.auth(
        "POST", "auth/signup", {"email": email, "name": "Somebody", "password": PASSWORD}
    ),
    "reset": lambda api, email: api.auth("POST", "auth/password/request", {"email": email}),
}
VOLATILE = ("X-Request-ID", "Set-Cookie", "Content-Length", "Date", "Expires", "Traceparent", "Server-Timing")


@pytest.fixture
def hashes(monkeypatch) -> list[str]:
    """What the hasher has been asked for, in order."""
    made: list[str] = []
    original = hashers.MD5PasswordHasher.encode

    def encode(self, password, salt):
        made.append("hash")
        return original(self, password, salt)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", encode)
    return made


def shape(response) -> tuple:
    body = json.loads(response.content)
    if "session_token" in body.get("meta", {}):
        body["meta"]["session_token"] = "…"
    headers = {name: value for name, value in response.headers.items() if name not in VOLATILE}
    cookies = {
        name: {key: value for key, value in morsel.items() if key != "expires"}
        for name, morsel in response.cookies.items()
    }
    return response.status_code, body, headers, cookies


@pytest.mark.parametrize("kind", ["app", "browser"])
@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("state", ["verified", "unverified", "deactivated", "without password"])
def test_the_answer_and_the_number_of_hashes_are_the_same(person, hashes, kind, flow, state):
    if state == "unverified":
        person.emailaddress_set.update(verified=False)
    elif state == "deactivated":
        services.create_person(email="other@example.org", name="Other")
        services.deactivate(person=person)
    elif state == "without password":
        person.set_unusable_password()
        person.save()
    seen = []
    for email in (person.email, "nobody@example.org"):
        api = ApiClient(kind).begin()
        hashes.clear()
        seen.append((shape(FLOWS[flow](api, email)), len(hashes)))
    assert seen[0] == seen[1]
    assert seen[0][1] == (0 if flow == "reset" else 1)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_refusal_by_limit_is_the_same(person, settings, flow):
    settings.LIMITS = settings.LIMITS | {"login_account": "2/60", "reset_address": "2/60", "signup_source": "2/60"}
    answers = []
    for number, email in enumerate((person.email, "nobody@example.org")):
        api = ApiClient("app", address=f"192.0.2.{number}")
        for _ in range(3):
            response = FLOWS[flow](api, email)
        answers.append((response.status_code, response.json()["code"], response.json()["limit"]))
    assert answers[0] == answers[1]
    assert answers[0][0] == 429


def test_both_get_one_mail_when_they_sign_up_or_forget(person):
    for flow in ("signup", "reset"):
        for email in (person.email, "nobody@example.org"):
            FLOWS[flow](ApiClient("app"), email)
            message = Message.objects.order_by("-created_at").first()
            assert message.payload["to"] == email
    assert Message.objects.filter(topic="accounts.mail").count() == 4


def test_a_verification_key_of_nobody_answers_like_a_used_one(person):
    api = ApiClient("app")
    answers = [api.auth("POST", "auth/email/verify", {"key": key}) for key in ("x", "MQ:1abcde:" + "y" * 43, "Ω" * 20)]
    assert len({json.dumps(shape(answer)[:2]) for answer in answers}) == 1


@pytest.fixture
def clock(monkeypatch, settings):
    """A time in which every read costs 0.1 s and sleeping is free; what was slept."""
    settings.AUTH_ANSWER_SECONDS = 0.5
    slept: list[float] = []
    now = [0.0]

    def monotonic() -> float:
        now[0] += 0.1
        return now[0]

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))

    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=monotonic, sleep=sleep))
    return slept


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("email", ["ada@example.org", "nobody@example.org"])
def test_telling_answers_are_held_until_the_same_moment(person, clock, flow, email):
    FLOWS[flow](ApiClient("app"), email)
    assert clock == [0.4]


def test_the_admins_refusals_are_held_too(administrator, clock):
    for email in (administrator.email, "nobody@example.org"):
        enter(email, WRONG)
    assert clock == [0.4, 0.4]


def test_other_answers_are_not_held(person, clock):
    api = ApiClient("app")
    assert api.login(person.email).status_code == 200
    assert api.call("GET", "/api/v1/me").status_code == 200
    assert clock == []
