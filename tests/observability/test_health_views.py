"""What a prober may send, and what it gets: within the web application, without faults."""

import pytest
from django.test import Client
from health_check.base import HealthCheck

from observability.health import checkset, draining, postgresql, readiness
from observability.health import redis as redis_check
from observability.health.reasons import CheckFailed, Reason, reason_of

PROBES = ["/health", "/api/v1/ready", "/api/v1/ready?scope=process"]


@pytest.fixture(autouse=True)
def _no_kept_connections(db):
    """A kept connection would keep the test database from being dropped."""
    yield
    readiness.close()


@pytest.mark.parametrize("path", PROBES)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Accept": "application/vnd.nothing+cbor"},
        {"Accept": ";;; not a media type"},
        {"Host": "10.1.2.3:8000"},
        {"Host": "not a host"},
        {"Host": ""},
        {"Cookie": "sessionid=0123456789abcdef0123456789abcdef"},
        {"Authorization": "Bearer nothing"},
        {"X-Session-Token": "nothing"},
    ],
)
def test_no_header_keeps_a_probe_from_its_answer(client, path, headers):
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
        200,
        "application/json",
        "no-store",
    )
    assert answer.json()["status"] == "ok"
    assert answer.cookies == {}
    assert "Vary" not in answer


def test_probes_go_by_plain_http_where_everything_else_is_redirected(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = []
    assert Client().get("/admin/login/").status_code == 301
    assert [Client().get(path).status_code for path in PROBES] == [200, 200, 200]


@pytest.mark.parametrize("path", PROBES)
def test_head_is_get_without_the_body(client, path):
    body = client.get(path).content
    answer = client.head(path)
    assert (answer.status_code, answer.content, answer["Content-Length"]) == (200, b"", str(len(body)))


@pytest.mark.parametrize("path", PROBES)
@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_other_methods_are_refused(client, path, method):
    answer = getattr(client, method)(path)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


def test_liveness_and_process_scope_touch_no_database(client, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(readiness, "checks", lambda: pytest.fail("a dependency was asked"))
    with django_assert_num_queries(0):
        assert client.get("/health").json() == {"status": "ok"}
        assert client.get("/api/v1/ready?scope=process").json() == {"status": "ok"}


def test_readiness_names_each_check_with_its_reason(client):
    assert client.get("/api/v1/ready").json() == {
        "status": "ok",
        "checks": {"database": {"status": "ok", "reason": "ok"}, "redis": {"status": "ok", "reason": "ok"}},
    }


def test_probes_are_never_throttled(client, settings):
    settings.LIMITS = settings.LIMITS | {"api_anonymous": "1/60"}
    assert {client.get("/api/v1/ready").status_code for _ in range(5)} == {200}


def test_a_draining_process_says_so_in_both_scopes_and_stays_alive(client):
    draining.start()
    try:
        for path in ("/api/v1/ready", "/api/v1/ready?scope=process"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()) == (503, {"status": "draining"})
        assert client.get("/health").status_code == 200
    finally:
        draining.reset()


def test_without_the_middleware_the_probes_still_answer(client, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "HealthMiddleware" not in name]
    assert [Client().get(path).status_code for path in PROBES] == [200, 200, 200]


class Failing(HealthCheck):
    def run(self):
        raise CheckFailed(Reason.FULL, "secret host 10.0.0.1")


class Asynchronous(HealthCheck):
    async def run(self):
        raise ConnectionRefusedError("secret host 10.0.0.1")


def test_a_failure_is_logged_and_counted_once_until_it_changes(client, settings, caplog):
    from prometheus_client import REGISTRY

    def count(reason):
        labels = {"check": "database", "reason": reason}
        return REGISTRY.get_sample_value("observability_health_changes_total", labels)

    before = count("full"), count("ok")
    checks = {"database": f"{__name__}.Failing"}
    settings.OBSERVABILITY = settings.OBSERVABILITY | {"READY_CHECKS": checks, "READY_MEMORY_SECONDS": 0}
    readiness.close()
    for _ in range(3):
        answer = client.get("/api/v1/ready")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {"database": {"status": "failed", "reason": "full"}}
        assert "secret" not in answer.content.decode()
    assert REGISTRY.get_sample_value("observability_health_check_up", {"check": "database"}) == 0
    readiness.checks().checks["database"].run = lambda: None
    for _ in range(3):
        assert client.get("/api/v1/ready").status_code == 200
    assert REGISTRY.get_sample_value("observability_health_check_up", {"check": "database"}) == 1
    changed = [record for record in caplog.records if getattr(record, "event", "") == "health.changed"]
    assert [(record.check, record.before, record.reason) for record in changed] == [
        ("database", "ok", "full"),
        ("database", "full", "ok"),
    ]
    assert (count("full"), count("ok")) == (before[0] + 1, before[1] + 1)


def test_asynchronous_checks_of_others_run_too():
    checks = readiness.build({"theirs": f"{__name__}.Asynchronous"}, deadline=1)
    report = checkset.CheckSet(checks, deadline=1, memory=0).report()
    assert report.outcomes["theirs"].reason is Reason.REFUSED


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('connection to server at "10.0.0.1", port 5432 failed: Connection refused', Reason.REFUSED),
        ("server closed the connection unexpectedly", Reason.REFUSED),
        ('could not translate host name "db" to address: Name or service not known', Reason.UNRESOLVED),
        ('FATAL:  password authentication failed for user "lms"', Reason.AUTH),
        ("fe_sendauth: no password supplied", Reason.AUTH),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1"', Reason.AUTH),
        ('FATAL:  role "lms" does not exist', Reason.AUTH),
        ("FATAL:  sorry, too many clients already", Reason.NO_CONNECTION),
        (
            "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
            Reason.NO_CONNECTION,
        ),
        ('FATAL:  too many connections for role "lms"', Reason.NO_CONNECTION),
        ("FATAL:  the database system is starting up", Reason.LOADING),
        ("FATAL:  the database system is not yet accepting connections", Reason.LOADING),
        ("FATAL:  the database system is shutting down", Reason.REFUSED),
        ('FATAL:  database "lms" does not exist', Reason.ERROR),
    ],
)
def test_libpq_texts_have_reasons(text, reason):
    assert postgresql.connect_reason(text) is reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("53300", Reason.NO_CONNECTION),
        ("53100", Reason.FULL),
        ("57P01", Reason.REFUSED),
        ("57P03", Reason.LOADING),
        ("57014", Reason.TIMEOUT),
        ("28P01", Reason.AUTH),
        ("08006", Reason.REFUSED),
        ("42P01", Reason.ERROR),
    ],
)
def test_sqlstates_have_reasons(code, reason):
    assert postgresql.sqlstate_reason(code) is reason


def test_redis_errors_have_reasons():
    from redis import exceptions

    cases = {
        Reason.LOADING: exceptions.BusyLoadingError("Redis is loading the dataset in memory"),
        Reason.AUTH: exceptions.AuthenticationError("invalid username-password pair"),
        Reason.READONLY: exceptions.ReadOnlyError("You can't write against a read only replica."),
        Reason.FULL: exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
        Reason.NO_CONNECTION: exceptions.ConnectionError("max number of clients reached"),
        Reason.TIMEOUT: exceptions.TimeoutError("Timeout reading from socket"),
        Reason.REFUSED: exceptions.ConnectionError("Error 111 connecting to 10.0.0.1:6379. Connection refused."),
        Reason.ERROR: exceptions.ResponseError("wrong number of arguments"),
    }
    assert {redis_check.redis_reason(error): error for error in cases.values()} == cases


def test_any_other_exception_has_a_reason_too():
    assert reason_of(TimeoutError()) is Reason.TIMEOUT
    assert reason_of(ConnectionResetError()) is Reason.REFUSED
    assert reason_of(ValueError("10.0.0.1")) is Reason.ERROR
