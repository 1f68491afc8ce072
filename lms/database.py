"""A PostgreSQL connection that doesn't wait for ever: statement_timeout is kept by the server, which may be frozen."""

from typing import Any

import psycopg

CHECK_SECONDS = 1.0  # the pool's own check of an idle connection: an empty query


def bounded_connection(seconds: float) -> type[psycopg.Connection[Any]]:
    """A connection class for psycopg_pool whose every answer comes within `seconds`.

    A late one raises OperationalError and ends the connection, whose state nobody knows any more.
    """

    class BoundedConnection(psycopg.Connection[Any]):
        _seconds = seconds

        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            if timeout is not None:
                return super().wait(gen, interval, timeout)
            try:
                return super().wait(gen, interval, self._seconds)
            except psycopg.errors._WaitTimeout:
                self.pgconn.finish()
                raise psycopg.errors.ConnectionTimeout(f"no answer within {self._seconds:g} s") from None

        def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
            if query:
                return super().execute(query, *arguments, **options)
            # A connection that died in an outage must not hold its first user for the length of a query.
            self._seconds = CHECK_SECONDS
            try:
                return super().execute(query, *arguments, **options)
            finally:
                del self._seconds

    return BoundedConnection
