"""Whether Redis is taken to be gone: after a failure nobody in this process asks it for a moment.

Without this every request would wait for the timeout of a Redis that doesn't answer, once for each use.
"""

import logging
import time

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 2.0
_paused_until = 0.0


def is_gone() -> bool:
    return time.monotonic() < _paused_until


def failed(error: Exception) -> None:
    """A use of Redis has failed."""
    global _paused_until
    _paused_until = time.monotonic() + PAUSE_SECONDS
    logger.warning("Redis is out of reach", extra={"event": "redis.out_of_reach", "error": type(error).__name__})


def forget() -> None:
    global _paused_until
    _paused_until = 0.0
