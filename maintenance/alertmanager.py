"""Alertmanager's silences over its API v2 (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml)."""

import datetime
from dataclasses import dataclass
from typing import Any

from core import remote
from core.remote import Unreachable

TIMEOUT_SECONDS = 3.0
MOST_BYTES = 5_000_000


@dataclass(frozen=True)
class Silence:
    """One that is pending or active."""

    id: str
    comment: str
    starts_at: datetime.datetime
    ends_at: datetime.datetime


def silences(base: str, *, author: str) -> list[Silence]:
    """Those of `author` that aren't expired, the oldest first. Raises Unreachable."""
    found = _call(f"{base}/api/v2/silences")
    try:
        kept = [
            Silence(
                id=item["id"],
                comment=item["comment"],
                starts_at=datetime.datetime.fromisoformat(item["startsAt"]),
                ends_at=datetime.datetime.fromisoformat(item["endsAt"]),
            )
            for item in found
            if item["createdBy"] == author and item["status"]["state"] != "expired"
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise Unreachable("an answer that isn't Alertmanager's") from error
    return sorted(kept, key=lambda silence: (silence.starts_at, silence.id))


def silence(
    base: str,
    *,
    author: str,
    comment: str,
    matchers: dict[str, str],
    starts_at: datetime.datetime,
    ends_at: datetime.datetime,
    replaces: str = "",
) -> None:
    """Silence alerts with exactly these labels, or change the silence with the id `replaces`. Raises Unreachable."""
    body = {
        "createdBy": author,
        "comment": comment,
        "matchers": [{"name": name, "value": value, "isRegex": False} for name, value in matchers.items()],
        "startsAt": starts_at.isoformat(),
        "endsAt": ends_at.isoformat(),
    }
    _call(f"{base}/api/v2/silences", "POST", body | ({"id": replaces} if replaces else {}))


def expire(base: str, identifier: str) -> None:
    """End a silence now. Raises Unreachable."""
    _call(f"{base}/api/v2/silence/{identifier}", "DELETE")


def _call(url: str, method: str = "GET", body: dict[str, Any] | None = None) -> Any:
    return remote.ask(url, timeout_seconds=TIMEOUT_SECONDS, most_bytes=MOST_BYTES, method=method, body=body)
