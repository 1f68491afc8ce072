"""The product in this process, on servers of the run's own, as a web worker of a real installation has it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lms.embedded import EmbeddedServers


@contextmanager
def servers(**variables: str) -> Iterator[EmbeddedServers]:
    """Starts PostgreSQL and Valkey and puts into the environment what `lms.settings` needs; `variables` come on top.

    Nothing of Django may have been imported before. The servers, their data and the files are gone afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="lms-bench-") as directory:
        running = EmbeddedServers(Path(directory), durable=False)
        os.environ.update(
            running.start(),
            DJANGO_SECRET_KEY="bench-only-" + "x" * 50,
            DJANGO_SETTINGS_MODULE="lms.settings",
            LMS_ENV_FILE=os.devnull,
            LMS_DEBUG="0",
            LMS_HTTPS="0",
            LMS_ALLOWED_HOSTS="127.0.0.1",
            LMS_BASE_URL="http://127.0.0.1:8000",
            LMS_ROLE="api",
            LMS_LOG_LEVEL="WARNING",
            LMS_STATIC_ROOT=f"{directory}/static",
            LMS_STATIC_COMPRESS="0",
            LMS_MEDIA_ROOT=f"{directory}/media",
        )
        os.environ.update(variables)
        try:
            yield running
        finally:
            running.stop()
