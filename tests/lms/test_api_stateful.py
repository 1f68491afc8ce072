"""Sequences of generated requests by everybody who may ask, in one world: no 5xx, nothing that the OpenAPI document
doesn't say, and no work of others in any answer.

Ids come out of earlier answers, whoever got those, along the links that schemathesis infers from the document; else
they are mostly those of the world's things, one's own and foreign ones. Bodies are generated, or at times that of the
authorisation matrix. `make fuzz` sets LMS_FUZZ_CASES, the number of requests that are made at least (default: one
round of a few sequences).
"""

import os
import sys
from collections import Counter
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, rule
from rest_framework.test import APIClient
from schemathesis.core.result import Ok
from schemathesis.generation.stateful.state_machine import StepInput

from lms.wsgi import application
from tests.lms.private_work import Secret, hide
from tests.lms.test_api_fuzz import (  # noqa: F401  fixtures
    CHECKS,
    _no_limits,
    _one_connection,
    document,
    tokens,
)
from tests.lms.test_authorisation import ROWS

CASES = int(os.environ.get("LMS_FUZZ_CASES", "0"))
SEQUENCES, STEPS = (max(1, CASES // 15), 20) if CASES else (5, 12)
WHO = ["outsider", "stranger", "learner", "instructor", "admin"]
# How often somebody asks who may, and an id or a body that no answer has given is one that makes sense.
LET_IN, KNOWN_THING, KNOWN_BODY = 0.5, 0.9, 0.3

pytestmark = [
    pytest.mark.filterwarnings("default::django.core.cache.CacheKeyWarning"),
    pytest.mark.timeout(3600 if CASES else 120),
]


@pytest.fixture
def hidden(world) -> tuple[list[Secret], dict[str, list[str]]]:
    return hide(world)


def operation_id(case: Any) -> str:
    return case.operation.definition.raw["operationId"]


def leaked(secrets: list[Secret], body: bytes, user: Any) -> list[str]:
    """The texts in `body` that `user` must not see."""
    return [secret.text for secret in secrets if secret.text.encode() in body and not secret.may_be_read_by(user)]


def test_no_sequence_breaks_the_document_or_shows_foreign_work(document, world, hidden, tokens, capsys):  # noqa: F811
    secrets, foreign = hidden
    schema = schemathesis.openapi.from_dict(document)
    schema.app = application
    made: Counter[str] = Counter()
    answered: Counter[tuple[str, str]] = Counter()
    broken: list[Exception] = []

    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]

    def check(name: str, who: str, response: Any) -> None:
        assert leaked(secrets, response.content, world.people.get(who)) == [], f"{name} for {who}"
        let_in = response.status_code < 400 and ROWS[name].expected()[who] == 401
        assert not let_in, f"{name} for {who}"

    class Sequence(schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            """Every sequence begins in the same world."""
            self.undone = transaction.atomic()
            self.undone.__enter__()
            # Hypothesis leaves rules out of each sequence, which helps with few rules; of these 100 few would be left.
            self._rules_strategy.enabled_rules_strategy = st.just(SimpleNamespace(is_enabled=lambda name: True))

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)

        @initialize(number=st.integers(0, 2**32))
        def choose(self, number: int) -> None:
            self.random = Random(number)

        @rule(target=Bundle("begun"), data=st.data())
        def begin_anywhere(self, data: Any) -> Any:
            """schemathesis begins only where no id is needed; here ids are known."""
            begun = StepInput.initial(data.draw(self.random.choice(operations).as_strategy()))
            self.recorder.record_case(case=begun.case)
            self.control.record_step(begun, self.recorder)
            return self.step(begun)

        def step(self, input: StepInput) -> Any:
            row, given = ROWS[operation_id(input.case)], {name for _, name in input.applied_parameters}
            expected = row.expected()
            let_in = [who for who in WHO if expected[who] < 400]
            self.who = self.random.choice(let_in if let_in and self.random.random() < LET_IN else WHO)
            for parameter, thing in row.ids.items():
                if parameter not in given and self.random.random() < KNOWN_THING:
                    things = [world.ids[thing], *foreign.get(thing, [])]
                    input.case.path_parameters[parameter] = self.random.choice(things)
            if row.body and not given and self.random.random() < KNOWN_BODY:
                input.case.body = row.body
            made["linked" if input.is_applied else "begun"] += 1
            return super().step(input)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": {"X-Session-Token": tokens[self.who]} if tokens[self.who] else {}}

        def validate_response(self, response: Any, case: Any, **kwargs: Any) -> None:
            name = operation_id(case)
            try:
                case.validate_response(response, checks=CHECKS)
                check(name, self.who, response)
            except Exception as error:
                broken.append(error)
                raise
            done = response.status_code < 400
            answered[name, self.who] += done

    rounds = 0
    while not rounds or made.total() < CASES:
        rounds += 1
        seed(rounds)(Sequence)
        try:
            Sequence.run(
                settings=settings(
                    max_examples=SEQUENCES,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    phases=[Phase.generate],  # new ids in each world: a sequence can't be made shorter step by step
                    suppress_health_check=list(HealthCheck),
                )
            )
        except Exception:
            if broken:  # Hypothesis tries again, and may only tell that it went differently
                raise broken[0] from None
            raise
    assert made["linked"] > 0
    if CASES:
        lines = [f"{made.total()} cases in sequences, {made['linked']} along a link; granted of {len(operations)}:"]
        for who in WHO:
            granted = {name for (name, by), number in answered.items() if by == who and number}
            lines.append(f"  {who}: {len(granted)} operations, {sum(answered[name, who] for name in granted)} times")
        with capsys.disabled():
            sys.stdout.write("\n" + "\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("thing", "path"),
    [
        ("submission", "/api/v1/submissions/{}"),
        ("submission_file", "/api/v1/submission-files/{}"),
        ("attempt", "/api/v1/attempts/{}"),
    ],
)
def test_a_foreign_text_is_noticed_where_it_shows(world, hidden, thing, path):
    secrets, foreign = hidden
    client = APIClient()
    client.force_authenticate(world.people["admin"])
    people = {who: world.people.get(who) for who in WHO}
    for place, readers in enumerate((["instructor", "admin"], ["admin"])):  # in the world's course, in the other
        answer = client.get(path.format(foreign[thing][place]))
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert [who for who, user in people.items() if not leaked(secrets, body, user)] == readers
