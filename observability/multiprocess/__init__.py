"""Metrics of several processes as one: each process writes memory-mapped files of its own, a scrape adds them up.

The files are those of prometheus_client; what differs is their number. A process leases a *slot* (`slots`) and carries
on with the slot's files, so files are bounded by concurrent processes and no count is lost when a process dies.
"""

import sys
from contextlib import suppress

import psutil

from observability.multiprocess.values import DIRECTORY_VARIABLE, directory


def uncounted(who: str) -> str:
    """Why the processes of `who` cannot be counted as one; empty when they can."""
    path = directory()
    if path is not None and path.is_dir():
        return ""
    problem = "is not set" if path is None else f"names {path}, which is not a directory"
    return (
        f"observability: {who} would export the counts of one process at random: {DIRECTORY_VARIABLE} {problem}. "
        "Call observability.gunicorn.prepare() or observability.celery.prepare(), or set the variable."
    )


def require_directory(who: str) -> None:
    """Raises SystemExit, after a line on stderr, unless the processes of `who` can be counted as one."""
    if problem := uncounted(who):
        sys.stderr.write(f"{problem}\n")
        raise SystemExit(1)


def refuse_uncounted_workers() -> None:
    """Raises ImproperlyConfigured in the second gunicorn worker of a host with neither our hooks nor the directory.

    gunicorn ends when a worker cannot load the application.
    """
    if directory() is not None or "gunicorn.arbiter" not in sys.modules:
        return
    workers = 0
    with suppress(psutil.Error):
        this = psutil.Process()
        master = this.parent()
        if master is not None and master.cmdline() == this.cmdline():
            workers = sum(child.cmdline() == this.cmdline() for child in master.children())
    if workers > 1:
        # `manage.py health` loads this package, and is not to pay for Django.
        from django.core.exceptions import ImproperlyConfigured

        raise ImproperlyConfigured(uncounted(f"gunicorn with {workers} workers"))
