"""The ways in and out, over HTTP, for both kinds of client."""

import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from accounts import signals
from accounts.models import User
from outbox.models import Message
from tests.accounts.conftest import PASSWORD, ApiClient, delivered, link_key

SIGNUP = {"email": "Grace@Example.org", "name": "Grace Hopper", "password": PASSWORD}


def sign_up(api: ApiClient, **changes: str) -> str:
    """The verification key that arrived by mail."""
    response = api.begin().auth("POST", "auth/signup", SIGNUP | changes)
    assert response.status_code == 401, response.content  # signed up; not logged in before the address is verified
    assert {"id": "verify_email", "is_pending": True} in response.json()["data"]["flows"]
    return link_key(delivered()[-1].body)


def totp_now(secret: str) -> str:
    """The code of this moment; at the end of its half minute that of the next, or it would be over when it is read."""
    if (left := 30 - time.time() % 30) < 4:
        time.sleep(left)
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def enrol_totp(api: ApiClient) -> str:
    response = api.auth("GET", "account/authenticators/totp")
    assert response.status_code == 404, response.content
    secret = response.json()["meta"]["secret"]
    asked = api.auth("POST", "account/authenticators/totp", {"code": totp_now(secret)})
    assert asked.status_code == 401  # a sensitive step: who is at the keyboard proves it again
    assert asked.json()["data"]["flows"] == [{"id": "reauthenticate"}]
    assert api.auth("POST", "auth/reauthenticate", {"password": PASSWORD}).status_code == 200
    response = api.auth("POST", "account/authenticators/totp", {"code": totp_now(secret)})
    assert response.status_code == 200, response.content
    return secret


def test_sign_up_verify_log_in_and_out(api):
    key = sign_up(api)
    user = User.objects.get()
    assert (user.email, user.name, user.role) == ("grace@example.org", "Grace Hopper", "student")
    assert api.call("GET", "/api/v1/me").status_code == 401

    verified = api.auth("POST", "auth/email/verify", {"key": key})
    assert verified.status_code == 401, verified.content  # verified; a link by mail doesn't log in
    assert EmailAddress.objects.get(user=user).verified

    assert api.login("grace@example.org").status_code == 200
    me = api.call("GET", "/api/v1/me")
    assert me.status_code == 200
    assert me.json() == {
        "id": str(user.public_id),
        "email": "grace@example.org",
        "name": "Grace Hopper",
        "role": "student",
        "time_zone": "",
        "date_joined": me.json()["date_joined"],
        "mfa_enabled": False,
    }

    assert api.auth("DELETE", "auth/session").status_code == 401
    assert api.call("GET", "/api/v1/me").status_code == 401


def test_login_before_verification_is_pending_and_reaches_nothing(api):
    sign_up(api)
    response = api.login("grace@example.org")
    assert response.status_code == 401
    assert api.call("GET", "/api/v1/me").status_code == 401


def test_a_verification_link_works_once(app):
    key = sign_up(app)
    assert app.auth("POST", "auth/email/verify", {"key": key}).status_code == 401
    assert app.auth("POST", "auth/email/verify", {"key": key}).status_code == 400


def test_the_welcome_is_sent_once_after_verification(app):
    key = sign_up(app)
    assert [m.subject for m in delivered()] == ["[LMS] Please Confirm Your Email Address"]
    app.auth("POST", "auth/email/verify", {"key": key})
    user = User.objects.get()
    address = EmailAddress.objects.get(user=user)
    mails = delivered()
    assert [m.subject for m in mails[1:]] == ["Welcome to the LMS"]
    assert mails[1].to == ["grace@example.org"]
    assert "Grace Hopper" in mails[1].body
    address.verified = False
    address.save()
    from accounts import mail

    assert mail.publish_welcome(user) is False
    assert len(delivered()) == 2


def test_mail_waits_in_the_outbox_and_leaves_no_link_behind(app):
    from django.core import mail as django_mail

    app.auth("POST", "auth/signup", SIGNUP)
    message = Message.objects.get(topic="accounts.mail")
    assert django_mail.outbox == []
    assert "verify-email" in message.payload["text"]
    delivered()
    message.refresh_from_db()
    assert message.payload == {}
    assert [m.extra_headers["Message-ID"] for m in django_mail.outbox] == [f"<{message.key}@localhost>"]


def test_password_reset(api, person):
    assert api.begin().auth("POST", "auth/password/request", {"email": person.email}).status_code == 200
    key = link_key(delivered()[-1].body)
    assert api.auth("GET", "auth/password/reset", **{"X-Password-Reset-Key": key}).status_code == 200
    new = "another long passphrase"
    answer = api.auth("POST", "auth/password/reset", {"key": key, "password": new})
    assert answer.status_code == 401, answer.content  # changed; the link doesn't log in
    again = api.auth("POST", "auth/password/reset", {"key": key, "password": "a third long passphrase"})
    assert again.status_code == 400
    assert ApiClient(api.kind).login(person.email).status_code == 400
    assert ApiClient(api.kind).login(person.email, new).status_code == 200


def test_wrong_password_is_refused(api, person):
    response = api.login(person.email, "not the password")
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "email_password_mismatch"
    assert api.call("GET", "/api/v1/me").status_code == 401


def test_a_browser_needs_its_csrf_token(person):
    browser = ApiClient("browser")
    response = browser.auth("POST", "auth/login", {"email": person.email, "password": PASSWORD})
    assert response.status_code == 403
    assert browser.login(person.email).status_code == 200
    assert browser.call("PATCH", "/api/v1/me", {"name": "Ada L."}).status_code == 200
    unsigned = browser.http.patch("/api/v1/me", {"name": "Eve"}, content_type="application/json")
    assert unsigned.status_code == 403
    person.refresh_from_db()
    assert person.name == "Ada L."


def test_the_email_is_the_same_in_any_case(app, person):
    assert app.login("ADA@Example.ORG").status_code == 200
    other = ApiClient("app")
    answer = other.auth("POST", "auth/signup", SIGNUP | {"email": "ADA@EXAMPLE.org"})
    assert answer.status_code == 401
    assert User.objects.count() == 1
    assert "already exists" in delivered()[-1].body.lower() or "already" in delivered()[-1].subject.lower()


@pytest.mark.parametrize(
    "name",
    ["Ἀριστοτέλης", "李小龍", "محمد", "Zoë 🦊", "O'Brien-Łukasiewicz", "नीलम", "ᚱᚢᚾᚨ"],
    ids=lambda n: n.encode().hex()[:8],
)
def test_names_of_every_script_are_kept(app, name):
    sign_up(app, name=f"  {name} ")
    assert User.objects.get().name == name


@pytest.mark.parametrize("name", ["", "   ", "x" * 151, "a\x00b", "a\x1b[31mb", "\ud800"], ids=range(6))
def test_unusable_names_are_refused_without_an_account(app, name):
    response = app.auth("POST", "auth/signup", SIGNUP | {"name": name})
    assert response.status_code == 400
    assert User.objects.count() == 0


@pytest.mark.parametrize(
    "change",
    [
        {"email": "no address"},
        {"email": "a@b\ud800.org"},
        {"email": None},
        {"email": {"a": 1}},
        {"password": "short"},
        {"password": "1234567890123"},
        {"password": "\ud800" * 12},
        {"password": ["x"]},
        {"name": 5.5e300},
    ],
    ids=range(9),
)
def test_bad_sign_ups_are_client_errors(app, change):
    response = app.auth("POST", "auth/signup", SIGNUP | change)
    assert 400 <= response.status_code < 500, response.content
    assert response.status_code == 401 or User.objects.count() == 0


def test_the_session_is_listed_and_can_be_ended(api, person):
    api.login(person.email)
    other = ApiClient("app", address="192.0.2.44")
    other.login(person.email)
    sessions = api.auth("GET", "auth/sessions").json()["data"]
    assert sorted(s["ip"] for s in sessions) == ["192.0.2.1", "192.0.2.44"]
    foreign = next(s["id"] for s in sessions if not s["is_current"])
    api.auth("DELETE", "auth/sessions", {"sessions": [foreign]})
    assert other.call("GET", "/api/v1/me").status_code == 401
    assert api.call("GET", "/api/v1/me").status_code == 200


def test_totp_is_asked_for_at_the_next_login(api, person):
    api.login(person.email)
    secret = enrol_totp(api)
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored
    assert api.call("GET", "/api/v1/me").json()["mfa_enabled"] is True

    fresh = ApiClient(api.kind)
    response = fresh.login(person.email)
    assert response.status_code == 401
    assert {"id": "mfa_authenticate", "is_pending": True, "types": ["recovery_codes", "totp"]} in [
        flow | {"types": sorted(flow.get("types", []))} for flow in response.json()["data"]["flows"]
    ]
    assert fresh.call("GET", "/api/v1/me").status_code == 401
    assert fresh.auth("POST", "auth/2fa/authenticate", {"code": "000000"}).status_code == 400
    assert fresh.auth("POST", "auth/2fa/authenticate", {"code": totp_now(secret)}).status_code == 200
    assert fresh.call("GET", "/api/v1/me").status_code == 200

    replay = ApiClient(api.kind)
    replay.login(person.email)
    assert replay.auth("POST", "auth/2fa/authenticate", {"code": totp_now(secret)}).status_code == 400


def test_a_recovery_code_works_once(api, person):
    api.login(person.email)
    enrol_totp(api)
    codes = api.auth("GET", "account/authenticators/recovery-codes").json()["data"]["unused_codes"]
    assert len(set(codes)) == 10
    answers = []
    for _ in range(2):
        fresh = ApiClient(api.kind)
        fresh.login(person.email)
        answers.append(fresh.auth("POST", "auth/2fa/authenticate", {"code": codes[0]}).status_code)
    assert answers == [200, 400]


def test_public_ids_only(api, person):
    api.login(person.email)
    user = api.auth("GET", "auth/session").json()["data"]["user"]
    assert user == {
        "id": str(person.public_id),
        "display": "Ada",
        "email": "ada@example.org",
        "role": "student",
        "has_usable_password": True,
    }


def test_an_ended_token_is_told_apart_from_none(person):
    client = ApiClient("app")
    client.token = "x" * 32
    response = client.call("GET", "/api/v1/me")
    assert response.status_code == 401
    assert response.json()["code"] == "session_ended"
    assert response["WWW-Authenticate"] == 'X-Session-Token realm="api"'


def test_without_credentials_the_answer_is_401_with_a_challenge(app):
    response = app.call("GET", "/api/v1/me")
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response["WWW-Authenticate"] == 'X-Session-Token realm="api"'
    assert response.json()["code"] == "not_authenticated"


def test_what_happened_is_announced(app, person, django_capture_on_commit_callbacks):
    heard: list[str] = []
    for name in ("logged_in", "login_failed", "password_changed"):
        getattr(signals, name).connect(
            lambda sender, n=name, **kw: heard.append(n), weak=False, dispatch_uid=f"t.{name}"
        )
    try:
        with django_capture_on_commit_callbacks(execute=True):
            app.login(person.email, "wrong password here")
            app.login(person.email)
    finally:
        for name in ("logged_in", "login_failed", "password_changed"):
            getattr(signals, name).disconnect(dispatch_uid=f"t.{name}")
    assert heard == ["login_failed", "logged_in"]
