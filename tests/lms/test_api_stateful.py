"""Sequences of generated requests, where one takes its ids from the answer to another, by everybody who may ask.

LMS_FUZZ_SEQUENCES (default 1) is how many sequences of up to ten requests each of four people makes.
"""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from lms.wsgi import application
from tests.lms.test_api_fuzz import (  # noqa: F401  fixtures
    CHECKS,
    _no_limits,
    _one_connection,
    document,
    tokens,
    world,
)

pytestmark = pytest.mark.filterwarnings("default::django.core.cache.CacheKeyWarning")

SEQUENCES = int(os.environ.get("LMS_FUZZ_SEQUENCES", "1"))


@pytest.mark.parametrize("who", ["outsider", "learner", "instructor", "admin"])
def test_no_sequence_breaks_the_document(document, tokens, who):  # noqa: F811
    schema = schemathesis.openapi.from_dict(document)
    schema.app = application
    headers = {"X-Session-Token": tokens[who]} if tokens[who] else {}
    made: list[int] = []

    class Sequence(schema.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": headers}

        def validate_response(self, response: Any, case: Any, **kwargs: Any) -> None:
            made.append(response.status_code)
            case.validate_response(response, checks=CHECKS)

    Sequence.run(
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=10,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
    )
    assert made
