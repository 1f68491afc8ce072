"""What a session may do, and when it ends."""

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import services, session_list
from tests.accounts.conftest import PASSWORD, ApiClient, delivered, link_key
from tests.accounts.test_admin import enter
from tests.accounts.test_flows import enrol_totp, totp_now
from tests.accounts.test_limits import SECRET

NEW = "charlemagne fills the kettle"
PRIVATE = [
    ("GET", "account/authenticators"),
    ("GET", "account/authenticators/totp"),
    ("POST", "account/authenticators/totp"),
    ("DELETE", "account/authenticators/totp"),
    ("GET", "account/authenticators/recovery-codes"),
    ("POST", "account/authenticators/recovery-codes"),
    ("GET", "account/authenticators/webauthn"),
    ("POST", "account/authenticators/webauthn"),
    ("DELETE", "account/authenticators/webauthn"),
    ("GET", "account/email"),
    ("POST", "account/email"),
    ("PATCH", "account/email"),
    ("DELETE", "account/email"),
    ("POST", "account/password/change"),
    ("POST", "auth/reauthenticate"),
    ("POST", "auth/2fa/reauthenticate"),
    ("GET", "auth/sessions"),
    ("DELETE", "auth/sessions"),
]


def session_of(user, kind: str = "app", password: str = PASSWORD) -> ApiClient:
    client = ApiClient(kind)
    assert client.login(user.email, password).status_code == 200
    return client


def is_in(client: ApiClient) -> bool:
    return client.call("GET", "/api/v1/me").status_code == 200


@pytest.mark.parametrize(("method", "path"), PRIVATE, ids=lambda value: value.replace("/", "-"))
def test_before_the_second_factor_nothing_else_is_reached(administrator, api, method, path):
    TOTP.activate(administrator, SECRET)
    RecoveryCodes.activate(administrator)
    assert api.login(administrator.email).status_code == 401
    answer = api.auth(method, path, {} if method != "GET" else None)
    assert answer.status_code in (401, 409), answer.content
    assert "data" not in answer.json() or set(answer.json()["data"]) == {"flows"}
    assert administrator.authenticator_set.count() == 2
    assert not is_in(api)
    assert api.call("GET", "/api/v1/people").status_code == 401
    assert api.http.get("/admin/").status_code == 302


def test_a_new_password_ends_the_other_sessions(api, person):
    api.login(person.email)
    other, browser = session_of(person), session_of(person, "browser")
    change = {"current_password": PASSWORD, "new_password": NEW}
    assert api.auth("POST", "account/password/change", change).status_code == 200
    assert [is_in(client) for client in (api, other, browser)] == [True, False, False]
    assert "changed" in delivered()[-1].body


def test_a_reset_ends_every_session(api, person):
    api.login(person.email)
    stranger = ApiClient(api.kind).begin()
    stranger.auth("POST", "auth/password/request", {"email": person.email})
    key = link_key(delivered()[-1].body)
    assert stranger.auth("POST", "auth/password/reset", {"key": key, "password": NEW}).status_code == 401
    assert not is_in(api)


def test_a_help_desk_password_ends_every_session(administrator, person):
    theirs = session_of(person)
    site, _ = enter(administrator.email)
    form = {"password1": NEW, "password2": NEW, "usable_password": "true", "set-password": "1"}
    assert site.post(f"/admin/accounts/user/{person.pk}/password/", form).status_code == 302
    assert not is_in(theirs)


def test_logging_out_everywhere(person):
    clients = [session_of(person), session_of(person, "browser")]
    services.end_sessions(person=person)
    assert [is_in(client) for client in clients] == [False, False]


def test_logging_out_ends_one_session(api, person):
    other = session_of(person)
    api.login(person.email)
    api.auth("DELETE", "auth/session")
    assert (is_in(api), is_in(other)) == (False, True)


def test_a_session_from_before_the_login_is_of_no_use_after_it(person):
    """A browser can be made to log in under a session that somebody else knows."""
    thief, victim = ApiClient("browser"), ApiClient("browser")
    thief.begin().auth("POST", "auth/signup", {"email": "t@example.org", "name": "T", "password": NEW})
    planted = thief.http.cookies["sessionid"].value
    victim.http.cookies["sessionid"] = planted
    assert victim.login(person.email).status_code == 200
    assert victim.http.cookies["sessionid"].value != planted
    assert not is_in(thief)


def test_nobody_sees_or_ends_the_sessions_of_others(person, instructor):
    mine, theirs = session_of(person), session_of(instructor)
    foreign = theirs.auth("GET", "auth/sessions").json()["data"][0]["id"]
    assert [s["id"] for s in mine.auth("GET", "auth/sessions").json()["data"]] != [foreign]
    mine.auth("DELETE", "auth/sessions", {"sessions": [foreign]})
    assert is_in(theirs)


def test_the_database_keeps_no_readable_session(person):
    client = session_of(person)
    stored = Session.objects.get(session_key=client.token)
    assert person.email not in stored.session_data


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "account/email", {"email": "new@example.org"}),
        ("DELETE", "account/authenticators/totp", {}),
        ("GET", "account/authenticators/recovery-codes", None),
        ("POST", "account/authenticators/recovery-codes", {}),
    ],
)
def test_sensitive_steps_ask_again_who_is_there(person, app, method, path, body):
    if path != "account/email":  # with a second factor it can't be changed at all
        TOTP.activate(person, SECRET)
        RecoveryCodes.activate(person)
    if app.login(person.email).status_code == 401:
        assert app.auth("POST", "auth/2fa/authenticate", {"code": totp_now(SECRET)}).status_code == 200
    answer = app.auth(method, path, body)
    assert answer.status_code == 401
    assert "reauthenticate" in [flow["id"] for flow in answer.json()["data"]["flows"]]


def test_staff_can_be_made_to_use_a_second_factor(api, instructor, person, settings):
    settings.STAFF_MFA_REQUIRED = True
    api.login(instructor.email)
    refused = api.call("GET", "/api/v1/me")
    assert (refused.status_code, refused.json()["code"]) == (403, "mfa_required")
    enrol_totp(api)
    assert is_in(api)
    assert is_in(session_of(person))


def test_the_admin_can_be_made_to_ask_for_a_second_factor(administrator, settings):
    inside, _ = enter(administrator.email)
    settings.STAFF_MFA_REQUIRED = True
    assert inside.get("/admin/").status_code == 302
    assert enter(administrator.email)[1].status_code == 200
    TOTP.activate(administrator, SECRET)
    client, response = enter(administrator.email, code=totp_now(SECRET))
    assert response.status_code == 302
    assert client.get("/admin/").status_code == 200


def test_a_login_costs_the_same_however_many_sessions_there_are(person):
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            session_of(person)
        return len(found)

    queries()
    few = queries()
    for _ in range(15):
        session_of(person)
    assert queries() == few


def test_of_too_many_sessions_the_oldest_end(person, instructor, monkeypatch):
    monkeypatch.setattr(session_list, "MOST_SESSIONS", 3)
    other = session_of(instructor)
    clients = [session_of(person) for _ in range(5)]
    assert [is_in(client) for client in clients] == [False, False, True, True, True]
    assert len(clients[-1].auth("GET", "auth/sessions").json()["data"]) == 3
    assert is_in(other)


def test_what_has_ended_leaves_the_list_at_the_next_login(person):
    session_of(person)
    Session.objects.filter(session_key=session_of(person).token).update(expire_date=timezone.now())
    Session.objects.filter(session_key=session_of(person).token).delete()
    latest = session_of(person)
    assert UserSession.objects.filter(user=person).count() == 2
    assert is_in(latest)


def test_logins_at_the_admin_are_listed_and_bounded_too(administrator, monkeypatch):
    monkeypatch.setattr(session_list, "MOST_SESSIONS", 2)
    sites = [enter(administrator.email)[0] for _ in range(3)]
    assert [site.get("/admin/").status_code for site in sites] == [302, 200, 200]
    assert UserSession.objects.filter(user=administrator).count() == 2
