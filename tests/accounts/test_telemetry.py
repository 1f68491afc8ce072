"""What is counted and logged about people, and what is not."""

import logging

import pytest
from django.conf import settings
from django.test import RequestFactory

from accounts import services
from accounts.middleware import LastActivityMiddleware
from accounts.models import Role
from tests.accounts.conftest import ApiClient
from tests.accounts.test_flows import SIGNUP, sign_up

counted = pytest.mark.skipif(not settings.OBSERVABILITY_ENABLED, reason="observability is off")


def value(name: str, **labels: str) -> float:
    from prometheus_client import REGISTRY

    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, (name, labels)
    return found


@counted
@pytest.mark.django_db(transaction=True)
def test_signups_and_logins_are_counted_by_result(person):
    names = [("lms_signups_total", {}), ("lms_emails_verified_total", {})]
    names += [("lms_logins_total", {"result": r}) for r in ("succeeded", "password", "code", "passkey", "limited")]
    before = [value(name, **labels) for name, labels in names]
    app = ApiClient("app")
    key = sign_up(app)
    app.auth("POST", "auth/email/verify", {"key": key})
    ApiClient("app").login(SIGNUP["email"])
    for _ in range(6):
        ApiClient("app").login(person.email, "a wrong password")
    after = [value(name, **labels) for name, labels in names]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1, 5, 0, 0, 1]


@counted
@pytest.mark.django_db(transaction=True)
def test_role_changes_are_counted_by_the_new_role(person):
    before = value("lms_role_changes_total", role="instructor")
    services.change_role(person=person, role=Role.INSTRUCTOR)
    assert value("lms_role_changes_total", role="instructor") == before + 1


@pytest.mark.django_db(transaction=True)
def test_log_lines_carry_public_ids_and_no_address(person, administrator, caplog):
    caplog.set_level(logging.INFO, logger="accounts.events")
    ApiClient("app").login(person.email, "a wrong password")
    ApiClient("app").login(person.email)
    services.change_role(person=person, role=Role.INSTRUCTOR, by=administrator)
    lines = [record for record in caplog.records if record.name == "accounts.events"]
    assert [line.event for line in lines] == ["person.login_failed", "person.logged_in", "person.role_changed"]
    assert (lines[1].person, lines[1].role) == (str(person.public_id), "student")
    assert (lines[2].person, lines[2].previous, lines[2].role, lines[2].by) == (
        str(person.public_id),
        "student",
        "instructor",
        str(administrator.public_id),
    )
    for line in lines:
        assert "@" not in str(vars(line))
        assert "Ada" not in str(vars(line))


def test_last_activity_is_written_at_most_once_in_five_minutes(person, django_assert_num_queries):
    app = ApiClient("app")
    app.login(person.email)
    app.call("GET", "/api/v1/me")
    person.refresh_from_db()
    first = person.last_activity_at
    assert first is not None
    app.call("GET", "/api/v1/me")
    person.refresh_from_db()
    assert person.last_activity_at == first


def test_a_request_that_asks_for_no_user_costs_no_query(person, django_assert_num_queries):
    request = RequestFactory().get("/health")
    with django_assert_num_queries(0):
        LastActivityMiddleware(lambda r: "answer")(request)
