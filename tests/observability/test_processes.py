"""What the real processes write: only our lines, and one request id from the browser to the last consumer."""

import email
import json
import re
from urllib.parse import unquote

import psycopg
import pytest

from tests.observability.sentry_endpoint import SentryEndpoint
from tests.system import System, wait_for

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_after_the_banner_every_line_of_every_process_is_ours(system: System, name):
    wait_for(lambda: len(system.log_lines(name)) >= 3, what=f"three lines of {name}")
    lines = system.log_path(name).read_text().splitlines()
    first = next(index for index, text in enumerate(lines) if text.startswith("{"))
    for text in lines[first:]:
        fields = json.loads(text)
        assert list(fields)[:4] == ["time", "level", "logger", "message"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", fields["time"])


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """The processes with SQL comments, a database that logs every statement, and a Sentry endpoint."""
    with SentryEndpoint() as endpoint:
        variables = {
            "SENTRY_DSN": endpoint.dsn,
            "LMS_SQL_COMMENTS": "1",
            "LMS_TRACES_SAMPLE_RATE": "1.0",
            "LMS_ORDINARY_TRACES_KEPT": "1.0",
            "LMS_CELERY_CONCURRENCY": "1",
        }
        directory = tmp_path_factory.mktemp("watched")
        with System(directory, processes=("web", "worker", "beat"), variables=variables) as running:
            with psycopg.connect(running.environment["DATABASE_URL"], autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET log_statement = 'all'")
                connection.execute("SELECT pg_reload_conf()")
            running.endpoint = endpoint
            yield running


def statements(system: System, request_id: str) -> list[str]:
    log = (system.directory / "servers" / "postgres.log").read_text(errors="replace")
    return [line for line in log.splitlines() if f"/*request_id='{request_id}'" in line]


def spans(system: System, operation: str) -> dict[str, set[str]]:
    """Transaction → the names of its spans of this kind."""
    found: dict[str, set[str]] = {}
    for transaction in system.endpoint.of("transaction"):
        names = {span["description"] for span in transaction["spans"] if span["op"] == operation}
        found.setdefault(transaction["transaction"], set()).update(names)
    return found


def events(system: System, name: str, request_id: str) -> set[str]:
    return {line.get("event", "") for line in system.log_lines(name) if line.get("request_id") == request_id}


def transactions(system: System, request_id: str) -> list[dict]:
    return [item for item in system.endpoint.of("transaction") if item["tags"].get("request_id") == request_id]


@pytest.mark.timeout(240)
def test_one_request_id_follows_a_learner_through_every_process(watched: System):
    watched.manage("import_course", "lms/demo/sample_course", "--publish")
    api, person = "/api/v1/auth/app/v1", {"email": "ada@example.org", "password": "correct-horse-battery"}
    signed_up = "sign-up-of-a-learner-1"
    assert watched.post(f"{api}/auth/signup", person | {"name": "Ada"}, X_Request_ID=signed_up).status == 401
    mail = wait_for(lambda: [mail for mail in watched.mails() if "verify-email" in mail], what="the mail")[0]
    text = email.message_from_string(mail).get_payload(decode=True).decode()
    watched.post(f"{api}/auth/email/verify", {"key": unquote(re.search(r"verify-email/([^\s/]+)", text)[1])})
    token = watched.post(f"{api}/auth/login", person).json["meta"]["session_token"]
    enrolled = "enrolment-of-a-learner-1"
    answer = watched.post(
        "/api/v1/courses/reliable-services/enrollment", {}, X_Session_Token=token, X_Request_ID=enrolled
    )
    assert answer.status == 201

    # The request itself: access line, service's line, statements, Sentry transaction.
    wait_for(lambda: "http.request" in events(watched, "web", enrolled), what="the access line")
    assert events(watched, "web", enrolled) >= {"http.request", "enrollment.created"}
    access = next(line for line in watched.log_lines("web") if line.get("request_id") == enrolled and "route" in line)
    assert access["route"] == "api/v1/courses/<slug:slug>/enrollment"
    assert len(access["user_id"]) == 36
    inserts = wait_for(lambda: [s for s in statements(watched, enrolled) if "INSERT" in s], what="the statement")
    assert any("courses_enrollment" in statement for statement in inserts)
    assert f"traceparent='00-{access['trace_id']}-{access['span_id']}" in inserts[0]
    (transaction,) = wait_for(lambda: transactions(watched, enrolled), what="the transaction")
    assert transaction["transaction"] == "/api/v1/courses/{slug}/enrollment"
    assert transaction["user"] == {"id": access["user_id"]}

    # What follows from a request, in another process: the mail that the sign-up put into the outbox.
    wait_for(lambda: "outbox.delivered" in events(watched, "worker", signed_up), what="the worker's line")
    delivered = next(line for line in watched.log_lines("worker") if line.get("request_id") == signed_up)
    caused = next(line for line in watched.log_lines("web") if line.get("request_id") == signed_up)
    assert delivered["task"] == "outbox.tasks.relay"
    assert delivered["trace_id"] == caused["trace_id"]
    assert delivered["span_id"] != caused["span_id"]
    (transaction,) = wait_for(lambda: transactions(watched, signed_up), what="the sign-up's transaction")
    assert transaction["transaction"] == "/api/v1/auth/app/v1/auth/signup"

    everything = b"".join(watched.endpoint.raw) + b"".join(
        watched.log_path(name).read_bytes() for name in ("web", "worker", "beat")
    )
    for secret in ("ada@example.org", "correct-horse-battery", token):
        position = everything.find(secret.encode())
        assert position < 0, everything[max(0, position - 300) : position + 60]


@pytest.mark.timeout(120)
def test_beat_checks_in_where_its_schedules_have_a_monitor(watched: System):
    with psycopg.connect(watched.environment["DATABASE_URL"], autocommit=True) as connection:
        due = wait_for(
            lambda: (
                connection.execute(
                    "UPDATE django_celery_beat_periodictask SET last_run_at = now() - interval '1 day' "
                    "WHERE name = 'expire-enrollments'"
                ).rowcount
            ),
            what="beat's schedule",
        )
        connection.execute("UPDATE django_celery_beat_periodictasks SET last_update = now() + interval '1 second'")
    assert due == 1

    def check_ins() -> list[dict]:
        return [sent for sent in watched.endpoint.of("check_in") if sent["monitor_slug"] == "expire-enrollments"]

    wait_for(lambda: len(check_ins()) >= 2, what="the check-ins of a run")
    begun, ended = check_ins()[:2]
    assert (begun["status"], ended["status"]) == ("in_progress", "ok")
    assert begun["check_in_id"] == ended["check_in_id"]
    assert begun["monitor_config"]["schedule"] == {"type": "interval", "value": 10, "unit": "minute"}
    assert "relay-outbox" not in {sent["monitor_slug"] for sent in watched.endpoint.of("check_in")}


@pytest.mark.timeout(120)
def test_spans_name_statements_and_commands_without_their_values(watched: System):
    request, task = "/api/v1/auth/app/v1/auth/signup", "outbox.tasks.relay"
    watched.post("/api/v1/auth/app/v1/auth/signup", {"email": "ada@example.org", "password": "short"})

    def seen(operation: str, transaction: str) -> set[str]:
        return wait_for(lambda: spans(watched, operation).get(transaction), what=f"{operation} of {transaction}")

    assert [name for name in seen("db.redis", request) if not re.fullmatch("[A-Z]+", name)] == []
    assert seen("queue.process", task) == {task}
    assert any(name.startswith('SELECT "outbox_message"."id", ') for name in seen("db", task))
    assert any(name.startswith("SELECT ") and "%s" in name for name in seen("db", request))
    for names in spans(watched, "db").values():
        assert [name for name in names if re.search(r"'|= \d|IN \(\d|LIMIT \d", name)] == []
