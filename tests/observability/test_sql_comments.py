"""A statement says for which request it runs, when the host wants that."""

import pytest
from django.db import connection

from observability.context import Context, enter, leave
from observability.sql_comments import add_comment

pytestmark = pytest.mark.django_db
OWN_STATEMENT = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid() AND %s <> '%%'"


@pytest.fixture
def work():
    context = Context(request_id="request-0001")
    token = enter(context)
    yield context
    leave(token)


def seen_by_the_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute(OWN_STATEMENT, ["x"])
        return cursor.fetchone()[0]


def test_the_database_sees_the_ids(work):
    with connection.execute_wrapper(add_comment):
        assert seen_by_the_database().endswith(
            f" /*request_id='request-0001',traceparent='00-{work.trace_id}-{work.span_id}-00'*/"
        )


def test_outside_of_work_a_statement_stays_as_it_is():
    with connection.execute_wrapper(add_comment):
        assert "/*" not in seen_by_the_database()


def test_comments_are_off_unless_asked_for(work):
    assert "/*" not in seen_by_the_database()


@pytest.mark.django_db(transaction=True)
def test_new_connections_comment_when_asked_to(work, settings):
    settings.OBSERVABILITY = settings.OBSERVABILITY | {"SQL_COMMENTS": True}
    connection.close()
    try:
        for _ in range(2):
            assert seen_by_the_database().count("/*request_id='request-0001'") == 1
            connection.close()
    finally:
        connection.execute_wrappers.remove(add_comment)
