"""Each security event, produced once by the flow that it stands for, over HTTP; none by what simply works."""

import contextlib
import datetime
from collections import Counter
from collections.abc import Iterator

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings

from accounts import personal_data, service_tokens, services
from accounts.models import Role
from tests.accounts.conftest import PASSWORD, ApiClient, delivered, link_key
from tests.accounts.test_flows import enrol_totp, sign_up, totp_now

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not settings.OBSERVABILITY_ENABLED, reason="observability is off"),
]
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@contextlib.contextmanager
def events(**expected: int) -> Iterator[None]:
    """Exactly these events happen within the block."""
    before = counts()
    yield
    after = counts()
    after.subtract(before)
    assert {event: number for event, number in after.items() if number} == expected


def counts() -> Counter[str]:
    from prometheus_client import REGISTRY

    return Counter(
        {
            sample.labels["event"]: int(sample.value)
            for family in REGISTRY.collect()
            for sample in family.samples
            if sample.name == "security_events_total"
        }
    )


def test_a_login_and_plain_answers(person):
    app = ApiClient("app")
    with events(login_succeeded=1):
        app.login(person.email)
    with events():
        assert app.call("GET", "/api/v1/me").status_code == 200
        assert app.auth("GET", "auth/session").status_code == 200
        assert app.call("GET", "/api/v1/courses").status_code == 200
        assert app.auth("DELETE", "auth/session").status_code == 401  # how allauth says that nobody is logged in now


def test_wrong_passwords_and_the_lockout_that_follows(person):
    app = ApiClient("app")
    for _ in range(5):
        with events(login_failed=1):
            assert app.login(person.email, "wrong").status_code == 400
    with events(lockout=1):
        assert app.login(person.email, "wrong").status_code == 429


def test_a_lockout_of_the_admin_login(administrator, client):
    form = {"username": administrator.email, "password": "wrong"}
    with events(login_failed=5, lockout=1):
        answers = [client.post("/admin/login/", form).status_code for _ in range(6)]
    assert answers == [200, 200, 200, 200, 200, 429]


def test_a_limit_that_is_no_lockout(person, settings):
    settings.LIMITS = settings.LIMITS | {"api_student": "1/60"}
    app = ApiClient("app")
    app.login(person.email)
    app.call("GET", "/api/v1/me")
    with events(throttled=1):
        assert app.call("GET", "/api/v1/me").status_code == 429


def test_nobody_and_somebody_who_may_not(person):
    with events(unauthorised=1):
        assert ApiClient("app").call("GET", "/api/v1/me").status_code == 401
    with events(unauthorised=1):
        assert ApiClient("app").auth("GET", "account/email").status_code == 401
    app = ApiClient("app")
    app.login(person.email)
    with events(forbidden=1):
        assert app.call("GET", "/api/v1/people").status_code == 403


def test_the_life_of_a_reset_link(person):
    app = ApiClient("app")
    with events(password_reset_asked=1):
        app.auth("POST", "auth/password/request", {"email": person.email})
    key = link_key(delivered()[-1].body)
    new = {"key": key, "password": "charlemagne fills seven kettles"}
    with events(password_reset_used=1):
        assert app.auth("POST", "auth/password/reset", new).status_code == 401
    with events(token_reused=1):
        assert app.auth("POST", "auth/password/reset", new).status_code == 400


def test_the_life_of_a_verification_link(db):
    app = ApiClient("app")
    with events():
        key = sign_up(app)
    with events(email_rejected=1):
        assert app.auth("POST", "auth/email/verify", {"key": "made:up:key"}).status_code == 400
    with events(email_verified=1):
        assert app.auth("POST", "auth/email/verify", {"key": key}).status_code == 401
    with events(token_reused=1):
        assert app.auth("POST", "auth/email/verify", {"key": key}).status_code == 400


def test_the_pages_of_the_links_tell_the_same(person, client):
    app = ApiClient("app")
    key = sign_up(app)
    with events(email_rejected=1):
        assert client.post("/account/verify-email/made-up").status_code == 400
    with events(email_verified=1):
        assert client.post(f"/account/verify-email/{key}").status_code == 200
    with events(token_reused=1):
        assert client.post(f"/account/verify-email/{key}").status_code == 400
    with events(password_reset_asked=1):
        client.post("/account/password/reset", {"email": person.email})
    key = link_key(delivered()[-1].body)
    new = {"password": "charlemagne fills seven kettles"}
    with events(password_reset_used=1):
        assert client.post(f"/account/password/reset/key/{key}", new).status_code == 200
    with events(token_reused=1):
        assert client.post(f"/account/password/reset/key/{key}", new).status_code == 400


def test_a_changed_password(person):
    app = ApiClient("app")
    app.login(person.email)
    body = {"current_password": PASSWORD, "new_password": "charlemagne fills seven kettles"}
    with events(password_changed=1):
        assert app.auth("POST", "account/password/change", body).status_code in (200, 401)


def test_a_second_factor_on_and_off(person):
    app = ApiClient("app")
    app.login(person.email)
    with events(mfa_enabled=1, unauthorised=1):  # 401: the person has to prove who it is first
        enrol_totp(app)
    with events(mfa_disabled=1):
        assert app.auth("DELETE", "account/authenticators/totp").status_code == 200


def test_wrong_right_and_repeated_codes(person):
    TOTP.activate(person, SECRET)
    recovery, _ = RecoveryCodes.activate(person).get_unused_codes()[:2]

    def pending() -> ApiClient:
        app = ApiClient("app")
        assert app.login(person.email).status_code == 401
        return app

    with events():
        app = pending()
    with events(mfa_failed=1):
        assert app.auth("POST", "auth/2fa/authenticate", {"code": "000000"}).status_code == 400
    with events(recovery_code_used=1, login_succeeded=1):
        assert app.auth("POST", "auth/2fa/authenticate", {"code": recovery}).status_code == 200
    app = pending()
    with events(mfa_failed=1, token_reused=1):
        assert app.auth("POST", "auth/2fa/authenticate", {"code": recovery}).status_code == 400
    code = totp_now(SECRET)
    with events(login_succeeded=1):
        assert app.auth("POST", "auth/2fa/authenticate", {"code": code}).status_code == 200
    app = pending()
    with events(mfa_failed=1, token_reused=1):
        assert app.auth("POST", "auth/2fa/authenticate", {"code": code}).status_code == 400


def test_recovery_codes_at_the_admin(administrator, client):
    TOTP.activate(administrator, SECRET)
    (code, *_) = RecoveryCodes.activate(administrator).get_unused_codes()
    form = {"username": administrator.email, "password": PASSWORD}
    with events(mfa_failed=1):
        client.post("/admin/login/", form | {"code": "000000"})
    with events(recovery_code_used=1, login_succeeded=1):
        assert client.post("/admin/login/", form | {"code": code}).status_code == 302


def test_changes_of_what_people_may_do(person, administrator):
    app = ApiClient("app")
    app.login(administrator.email)
    path = f"/api/v1/people/{person.public_id}"
    with events(permission_changed=1):
        assert app.call("PATCH", path, {"role": "instructor"}).status_code == 200
    with events():
        assert app.call("PATCH", path, {"role": "instructor"}).status_code == 200
    with events(permission_changed=1):
        assert app.call("POST", f"{path}/deactivate").status_code == 200
    with events(permission_changed=1):
        assert app.call("POST", f"{path}/activate").status_code == 200


def test_service_tokens_come_go_and_come_again(instructor):
    with events(permission_changed=1):
        token, secret = service_tokens.issue_token(
            owner=instructor, name="sync", scopes=["courses:read"], lifetime=datetime.timedelta(days=1)
        )
    with events():
        assert bearer(secret) == 200
    with events(permission_changed=1):
        service_tokens.revoke_token(token=token)
    with events(token_reused=1):
        assert bearer(secret) == 401
    with events(unauthorised=1):
        assert bearer("lmst_made-up") == 401


def bearer(secret: str) -> int:
    return ApiClient("app").call("GET", "/api/v1/courses", Authorization=f"Bearer {secret}").status_code


def test_an_export_of_personal_data(person):
    with events(personal_data_exported=1):
        personal_data.export_person(person=person)


def test_wrong_confirmations_of_a_sensitive_step(person):
    app = ApiClient("app")
    app.login(person.email)
    with events(login_failed=1):
        assert app.auth("POST", "auth/reauthenticate", {"password": "wrong"}).status_code == 400


def test_a_made_up_header_names_no_other_source(person, caplog):
    caplog.set_level("INFO", logger="observability.security")
    app = ApiClient("app", address="198.51.100.7")
    for n in range(3):
        app.begin().auth(
            "POST", "auth/login", {"email": person.email, "password": "no"}, **{"X-Forwarded-For": f"10.0.0.{n}"}
        )
    lines = [line for line in caplog.records if line.name == "observability.security"]
    assert {line.source for line in lines} == {"198.51.100.7"}
    assert len(lines) == 3


def test_the_events_rows_are_handed_out_with_a_persons_data(person):
    from observability.security import background

    background.queue.waiting.clear()
    services.change_role(person=person, role=Role.INSTRUCTOR)
    background.flush()
    exported = personal_data.export_person(person=person)["security_events"]
    assert [row["event"] for row in exported] == ["permission_changed"]
