"""No mass assignment: what an operation's request schema does not name changes nothing, whoever sends it."""

import datetime
import functools
import uuid
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models, transaction
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from accounts.models import User
from tests.authorisation import ACTORS
from tests.lms.conftest import APPS
from tests.lms.test_authorisation import ROWS

pytestmark = pytest.mark.django_db

MARK = "mass-assigned-4711"
NUMBER = 47114711
MOMENT = datetime.datetime(2099, 9, 9, 9, 9, 9, tzinfo=datetime.UTC)
ID = uuid.UUID("47114711-4711-4711-8711-471147114711")
TRACES = (MARK, str(NUMBER), "2099-09-09", str(ID))


def value_for(field: models.Field) -> Any:
    if isinstance(field, models.BooleanField):
        return True
    if isinstance(field, models.UUIDField):
        return str(ID)
    if isinstance(field, models.DateTimeField):
        return MOMENT.isoformat()
    if isinstance(field, (models.IntegerField, models.DecimalField, models.ForeignKey)):
        return NUMBER
    return MARK


def stored_fields() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            for field in model._meta.concrete_fields:
                found[field.name] = found[field.attname] = value_for(field)
    return found | {"is_staff": True, "permissions": [MARK], "groups": [MARK], "pk": NUMBER}


@pytest.fixture(scope="module")
def writes() -> dict[str, tuple[str, str, set[str]]]:
    """Method, path and named properties of the operations that take a JSON object, by operationId."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    components = document["components"]["schemas"]

    def names(schema: dict[str, Any]) -> set[str]:
        if "$ref" in schema:
            schema = components[schema["$ref"].rpartition("/")[2]]
        parts = [*schema.get("allOf", []), *schema.get("oneOf", []), *schema.get("anyOf", [])]
        return set(schema.get("properties", {})).union(*(names(part) for part in parts))

    found = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
            if "application/json" in content:
                schema = content["application/json"]["schema"]
                found[operation["operationId"]] = method, path, names(schema)
    return found


@functools.cache
def search() -> str:
    """One statement: the tables with a row that holds one of the values."""
    tables = [model._meta.db_table for app in APPS for model in apps.get_app_config(app).get_models()]
    existing = [table for table in tables if table in connection.introspection.table_names()]
    wanted = " OR ".join(["row::text LIKE %s"] * len(TRACES))
    return " UNION ALL ".join(f"SELECT '{table}' FROM \"{table}\" AS row WHERE {wanted}" for table in existing)


def traces() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            search(),
            [f"%{trace}%" for trace in TRACES] * search().count("UNION ALL") + [f"%{trace}%" for trace in TRACES],
        )
        return [table for (table,) in cursor.fetchall()]


def people() -> list[tuple[Any, ...]]:
    return list(
        User.objects.order_by("pk").values_list("pk", "email", "is_superuser", "is_active", "session_generation")
    )


def test_the_search_finds_what_is_there():
    assert traces() == []
    User.objects.create(email="a@example.org", name=MARK)
    assert traces() == ["accounts_user"]


OPERATIONS = sorted(name for name, row in ROWS.items() if row.format == "json" and isinstance(row.body, dict))


def test_there_is_something_to_look_at(writes):
    assert len(OPERATIONS) > 10
    assert set(OPERATIONS) & set(writes)


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_a_serializer_does_not_name_changes_nothing(name, world, writes):
    if name not in writes:
        pytest.skip("takes no JSON object")
    method, path, named = writes[name]
    row = ROWS[name]
    path = path.format(**{parameter: world.ids[thing] for parameter, thing in row.ids.items()})
    more = {field: value for field, value in stored_fields().items() if field not in named}
    allowed = [actor for actor in ACTORS[1:] if row.expected()[actor] < 400]
    for actor in allowed[:1]:  # the one with the fewest rights
        client = APIClient()
        client.force_authenticate(world.people[actor])
        results = []
        for body in (row.body, {**more, **row.body}):
            with transaction.atomic():
                answer = getattr(client, method)(path, body, format="json", headers=row.headers)
                results.append((answer.status_code, people()[: len(world.people) - 1]))
                assert traces() == [], (actor, answer.status_code)
                transaction.set_rollback(True)
        plain, assigned = results
        assert assigned[0] in (plain[0], 400)
        if assigned[0] == plain[0]:
            assert assigned[1] == plain[1], actor
