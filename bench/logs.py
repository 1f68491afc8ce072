"""Cost of a log line: our formatter beside python-json-logger's own, in one run. Prints microseconds and ratios.

    python -m bench.logs

Stock is `pythonjsonlogger.json.JsonFormatter` with the fields of our schema; stock (orjson) is its fast encoder. Times
are the best of several rounds, taken in turn, so a busy machine disturbs all alike. "ours" alone formats what the
filter has redacted; in a logging call it redacts and queues.
"""

import io
import itertools
import logging
import random
import sys
import time
import uuid
from collections.abc import Callable

from pythonjsonlogger.json import JsonFormatter as StockFormatter
from pythonjsonlogger.orjson import OrjsonFormatter as StockOrjsonFormatter

from bench.figures import report
from observability.context import Context, enter, leave
from observability.logs import JsonFormatter, QueuedHandler, RedactingFilter
from observability.redaction import Policy

ROUNDS = 15
CALLS = 2000
FIELDS = ["levelname", "name", "message"]
EXTRA = {
    "event": "http.request",
    "method": "GET",
    "route": "api/v1/courses/<slug:course>/lessons/<int:lesson>",
    "status": 200,
    "duration_ms": 12.34,
}
CONTEXT_IDS = {"request_id": "0af7651916cd43dd8448eb211c80319c", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
               "span_id": "00f067aa0ba902b7", "user_id": "5f1d7a0e-6f1c-4c3b-9d0e-8a4b1c2d3e4f"}  # fmt: skip
MESSAGE = "%s /%s %d"
ARGS = ("GET", EXTRA["route"], 200)


def stock(cls: type[logging.Formatter]) -> logging.Formatter:
    return cls(FIELDS, timestamp="time", rename_fields={"levelname": "level", "name": "logger"})  # type: ignore[call-arg, arg-type]


class Discard(io.StringIO):
    def write(self, text: str) -> int:
        return len(text)


def record(extra: dict[str, object]) -> logging.LogRecord:
    return logging.getLogger("bench").makeRecord("bench", logging.INFO, "f.py", 1, MESSAGE, ARGS, None, "f", extra)


def through_logging(
    name: str, handler: logging.Handler, formatter: logging.Formatter, extra: dict[str, object], *, different: bool
) -> Callable[[], None]:
    logger = logging.getLogger(f"bench.{name}")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    handler.setFormatter(formatter)
    logger.handlers = [handler]
    ids = itertools.cycle(
        [uuid.UUID(int=random.Random(number).getrandbits(128), version=4).hex for number in range(20_000)]
    )

    def repeated() -> None:
        logger.info(MESSAGE, *ARGS, extra=extra)

    def fresh() -> None:
        logger.info("attempt %s graded for course %s", next(ids), "physics-101", extra=extra)

    return fresh if different else repeated


def measure(subjects: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Microseconds per call of each subject, round by round."""
    rounds: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(ROUNDS):
        for name, call in subjects.items():
            started = time.perf_counter()
            for _ in range(CALLS):
                call()
            rounds[name].append((time.perf_counter() - started) / CALLS * 1e6)
    return rounds


def show(title: str, subjects: dict[str, Callable[[], object]], *, bar: float) -> bool:
    rounds = measure(subjects)
    times = {name: min(taken) for name, taken in rounds.items()}
    (base, base_time), *_ = times.items()
    print(f"\n{title}")
    for name, microseconds in times.items():
        print(f"  {name:<42} {microseconds:7.2f} µs  {microseconds / base_time:6.1%}")
    ours = times["ours"] / base_time
    print(f"  bar: ours at most {bar:.0%} of {base}: {'held' if ours <= bar else 'MISSED'}")
    each = [own / other for own, other in zip(rounds["ours"], rounds[base], strict=True)]
    report(f"{title}, over {base}", ours, at_most=bar, spread=(min(each), max(each)))
    return ours <= bar


def main() -> int:
    full = EXTRA | CONTEXT_IDS
    context = Context(request_id=CONTEXT_IDS["request_id"])
    context._fields = CONTEXT_IDS
    token = enter(context)
    ours = JsonFormatter(policy=Policy())
    encode = {"stock": stock(StockFormatter), "orjson": stock(StockOrjsonFormatter)}
    given, own, redacted = record(full), record(EXTRA), record(EXTRA)
    RedactingFilter().filter(redacted)
    held = show(
        "Formatter alone, the same content",
        {
            "stock python-json-logger": lambda: encode["stock"].format(given),
            "stock python-json-logger (orjson)": lambda: encode["orjson"].format(given),
            "ours, redacting": lambda: ours.format(own),
            "ours": lambda: ours.format(redacted),
        },
        bar=0.40,
    )
    for different in (False, True):
        held &= show(
            f"The whole logging call, {'every message different' if different else 'an access line'}",
            {
                label: through_logging(label, handler, formatter, extra, different=different)
                for label, handler, formatter, extra in (
                    ("stock python-json-logger", logging.StreamHandler(Discard()), encode["stock"], full),
                    ("stock python-json-logger (orjson)", logging.StreamHandler(Discard()), encode["orjson"], full),
                    ("ours", QueuedHandler(Discard()), ours, EXTRA),
                )
            },
            bar=1.0,
        )
    leave(token)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
