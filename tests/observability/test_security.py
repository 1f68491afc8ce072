"""Each event: one count without identity, one line, and a row where it matters that nobody can change."""

import datetime
import logging

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, transaction
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from observability.security import background, detection, records, windows
from observability.security.events import AGGREGATED, AUDITED, ROUTINE, SecurityEvent
from observability.security.middleware import SecurityEventsMiddleware
from observability.security.models import AppendOnly, SecurityRecord
from observability.security.reporting import observe, report
from observability.testing import assert_metric_delta, assert_metric_unchanged, metric_value


@pytest.fixture(autouse=True)
def _clean():
    def forget() -> None:
        background.queue.waiting.clear()
        windows._Pause.until = 0.0
        records._local._seen.clear()
        records._local._rows = 0
        client = redis.Redis.from_url(settings.REDIS_URL)
        for key in client.scan_iter("security:*"):
            client.delete(key)

    forget()
    yield
    forget()


def observability(**values):
    return settings.OBSERVABILITY | values


def rows() -> list[tuple[str, int]]:
    background.flush()
    return [(row.event, row.number) for row in SecurityRecord.objects.order_by("pk")]


def test_every_event_is_counted_from_zero():
    assert {str(event) for event in SecurityEvent} <= set(exported_events())
    assert not AUDITED & AGGREGATED
    assert frozenset(SecurityEvent) == AUDITED | AGGREGATED | ROUTINE


def exported_events() -> list[str]:
    from observability.security.metrics import events

    return [values[0] for values in events.label_sets()]


@pytest.mark.django_db
def test_an_audited_event_is_one_count_one_line_and_one_row(caplog):
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.77")
    with assert_metric_delta("security_events_total", 1, event="mfa_disabled"), caplog.at_level("INFO"):
        report(SecurityEvent.MFA_DISABLED, request=request, method="totp")
    assert rows() == [("mfa_disabled", 1)]
    row = SecurityRecord.objects.get()
    assert (row.source, row.facts) == ("192.0.2.77", {"method": "totp"})
    (line,) = [line for line in caplog.records if line.name == "observability.security"]
    assert (line.event, line.source, line.method) == ("security.mfa_disabled", "192.0.2.77", "totp")


@pytest.mark.parametrize(
    ("policy", "address", "expected"),
    [
        ("keep", "192.0.2.77", "192.0.2.77"),
        ("truncate", "192.0.2.77", "192.0.2.0"),
        ("truncate", "2001:db8:1:2::5", "2001:db8:1::"),
        ("keep", "ada@example.org", ""),
    ],
)
def test_the_source_is_shown_by_its_own_rule(policy, address, expected, settings, caplog):
    settings.OBSERVABILITY = observability(SECURITY_SOURCE=policy)
    with caplog.at_level("INFO"):
        report(SecurityEvent.LOGIN_FAILED, source=address)
    (line,) = [line for line in caplog.records if line.name == "observability.security"]
    assert line.source.partition("/")[0] == expected


def test_a_hashed_source_tells_sources_apart_without_naming_them(settings, caplog):
    settings.OBSERVABILITY = observability(SECURITY_SOURCE="hash")
    with caplog.at_level("INFO"):
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
            report(SecurityEvent.LOGIN_FAILED, source=address)
    shown = [line.source for line in caplog.records if line.name == "observability.security"]
    assert shown[0] == shown[2] != shown[1]
    assert not any("192" in text for text in shown)


def test_other_facts_are_redacted(caplog):
    with caplog.at_level("INFO"):
        report(SecurityEvent.LOGIN_FAILED, source="192.0.2.1", note="asked by ada@example.org from 192.0.2.99")
    (line,) = [line for line in caplog.records if line.name == "observability.security"]
    assert "ada@" not in line.note
    assert "192.0.2.99" not in line.note


@pytest.mark.django_db
def test_a_storm_of_100_makes_three_rows():
    with assert_metric_delta("security_events_total", 100, event="throttled"):
        for _ in range(100):
            report(SecurityEvent.THROTTLED, source="192.0.2.1")
    assert rows() == [("throttled", 1), ("throttled", 10), ("throttled", 100)]


@pytest.mark.django_db
def test_without_redis_a_storm_makes_three_rows_too(settings):
    settings.OBSERVABILITY = observability(REDIS_URL="redis://127.0.0.1:1/0")
    for _ in range(100):
        report(SecurityEvent.THROTTLED, source="192.0.2.1")
    assert rows() == [("throttled", 1), ("throttled", 10), ("throttled", 100)]


@pytest.mark.django_db
@pytest.mark.parametrize("redis_url", [None, "redis://127.0.0.1:1/0"])
def test_rows_that_anybody_can_cause_have_a_budget(settings, redis_url):
    changes = {"SECURITY_ROWS_PER_MINUTE": 10} | ({"REDIS_URL": redis_url} if redis_url else {})
    settings.OBSERVABILITY = observability(**changes)
    lost = metric_value("security_records_lost_total", reason="row_budget")
    for n in range(40):
        report(SecurityEvent.LOGIN_FAILED, source=f"10.0.0.{n}")
    for _ in range(20):
        report(SecurityEvent.PERMISSION_CHANGED, source="192.0.2.1", change="role")
    counted = [event for event, _ in rows()]
    assert (counted.count("login_failed"), counted.count("permission_changed")) == (10, 20)
    assert metric_value("security_records_lost_total", reason="row_budget") - lost == 30


@pytest.mark.django_db
def test_routine_makes_no_row():
    for event in ROUTINE - AUDITED - AGGREGATED:
        report(event, source="192.0.2.1")
    assert rows() == []


@pytest.mark.django_db(transaction=True)
def test_rows_cannot_be_changed_or_removed_by_the_model_or_by_sql():
    report(SecurityEvent.MFA_DISABLED, source="192.0.2.1")
    background.flush()
    row = SecurityRecord.objects.get()
    for change in (
        row.save,
        row.delete,
        lambda: SecurityRecord.objects.update(event="x"),
        SecurityRecord.objects.all().delete,
        lambda: SecurityRecord.objects.bulk_update([row], ["event"]),
    ):
        with pytest.raises(AppendOnly):
            change()
    from django.db import connection

    for statement in ("UPDATE security_securityrecord SET event = 'x'", "DELETE FROM security_securityrecord"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert SecurityRecord.objects.get().event == "mfa_disabled"


@pytest.mark.django_db(transaction=True)
def test_the_retention_job_removes_old_rows_and_leaves_the_table_closed():
    old = timezone.now() - datetime.timedelta(days=200)
    for at in (old, timezone.now()):
        SecurityRecord(at=at, event="mfa_disabled").save()
    assert records.purge(datetime.timedelta(days=180)) == 1
    assert SecurityRecord.objects.count() == 1
    from django.db import connection

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM security_securityrecord")


@pytest.mark.parametrize(("status", "event"), [(401, "unauthorised"), (403, "forbidden"), (429, "throttled")])
def test_refusals_of_any_view_are_reported_once(status, event):
    answer = SecurityEventsMiddleware(lambda request: HttpResponse(status=status))
    request = RequestFactory().get("/somewhere")
    request.user = AnonymousUser()
    request.resolver_match = None
    with assert_metric_delta("security_events_total", 1), assert_metric_delta("security_events_total", 1, event=event):
        answer(request)


def test_a_refusal_that_was_named_is_not_reported_again():
    def view(request):
        report(SecurityEvent.LOCKOUT, request=request, source="192.0.2.1")
        return HttpResponse(status=429)

    request = RequestFactory().get("/somewhere")
    with (
        assert_metric_delta("security_events_total", 1),
        assert_metric_unchanged("security_events_total", event="throttled"),
    ):
        SecurityEventsMiddleware(view)(request)


@pytest.mark.parametrize("status", [200, 204, 302, 400, 404, 500])
def test_other_answers_are_no_event(status):
    with assert_metric_unchanged("security_events_total"):
        SecurityEventsMiddleware(lambda request: HttpResponse(status=status))(RequestFactory().get("/x"))


def test_an_expected_401_is_no_event():
    def view(request):
        response = HttpResponse(status=401)
        response.security_expected = True
        return response

    with assert_metric_unchanged("security_events_total"):
        SecurityEventsMiddleware(view)(RequestFactory().get("/x"))


def fail(source: str, account: str) -> None:
    report(SecurityEvent.LOGIN_FAILED, source=source, account=account)


@pytest.mark.django_db
def test_one_account_from_many_sources_is_brute_force(settings):
    settings.OBSERVABILITY = observability(SECURITY_DETECTION={"brute_force": "4/60"})
    for n in range(3):
        fail(f"192.0.2.{n}", "hash-of-ada")
    assert "brute_force" not in dict(rows())
    with assert_metric_delta("security_events_total", 1, event="brute_force"):
        for n in range(3, 8):
            fail(f"192.0.2.{n}", "hash-of-ada")
        assert dict(rows())["brute_force"] == 1
    assert SecurityRecord.objects.get(event="brute_force").facts["account"] == "hash-of-ada"


@pytest.mark.django_db
def test_one_source_with_many_accounts_is_password_spraying(settings):
    settings.OBSERVABILITY = observability(SECURITY_DETECTION={"password_spraying": "4/60"})
    for n in range(3):
        for _ in range(5):  # one learner's typos are one account
            fail("192.0.2.1", f"account-{n}")
    assert "password_spraying" not in dict(rows())
    with assert_metric_delta("security_events_total", 1, event="password_spraying"):
        fail("192.0.2.1", "account-3")
        assert "password_spraying" in dict(rows())


@pytest.mark.django_db
def test_many_different_refused_paths_are_enumeration_and_the_same_again_is_not(settings):
    settings.OBSERVABILITY = observability(SECURITY_DETECTION={"enumeration": "5/60"})
    missing = SecurityEventsMiddleware(lambda request: HttpResponse(status=404))
    for _ in range(20):
        missing(RequestFactory().get("/gone"))
    assert rows() == []
    for n in range(4):
        missing(RequestFactory().get(f"/people/{n}"))
    assert rows() == [("enumeration", 1)]


@pytest.mark.django_db
def test_a_rule_without_threshold_is_off(settings):
    settings.OBSERVABILITY = observability(SECURITY_DETECTION={"enumeration": ""})
    missing = SecurityEventsMiddleware(lambda request: HttpResponse(status=404))
    for n in range(60):
        missing(RequestFactory().get(f"/people/{n}"))
    assert rows() == []


@pytest.mark.parametrize("text", ["10", "0/60", "10/0", "ten/60"])
def test_a_threshold_that_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError):
        detection.parse(text)


@pytest.mark.django_db
def test_two_networks_of_one_subject(settings):
    for address in ("192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2"):
        request = RequestFactory().get("/", REMOTE_ADDR=address)
        observe(SecurityEvent.QUIZ_FROM_TWO_ADDRESSES, subject="attempt-7", request=request)
    assert rows() == [("quiz_from_two_addresses", 1)]


def test_a_broken_setting_costs_the_host_nothing(settings, caplog):
    settings.OBSERVABILITY = observability(CLIENT_ADDRESS="no.such.function")
    with assert_metric_delta("security_records_lost_total", 1, reason="failed"), caplog.at_level(logging.WARNING):
        report(SecurityEvent.LOGIN_FAILED, request=RequestFactory().get("/"))


@pytest.mark.django_db
def test_a_full_queue_loses_records_and_counts_them(monkeypatch):
    monkeypatch.setattr(background, "CAPACITY", 5)
    with assert_metric_delta("security_records_lost_total", 3, reason="queue_full"):
        for _ in range(8):
            report(SecurityEvent.PERMISSION_CHANGED, source="192.0.2.1")
    assert len(rows()) == 5


@pytest.mark.django_db
def test_the_admin_searches_and_changes_nothing(admin_client):
    report(SecurityEvent.MFA_DISABLED, source="192.0.2.77", method="totp")
    background.flush()
    pk = SecurityRecord.objects.get().pk
    found = {
        query: admin_client.get("/admin/security/securityrecord/", {"q": query}).context_data["cl"].result_count
        for query in ("192.0.2.77", "192.0.2.78", "totp")
    }
    assert found == {"192.0.2.77": 1, "192.0.2.78": 0, "totp": 1}
    assert admin_client.get("/admin/security/securityrecord/add/").status_code == 403
    assert admin_client.post(f"/admin/security/securityrecord/{pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.post(f"/admin/security/securityrecord/{pk}/change/", {"event": "x"}).status_code == 403
