"""Counts signal receivers that raised under `send_robust`, which Django only logs."""

import logging

from observability.failures import failures


class _Count(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        failures.inc(part="receiver")


def install() -> None:
    """Count from now on; a second call changes nothing."""
    logger = logging.getLogger("django.dispatch")
    if not any(isinstance(handler, _Count) for handler in logger.handlers):
        logger.addHandler(_Count(level=logging.ERROR))
