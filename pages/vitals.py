"""What a browser says about a page view: how fast it was to the reader, and what failed in it. Pure, strict, bounded.

Web Vitals and their names: https://web.dev/articles/vitals
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from core.errors import DomainError, Unprocessable

LARGEST_BODY = 4096  # bytes
MOST_FAILURES = 5  # of one page view
LONGEST_MESSAGE, LONGEST_SOURCE = 300, 200  # characters
MOST_LINES = 10_000_000
OTHER = "other"
# The pages that are told apart; the others share one name, so that series don't grow with pages.
PAGES = (
    "pages:catalogue", "pages:login", "pages:signup", "pages:account", "pages:course", "pages:lesson", "pages:quiz",
    "pages:attempt", "pages:assignment", "pages:progress", "pages:teaching", "pages:queue", "pages:grade-answer",
    "pages:grade-submission", "pages:gradebook", "pages:analytics",
)  # fmt: skip
# Name → the highest value that is believed: seconds, or for cls a sum of shares of the screen.
VITALS: Mapping[str, float] = {"lcp": 600.0, "inp": 600.0, "fcp": 600.0, "ttfb": 600.0, "cls": 1000.0}
KINDS = ("script_error", "unhandled_rejection", "resource_error", "csp_violation")
OUTCOMES = ("taken", "refused", "limited")


class TooLarge(DomainError):
    status = 413
    code = "too_large"
    title = "A report has at most 4096 bytes"


@dataclass(frozen=True)
class Failure:
    """`source` is a path or a host, never a query: `line` 0 where there is none."""

    kind: str
    message: str = ""
    source: str = ""
    line: int = 0


@dataclass(frozen=True)
class Beacon:
    page: str
    vitals: Mapping[str, float]
    failures: tuple[Failure, ...]


def read_beacon(body: bytes) -> Beacon:
    """`{"page": …, "vitals": {"lcp": 1.2}, "errors": [{"kind": …, "message": …, "source": …, "line": 3}]}`.

    Raises TooLarge, DomainError `invalid_json`, Unprocessable `invalid_report`.
    """
    sent = _object(_parsed(body), {"page", "vitals", "errors"}, "report")
    vitals = _object(sent.get("vitals", {}), set(VITALS), "vitals")
    errors = sent.get("errors", [])
    if not isinstance(errors, list) or len(errors) > MOST_FAILURES:
        raise _invalid(f"errors are a list of at most {MOST_FAILURES}")
    return Beacon(
        page=known_page(_text(sent.get("page", ""), 100, "page")),
        vitals={name: _number(value, VITALS[name], name) for name, value in vitals.items()},
        failures=tuple(_failure(error) for error in errors),
    )


def read_csp_report(body: bytes, page_at: Callable[[str], str]) -> tuple[str, Failure]:
    """The page (`page_at` names the one at a path) and the violation of a `report-uri` report.

    Only the directive and the blocked host or file are kept. Format: https://www.w3.org/TR/CSP3/#deprecated-serialize-violation
    """
    sent = _parsed(body)
    report = sent.get("csp-report") if isinstance(sent, dict) else None
    if not isinstance(report, dict):
        raise _invalid("a csp-report is wanted")
    texts = {
        name: _text(report.get(name, ""), LARGEST_BODY, name)
        for name in ("document-uri", "effective-directive", "violated-directive", "blocked-uri")
    }
    directive = texts["effective-directive"] or texts["violated-directive"].partition(" ")[0]
    line = report.get("line-number", 0)
    failure = Failure(
        "csp_violation",
        directive[:LONGEST_MESSAGE],
        place_of(texts["blocked-uri"]),
        line if isinstance(line, int) and not isinstance(line, bool) and 0 <= line <= MOST_LINES else 0,
    )
    return known_page(page_at(_path(texts["document-uri"]))), failure


def known_page(name: str) -> str:
    return name if name in PAGES else OTHER


def place_of(address: str) -> str:
    """Host and path of an address, or the word that stands for one ("inline", "eval"); its query may name people."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.hostname or ''}{parts.path}"[:LONGEST_SOURCE]


def _path(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError:
        return ""


def _failure(sent: Any) -> Failure:
    error = _object(sent, {"kind", "message", "source", "line"}, "error")
    kind, line = error.get("kind"), error.get("line", 0)
    # A violation of the policy is reported by the browser itself.
    if kind not in KINDS or kind == "csp_violation":
        raise _invalid("an error has a known kind")
    if not isinstance(line, int) or isinstance(line, bool) or not 0 <= line <= MOST_LINES:
        raise _invalid("a line is a number")
    return Failure(
        kind,
        _text(error.get("message", ""), LONGEST_MESSAGE, "message"),
        place_of(_text(error.get("source", ""), LONGEST_SOURCE, "source")),
        line,
    )


def _parsed(body: bytes) -> Any:
    if len(body) > LARGEST_BODY:
        raise TooLarge()
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise DomainError("The report is not JSON.", code="invalid_json") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _object(sent: Any, known: set[str], what: str) -> dict[str, Any]:
    if not isinstance(sent, dict) or not sent.keys() <= known:
        raise _invalid(f"a {what} is an object with no other members than {', '.join(sorted(known))}")
    return sent


def _text(sent: Any, longest: int, what: str) -> str:
    if not isinstance(sent, str) or len(sent) > longest:
        raise _invalid(f"{what} is a text of at most {longest} characters")
    # Half of a surrogate pair is valid JSON, and nothing that a log could hold.
    return sent.encode(errors="replace").decode().replace("\x00", "")


def _number(sent: Any, most: float, what: str) -> float:
    if isinstance(sent, bool) or not isinstance(sent, (int, float)) or not 0 <= sent <= most or not math.isfinite(sent):
        raise _invalid(f"{what} is a number of 0 to {most:g}")
    return float(sent)


def _invalid(detail: str) -> Unprocessable:
    return Unprocessable(f"Not a report: {detail}.", code="invalid_report")
