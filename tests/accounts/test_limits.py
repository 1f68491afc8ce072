"""Limits: exact in parallel, the same on every path, never gone."""

import socket
import time
from collections import Counter

import pytest
import redis
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.urls import get_resolver

from accounts import limits, redis_state, services
from accounts.limits import Count
from accounts.throttling import RoleThrottle
from tests.accounts.conftest import PASSWORD, ApiClient, delivered
from tests.accounts.test_admin import enter
from tests.accounts.test_flows import SIGNUP, totp_now
from tests.at_once import at_once

WRONG = "not the passphrase"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _fresh(db):
    limits._local.clear()
    redis_state.forget()
    yield
    limits._local.clear()
    redis_state.forget()


@pytest.fixture
def amounts(settings):
    """Set limits for one test: amounts(login_source="10/60")."""

    def change(**values: str) -> None:
        settings.LIMITS = settings.LIMITS | values

    return change


def test_exactly_the_amount_passes_in_parallel(amounts):
    amounts(submits="10/60")
    refusals = at_once([lambda: limits.take(Count("submits", "ada"))] * 60)
    assert refusals.count(None) == 10
    assert {refusal.limit for refusal in refusals if refusal} == {"submits"}
    assert all(59 <= refusal.retry_after <= 60 for refusal in refusals if refusal)


def test_all_are_counted_or_none(amounts):
    amounts(login_account="1/60", login_source="3/60")
    both = (Count("login_account", "ada"), Count("login_source", "lab"))
    assert limits.take(*both) is None
    for _ in range(10):
        assert limits.take(*both).limit == "login_account"
    assert limits.take(Count("login_source", "lab")) is None
    assert limits.take(Count("login_source", "lab")) is None
    assert limits.take(Count("login_source", "lab")).limit == "login_source"


def test_what_is_given_back_may_be_taken_again(amounts):
    amounts(submits="1/60")
    for _ in range(3):
        assert limits.take(Count("submits", "ada")) is None
        limits.give_back(Count("submits", "ada"))
    limits.give_back(Count("submits", "ada"))
    assert limits.take(Count("submits", "ada")) is None
    assert limits.take(Count("submits", "ada")) is not None


def test_a_window_ends(amounts):
    amounts(submits="1/1")
    assert limits.take(Count("submits", "ada")) is None
    assert limits.take(Count("submits", "ada")).retry_after == 1
    time.sleep(1.05)
    assert limits.take(Count("submits", "ada")) is None


def test_every_counter_expires_and_none_shows_whom_it_counts(person):
    ApiClient("app", address="192.0.2.99").login(person.email, WRONG)
    ApiClient("app", address="192.0.2.99").login(person.email)
    client = redis.Redis.from_url(django_settings.REDIS_URL)
    keys = list(client.scan_iter(f"{limits.KEY_PREFIX}*"))
    assert len(keys) >= 4
    assert all(0 < client.ttl(key) <= limits.KNOWN_SOURCE_SECONDS for key in keys)
    assert not any(b"ada" in key or b"192.0.2" in key for key in keys)


@pytest.fixture
def no_redis(settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://127.0.0.1:{probe.getsockname()[1]}/0"


def test_without_redis_each_process_counts_its_share(no_redis, amounts, settings):
    settings.WEB_WORKERS = 4
    amounts(submits="10/60", uploads="2/60")
    assert [limits.take(Count("submits", "ada")) is None for _ in range(5)] == [True, True, True, False, False]
    assert [limits.take(Count("uploads", "ada")) is None for _ in range(2)] == [True, False]
    refusals = at_once([lambda: limits.take(Count("submits", "grace"))] * 20)
    assert refusals.count(None) == 3


def test_without_redis_memory_stays_bounded(no_redis, monkeypatch):
    monkeypatch.setattr(limits, "LOCAL_KEYS", 100)
    for number in range(500):
        limits.take(Count("submits", str(number)))
    assert len(limits._local._counters) == 100


def test_a_redis_that_never_answers_is_asked_once_in_a_while(settings):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        silent.settimeout(0)
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        for _ in range(5):
            assert limits.take(Count("submits", "ada")) is None
        asked = 0
        while True:
            try:
                silent.accept()
            except BlockingIOError:
                break
            asked += 1
    assert asked == 1


@pytest.mark.parametrize("text", ["login_source=ten", "login_source=0/60", "login_source=5", "no_such=5/60"])
def test_a_limit_that_cannot_be_read_is_a_system_check(settings, text):
    name, _, value = text.partition("=")
    settings.LIMITS = settings.LIMITS | {name: value}
    found = [problem for problem in run_checks() if problem.id == "accounts.E001"]
    assert len(found) == 1
    assert name in found[0].msg


def attempt(path: str, email: str, password: str = WRONG, address: str = "192.0.2.1"):
    if path == "admin":
        return enter(email, password, REMOTE_ADDR=address)[1]
    return ApiClient(path, address=address).login(email, password)


@pytest.mark.parametrize("path", ["app", "browser", "admin"])
@pytest.mark.parametrize("email", ["root@example.org", "nobody@example.org"])
def test_the_sixth_wrong_password_is_refused_on_every_path(administrator, path, email):
    answers = [attempt(path, email, address=f"192.0.2.{number}") for number in range(6)]
    assert [answer.status_code == 429 for answer in answers] == [False] * 5 + [True]
    assert 290 <= int(answers[-1]["Retry-After"]) <= 300
    if path != "admin":
        body = answers[-1].json()
        assert answers[-1]["Content-Type"] == "application/problem+json"
        assert (body["code"], body["limit"]) == ("rate_limited", "login_account")
        assert body["detail"] == f"Try again in {body['retry_after']} seconds."
    # The right password isn't looked at either.
    assert attempt(path, "root@example.org", PASSWORD, "192.0.2.9").status_code == (
        429 if email == "root@example.org" else 302 if path == "admin" else 200
    )


def test_the_paths_share_their_counters(administrator, amounts):
    amounts(login_source="6/60")
    for path in ("app", "browser", "admin") * 2:
        assert attempt(path, f"{path}@example.org").status_code != 429
    assert [attempt(path, "new@example.org").status_code for path in ("app", "browser", "admin")] == [429] * 3


def test_addresses_of_one_ipv6_network_are_one_source(administrator, amounts):
    amounts(login_source="2/60")
    statuses = [attempt("app", f"x{n}@example.org", address=f"2001:db8::{n + 1}").status_code for n in range(3)]
    assert statuses == [400, 400, 429]
    assert attempt("app", "x@example.org", address="2001:db8:0:1::1").status_code == 400


def test_a_spoofed_header_makes_no_new_source(administrator, amounts):
    amounts(login_source="2/60")
    statuses = []
    for number in range(3):
        client = ApiClient("app").begin()
        body = {"email": f"x{number}@example.org", "password": WRONG}
        statuses.append(client.auth("POST", "auth/login", body, **{"X-Forwarded-For": f"10.1.1.{number}"}).status_code)
    assert statuses == [400, 400, 429]


def test_an_attacker_cannot_lock_out_who_comes_from_a_known_source(person):
    assert attempt("app", person.email, PASSWORD, "192.0.2.10").status_code == 200
    for number in range(20):
        attempt("app", person.email, WRONG, f"198.51.100.{number}")
    assert attempt("app", person.email, PASSWORD, "203.0.113.1").status_code == 429
    assert attempt("app", person.email, PASSWORD, "192.0.2.10").status_code == 200
    # Even from there, guesses are counted.
    statuses = [attempt("app", person.email, WRONG, "192.0.2.10").status_code for _ in range(6)]
    assert statuses == [400] * 5 + [429]


def test_one_learners_typos_do_not_lock_the_campus_out(person, instructor, amounts):
    amounts(login_source="10/60")
    for _ in range(50):
        attempt("app", person.email, WRONG)
    assert attempt("app", instructor.email, PASSWORD).status_code == 200


def test_a_class_that_logs_in_is_not_an_attack(amounts):
    amounts(login_source="3/60")
    people = [services.create_person(email=f"p{n}@example.org", name="P", password=PASSWORD) for n in range(12)]
    assert {attempt("app", person.email, PASSWORD).status_code for person in people} == {200}


def test_wrong_codes_are_counted_for_the_account_wherever_they_come_from(person):
    TOTP.activate(person, SECRET)
    statuses = []
    for number in range(6):
        client = ApiClient("app", address=f"192.0.2.{number}")
        client.login(person.email)
        statuses.append(client.auth("POST", "auth/2fa/authenticate", {"code": "000000"}).status_code)
    assert statuses == [400] * 5 + [429]
    client = ApiClient("browser", address="192.0.2.77")
    client.login(person.email)
    assert client.auth("POST", "auth/2fa/authenticate", {"code": totp_now(SECRET)}).status_code == 429


def test_wrong_codes_at_the_admin_count_too(administrator):
    TOTP.activate(administrator, SECRET)
    statuses = [enter(administrator.email, code="000000", REMOTE_ADDR=f"192.0.2.{n}")[1].status_code for n in range(6)]
    assert statuses == [200] * 5 + [429]


@pytest.mark.parametrize(
    ("limit", "method", "path", "body"),
    [
        ("signup_source", "POST", "auth/signup", SIGNUP | {"password": "x"}),
        ("reset_source", "POST", "auth/password/request", {}),
        ("key_source", "POST", "auth/password/reset", {"key": "x", "password": "y"}),
        ("key_source", "GET", "auth/password/reset", None),
        ("key_source", "POST", "auth/email/verify", {"key": "x"}),
        ("login_calls", "POST", "auth/login", {}),
        ("auth_writes", "DELETE", "auth/session", {}),
        ("auth_reads", "GET", "auth/session", None),
        ("mfa_source", "POST", "auth/2fa/authenticate", {"code": "1"}),
        ("login_calls", "POST", "auth/webauthn/login", {}),
        ("auth_writes", "POST", "account/authenticators/webauthn", {}),
    ],
)
def test_every_endpoint_has_a_limit(person, amounts, limit, method, path, body):
    TOTP.activate(person, SECRET)
    client = ApiClient("app")
    client.login(person.email)
    amounts(**{limit: "3/60"})
    if limit in ("login_calls", "auth_reads", "auth_writes"):
        django_redis = redis.Redis.from_url(django_settings.REDIS_URL)
        for key in django_redis.scan_iter(f"{limits.KEY_PREFIX}{limit}*"):
            django_redis.delete(key)
    answers = [client.auth(method, path, body) for _ in range(5)]
    assert [answer.status_code == 429 for answer in answers] == [False] * 3 + [True] * 2
    assert answers[-1].json()["limit"] == limit


def test_nobody_can_have_a_mailbox_flooded(person, amounts):
    amounts(mail_address="3/3600", reset_address="100/60", reset_source="100/60", signup_source="100/60")
    for _ in range(5):
        ApiClient("app").auth("POST", "auth/password/request", {"email": person.email})
        ApiClient("app").auth("POST", "auth/signup", SIGNUP | {"email": person.email})
    subjects = Counter(mail.subject for mail in delivered())
    assert sorted(subjects.values()) == [3, 3]


def test_strangers_cannot_use_up_the_resets_of_others(person, amounts):
    amounts(reset_address="2/60", mail_address="1000/60")
    for number in range(5):
        ApiClient("app", address=f"198.51.100.{number % 2}").auth(
            "POST", "auth/password/request", {"email": person.email}
        )
    own = ApiClient("app", address="192.0.2.1").auth("POST", "auth/password/request", {"email": person.email})
    assert own.status_code == 200
    assert delivered()[-1].to == [person.email]


def views_of(patterns, found=None) -> list:
    found = [] if found is None else found
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            views_of(pattern.url_patterns, found)
        else:
            found.append(getattr(pattern.callback, "cls", None))
    return [view for view in found if view is not None]


def test_every_view_of_the_api_is_throttled_by_limits_that_exist():
    views = views_of(get_resolver().url_patterns)
    assert len(views) > 5
    names = {getattr(view, "throttle_scope", None) for view in views} - {None}
    assert names <= set(django_settings.LIMITS)
    ours = [view for view in views if not view.__module__.startswith(("drf_spectacular", "observability"))]
    assert [view for view in ours if RoleThrottle not in view.throttle_classes] == []


def test_guessing_the_old_password_from_a_stolen_session_is_limited(person, amounts):
    amounts(password_change="3/60")
    client = ApiClient("app")
    client.login(person.email)
    change = {"current_password": WRONG, "new_password": "another long passphrase"}
    assert [client.auth("POST", "account/password/change", change).status_code for _ in range(5)] == [400] * 3 + [
        429
    ] * 2


def test_the_api_is_limited_per_person_with_a_problem_body(person, instructor, amounts):
    amounts(api_student="3/60")
    client = ApiClient("app")
    client.login(person.email)
    answers = [client.call("GET", "/api/v1/me") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
    refused = answers[-1]
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "throttled"
    assert 59 <= int(refused["Retry-After"]) <= 60
    assert refused["Retry-After"] in refused.json()["detail"]
    other = ApiClient("app")
    other.login(instructor.email)
    assert other.call("GET", "/api/v1/me").status_code == 200
