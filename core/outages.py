"""Errors that mean a part of the system is out of reach: the person's request was fine, and may be sent again later."""

import errno
import logging
from dataclasses import dataclass

from django.contrib.sessions.backends.base import UpdateError
from django.db import InterfaceError, InternalError, OperationalError
from redis import RedisError

logger = logging.getLogger(__name__)

READ_ONLY_SQL_TRANSACTION = "25006"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True)
class Outage:
    """What the person is told. `retry_after` is in seconds."""

    code: str
    title: str
    status: int = 503
    retry_after: int = 5


DATABASE = Outage("database_unavailable", "The database is out of reach")
READ_ONLY = Outage("read_only", "Nothing can be changed for the moment, only read", retry_after=30)
REDIS = Outage("unavailable", "A part of the service is out of reach")
STORAGE_FULL = Outage("storage_full", "There is no room to store this", status=507, retry_after=300)


def outage_of(error: BaseException | None) -> Outage | None:
    """The outage behind `error`, or None when it is a fault of ours."""
    if isinstance(error, RedisError):
        return REDIS
    if isinstance(error, OperationalError | InterfaceError | InternalError):
        if getattr(error.__cause__, "sqlstate", "") == READ_ONLY_SQL_TRANSACTION:
            return READ_ONLY
        return None if isinstance(error, InternalError) else DATABASE
    if isinstance(error, OSError) and error.errno in FULL:
        return STORAGE_FULL
    if isinstance(error, UpdateError):
        # Django's session store says so of every failed write, and chains what happened.
        return outage_of(error.__context__)
    return None


def report(error: BaseException, outage: Outage) -> None:
    """One line in the log; the answer names no cause."""
    logger.error(outage.title, exc_info=error, extra={"event": f"outage.{outage.code}"})
