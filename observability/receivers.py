"""Counts signal receivers that raised under `send_robust`, which Django only logs."""

import logging

from observability.failures import failures


class _Count(logging.Filter):
    """Lets every record pass. A filter stays when logging is configured again; a handler of a child logger doesn't."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR:
            failures.inc(part="receiver")
        return True


def install() -> None:
    """Count from now on; a second call changes nothing."""
    logger = logging.getLogger("django.dispatch")
    if not any(isinstance(known, _Count) for known in logger.filters):
        logger.addFilter(_Count())
