"""JSON from other servers: in bounded time and size, and one error for whatever keeps it from coming."""

import json
import urllib.request
from typing import Any


class Unreachable(Exception):
    """The other side gave no usable answer; the message is one for people, without addresses, the cause is for logs."""


def ask(
    url: str, *, timeout_seconds: float, most_bytes: int, method: str = "GET", body: dict[str, Any] | None = None
) -> Any:
    """What the server answers, None for an empty answer. Raises Unreachable."""
    request = urllib.request.Request(
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Accept": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout_seconds) as answer:
            text = answer.read(most_bytes)
            return json.loads(text) if text else None
    except (OSError, ValueError) as error:
        raise Unreachable("no answer") from error
