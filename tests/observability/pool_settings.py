"""The product's settings with the views of `pool_urls`; each web worker writes down its pool's statistics."""

import json
import os
import threading
import time
from pathlib import Path

from lms.settings import *  # noqa: F403

ROOT_URLCONF = "tests.observability.pool_urls"


def publish(directory: Path) -> None:
    """Write psycopg_pool's statistics of this worker to `directory`/slot, again and again."""
    from observability.metrics.database import open_pools
    from observability.metrics.labels import process_labels

    while True:
        time.sleep(0.05)
        if "default" in (pools := open_pools()):
            written = directory / f".{os.getpid()}"
            written.write_text(json.dumps(pools["default"].get_stats()))
            written.replace(directory / process_labels()[1])


if "POOL_STATISTICS" in os.environ and os.environ.get("LMS_ROLE") == "api":
    threading.Thread(target=publish, args=(Path(os.environ["POOL_STATISTICS"]),), daemon=True).start()
