"""Generated requests by everybody who may ask: no 5xx, nothing that the OpenAPI document doesn't say, and nothing
handed to those whom the authorisation matrix refuses.

LMS_FUZZ_EXAMPLES (default 3) is how many requests each operation gets, at most, from each of five people.
"""

import os

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lms.wsgi import application
from tests.authorisation import World
from tests.lms.test_authorisation import ROWS

# Made-up session cookies hold characters that only memcached would mind.
pytestmark = pytest.mark.filterwarnings("default::django.core.cache.CacheKeyWarning")

EXAMPLES = int(os.environ.get("LMS_FUZZ_EXAMPLES", "3"))
WHO = ["outsider", "stranger", "learner", "instructor", "admin"]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def document() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.fixture
def tokens(world: World, client) -> dict[str, str]:
    """Session tokens; the outsider has none."""
    tokens = {"outsider": ""}
    for name in WHO[1:]:
        client.force_login(world.people[name])
        tokens[name] = client.session.session_key
        client.cookies.clear()
    return tokens


@pytest.fixture(autouse=True)
def _one_connection():
    """Requests share the test's transaction, as Django's own test client arranges it."""
    for moment in (request_started, request_finished):
        moment.disconnect(close_old_connections)
    yield
    for moment in (request_started, request_finished):
        moment.connect(close_old_connections)


@pytest.fixture(autouse=True)
def _no_limits(settings, monkeypatch):
    """The limits have tests of their own; here they would only hide the operations behind 429."""
    monkeypatch.setattr("rest_framework.views.APIView.throttle_classes", [])


@pytest.mark.parametrize("name", sorted(ROWS))
def test_generated_requests_meet_the_document(document, world, tokens, name):
    schema = schemathesis.openapi.from_dict(document)
    schema.app = application
    operation = schema.find_operation_by_id(name)
    things = {parameter: world.ids[thing] for parameter, thing in ROWS[name].ids.items()}

    for who, token in tokens.items():
        refused = ROWS[name].expected()[who] in (401, 403, 404)
        ask_for(operation, things, {"X-Session-Token": token} if token else {}, refused=refused)


def ask_for(operation, things: dict[str, str], headers: dict[str, str], *, refused: bool) -> None:
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy())
    def ask(case):
        case.path_parameters.update(things)
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=CHECKS)
        assert not (refused and answer.status_code < 400), f"{answer.status_code} for somebody who may not"

    ask()
