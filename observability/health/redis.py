"""The Redis check: one connection per process, kept between probes, and a write, which a replica refuses."""

import dataclasses
import datetime

import redis
from health_check.base import HealthCheck
from redis import exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from observability.conf import conf
from observability.health.reasons import CheckFailed, Reason, reason_of

KEY = "observability:ready"


def redis_reason(error: exceptions.RedisError) -> Reason:
    """The reason behind one of redis-py's exceptions."""
    text = str(error)
    if isinstance(error, exceptions.BusyLoadingError):
        return Reason.LOADING
    if isinstance(
        error,
        exceptions.AuthenticationError
        | exceptions.AuthorizationError
        | exceptions.NoPermissionError
        | exceptions.AuthenticationWrongNumberOfArgsError,
    ) or text.startswith(("NOAUTH", "WRONGPASS")):
        return Reason.AUTH
    if isinstance(error, exceptions.ReadOnlyError) or text.startswith(("MISCONF", "NOREPLICAS", "MASTERDOWN")):
        return Reason.READONLY
    if isinstance(error, exceptions.OutOfMemoryError) or text.startswith("OOM"):
        return Reason.FULL
    if "max number of clients" in text:
        return Reason.NO_CONNECTION
    if isinstance(error, exceptions.TimeoutError):
        return Reason.TIMEOUT
    if isinstance(error, exceptions.ConnectionError):
        cause = reason_of(error)
        return Reason.REFUSED if cause is Reason.ERROR else cause
    return Reason.ERROR


@dataclasses.dataclass
class Redis(HealthCheck):
    """A server answers and takes writes: the one of the setting REDIS_URL, unless `url` names another."""

    url: str = dataclasses.field(default="", repr=False)
    timeout: datetime.timedelta = dataclasses.field(default=datetime.timedelta(seconds=2), repr=False)

    def __post_init__(self) -> None:
        self._client: redis.Redis | None = None

    def run(self) -> None:
        kept = self._client is not None
        try:
            self._write()
        except exceptions.RedisError as error:
            self.close()
            reason = redis_reason(error)
            if not (kept and reason is Reason.REFUSED):
                raise CheckFailed(reason, str(error)) from error
            self._write_anew()

    def close(self) -> None:
        """Drop the kept connection; the next run opens one."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _write_anew(self) -> None:
        """Once more on a new connection: the kept one may have ended between two probes."""
        try:
            self._write()
        except exceptions.RedisError as error:
            self.close()
            raise CheckFailed(redis_reason(error), str(error)) from error

    def _write(self) -> None:
        if self._client is None:
            # Connecting and asking are bounded separately: together they stay within the budget.
            half = self.timeout.total_seconds() / 2
            self._client = redis.Redis.from_url(
                self.url or conf.REDIS_URL,
                max_connections=1,
                socket_timeout=half,
                socket_connect_timeout=half,
                retry=Retry(NoBackoff(), 0),
            )
        self._client.set(KEY, "1", ex=60)
