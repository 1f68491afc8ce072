"""How much is logged, and how much of it was lost."""

from observability import business
from observability.logs import sink

LEVELS = ("debug", "info", "warning", "error", "critical")

messages = business.Counter(
    "log_messages_total",
    "Log records written, by level (a level of a library's own counts as info)",
    labels={"level": LEVELS},
)
dropped = business.Counter("log_lines_dropped_total", "Log lines lost because their stream was stuck or failed")


def install() -> None:
    """Count from now on."""
    names = {level.upper(): level for level in LEVELS}

    def count_messages(level: str, number: int) -> None:
        messages.inc(number, level=names.get(level, "info"))

    def count_dropped(lines: int) -> None:
        dropped.inc(lines)

    sink.count_messages = count_messages
    sink.count_dropped = count_dropped
