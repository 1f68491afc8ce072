"""Hooks for a gunicorn configuration file: one metrics directory for all workers, and the exposition beside them.

In the configuration file, before anything that imports prometheus_client:

    from observability.gunicorn import on_exit, on_starting, post_worker_init, prepare, when_ready

    prepare(role="api", port=9101)
"""

import os
from typing import Any

from observability import exporter, multiprocess
from observability.multiprocess import master

_exporter: dict[str, Any] | None = None


def prepare(
    *, role: str = "api", port: int = 0, bind: str = "127.0.0.1", environment: dict[str, str] | None = None
) -> None:
    """Count all workers in one directory; with a `port`, serve metrics there from a process of their own.

    `environment` is added to that process's environment.
    """
    global _exporter
    master.prepare(role)
    _exporter = {"port": port, "bind": bind, "environment": environment} if port else None


def on_starting(server: Any) -> None:
    """Raises SystemExit: without the directory each scrape would show one worker of several, at random.

    And without settings the process beside the workers would end at its start, again and again: a project's wsgi.py
    names them in the workers alone.
    """
    if server.cfg.workers > 1:
        multiprocess.require_directory(f"gunicorn with {server.cfg.workers} workers")
    if _exporter is not None and not (os.environ | (_exporter["environment"] or {})).get("DJANGO_SETTINGS_MODULE"):
        raise SystemExit(
            "observability: the process that shows metrics needs DJANGO_SETTINGS_MODULE: set it in gunicorn's file."
        )


def when_ready(server: Any) -> None:
    if _exporter is not None:
        exporter.start(**_exporter)


def post_worker_init(worker: Any) -> None:
    from observability import process

    process.started()


def on_exit(server: Any) -> None:
    exporter.stop()
