"""What browsers report of pages: taken when it is well-formed, of this site and not too much; never a 5xx."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from django.conf import settings as configured
from django.test import Client
from django.urls import reverse

from core.errors import DomainError
from pages import vitals
from pages.vitals import KINDS, LARGEST_BODY, OTHER, PAGES, VITALS, read_beacon, read_csp_report
from tests.observability.sentry_endpoint import SentryEndpoint
from tests.system import ROOT

HERE = {"Origin": "http://testserver"}
GOOD = {
    "page": "pages:lesson",
    "vitals": {"lcp": 1.2, "inp": 0.08, "cls": 0.02, "fcp": 0.6, "ttfb": 0.1},
    "errors": [{"kind": "script_error", "message": "x is not defined", "source": "http://a/b.js?c=d", "line": 3}],
}
VIOLATION = {
    "csp-report": {
        "document-uri": "http://testserver/courses/biology?q=1",
        "effective-directive": "script-src-elem",
        "violated-directive": "script-src 'self'",
        "blocked-uri": "https://evil.example/a.js?person=ada",
        "original-policy": "default-src 'none'",
        "disposition": "enforce",
        "line-number": 7,
    }
}


@pytest.fixture
def told(caplog) -> Callable[[], list[logging.LogRecord]]:
    """Lines of failures in pages."""
    caplog.set_level(logging.WARNING, logger="pages.events")
    return lambda: [record for record in caplog.records if record.name == "pages.events"]


@pytest.fixture
def report(client):
    # Telemetry needs no database: a test that asked it would fail here.
    def send(body, path: str = "/vitals", headers=HERE, content_type: str = "application/json", **environ: str):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.generic("POST", path, data, content_type, headers=headers, **environ)

    return send


@pytest.mark.observability
def test_a_report_is_measured_by_page_and_told_once(report, told):
    from observability.testing import metric_value

    names = ("lms_web_vitals_lcp_seconds", "lms_web_vitals_inp_seconds", "lms_web_vitals_cls")
    sums = {name: metric_value(f"{name}_sum", page="pages:lesson") for name in names}
    whole = {name: metric_value(f"lms_web_vitals_{name}_seconds_count") for name in ("fcp", "ttfb")}
    errors = metric_value("lms_page_errors_total", kind="script_error", page="pages:lesson")
    taken = metric_value("lms_page_beacons_total", outcome="taken")
    answer = report(GOOD)
    assert (answer.status_code, answer.content) == (204, b"")
    after = {name: metric_value(f"{name}_sum", page="pages:lesson") - before for name, before in sums.items()}
    assert after == pytest.approx(dict(zip(names, (1.2, 0.08, 0.02), strict=True)))
    assert all(metric_value(f"lms_web_vitals_{name}_seconds_count") == before + 1 for name, before in whole.items())
    assert metric_value("lms_page_errors_total", kind="script_error", page="pages:lesson") == errors + 1
    assert metric_value("lms_page_beacons_total", outcome="taken") == taken + 1
    [line] = told()
    assert (line.levelname, line.getMessage()) == ("ERROR", "script_error in pages:lesson")
    assert (line.reason, line.source, line.source_line) == ("x is not defined", "a/b.js", 3)


@pytest.mark.observability
def test_an_unknown_page_is_other_and_makes_no_series(report):
    from observability.testing import assert_metric_delta, assert_metric_unchanged

    with (
        assert_metric_delta("lms_web_vitals_cls_count", 1, page=OTHER),
        assert_metric_unchanged("observability_unknown_label_values_total"),
    ):
        assert report({"page": "admin:index", "vitals": {"cls": 0}}).status_code == 204


def test_the_pages_that_are_told_apart_exist():
    parts = {"public_id": "0190b8a0-0000-7000-8000-000000000000", "slug": "biology", "position": 1}
    wanted = {"course": ["slug"], "gradebook": ["slug"], "analytics": ["slug"], "lesson": ["public_id"]}
    wanted |= {"grade-submission": ["public_id"], "grade-answer": ["public_id", "position"]}
    wanted |= {"quiz": ["public_id"], "attempt": ["public_id"], "assignment": ["public_id"]}
    for page in PAGES:
        names = wanted.get(page.removeprefix("pages:"), [])
        assert reverse(page, kwargs={name: parts[name] for name in names}).startswith("/")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"{", 400, "invalid_json"),
        (b"\xff\xfe", 400, "invalid_json"),
        (b'{"page": "p", "vitals": {"lcp": NaN}}', 400, "invalid_json"),
        (b'{"page": "p", "vitals": {"lcp": 1e999}}', 422, "invalid_report"),
        (b"[" * 4000, 400, "invalid_json"),
        (b'{"vitals": {"cls": ' + b"9" * 4000 + b"}}", 422, "invalid_report"),
        (b"[]", 422, "invalid_report"),
        (b"null", 422, "invalid_report"),
        ({"page": 1}, 422, "invalid_report"),
        ({"page": "p" * 101}, 422, "invalid_report"),
        ({"page": "p", "person": "ada"}, 422, "invalid_report"),
        ({"vitals": {"fid": 1}}, 422, "invalid_report"),
        ({"vitals": {"lcp": "1"}}, 422, "invalid_report"),
        ({"vitals": {"lcp": True}}, 422, "invalid_report"),
        ({"vitals": {"lcp": -0.1}}, 422, "invalid_report"),
        ({"vitals": {"lcp": 601}}, 422, "invalid_report"),
        ({"vitals": []}, 422, "invalid_report"),
        ({"errors": {}}, 422, "invalid_report"),
        ({"errors": [{"kind": "script_error"}] * 6}, 422, "invalid_report"),
        ({"errors": [{"kind": "other"}]}, 422, "invalid_report"),
        ({"errors": [{"kind": "csp_violation"}]}, 422, "invalid_report"),
        ({"errors": [{"kind": "script_error", "message": "m" * 301}]}, 422, "invalid_report"),
        ({"errors": [{"kind": "script_error", "line": 1.5}]}, 422, "invalid_report"),
        ({"errors": [{"kind": "script_error", "line": -1}]}, 422, "invalid_report"),
        ({"errors": [{"kind": ["script_error"]}]}, 422, "invalid_report"),
        ({"errors": ["script_error"]}, 422, "invalid_report"),
        (b'{"page": "' + b"p" * LARGEST_BODY + b'"}', 413, "too_large"),
    ],
)
def test_anything_else_is_a_problem_and_counts_nothing(report, told, body, status, code):
    answer = report(body)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code
    assert told() == []


@pytest.mark.observability
def test_what_is_refused_measures_nothing(report):
    from observability.testing import assert_metric_delta, assert_metric_unchanged

    with (
        assert_metric_unchanged("lms_web_vitals_lcp_seconds_count"),
        assert_metric_unchanged("lms_page_errors_total"),
        assert_metric_delta("lms_page_beacons_total", 1, outcome="refused"),
    ):
        assert report(GOOD | {"errors": [{"kind": "script_error"}, {"kind": "other"}]}).status_code == 422


def test_odd_texts_are_taken_as_something_that_can_be_logged(report, told):
    odd = {"kind": "unhandled_rejection", "message": "\ud800 \x00 \u202e", "source": "http://[x"}
    assert report({"page": "\ud800", "errors": [odd]}).status_code == 204
    [line] = told()
    assert (line.reason, line.source) == ("?  \u202e", "")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 204),
        ({"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}, 204),
        ({"Origin": "http://testserver"}, 204),
    ],
)
def test_only_pages_of_this_site_report(report, headers, status):
    assert report(GOOD, headers=headers).status_code == status
    assert report(VIOLATION, path="/vitals/csp", headers=headers).status_code == status


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_report_is_posted(client, method):
    assert client.generic(method, "/vitals", headers=HERE).status_code == 405


def test_no_token_is_asked_for_and_no_session_is_read(db, django_assert_num_queries):
    client = Client(enforce_csrf_checks=True)
    client.cookies["sessionid"] = "a" * 32
    with django_assert_num_queries(0):
        assert client.generic("POST", "/vitals", json.dumps(GOOD), headers=HERE).status_code == 204


@pytest.mark.observability
def test_one_beyond_the_limit_is_dropped_and_no_security_event(report, settings):
    from observability.testing import assert_metric_delta, assert_metric_unchanged

    settings.LIMITS = settings.LIMITS | {"page_beacons": "2/60"}
    with assert_metric_unchanged("lms_throttled_total"), assert_metric_delta("lms_web_vitals_cls_count", 2):
        answers = [report(GOOD) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [204, 204, 429]
    assert 1 <= int(answers[2]["Retry-After"]) <= 60
    with assert_metric_delta("lms_page_beacons_total", 1, outcome="limited"):
        assert report(VIOLATION, path="/vitals/csp").status_code == 429, "both kinds of reports share an allowance"
    assert report(GOOD, REMOTE_ADDR="203.0.113.9").status_code == 204


@pytest.mark.observability
def test_a_source_that_tells_of_failures_without_end_is_dropped_and_its_measures_are_still_taken(
    report, settings, told
):
    settings.LIMITS = settings.LIMITS | {"page_failures": "2/60"}
    assert [report(GOOD).status_code for _ in range(3)] == [204, 204, 429]
    assert report(VIOLATION, path="/vitals/csp").status_code == 429
    assert report(GOOD | {"errors": []}).status_code == 204
    assert len(told()) == 2


def test_without_redis_reports_are_taken_up_to_the_process_share(report, settings):
    settings.LIMITS = settings.LIMITS | {"page_beacons": f"{2 * configured.WEB_WORKERS}/60"}
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # nobody listens there
    assert [report(GOOD).status_code for _ in range(3)] == [204, 204, 429]


def test_a_failing_listener_reaches_no_browser(report):
    from pages import signals

    def fail(**facts: object) -> None:
        raise RuntimeError("a listener")

    signals.page_measured.connect(fail)
    try:
        assert report(GOOD).status_code == 204
    finally:
        signals.page_measured.disconnect(fail)


@pytest.mark.observability
def test_a_violation_of_the_policy_is_counted_with_its_page(report, told):
    from observability.testing import assert_metric_delta

    with assert_metric_delta("lms_page_errors_total", 1, kind="csp_violation", page="pages:course"):
        assert report(VIOLATION, path="/vitals/csp", content_type="application/csp-report").status_code == 204
    [line] = told()
    assert (line.levelname, line.reason, line.source) == ("WARNING", "script-src-elem", "evil.example/a.js")
    assert "ada" not in str(line.__dict__)


@pytest.mark.parametrize("body", [{}, {"csp-report": 1}, {"csp-report": {"blocked-uri": 1}}, [], "a"])
def test_another_shape_is_no_violation(report, body):
    assert report(body, path="/vitals/csp").status_code == 422


def test_a_page_nobody_knows_is_other():
    page, failure = read_csp_report(
        json.dumps({"csp-report": {"document-uri": "http://[", "line-number": 1.5}}).encode(), str
    )
    assert (page, failure) == (OTHER, vitals.Failure("csp_violation"))


def test_every_part_of_a_report_may_be_missing():
    assert read_beacon(b"{}") == vitals.Beacon(OTHER, {}, ())
    for name, most in VITALS.items():
        assert read_beacon(json.dumps({"vitals": {name: most}}).encode()).vitals == {name: most}
        with pytest.raises(DomainError):
            read_beacon(json.dumps({"vitals": {name: most + 1}}).encode())
    for kind in set(KINDS) - {"csp_violation"}:
        assert read_beacon(json.dumps({"errors": [{"kind": kind}]}).encode()).failures == (vitals.Failure(kind),)


def test_pages_and_lessons_name_where_the_policy_reports_to(world, as_user):
    client = as_user(world.people["learner"])
    for path in ("/", f"/lessons/{world.ids['lesson']}", "/account/login"):
        answer = client.get(path)
        assert answer["Content-Security-Policy"].endswith("; report-uri /vitals/csp")
        assert answer.text.count('data-report="/vitals" defer></script>') == 1
    assert 'data-page="pages:lesson"' in client.get(f"/lessons/{world.ids['lesson']}").text


OUTSIDE = """
import django, sys
django.setup()
import sentry_sdk
from django.test import Client
client = Client(headers={"Origin": "http://testserver"})
client.cookies["sessionid"] = "a" * 32
answers = [client.generic("POST", sys.argv[1], body, "application/json").status_code for body in sys.argv[2:]]
sentry_sdk.flush(5)
print(answers)
"""


@pytest.mark.observability
def test_with_database_and_redis_gone_an_error_still_reaches_sentry_and_without_what_is_personal():
    failure = {"kind": "script_error", "message": "no film for ada@example.org", "source": "/static/a.js", "line": 3}
    variables = {
        "DJANGO_SETTINGS_MODULE": "lms.settings", "DJANGO_SECRET_KEY": "tests-only-" + "v" * 50, "LMS_DEBUG": "1",
        "LMS_ENV_FILE": os.devnull, "LMS_ALLOWED_HOSTS": "testserver",
        "DATABASE_URL": "postgres://x:x@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1/0",
    }  # fmt: skip
    with SentryEndpoint() as endpoint:
        run = subprocess.run(
            [sys.executable, "-c", OUTSIDE, "/vitals", json.dumps({"page": "pages:lesson", "errors": [failure]}), "{"],
            env=os.environ | variables | {"SENTRY_DSN": endpoint.dsn},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert run.stdout.strip().splitlines()[-1:] == ["[204, 400]"], run.stderr[-2000:]
        [event] = endpoint.of("event")
    assert event["logentry"]["message"] == "script_error in pages:lesson"
    assert event["extra"]["source"] == "/static/a.js"
    assert event["extra"]["reason"].startswith("no film for ")
    assert "ada@example.org" not in json.dumps(event)
