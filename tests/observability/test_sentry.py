"""What reaches Sentry, seen at a real endpoint: one event per failed response, and no personal data in anything."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sentry_relay.processing import StoreNormalizer

from observability.statements import normalised
from tests.observability.canaries import CANARIES
from tests.observability.sentry_endpoint import SentryEndpoint

ROOT = Path(__file__).resolve().parents[2]


def run(dsn: str, requests: list[list], **config) -> dict:
    """Carry out the requests in a process of its own with Sentry started; what it printed."""
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.observability.sentry_app",
            json.dumps({"dsn": dsn, "requests": requests} | config),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.splitlines()[-1])


RESPONSES = [
    ("/fine/some-slug", 200, 0),
    ("/nowhere/alice", 404, 0),
    ("/missing", 404, 0),
    ("/forbidden", 403, 0),
    ("/raises/some-slug", 500, 1),
    ("/raises/some-slug", 500, 1),
    ("/returns", 503, 1),
    ("/returns", 503, 1),
    ("/logs-and-returns", 500, 1),
    ("/logs-what-it-maps", 503, 1),
    ("/mapped", 503, 1),
    ("/unmapped", 500, 1),
    ("/returned", 502, 1),
    ("/api/v1/ready", 503, 0),
]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def day():
    """An endpoint that has seen each of RESPONSES, and the statuses answered."""
    with SentryEndpoint() as endpoint:
        requests = [
            ["GET", path, {"X-Request-ID": f"request-{index:04}", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}]
            for index, (path, _, _) in enumerate(RESPONSES)
        ]
        endpoint.statuses = run(endpoint.dsn, requests, traces=1.0)["statuses"]
        yield endpoint


@pytest.fixture
def endpoint():
    with SentryEndpoint() as running:
        yield running


def test_each_failed_response_gives_exactly_one_event(day):
    reported = Counter(event["tags"]["request_id"] for event in day.of("event"))
    assert [
        (path, status, reported[f"request-{index:04}"])
        for index, ((path, _, _), status) in enumerate(zip(RESPONSES, day.statuses, strict=True))
    ] == RESPONSES
    assert reported.total() == 9


def test_an_event_says_where_and_under_which_ids_it_happened(day):
    events = {event["tags"]["request_id"]: event for event in day.of("event")}
    raised, returned = events["request-0004"], events["request-0006"]
    assert raised["transaction"] == "/raises/{slug}"
    assert raised["exception"]["values"][-1]["type"] == "ValueError"
    assert raised["exception"]["values"][-1]["stacktrace"]["frames"][-1]["function"] == "raises"
    assert returned["message"] == "GET /returns answered 503"
    for request_id, event in events.items():
        assert event["tags"] == {"request_id": request_id, "w3c_trace_id": TRACE, "role": "api"}
        assert (event["release"], event["environment"]) == ("1.2.3", "testing")
        assert "user" not in event or event["user"] == {}
        assert "modules" not in event


def test_transactions_are_named_by_route_and_statements_are_normalised(day):
    named = Counter(transaction["transaction"] for transaction in day.of("transaction"))
    assert named == {
        "/fine/{slug}": 1,
        "(no route)": 1,
        "/missing": 1,
        "/forbidden": 1,
        "/raises/{slug}": 2,
        "/returns": 2,
        "/logs-and-returns": 1,
        "/logs-what-it-maps": 1,
        "/mapped": 1,
        "/unmapped": 1,
        "/returned": 1,
    }
    (fine,) = (transaction for transaction in day.of("transaction") if transaction["transaction"] == "/fine/{slug}")
    assert fine["tags"]["request_id"] == "request-0000"
    statements = [span["description"] for span in fine["spans"] if span["op"] == "db"]
    assert statements == ["connect", "SELECT %s WHERE %s IN (%s) AND %s > %s"]


def test_relay_accepts_what_is_sent(day):
    normaliser = StoreNormalizer(project_id=1, client="tests", protocol_version="7")
    for event in day.of("event") + day.of("transaction"):
        accepted = normaliser.normalize_event(dict(event))
        assert accepted["event_id"] == event["event_id"]
        assert '"err"' not in json.dumps(accepted.get("_meta", {}))


LEAKING = {
    "everything collected by mistake": {
        "send_default_pii": True,
        "include_local_variables": True,
        "max_request_body_size": "always",
        "enable_logs": True,
        "attach_stacktrace": True,
    },
    "data collection by mistake": {
        "data_collection": {"user_info": True},
        "include_local_variables": True,
        "max_request_body_size": "always",
        "enable_logs": True,
    },
    "streamed spans": {"trace_lifecycle": "stream", "enable_logs": True, "include_local_variables": True},
}


@pytest.mark.parametrize("mistake", LEAKING)
def test_no_canary_reaches_the_endpoint(endpoint, mistake):
    texts = [text for text, _ in CANARIES.values()]
    headers = {f"X-Note-{index}": text.replace("\n", " ") for index, text in enumerate(texts)} | {
        "Cookie": "sessionid=canarysession0123456789; note=canary.person@example.org",
        "Authorization": "Bearer canaryBearer0123456789abcdef",
        "X-Session-Token": "canarysession0123456789",
        "X-Forwarded-For": "203.0.113.77",
        "User-Agent": "canary.person@example.org",
    }
    path = "/leaks?email=canary.person%40example.org&token=canarytoken012345"
    run(
        endpoint.dsn,
        [["POST", path, headers, json.dumps([text])] for text in texts],
        traces=1.0,
        options=LEAKING[mistake] | {"transport_queue_size": 10_000, "shutdown_timeout": 30},
    )
    sent = b"\n".join(endpoint.raw).decode("utf-8", "replace")
    kinds = {kind for kind, _ in endpoint.items}
    assert {"event", "check_in", "trace_metric"} <= kinds
    assert kinds & {"transaction", "span"}
    assert "attachment" not in kinds
    leaked = [kind for kind, (_, needle) in CANARIES.items() if needle in sent]
    assert leaked == []


def test_spotlight_shows_events_without_a_dsn_redacted_as_well(endpoint):
    text, needle = CANARIES["email"]
    headers = {"User-Agent": text, "Cookie": "sessionid=canarysession0123456789"}
    url = endpoint.dsn.replace("0123456789abcdef0123456789abcdef@", "").removesuffix("/1") + "/stream"
    run("", [["POST", f"/leaks?q={needle}%40example.org", headers, json.dumps([text])]], spotlight=url)
    assert len(endpoint.of("event")) > 1
    sent = b"".join(endpoint.raw).decode()
    assert needle not in sent
    assert "canarysession0123456789" not in sent


def test_nothing_happens_without_a_dsn():
    code = (
        "import sys; sys.argv = ['x', '{\"requests\": []}']\n"
        "import runpy; runpy.run_module('tests.observability.sentry_app', run_name='app')\n"
        "import django; django.setup()\n"
        "from observability import sentry\n"
        "print(sentry.start(), 'sentry_sdk' in sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "False False\n"


def test_a_value_that_cannot_be_redacted_is_not_sent(monkeypatch):
    from observability.sentry import gate

    def fail(*args, **kwargs):
        raise RuntimeError("no")

    monkeypatch.setattr(gate, "redact", fail)
    event = {"event_id": "a" * 32, "level": "error", "message": "to a@example.org", "extra": {"x": 1}}
    assert json.loads(gate.scrubbed_json(event)) == {
        "event_id": "a" * 32,
        "level": "error",
        "message": "[unredactable]",
    }


def test_mistaken_options_are_pointed_out(settings):
    from observability.sentry.checks import sentry_options

    settings.OBSERVABILITY = {
        "SENTRY_OPTIONS": {"send_default_pii": True, "data_collection": {"user_info": True}, "transport": object}
    }
    assert [problem.id for problem in sentry_options()] == [
        "observability.W101",
        "observability.W101",
        "observability.W103",
    ]
    settings.OBSERVABILITY = {"SENTRY_OPTIONS": {"max_breadcrumbs": 10}}
    assert sentry_options() == []


def test_a_client_started_elsewhere_is_pointed_out():
    code = """
import sentry_sdk
from django.conf import settings
settings.configure()
sentry_sdk.init("http://a@127.0.0.1:1/1")
from observability.sentry.checks import sentry_started_here
print([problem.id for problem in sentry_started_here()])
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "['observability.W102']\n"


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("SELECT * FROM t WHERE id IN (1, 2, 3)", "SELECT * FROM t WHERE id IN (%s)"),
        ("SELECT * FROM t WHERE id IN (%s, %s)", "SELECT * FROM t WHERE id IN (%s)"),
        ("INSERT INTO t (a, b) VALUES (%s, %s), (%s, %s)", "INSERT INTO t (a, b) VALUES (%s)"),
        ("SELECT 'it''s' || \"col'1\" -- note\nFROM t", 'SELECT %s || "col\'1" FROM t'),
        ('/*request_id=\'x\'*/ SELECT  "t1"."a2"\n LIMIT 21', 'SELECT "t1"."a2" LIMIT %s'),
        ("SELECT '-- not a comment' FROM t -- one", "SELECT %s FROM t"),
        ("SELECT 'cut off", "SELECT %s"),
        ("x" * 1000, "x" * 500),
    ],
)
def test_a_statement_is_named_without_its_values(statement, name):
    assert normalised(statement) == name
