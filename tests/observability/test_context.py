"""Ids are accepted when well-formed, made otherwise, and go along with the work."""

import json
import logging
import os
import re

import pytest

from observability import context
from observability.context import Context, accept_request_id, capture, continued, current, enter, leave

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def work():
    entered = Context(request_id="request-0001", traceparent=f"00-{TRACE}-{SPAN}-01")
    token = enter(entered)
    yield entered
    leave(token)


@pytest.mark.parametrize("offered", ["abcd1234", "A.b_c-1234", "7" * 64, "123e4567-e89b-12d3-a456-426614174000"])
def test_a_well_formed_request_id_is_kept(offered):
    assert Context(request_id=offered).request_id == offered


@pytest.mark.parametrize(
    "offered",
    ["", "short", "x" * 65, "with space1", "new\nline12", "ab\u00e9cdefgh", "4111111111111111", "10.20.30.40"],
)
def test_any_other_request_id_is_replaced(offered):
    assert accept_request_id(offered) == ""
    assert re.fullmatch(r"[0-9a-f]{32}", Context(request_id=offered).request_id)


def test_two_pieces_of_work_never_share_an_id():
    assert len({Context().request_id for _ in range(1000)}) == 1000


def test_a_forked_child_makes_ids_of_its_own():
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, Context().request_id.encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 64).decode() != Context().request_id
    os.close(reader)
    os.close(writer)


def test_a_trace_goes_on_in_a_span_of_its_own(work):
    assert work.trace_id == TRACE
    assert work.span_id != SPAN
    assert work.traceparent == f"00-{TRACE}-{work.span_id}-01"


@pytest.mark.parametrize(
    "header",
    [
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-extra",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        "garbage",
    ],
)
def test_a_malformed_traceparent_starts_a_new_trace(header):
    started = Context(traceparent=header)
    assert re.fullmatch(r"[0-9a-f]{32}", started.trace_id)
    assert started.trace_id not in {TRACE, "0" * 32}


def test_a_later_version_of_traceparent_is_read_as_far_as_it_is_known():
    assert Context(traceparent=f"01-{TRACE}-{SPAN}-01-what-else").trace_id == TRACE


def test_captured_work_goes_on_under_its_ids(work):
    captured = json.loads(json.dumps(capture()))
    assert captured == {"request_id": "request-0001", "traceparent": work.traceparent}
    leave(enter(Context()))
    with continued(captured):
        inner = current()
        assert (inner.request_id, inner.trace_id) == ("request-0001", TRACE)
        assert inner.span_id != work.span_id
    assert current() is work


def test_nothing_captured_changes_nothing(work):
    with continued({}):
        assert current() is work


def test_a_captured_context_that_was_tampered_with_is_replaced():
    with continued({"request_id": "x\n" * 40, "traceparent": "x"}):
        assert re.fullmatch(r"[0-9a-f]{32}", current().request_id)


def test_outside_of_work_there_is_nothing_to_capture():
    assert capture() == {}


@pytest.mark.django_db
class TestRequests:
    @pytest.fixture(autouse=True)
    def _lines(self, caplog):
        caplog.set_level(logging.INFO, logger="observability.access")
        self.caplog = caplog

    def access_records(self):
        return [record for record in self.caplog.records if record.name == "observability.access"]

    def test_the_id_comes_back_and_is_in_the_problem_body(self, client):
        response = client.get("/api/v1/courses/no-such-course", headers={"X-Request-ID": "request-0002"})
        assert response.headers["X-Request-ID"] == "request-0002"
        assert current() is None

    def test_an_id_is_made_when_none_is_offered(self, client):
        assert re.fullmatch(r"[0-9a-f]{32}", client.get("/admin/login/").headers["X-Request-ID"])

    def test_one_access_line_with_the_route_template(self, client):
        client.get("/admin/login/?next=/secret")
        (record,) = self.access_records()
        assert (record.event, record.method, record.route, record.status) == (
            "http.request",
            "GET",
            "admin/login/",
            200,
        )
        assert record.duration_ms > 0
        assert record.getMessage() == "GET /admin/login/ 200"

    @pytest.mark.parametrize("path", ["/health", "/api/v1/ready", "/metrics"])
    def test_probes_and_scrapes_are_quiet(self, client, path):
        assert client.get(path).status_code in {200, 503}
        assert self.access_records() == []

    def test_a_failed_readiness_is_not_logged_as_an_error_of_the_application(self, client, monkeypatch, caplog):
        from observability.health import draining

        monkeypatch.setattr(draining, "is_draining", lambda: True)
        assert client.get("/api/v1/ready").status_code == 503
        assert [record for record in caplog.records if record.name == "django.request"] == []

    def test_a_signed_in_person_is_named_by_public_id_only(self, client, django_user_model):
        user = django_user_model.objects.create_user(email="ada@example.org", password="long-enough-1")
        client.force_login(user)
        seen = []

        class Collect(logging.Handler):
            def emit(self, record):
                seen.append(current().fields())

        logger = logging.getLogger("observability.access")
        handler = Collect()
        logger.addHandler(handler)
        try:
            client.get("/api/v1/courses")
        finally:
            logger.removeHandler(handler)
        assert seen[-1].get("user_id") == str(user.public_id)

    def test_asking_for_the_person_costs_no_query(self, rf, django_assert_num_queries):
        from django.contrib.auth.middleware import AuthenticationMiddleware

        request = rf.get("/")
        request.session = {}
        AuthenticationMiddleware(lambda request: None).process_request(request)
        with django_assert_num_queries(0):
            assert context.known_user_id(request) == ""
