"""One access line per request, written without a LogRecord where nothing could tell the difference."""

import logging
import time
from typing import Any

import orjson

from observability.context import Context
from observability.logs.formatter import JsonFormatter, one_line
from observability.logs.record import mark_redacted
from observability.logs.sink import QueuedHandler

logger = logging.getLogger("observability.access")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
EVENT = "http.request"
MAX_REMEMBERED = 4096

# What is the same on every line of one method, route and status: before the ids, and after them up to the duration.
_pieces: dict[tuple[str, str, int], tuple[str, str]] = {}


def log_request(context: Context, method: str | None, route: str, status: int, seconds: float) -> None:
    """Log one answered request at INFO. Never raises; `route` is the URL pattern, never the path.

    Where the only handler is a plain QueuedHandler with a plain JsonFormatter, the line goes straight into its queue,
    the same to the byte as that of the record which every other configuration gets.
    """
    known_method = method if method in METHODS else "OTHER"
    milliseconds = round(seconds * 1000, 2)
    handler = direct_handler()
    # Another type of number may be equal to a remembered status and yet be written differently.
    if handler is not None and type(status) is int:
        try:
            line = _line(handler.formatter, context, known_method, route, status, milliseconds)  # type: ignore[arg-type]
        except Exception:
            # The record's way has an answer to every failure.
            line = ""
        if line:
            handler.put("INFO", line)
            return
    record = logging.getLogRecordFactory()(
        logger.name, logging.INFO, "", 0, f"{known_method} /{route} {status}", (), None
    )
    record.__dict__.update(event=EVENT, method=known_method, route=route, status=status, duration_ms=milliseconds)
    # The program's own words and numbers: there is nothing to hide in them.
    mark_redacted(record)
    logger.handle(record)


def direct_handler() -> QueuedHandler | None:
    """The one handler of the access logger, when a record would reach it unfiltered and unchanged; None otherwise.

    Asked anew for each line: handlers, filters and levels are public and change without notice.
    """
    if logger.filters or type(logger) is not logging.Logger or logging.getLogRecordFactory() is not logging.LogRecord:
        return None
    found = None
    ancestor: logging.Logger | None = logger
    while ancestor is not None:
        for handler in ancestor.handlers:
            if found is not None or type(handler) is not QueuedHandler:
                return None
            found = handler
        ancestor = ancestor.parent if ancestor.propagate else None
    if (
        found is None
        or found.filters
        or found.level > logging.INFO
        or type(found.formatter) is not JsonFormatter
        or logging.getLevelName(logging.INFO) != "INFO"
    ):
        return None
    return found


def _line(formatter: JsonFormatter, context: Context, method: str, route: str, status: int, milliseconds: float) -> str:
    pieces = _pieces.get((method, route, status))
    if pieces is None:
        pieces = _remember(method, route, status)
    head, tail = pieces
    fields = context.fields()
    if len(fields) == 3:
        # Every one of them was made here or matched letter by letter, so JSON has nothing to escape.
        ids = f'"request_id":"{fields["request_id"]}","trace_id":"{fields["trace_id"]}","span_id":"{fields["span_id"]}"'
    else:
        ids = _members(fields)
    return f'{{"time":"{formatter.time_text(time.time())}",{head},{ids},{tail}{milliseconds}}}'


def _remember(method: str, route: str, status: int) -> tuple[str, str]:
    head = _members({"level": "INFO", "logger": logger.name, "message": f"{method} /{route} {status}"})
    tail = _members({"event": EVENT, "method": method, "route": route, "status": status}) + ',"duration_ms":'
    if len(_pieces) >= MAX_REMEMBERED:
        _pieces.clear()
    pieces = _pieces[method, route, status] = head, tail
    return pieces


def _members(fields: dict[str, Any]) -> str:
    """The members of a JSON object. Raises TypeError for text that isn't Unicode, which the formatter repairs."""
    return one_line(orjson.dumps(fields).decode())[1:-1]
