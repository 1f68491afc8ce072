"""Checks for people who operate the site; a failing one takes no server out of rotation.

Each leaves numbers in `measured`, which the details show.
"""

import dataclasses
import datetime

from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from health_check.base import HealthCheck

from observability.health.reasons import CheckFailed, Reason


@dataclasses.dataclass
class Migrations(HealthCheck):
    """The schema is the code's."""

    alias: str = "default"
    timeout: datetime.timedelta = dataclasses.field(default=datetime.timedelta(seconds=5), repr=False)
    measured: dict[str, float] = dataclasses.field(default_factory=dict, repr=False)

    def run(self) -> None:
        connection = connections[self.alias]
        try:
            executor = MigrationExecutor(connection)
            pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
        finally:
            # The check's thread lives on, and must not keep a connection of the pool.
            connection.close()
        self.measured = {"pending": len(pending)}
        if pending:
            raise CheckFailed(Reason.OUTDATED, f"{len(pending)} migrations are not applied")


@dataclasses.dataclass
class Pool(HealthCheck):
    """Nobody waits for a connection of this process's pool. A database without a pool passes."""

    alias: str = "default"
    timeout: datetime.timedelta = dataclasses.field(default=datetime.timedelta(seconds=5), repr=False)
    measured: dict[str, float] = dataclasses.field(default_factory=dict, repr=False)

    def run(self) -> None:
        pool = getattr(connections[self.alias], "pool", None)
        if pool is None or pool.closed:
            return
        stats = pool.get_stats()
        self.measured = {
            "in_use": stats.get("pool_size", 0) - stats.get("pool_available", 0),
            "most": stats.get("pool_max", 0),
            "waiting": stats.get("requests_waiting", 0),
        }
        if self.measured["waiting"]:
            raise CheckFailed(Reason.NO_CONNECTION, "requests wait for a connection")
