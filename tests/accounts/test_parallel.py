"""Guarantees that only show under real parallel use: gunicorn with four workers, real Redis, real PostgreSQL."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import unquote

import pytest

from tests.accounts.conftest import PASSWORD
from tests.accounts.parallel import APP, SECRET, at_once, csrf, login, send_form, statuses
from tests.system import Answer, System, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]  # the start of four workers on a busy machine


@pytest.fixture(scope="module")
def site(four_workers) -> System:
    return four_workers


def browser_login(site: System, token: str, email: str, source: str) -> Answer:
    return site.post(
        "/api/v1/auth/browser/v1/auth/login",
        {"email": email, "password": "wrong"},
        X_Forwarded_For=source,
        Cookie=f"csrftoken={token}",
        X_CSRFToken=token,
    )


def test_of_100_parallel_guesses_at_one_account_five_are_checked(site):
    before = site.metric("lms_logins_total", result="password"), site.metric("lms_logins_total", result="limited")
    answers = at_once(100, lambda n: login(site, "barbara@example.org", "wrong", f"198.51.100.{n}"))
    assert statuses(answers) == {400: 5, 429: 95}
    after = site.metric("lms_logins_total", result="password"), site.metric("lms_logins_total", result="limited")
    assert (after[0] - before[0], after[1] - before[1]) == (5, 95)
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert int(refused.headers["Retry-After"]) == refused.json["retry_after"]


@pytest.mark.parametrize("path", ["app", "browser", "admin"])
def test_of_100_parallel_guesses_from_one_source_ten_are_checked_on_every_path(site, path):
    source = {"app": "192.0.2.1", "browser": "192.0.2.2", "admin": "192.0.2.3"}[path]
    if path == "app":
        answers = at_once(100, lambda n: login(site, f"{path}{n}@example.org", "wrong", source))
    elif path == "browser":
        token = csrf(site, "/api/v1/auth/browser/v1/config")
        answers = at_once(100, lambda n: browser_login(site, token, f"{path}{n}@example.org", source))
    else:
        token = csrf(site, "/admin/login/")
        people = [{"username": f"{path}{n}@example.org", "password": "wrong"} for n in range(100)]
        answers = at_once(100, lambda n: send_form(site, "/admin/login/", people[n], source, token))
    passed = 200 if path == "admin" else 400
    assert statuses(answers) == {passed: 10, 429: 90}


def test_of_100_parallel_sign_ups_and_resets_from_one_source_ten_pass(site):
    def sign_up(number: int) -> Answer:
        body = {"email": f"new{number}@example.org", "name": "New", "password": PASSWORD}
        return site.post(APP + "auth/signup", body, X_Forwarded_For="192.0.2.4")

    def ask_for_reset(number: int) -> Answer:
        return site.post(APP + "auth/password/request", {"email": f"n{number}@x.org"}, X_Forwarded_For="192.0.2.5")

    assert statuses(at_once(100, sign_up)) == {401: 10, 429: 90}
    assert statuses(at_once(100, ask_for_reset)) == {200: 10, 429: 90}


def test_of_100_parallel_api_calls_of_one_person_ten_pass(site):
    token = login(site, "ada@example.org", PASSWORD, "192.0.2.6").json["meta"]["session_token"]
    answers = at_once(100, lambda n: site.get("/api/v1/me", X_Session_Token=token))
    assert statuses(answers) == {200: 10, 429: 90}


def pending_tokens(site: System, number: int, network: str) -> list[str]:
    """Sessions of grace that wait for a second factor."""
    answers = at_once(number, lambda n: login(site, "grace@example.org", PASSWORD, f"{network}.{n}"))
    answers = [answer for answer in answers if answer.status == 401]
    return [answer.json["meta"]["session_token"] for answer in answers]


def spend_code_in_parallel(site: System, make_code: Callable[[], str], network: str) -> Counter[int]:
    tokens: list[str] = []
    while len(tokens) < 20:  # the limit of wrong passwords also bounds how many right ones are checked at once
        tokens += pending_tokens(site, 5, network)

    code = make_code()  # only now: logging in so often takes a while, and a code is for 30 seconds

    def spend(number: int) -> Answer:
        source = f"{network}.{number}"
        return site.post(
            APP + "auth/2fa/authenticate", {"code": code}, X_Session_Token=tokens[number], X_Forwarded_For=source
        )

    return statuses(at_once(20, spend))


def totp_code() -> str:
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    if time.time() % 30 > 10:
        time.sleep(30 - time.time() % 30)  # the code must not expire while it is being spent
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))


def test_one_totp_code_in_parallel_succeeds_once(site):
    assert spend_code_in_parallel(site, totp_code, "203.0.113") == {200: 1, 400: 19}


def test_one_recovery_code_in_parallel_succeeds_once(site):
    assert spend_code_in_parallel(site, lambda: site.recovery_codes[0], "203.0.113") == {200: 1, 400: 19}


def key_by_mail(site: System, address: str) -> str:
    """The key in the one mail that `address` has got."""
    text = next(mail for mail in site.mails() if f"To: {address}" in mail).replace("=\n", "").replace("=3D", "=")
    return unquote(re.search(r"https?://\S+/account/\S+/([^/\s]+)", text).group(1))


def test_one_reset_link_in_parallel_changes_the_password_once(site):
    key = key_by_mail(site, "edsger@example.org")
    passwords = [f"charlemagne fills {number} kettles" for number in range(20)]
    reset = APP + "auth/password/reset"
    answers = at_once(
        20, lambda n: site.post(reset, {"key": key, "password": passwords[n]}, X_Forwarded_For=f"198.51.100.{n}")
    )
    counted = statuses(answers)
    assert counted[401] == 1  # 401: changed, and not logged in
    assert set(counted) <= {401, 400, 409}
    winner = next(number for number, answer in enumerate(answers) if answer.status == 401)
    assert login(site, "edsger@example.org", passwords[winner], "192.0.2.8").status == 200


def test_one_verification_link_in_parallel_works_once(site):
    before = site.metric("lms_emails_verified_total")
    key = key_by_mail(site, "kurt@example.org")
    verify = APP + "auth/email/verify"
    counted = statuses(at_once(20, lambda n: site.post(verify, {"key": key}, X_Forwarded_For=f"203.0.113.{n}")))
    assert counted[401] == 1
    assert set(counted) <= {401, 400, 409}
    assert site.metric("lms_emails_verified_total") - before == 1


def test_one_address_signed_up_in_parallel_makes_one_account(site):
    before = site.metric("lms_signups_total")
    body = {"email": "twin@example.org", "name": "Twin", "password": PASSWORD}
    answers = at_once(8, lambda n: site.post(APP + "auth/signup", body, X_Forwarded_For="192.0.2.10"))
    assert statuses(answers) == {401: 8}
    assert site.metric("lms_signups_total") - before == 1
    assert len({json.dumps(answer.json["data"], sort_keys=True) for answer in answers}) == 1


def test_the_failures_of_the_worst_source_are_a_metric_and_rows_are_few(site):
    """All processes together: gunicorn's four workers count, the exporter beside them measures."""
    crossed = site.metric("security_failed_login_threshold_crossed_total")
    at_once(10, lambda n: login(site, f"worst{n}@example.org", "wrong", f"2001:db8:5:5::{n:x}"))
    for _ in range(2):
        login(site, "worst@example.org", "wrong", "2001:db8:5:5::ff")
    wait_for(lambda: site.metric("security_failed_login_threshold_crossed_total") == crossed + 1, what="the crossing")
    wait_for(lambda: site.metric("security_failed_logins_per_source_max") > 10, what="the gauge")
    code = (
        "from observability.security.models import SecurityRecord as R;"
        "print('rows', R.objects.filter(source__startswith='2001:db8:5:5:').count())"
    )
    assert int(site.manage("shell", "-c", code).split("rows ")[1].split()[0]) <= 4  # 1st and 10th failure, 1st lockout
