"""Why a check failed, as one of a few codes: all that a probe's answer and a metric say about a failure."""

import builtins
import enum
import socket

from health_check.exceptions import ServiceUnavailable


class Reason(enum.StrEnum):
    OK = "ok"
    REFUSED = "refused"  # nobody listens, or the peer hung up
    UNRESOLVED = "unresolved"  # the host name has no address
    TIMEOUT = "timeout"  # no answer within the deadline
    AUTH = "auth"  # the peer turned the credentials down
    LOADING = "loading"  # starting, or replaying its log
    READONLY = "readonly"  # a replica, or a server that refuses writes
    FULL = "full"  # out of memory or disk
    NO_CONNECTION = "no_connection"  # the server is there, but a worker gets no connection
    OUTDATED = "outdated"  # the schema isn't the code's (details only)
    DELAYED = "delayed"  # work waits longer than it should (details only)
    ERROR = "error"  # anything else; the log has it


class CheckFailed(ServiceUnavailable):
    """A check's failure with its reason. The text never leaves the log."""

    def __init__(self, reason: Reason, message: str = "") -> None:
        super().__init__(message or reason.value)
        self.reason = reason


def reason_of(error: BaseException) -> Reason:
    """The reason behind any exception, also of checks that know nothing of reasons."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, CheckFailed):
            return seen.reason
        if isinstance(seen, builtins.TimeoutError):
            return Reason.TIMEOUT
        if isinstance(seen, socket.gaierror):
            return Reason.UNRESOLVED
        if isinstance(seen, builtins.ConnectionError):
            return Reason.REFUSED
        seen = seen.__cause__ or seen.__context__
    return Reason.ERROR
