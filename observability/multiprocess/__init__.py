"""Metrics of several processes as one: each process writes memory-mapped files of its own, a scrape adds them up.

The files are those of prometheus_client; what differs is their number. A process leases a *slot* (`slots`) and carries
on with the slot's files, so files are bounded by concurrent processes and no count is lost when a process dies.
"""

import sys
from contextlib import suppress

import psutil

from observability.multiprocess.values import DIRECTORY_VARIABLE, directory


def require_directory(who: str) -> None:
    """Raises SystemExit, after a line on stderr, unless several processes can be counted as one."""
    path = directory()
    if path is None or not path.is_dir():
        problem = "is not set" if path is None else f"names {path}, which is not a directory"
        sys.stderr.write(
            f"observability: {who} would export the counts of one process at random: {DIRECTORY_VARIABLE} {problem}. "
            "Call observability.gunicorn.prepare() or observability.celery.prepare(), or set the variable.\n"
        )
        raise SystemExit(1)


def refuse_uncounted_workers() -> None:
    """Raises SystemExit in the second gunicorn worker of a host that has neither our hooks nor the directory."""
    if directory() is not None or "gunicorn.arbiter" not in sys.modules:
        return
    with suppress(psutil.Error):
        this = psutil.Process()
        master = this.parent()
        siblings = [] if master is None else [child for child in master.children() if child.cmdline() == this.cmdline()]
        if len(siblings) > 1 and master is not None and master.cmdline() == this.cmdline():
            require_directory(f"gunicorn with {len(siblings)} workers")
