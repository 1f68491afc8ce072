"""The product's settings with a shorter memory of readiness: each fault is waited for twice."""

from lms.settings import *  # noqa: F403

OBSERVABILITY = OBSERVABILITY | {"READY_MEMORY_SECONDS": 0.3}  # noqa: F405
