"""The database check: one connection per process, kept between probes and outside the pool that requests use.

It speaks to libpq without blocking, so that no peer, however it hangs, can hold it beyond its budget: psycopg rounds a
connect timeout up to two seconds, and statement_timeout needs a server that still answers.
"""

import select
import time
from typing import Any

from psycopg import pq
from psycopg.conninfo import make_conninfo

from observability.health.reasons import CheckFailed, Reason

QUERY = b"SELECT current_setting('transaction_read_only')"
POOL_PATIENCE_SECONDS = 0.3  # long enough for a pool that is growing, short enough for a prober

# libpq gives no SQLSTATE for a connection that failed, only the text.
_CONNECT_FAILURES: tuple[tuple[Reason, tuple[str, ...]], ...] = (
    (
        Reason.NO_CONNECTION,
        ("too many clients", "too many connections", "connection slots are reserved", "too many server connections"),
    ),
    (Reason.LOADING, ("starting up", "in recovery mode", "not yet accepting", "not accepting connections")),
    (
        Reason.AUTH,
        ("authentication failed", "no password supplied", "pg_hba.conf", "not permitted to log in", "role "),
    ),
    (Reason.UNRESOLVED, ("could not translate host name",)),
    (Reason.TIMEOUT, ("timeout expired", "timed out")),
    (
        Reason.REFUSED,
        (
            "refused",
            "no such file",
            "closed the connection",
            "reset by peer",
            "shutting down",
            "terminating connection",
            "unreachable",
            "no route to host",
        ),
    ),
)


def connect_reason(text: str) -> Reason:
    """The reason in libpq's account of a failed connection."""
    text = text.lower()
    return next((reason for reason, words in _CONNECT_FAILURES if any(word in text for word in words)), Reason.ERROR)


def sqlstate_reason(code: str) -> Reason:
    """The reason behind a PostgreSQL error code (its appendix A)."""
    if code in ("53300", "53400"):
        return Reason.NO_CONNECTION
    if code in ("53100", "53200"):
        return Reason.FULL
    if code == "57P03":
        return Reason.LOADING
    if code == "57014":
        return Reason.TIMEOUT
    return {"28": Reason.AUTH, "08": Reason.REFUSED, "57": Reason.REFUSED}.get(code[:2], Reason.ERROR)


class _Lost(CheckFailed):
    """The kept connection ended between two probes: a new one may well succeed."""


class _Session:
    """One libpq connection. Every method returns or raises CheckFailed by its deadline (a monotonic time)."""

    def __init__(self, conninfo: str, deadline: float) -> None:
        self.pgconn = pq.PGconn.connect_start(conninfo.encode())
        try:
            while True:
                status = self.pgconn.connect_poll() if self.pgconn.status != pq.ConnStatus.BAD else None
                if status == pq.PollingStatus.OK:
                    break
                if status not in (pq.PollingStatus.READING, pq.PollingStatus.WRITING):
                    text = self.pgconn.get_error_message()
                    raise CheckFailed(connect_reason(text), text)
                self._wait(select.POLLIN if status == pq.PollingStatus.READING else select.POLLOUT, deadline)
            self.pgconn.nonblocking = 1
        except BaseException:
            self.close()
            raise

    def query(self, sql: bytes, deadline: float) -> str:
        """The first field of the only row."""
        try:
            self.pgconn.send_query(sql)
            value = ""
            while True:
                while self.pgconn.is_busy():
                    self._wait(select.POLLIN, deadline)
                    self.pgconn.consume_input()
                result = self.pgconn.get_result()
                if result is None:
                    return value
                if result.status != pq.ExecStatus.TUPLES_OK:
                    self._fail(result)
                value = (result.get_value(0, 0) or b"").decode()
        except CheckFailed:
            raise
        except Exception as error:
            raise _Lost(Reason.REFUSED, str(error)) from error

    def close(self) -> None:
        self.pgconn.finish()

    def _fail(self, result: Any) -> None:
        code = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
        text = result.get_error_message()
        # Without a code libpq itself is speaking: the connection broke.
        if not code or code.startswith(("08", "57P0")):
            raise _Lost(sqlstate_reason(code) if code else Reason.REFUSED, text)
        raise CheckFailed(sqlstate_reason(code), text)

    def _wait(self, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(self.pgconn.socket, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise CheckFailed(Reason.TIMEOUT, "no answer within the deadline")


class Checker:
    """Asks one PostgreSQL over a connection of its own. `check` is called from one thread at a time."""

    def __init__(self) -> None:
        self._session: _Session | None = None
        self._was_down = False

    def check(self, wrapper: Any, seconds: float) -> None:
        """Raises CheckFailed within `seconds`. `wrapper` is Django's connection object; it is not connected."""
        deadline = time.monotonic() + seconds
        was_down, self._was_down = self._was_down, True
        if self._query(wrapper, deadline) == "on":
            raise CheckFailed(Reason.READONLY, "the server takes no writes")
        pool = getattr(wrapper, "pool", None)
        if pool is not None:
            _check_pool(pool, deadline, was_down=was_down)
        self._was_down = False

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _query(self, wrapper: Any, deadline: float) -> str:
        if self._session is not None:
            try:
                return self._session.query(QUERY, deadline)
            except _Lost:
                self.close()
            except CheckFailed:
                self.close()
                raise
        self._session = _Session(_conninfo(wrapper), deadline)
        try:
            return self._session.query(QUERY, deadline)
        except CheckFailed:
            self.close()
            raise


def _conninfo(wrapper: Any) -> str:
    parameters = wrapper.get_connection_params()
    for name in ("context", "cursor_factory", "prepare_threshold", "autocommit"):
        parameters.pop(name, None)
    return make_conninfo(**parameters)


def _check_pool(pool: Any, deadline: float, *, was_down: bool) -> None:
    """A pool with something idle is left alone; an empty one is asked, in line with the requests.

    After an outage its connections are replaced first: requests would find the dead ones one by one.
    """
    from psycopg_pool import PoolTimeout

    renewed = was_down or pool.closed
    if pool.closed:
        pool.open()
    elif was_down:
        pool.drain()
    elif pool.get_stats().get("pool_available"):
        return
    # To ask an empty pool makes it grow, and the connections of a renewed one are already on their way.
    if renewed and _fills(pool, min(deadline, time.monotonic() + POOL_PATIENCE_SECONDS)):
        return
    patience = deadline - time.monotonic()
    if not renewed:
        patience = min(POOL_PATIENCE_SECONDS, patience)
    try:
        with pool.connection(timeout=max(patience, 0.01)):
            pass
    except PoolTimeout as error:
        raise CheckFailed(Reason.NO_CONNECTION, str(error)) from error


def _fills(pool: Any, deadline: float) -> bool:
    """Whether the pool has something idle by the deadline (a monotonic time)."""
    while not pool.get_stats().get("pool_available"):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
