"""The request id and trace of a statement, as a comment at its end, for the database's own log and activity view.

The format is sqlcommenter's: https://google.github.io/sqlcommenter/spec/. Both values hold letters, digits and `_.-`
only, so nothing needs escaping and nothing can end the comment early.
"""

from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from observability.conf import conf
from observability.context import current


def add_comment(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """An execute wrapper (`connection.execute_wrapper`)."""
    work = current()
    if work is not None and isinstance(sql, str):
        sql = f"{sql} /*request_id='{work.request_id}',traceparent='{work.traceparent}'*/"
    return execute(sql, params, many, context)


@receiver(connection_created, dispatch_uid="observability.sql_comments")
def comment_statements(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if conf.SQL_COMMENTS and add_comment not in connection.execute_wrappers:
        connection.execute_wrappers.append(add_comment)
