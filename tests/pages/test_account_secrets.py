"""The account pages beside the API: nobody learns who has an account; counters and security events are the same."""

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as django_settings
from django.test import Client

from accounts import services, signals
from accounts.models import User
from outbox.models import Message
from tests.accounts.test_enumeration import VOLATILE, clock, hashes  # noqa: F401  fixtures
from tests.accounts.test_flows import totp_now
from tests.accounts.test_passkeys import Passkey
from tests.accounts.test_security_events import events
from tests.pages.test_account import NEW, PASSWORD, log_in, prove, sign_up

pytestmark = pytest.mark.usefixtures("fast_login")
observed = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not django_settings.OBSERVABILITY_ENABLED, reason="observability is off"),
]
FLOWS: dict[str, Callable[[Client, str], Any]] = {
    "signup": lambda client, email: sign_up(client, email),
    "verify": lambda client, email: client.post("/account/verify-again", {"email": email}),
    "reset": lambda client, email: client.post("/account/password/reset", {"email": email}),
    "login": lambda client, email: client.post("/account/login", {"username": email, "password": "wrong"}),
}
HASHES = {"signup": 1, "verify": 0, "reset": 0, "login": 1}


def shape(answer, email: str) -> tuple:
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.text).replace(email, "…")
    headers = {name: value for name, value in answer.headers.items() if name not in VOLATILE}
    cookies = {name: {k: v for k, v in morsel.items() if k != "expires"} for name, morsel in answer.cookies.items()}
    return answer.status_code, body, headers, cookies


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("state", ["verified", "unverified", "deactivated", "without password"])
def test_the_page_and_the_number_of_hashes_are_the_same(person, hashes, flow, state):  # noqa: F811
    if state == "unverified":
        person.emailaddress_set.update(verified=False)
    elif state == "deactivated":
        services.deactivate(person=person)
    elif state == "without password":
        person.set_unusable_password()
        person.save()
    seen = []
    for email in (person.email, "nobody@example.org"):
        hashes.clear()
        seen.append((shape(FLOWS[flow](Client(), email), email), len(hashes)))
    assert seen[0] == seen[1]
    assert seen[0][1] == HASHES[flow]


@pytest.mark.parametrize("flow", ["signup", "verify", "reset"])
def test_each_address_gets_one_mail(person, flow):
    for email in (person.email, "nobody@example.org"):
        FLOWS[flow](Client(), email)
        assert [message.payload["to"] for message in Message.objects.filter(payload__to=email)] == [email]


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("email", ["ada@example.org", "nobody@example.org"])
def test_telling_pages_are_held_until_the_same_moment(person, clock, flow, email):  # noqa: F811
    FLOWS[flow](Client(), email)
    assert clock == [0.4]


def api(client: Client, path: str, **body: Any):
    return client.post(f"/api/v1/auth/browser/v1/{path}", body, content_type="application/json")


def test_sign_ups_by_page_and_api_are_one_allowance(db, client, settings):
    settings.LIMITS = settings.LIMITS | {"signup_source": "3/60"}
    assert sign_up(client).status_code == 200
    assert api(client, "auth/signup", email="b@example.org", name="B", password=NEW).status_code == 401
    assert client.post("/account/verify-again", {"email": "c@example.org"}).status_code == 200
    refused = sign_up(client, "d@example.org")
    assert (refused.status_code, "Retry-After" in refused.headers) == (429, True)
    assert User.objects.count() == 2


def test_guesses_at_a_password_by_page_and_api_are_one_allowance(person, settings):
    settings.LIMITS = settings.LIMITS | {"password_change": "2/60"}
    member = log_in(person)
    change = {"current_password": "wrong", "new_password": NEW}
    assert member.post("/account/password", change).status_code == 400
    assert api(member, "account/password/change", **change).status_code == 400
    assert member.post("/account/password", change).status_code == 429


def test_a_sign_up_at_the_same_moment_is_answered_as_if_the_account_had_been_there(person, client, monkeypatch):
    """What the second of two sees: the address was free when the form was checked."""
    from allauth.account.internal.flows import manage_email

    monkeypatch.setattr(manage_email, "assess_unique_email", lambda *arguments, **options: True)
    answer = sign_up(client, person.email)
    assert (answer.status_code, "Look into your mailbox" in answer.text) == (200, True)
    assert User.objects.count() == 1


class Heard:
    def __init__(self) -> None:
        self.names: list[str] = []
        for name in ("user_signed_up", "email_verified", "logged_in", "logged_out"):
            signal = getattr(signals, name)
            signal.connect(self.listener(name), weak=False, dispatch_uid=f"heard.{name}")

    def listener(self, name: str) -> Callable[..., None]:
        return lambda sender, **facts: self.names.append(name)

    def stop(self) -> None:
        for name in ("user_signed_up", "email_verified", "logged_in", "logged_out"):
            getattr(signals, name).disconnect(dispatch_uid=f"heard.{name}")


@pytest.mark.django_db(transaction=True)
def test_each_thing_is_said_once(client):
    from tests.pages.test_account import LINK, delivered

    heard = Heard()
    try:
        sign_up(client)
        sign_up(client)
        client.post(LINK.search(delivered()[-2].body).group(1))
        client.post("/account/login", {"username": "grace@example.org", "password": NEW})
        client.post("/logout")
    finally:
        heard.stop()
    assert heard.names == ["user_signed_up", "email_verified", "logged_in", "logged_out"]


class TestEvents:
    pytestmark = observed

    def test_a_factor_a_password_and_a_wrong_confirmation(self, person):
        member = log_in(person)
        with events():
            member.get("/account/two-factor/app")
        with events(login_failed=1):
            member.post("/account/confirm", {"password": "wrong"})
        with events():
            prove(member)
            page = member.get("/account/two-factor/app").text
            member.post("/account/two-factor/app", {"code": "000000"})
        secret = re.search(r'id="secret">(\w+)<', page).group(1)
        with events(mfa_enabled=1):
            assert member.post("/account/two-factor/app", {"code": totp_now(secret)}).status_code == 200
        with events(mfa_disabled=1):
            member.post("/account/two-factor/app/remove")
        with events(password_changed=1):
            member.post("/account/password", {"current_password": PASSWORD, "new_password": NEW})

    def test_a_passkey_right_and_wrong(self, person, settings):
        settings.LIMITS = settings.LIMITS | {"login_source": "1/60"}
        passkey = enrol(log_in(person))
        stranger = Passkey()
        stranger.user_handle = passkey.user_handle
        with events(login_succeeded=1):
            assert use(Client(), passkey).status_code == 302
        with events(login_failed=1):
            assert use(Client(), stranger).status_code == 400
        with events(lockout=1):
            assert use(Client(), passkey).status_code == 429

    def test_a_refusal_by_limit(self, settings, client):
        settings.LIMITS = settings.LIMITS | {"signup_source": "1/60"}
        sign_up(client)
        with events(throttled=1):
            assert sign_up(client, "b@example.org").status_code == 429


def options(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="passkey-options" type="application/json">(.*?)</script>', page)
    return {"publicKey": json.loads(found.group(1))}


def enrol(member: Client) -> Passkey:
    prove(member)
    passkey = Passkey()
    asked = options(member.get("/account/passkeys/add").text)
    sent = {"name": "Laptop", "passwordless": "on", "credential": json.dumps(passkey.create(asked))}
    answer = member.post("/account/passkeys/add", sent)
    assert answer.status_code == 200, answer.text
    assert len(re.findall(r"<li><code>\d+</code>", answer.text)) == 10
    return passkey


def use(client: Client, passkey: Passkey, **fields: str):
    credential = json.dumps(passkey.sign(options(client.get("/account/login/passkey").text)))
    return client.post("/account/login/passkey", {"credential": credential, **fields})


def test_a_passkey_is_added_renamed_used_and_removed(person):
    member = log_in(person)
    passkey = enrol(member)
    number = Authenticator.objects.get(type="webauthn").pk
    assert member.post(f"/account/passkeys/{number}/rename", {"name": "Phone <b>"}).status_code == 302
    assert "Phone <b>" in unescape(member.get("/account/two-factor").text)
    assert member.post(f"/account/passkeys/{number}/rename", {"name": ""}).status_code == 422
    other = Client()
    assert use(other, passkey, next="/progress")["Location"] == "/progress"
    assert other.get("/progress").status_code == 200
    assert "This one" in other.get("/account/sessions").text
    assert member.post(f"/account/passkeys/{number}/remove").status_code == 302
    assert use(Client(), passkey).status_code == 400
    assert Authenticator.objects.count() == 0


def test_a_passkey_of_a_deactivated_or_unverified_person_opens_nothing(person):
    passkey = enrol(log_in(person))
    person.emailaddress_set.update(verified=False)
    assert use(Client(), passkey).status_code == 400
    person.emailaddress_set.update(verified=True)
    services.deactivate(person=person)
    client = Client()
    assert use(client, passkey).status_code == 400
    assert client.get("/progress").status_code == 302


DAMAGED = ["", "null", "[]", "7", '"x"', '{"id": "x"}', "{", '{"response": {"userHandle": 7}}', '{"rawId": null}']


@pytest.mark.parametrize("text", DAMAGED)
def test_damaged_credentials_are_refused(person, text):
    client = Client()
    client.get("/account/login/passkey")
    assert client.post("/account/login/passkey", {"credential": text}).status_code == 400
    member = log_in(person)
    prove(member)
    member.get("/account/passkeys/add")
    assert member.post("/account/passkeys/add", {"credential": text, "passwordless": "on"}).status_code == 400
    assert Authenticator.objects.count() == 0


@pytest.mark.parametrize("way", ["page", "api"])
def test_a_passkey_with_characters_that_cannot_be_stored_is_refused(person, way):
    member = log_in(person)
    prove(member)
    credential = Passkey().create(options(member.get("/account/passkeys/add").text)) | {"x": "\x00"}
    if way == "page":
        sent = {"credential": json.dumps(credential), "passwordless": "on"}
        assert member.post("/account/passkeys/add", sent).status_code == 422
    else:
        assert api(member, "account/authenticators/webauthn", name="x", credential=credential).status_code == 400
    assert Authenticator.objects.count() == 0
    assert member.get("/account").status_code == 200
