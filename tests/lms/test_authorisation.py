"""Every operation of the OpenAPI document × everybody who may ask: the answer is the one in the matrix."""

import pytest
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from tests.authorisation import ACTORS, Row
from tests.lms.conftest import MODULES

ROWS: dict[str, Row] = {name: row for module in MODULES for name, row in module.ROWS.items()}


def operations() -> dict[str, tuple[str, str]]:
    """Method and path by operationId."""
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    return {
        operation["operationId"]: (method, path)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if isinstance(operation, dict) and "operationId" in operation
    }


def test_every_operation_has_its_row_and_every_row_its_operation():
    documented = set(operations())
    assert sorted(documented - set(ROWS)) == [], "add their rows to tests/<app>/authorisation.py"
    assert sorted(set(ROWS) - documented) == []


@pytest.fixture(scope="module")
def documented() -> dict[str, tuple[str, str]]:
    return operations()


@pytest.mark.parametrize("name", sorted(ROWS))
def test_each_answers_everybody_as_the_matrix_says(world, documented, name):
    row = ROWS[name]
    method, path = documented[name]
    path = path.format(**{parameter: world.ids[thing] for parameter, thing in row.ids.items()})
    answers = {}
    for actor in ACTORS:
        client = APIClient()
        if world.people[actor]:
            client.force_authenticate(world.people[actor])
        # Each asks in the same world: what an operation did is undone before the next one asks.
        with transaction.atomic():
            answer = getattr(client, method)(path, row.body, format=row.format, headers=row.headers)
            answers[actor] = answer.status_code
            transaction.set_rollback(True)
    assert answers == row.expected()
