"""Every way to show a secret is limited, exactly, by source: 10 of 100 parallel calls pass. A new way needs its row."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.auth_limits import READS
from accounts.auth_views import PHONE
from tests.accounts.conftest import PASSWORD
from tests.accounts.parallel import APP, at_once, csrf, login, send_form
from tests.system import Answer

NEW = "charlemagne fills seven kettles"
# Which sessions the calls are made with.
NOBODY, PENDING, WITH_FACTOR, MEMBERS = "nobody", "before the second factor", "logged in with it", "three people"


@dataclass(frozen=True)
class Way:
    body: Callable[[int], dict[str, Any]] = lambda number: {}
    who: str = NOBODY
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)


FORGED = {"id": "eA", "rawId": "eA", "type": "public-key", "clientExtensionResults": {}}
FORGED["response"] = {"clientDataJSON": "e30", "authenticatorData": "eA", "signature": "eA", "userHandle": "MQ"}
CODE, SIGNATURE = {"code": "000000"}, {"credential": FORGED}
# By the endpoint's name without the kind of client.
WAYS: dict[str, Way] = {
    "POST account:login": Way(lambda n: {"email": f"new{n}@example.org", "password": "wrong"}),
    "POST account:signup": Way(lambda n: {"email": f"way{n}@example.org", "name": "New", "password": NEW}),
    "POST account:request_password_reset": Way(lambda n: {"email": f"way{n}@example.org"}),
    "POST account:reset_password": Way(lambda n: {"key": f"{n}-x", "password": NEW}),
    "GET account:reset_password": Way(method="GET", headers={"X_Password_Reset_Key": "1-x"}),
    "POST account:verify_email": Way(lambda n: {"key": f"made:up:{n}"}),
    "GET account:verify_email": Way(method="GET", headers={"X_Email_Verification_Key": "made:up:key"}),
    "POST account:resend_email_verification_code": Way(),
    "POST account:confirm_login_code": Way(lambda n: CODE),
    "POST account:reauthenticate": Way(lambda n: {"password": "wrong"}, MEMBERS),
    "POST account:change_password": Way(lambda n: {"current_password": f"{n}", "new_password": NEW}, WITH_FACTOR),
    "POST account:manage_email": Way(lambda n: {"email": f"way{n}@example.org"}, WITH_FACTOR),
    "PUT account:manage_email": Way(lambda n: {"email": "x@example.org"}, WITH_FACTOR, "PUT"),
    "PATCH account:manage_email": Way(lambda n: {"email": "x@example.org"}, WITH_FACTOR, "PATCH"),
    "DELETE account:manage_email": Way(lambda n: {"email": "x@example.org"}, WITH_FACTOR, "DELETE"),
    "DELETE account:current_session": Way(method="DELETE"),
    "DELETE usersessions:sessions": Way(lambda n: {"sessions": [n]}, WITH_FACTOR, "DELETE"),
    "POST tokens:refresh": Way(lambda n: {"refresh_token": f"{n}"}),
    "POST mfa:authenticate": Way(lambda n: CODE, PENDING),
    "POST mfa:reauthenticate": Way(lambda n: CODE, WITH_FACTOR),
    "POST mfa:login_webauthn": Way(lambda n: SIGNATURE),
    "POST mfa:authenticate_webauthn": Way(lambda n: SIGNATURE, PENDING),
    "POST mfa:reauthenticate_webauthn": Way(lambda n: SIGNATURE, WITH_FACTOR),
    "POST mfa:manage_totp": Way(lambda n: CODE, MEMBERS),
    "DELETE mfa:manage_totp": Way(who=MEMBERS, method="DELETE"),
    "POST mfa:manage_recovery_codes": Way(who=MEMBERS),
    "POST mfa:manage_webauthn": Way(lambda n: SIGNATURE, MEMBERS),
    "PUT mfa:manage_webauthn": Way(lambda n: {"id": n, "name": "x"}, MEMBERS, "PUT"),
    "DELETE mfa:manage_webauthn": Way(lambda n: {"authenticators": [n]}, MEMBERS, "DELETE"),
}
# Where the members log in, so that their own guesses there are counted apart from what strangers have used up.
HOME = "198.19.0.1"


@dataclass(frozen=True)
class Form:
    path: str
    fields: Callable[[int], dict[str, str]] = lambda number: {}
    who: str = NOBODY
    method: str = "POST"
    source: str = ""


ONE_MEMBER = "one of them"
SIGNED = {"credential": json.dumps(FORGED)}
# Pages of forms, with what they are sent, and two that show what is nobody else's.
FORMS: dict[str, Form] = {
    "admin:login": Form("/admin/login/", lambda n: {"username": f"page{n}@example.org", "password": "wrong"}),
    "pages:login": Form("/account/login", lambda n: {"username": f"form{n}@example.org", "password": "wrong"}),
    "pages:login-passkey": Form("/account/login/passkey", lambda n: SIGNED),
    "pages:signup": Form(
        "/account/signup", lambda n: {"email": f"form{n}@example.org", "name": "New", "password": NEW}
    ),
    "pages:verify-again": Form("/account/verify-again", lambda n: {"email": f"form{n}@example.org"}),
    "pages:confirm": Form("/account/confirm", lambda n: {"password": "wrong"}, MEMBERS, source=HOME),
    "pages:password": Form(
        "/account/password", lambda n: {"current_password": f"{n}", "new_password": NEW}, ONE_MEMBER
    ),
    "pages:email": Form("/account/email", lambda n: {"email": f"form{n}@example.org"}, MEMBERS),
    "pages:two-factor": Form("/account/two-factor", who=MEMBERS, method="GET"),
    "pages:app": Form("/account/two-factor/app", lambda n: CODE, MEMBERS),
    "pages:app-remove": Form("/account/two-factor/app/remove", who=MEMBERS),
    "pages:new-codes": Form("/account/two-factor/codes", who=MEMBERS),
    "pages:passkey-add": Form("/account/passkeys/add", lambda n: SIGNED, MEMBERS),
    "pages:passkey-rename": Form("/account/passkeys/1/rename", lambda n: {"name": "x"}, MEMBERS),
    "pages:passkey-remove": Form("/account/passkeys/1/remove", who=MEMBERS),
    "pages:sessions": Form("/account/sessions", who=MEMBERS, method="GET"),
    "pages:session-end": Form("/account/sessions/999999999/end", who=MEMBERS),
    "pages:sessions-end-others": Form("/account/sessions/end-others", who=MEMBERS),
    "page-ask-for-reset": Form("/account/password/reset", lambda n: {"email": f"page{n}@example.org"}),
    "page-reset-password": Form("/account/password/reset/key/1-x", lambda n: {"password": NEW}),
    "page-verify-email": Form("/account/verify-email/made:up:key"),
}
# Shown with any request to the API.
HEADERS = {
    "accounts.authentication.SessionTokenAuthentication": {"X_Session_Token": "x" * 32},
    "accounts.service_tokens.ServiceTokenAuthentication": {"Authorization": "Bearer lmst_x"},
}


def patterns(resolver: Any, prefix: str = "", names: tuple[str, ...] = ()) -> list[tuple[str, str, Any]]:
    """Path, name with its namespaces, and view of every URL."""
    found: list[tuple[str, str, Any]] = []
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += patterns(pattern, path, (*names, pattern.namespace) if pattern.namespace else names)
        elif isinstance(pattern, URLPattern):
            found.append((path, ":".join((*names, pattern.name or "")), pattern.callback))
    return found


def offered(kind: str) -> dict[str, str]:
    """Path by method and name of allauth's endpoints that take or show something; those of no telephone left out."""
    found: dict[str, str] = {}
    for path, name, view in patterns(get_resolver()):
        start = f"api/v1/auth/{kind}/v1/"
        if not path.startswith(start) or path.removeprefix(start) in PHONE:
            continue
        endpoint = name.removeprefix(f"headless:{kind}:").removeprefix("auth:").removesuffix(f".{kind}")
        endpoint = endpoint.replace(".", ":")
        for method in ("POST", "PUT", "PATCH", "DELETE", *(["GET"] if endpoint in READS else [])):
            if hasattr(view.view_class, method.lower()):
                found.setdefault(f"{method} {endpoint}", "/" + path)
    return found


def test_every_endpoint_of_accounts_has_a_row():
    assert sorted(offered("app")) == sorted(WAYS)
    assert sorted(set(offered("browser")) - set(WAYS)) == []


def test_every_page_that_takes_a_secret_has_a_row():
    pages = {name for path, name, _ in patterns(get_resolver()) if path.startswith(("account/", "admin/login"))}
    assert pages == set(FORMS)


def test_every_credential_of_the_api_has_a_row():
    """Cookies are sessions too, and a browser sends old ones without being asked: they are nobody's, not a guess."""
    cookies = "accounts.authentication.CookieAuthentication"
    assert set(settings.REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"]) == {*HEADERS, cookies}
    views = {getattr(view, "cls", None) for _, _, view in patterns(get_resolver())} - {None}
    ours = [view for view in views if not view.__module__.startswith(("drf_spectacular", "observability"))]
    used = {f"{kind.__module__}.{kind.__name__}" for view in ours for kind in view.authentication_classes}
    assert used <= {*HEADERS, cookies}


def tens(answers: list[Answer]) -> tuple[int, int, list[int]]:
    """How many passed, how many were refused by a limit, and what was a server error."""
    refused = [answer for answer in answers if answer.status == 429]
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    return len(answers) - len(refused), len(refused), [a.status for a in answers if a.status >= 500]


@pytest.fixture(scope="module")
def sessions(four_workers) -> dict[str, list[str]]:
    """Tokens by who: they log in from a source of their own."""

    def token(email: str, expected: int) -> str:
        answer = login(four_workers, email, PASSWORD, HOME)
        assert answer.status == expected, answer.text
        return answer.json["meta"]["session_token"]

    found = {
        NOBODY: [],
        PENDING: [token("grace@example.org", 401)],
        MEMBERS: [token(f"{name}@example.org", 200) for name in ("alan", "donald", "radia")],
    }
    code = {"code": four_workers.recovery_codes[1]}
    logged_in = four_workers.post(
        APP + "auth/2fa/authenticate",
        code,
        X_Session_Token=token("grace@example.org", 401),
        X_Forwarded_For=HOME,
    )
    assert logged_in.status == 200, logged_in.text
    return found | {WITH_FACTOR: [logged_in.json["meta"]["session_token"]]}


processes = pytest.mark.processes
patient = pytest.mark.timeout(300)  # the start of four workers on a busy machine


@processes
@patient
@pytest.mark.parametrize("name", sorted(WAYS))
def test_of_100_parallel_calls_from_one_source_ten_pass(four_workers, sessions, name):
    way, path = WAYS[name], offered("app")[name]
    source = f"198.18.0.{sorted(WAYS).index(name) + 1}"

    def call(number: int) -> Answer:
        headers = {"X_Forwarded_For": source, **way.headers}
        if sessions[way.who]:
            headers["X_Session_Token"] = sessions[way.who][number % len(sessions[way.who])]
        return four_workers.request(way.method, path, way.body(number), **headers)

    assert tens(at_once(100, call)) == (10, 90, [])


@pytest.fixture(scope="module")
def cookies(four_workers) -> dict[str, list[str]]:
    """Session cookies by who."""
    token = csrf(four_workers, "/account/login")

    def cookie(name: str) -> str:
        fields = {"username": f"{name}@example.org", "password": PASSWORD}
        entered = send_form(four_workers, "/account/login", fields, HOME, token)
        assert entered.status == 302, entered.text
        return re.search(r"sessionid=\w+", str(entered.headers)).group()

    members = [cookie(name) for name in ("alan", "donald", "radia")]
    return {NOBODY: [""], MEMBERS: members, ONE_MEMBER: members[:1]}


@processes
@patient
@pytest.mark.parametrize("name", sorted(FORMS))
def test_of_100_parallel_forms_from_one_source_ten_pass(four_workers, cookies, name):
    form, token = FORMS[name], csrf(four_workers, "/account/login")
    source = form.source or f"198.18.1.{sorted(FORMS).index(name) + 1}"

    def call(number: int) -> Answer:
        cookie = cookies[form.who][number % len(cookies[form.who])]
        if form.method == "GET":
            return four_workers.get(form.path, X_Forwarded_For=source, Cookie=cookie)
        return send_form(four_workers, form.path, form.fields(number), source, token, cookie)

    assert tens(at_once(100, call)) == (10, 90, [])


@processes
@patient
@pytest.mark.parametrize("name", sorted(HEADERS))
def test_of_100_parallel_credentials_from_one_source_ten_are_looked_up(four_workers, name):
    source = f"198.18.2.{sorted(HEADERS).index(name) + 1}"
    answers = at_once(100, lambda n: four_workers.get("/api/v1/courses", X_Forwarded_For=source, **HEADERS[name]))
    assert tens(answers) == (10, 90, [])


@processes
@patient
def test_of_100_parallel_old_passwords_at_the_admin_five_are_checked(four_workers):
    """One account: its own limit comes first."""
    token = csrf(four_workers, "/admin/login/")
    source = "198.18.3.1"
    fields = {"username": "root@example.org", "password": PASSWORD}
    entered = send_form(four_workers, "/admin/login/", fields, source, token)
    assert entered.status == 302
    cookies = dict(re.findall(r"(sessionid|csrftoken)=(\w+)", entered.text + str(entered.headers)))
    change = {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW}
    session = f"sessionid={cookies['sessionid']}"
    token = cookies.get("csrftoken", token)
    answers = at_once(100, lambda n: send_form(four_workers, "/admin/password_change/", change, source, token, session))
    assert tens(answers) == (5, 95, [])
