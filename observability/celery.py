"""Hooks for Celery's worker and beat: one metrics directory for all children, and the exposition beside them.

In the module that makes the Celery application, before anything that imports prometheus_client:

    from observability.celery import prepare

    prepare(role="worker", port=9102)   # only in a process that is a worker, or beat
"""

from typing import Any

from celery import signals

from observability import exporter, multiprocess
from observability.multiprocess import master

_exporter: dict[str, Any] | None = None


def prepare(
    *, role: str = "worker", port: int = 0, bind: str = "127.0.0.1", environment: dict[str, str] | None = None
) -> None:
    """Count this process and its children in one directory; with a `port`, serve metrics there.

    `environment` is added to the environment of the process that serves them.
    """
    global _exporter
    master.prepare(role)
    _exporter = {"port": port, "bind": bind, "environment": environment, "facts": False} if port else None


def _serve() -> None:
    if _exporter is not None:
        exporter.start(**_exporter)


@signals.worker_init.connect(weak=False, dispatch_uid="observability.hooks")
def on_worker_init(sender: Any = None, **kwargs: Any) -> None:
    children = getattr(sender, "concurrency", 1) or 1
    if children > 1 and str(getattr(sender, "pool_cls", "")).find("prefork") >= 0:
        multiprocess.require_directory(f"a Celery worker with {children} children")
    _serve()


@signals.worker_ready.connect(weak=False, dispatch_uid="observability.hooks")
def on_worker_ready(**kwargs: Any) -> None:
    from observability.metrics import celery

    celery.declare()


@signals.worker_process_init.connect(weak=False, dispatch_uid="observability.hooks")
def on_child_started(**kwargs: Any) -> None:
    from observability import process
    from observability.metrics import celery

    celery.declare()
    process.started()


@signals.worker_shutdown.connect(weak=False, dispatch_uid="observability.hooks")
def on_worker_shutdown(**kwargs: Any) -> None:
    exporter.stop()


@signals.beat_init.connect(weak=False, dispatch_uid="observability.hooks")
def on_beat_started(sender: Any = None, **kwargs: Any) -> None:
    from observability import process
    from observability.metrics import celery

    celery.watch_beat(sender)
    process.started()
    _serve()
