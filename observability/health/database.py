"""The database check: chosen by the database's kind, so that psycopg is needed only with PostgreSQL."""

import dataclasses
import datetime
from typing import Any

from django.db import connections
from health_check.base import HealthCheck


@dataclasses.dataclass
class Database(HealthCheck):
    """The database answers; a PostgreSQL also takes writes and has a connection for this worker."""

    alias: str = "default"
    timeout: datetime.timedelta = dataclasses.field(default=datetime.timedelta(seconds=2), repr=False)

    def __post_init__(self) -> None:
        self._kept: Any = None

    def run(self) -> None:
        # The check has a thread of its own, so this is no request's connection.
        wrapper = connections[self.alias]
        if wrapper.vendor != "postgresql":
            _ask_django(wrapper)
            return
        from observability.health import postgresql

        if self._kept is None:
            self._kept = postgresql.Checker()
        self._kept.check(wrapper, self.timeout.total_seconds())

    def close(self) -> None:
        """Drop the kept connection; the next run opens one."""
        if self._kept is not None:
            self._kept.close()


def _ask_django(wrapper: Any) -> None:
    try:
        with wrapper.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:
        wrapper.close()
        raise
