"""HTTP to the parts of the stack, with one deadline and errors of one line."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

SECONDS = 10.0


class Unreachable(Exception):
    """No usable answer; the text says from where and why."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Raises Unreachable for what isn't JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise Unreachable(f"an answer that is not JSON (status {self.status})") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def request(
    url: str,
    *,
    method: str = "GET",
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Answer:
    """Any answer, of whatever status; redirects are answers. Raises Unreachable when there is none."""
    sent = {"Accept": "application/json", **(headers or {})}
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        sent["Content-Type"] = "application/json"
    if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
        raise Unreachable(f"{url} is not an HTTP address")
    try:
        asked = urllib.request.Request(url, data=data, headers=sent, method=method)
        with _opener.open(asked, timeout=seconds) as response:
            return Answer(response.status, dict(response.headers), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, dict(error.headers), error.read())
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise Unreachable(f"{_host(url)} does not answer: {reason or type(error).__name__}") from None


def get_json(url: str, *, headers: Mapping[str, str] | None = None) -> Any:
    """The decoded body of a 200. Raises Unreachable for anything else."""
    answer = request(url, headers=headers)
    if answer.status != 200:
        raise Unreachable(f"{_host(url)}{urllib.parse.urlsplit(url).path} answered {answer.status}")
    return answer.json()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def _host(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
