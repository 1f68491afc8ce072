"""Asks Prometheus and Alertmanager over HTTP. Whoever doesn't answer in time is unknown, never an error of the page."""

import urllib.parse
from typing import Any

from core import remote
from core.remote import Unreachable

TIMEOUT_SECONDS = 1.5
MOST_BYTES = 2_000_000


def prometheus(base: str, expression: str) -> float | None:
    """The highest value of an instant query; None for no series. Raises Unreachable."""
    answer = _ask(f"{base}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
    try:
        values = [float(series["value"][1]) for series in answer["data"]["result"]]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise Unreachable("an answer that isn't Prometheus'") from error
    numbers = [value for value in values if value == value]
    return max(numbers, default=None)


def alertmanager(base: str) -> list[dict[str, Any]]:
    """Alerts that fire, neither silenced nor inhibited, as Alertmanager's API v2 gives them. Raises Unreachable."""
    answer = _ask(f"{base}/api/v2/alerts?active=true&silenced=false&inhibited=false")
    if not isinstance(answer, list):
        raise Unreachable("an answer that isn't Alertmanager's")
    return [alert for alert in answer if alert.get("labels", {}).get("severity") != "none"]


def _ask(url: str) -> Any:
    return remote.ask(url, timeout_seconds=TIMEOUT_SECONDS, most_bytes=MOST_BYTES)
