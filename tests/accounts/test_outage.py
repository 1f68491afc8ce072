"""With Redis gone: who is logged in goes on, who comes gets in within stricter limits, and nothing is a 500."""

import socket

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.sessions.models import Session
from django.core.cache import caches

from accounts import limits, redis_state, sessions
from accounts.sessions import SessionStore
from tests.accounts.conftest import ApiClient
from tests.accounts.test_flows import SIGNUP, sign_up, totp_now
from tests.accounts.test_limits import SECRET, WRONG


@pytest.fixture(autouse=True)
def _fresh(db):
    limits._local.clear()
    redis_state.forget()
    yield
    limits._local.clear()
    redis_state.forget()


@pytest.fixture
def outage(settings):
    """Call it: from then on nothing listens where Redis was."""

    def begin() -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            url = f"redis://127.0.0.1:{probe.getsockname()[1]}/0"
        settings.REDIS_URL = url
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": url}}
        settings.WEB_WORKERS = 1

    return begin


@pytest.mark.parametrize("moment", ["before the outage", "during the outage"])
def test_the_logged_in_go_on_and_log_out(api, person, outage, moment):
    if moment == "during the outage":
        outage()
        redis_state.failed(ConnectionError())
    assert api.login(person.email).status_code == 200
    outage()
    for known_gone in (False, True):
        if not known_gone:
            redis_state.forget()
        assert api.call("GET", "/api/v1/me").status_code == 200
    redis_state.forget()
    assert api.auth("DELETE", "auth/session").status_code == 401
    assert api.call("GET", "/api/v1/me").status_code == 401
    assert Session.objects.count() == 0


def test_sign_up_goes_on(app, outage):
    outage()
    key = sign_up(app)
    assert app.auth("POST", "auth/email/verify", {"key": key}).status_code == 401
    assert ApiClient("app").login(SIGNUP["email"]).status_code == 200


def test_guessing_stays_limited(person, outage):
    outage()
    assert [ApiClient("app").login(person.email, WRONG).status_code for _ in range(6)] == [400] * 5 + [429]


def test_codes_are_refused_because_nobody_knows_whether_they_were_used(api, person, outage):
    TOTP.activate(person, SECRET)
    api.login(person.email)
    outage()
    response = api.auth("POST", "auth/2fa/authenticate", {"code": totp_now(SECRET)})
    assert response.status_code == 503
    assert response["Content-Type"] == "application/problem+json"
    assert int(response["Retry-After"]) > 0
    assert api.call("GET", "/api/v1/me").status_code == 401


def test_a_copy_of_a_session_lives_for_minutes_only(person):
    ApiClient("app").login(person.email)
    session = Session.objects.get()
    cache = caches["default"]
    key = SessionStore(session.session_key).cache_key
    assert 0 < cache._cache.get_client().ttl(cache.make_key(key)) <= sessions.COPY_SECONDS
