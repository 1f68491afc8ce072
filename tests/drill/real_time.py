"""How long the page about failed logins takes with production's durations: undivided, scraped every 15 s."""

import sys
import tempfile
import time
from pathlib import Path

from tests.drill.world import World

LIMIT = 10  # more failed logins than this of one source within a minute
TARGET_SECONDS = 60.0
PATIENCE_SECONDS = 240.0


def measure(world: World) -> float | None:
    """Seconds from the failed login that crosses the limit to PagerDuty's event; None when it doesn't come."""
    for _ in range(LIMIT + 1):
        world.wrong_password()
    crossed = time.monotonic()
    while (waited := time.monotonic() - crossed) < PATIENCE_SECONDS:
        if world.sinks.first("pager", "FailedLoginsFromOneSource (critical)", since=crossed, resolved=False):
            return waited
        if int(waited) % 5 == 0:
            world.wrong_password()  # whoever tries passwords goes on
            time.sleep(1)
        time.sleep(0.1)
    return None


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="lms-drill-") as directory, World(Path(directory), factor=1.0) as world:
        print("Production's durations, scrapes every 15 s. Trying passwords ...", flush=True)
        seconds = measure(world)
    if seconds is None:
        print(f"drill: no page within {PATIENCE_SECONDS:.0f} s", file=sys.stderr)
        return 1
    print(f"From the eleventh failed login to the page: {seconds:.1f} s (target {TARGET_SECONDS:.0f} s)")
    return 0 if seconds <= TARGET_SECONDS else 1
