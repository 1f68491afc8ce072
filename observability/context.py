"""The ids under which work is done: request id, carried through logs, tasks and errors."""

import contextlib
import os
import re
from collections.abc import Iterator
from contextvars import ContextVar

request_id_var: ContextVar[str] = ContextVar("request_id", default="")

_VALID = re.compile(r"[A-Za-z0-9_.\-]{8,64}")


def new_request_id() -> str:
    return os.urandom(16).hex()


def accept_request_id(offered: str | None) -> str:
    """The offered id when it is well-formed (8–64 of A-Z a-z 0-9 _ . -), else a new one."""
    return offered if offered and _VALID.fullmatch(offered) else new_request_id()


def capture() -> dict[str, str]:
    """The present context, to be stored with work that is done later."""
    request_id = request_id_var.get()
    return {"request_id": request_id} if request_id else {}


@contextlib.contextmanager
def continued(context: dict[str, str]) -> Iterator[None]:
    """Work under a captured context."""
    token = request_id_var.set(context.get("request_id", ""))
    try:
        yield
    finally:
        request_id_var.reset(token)
