"""gunicorn configuration with observability's hooks."""

from observability.gunicorn import on_exit, on_starting, post_worker_init, prepare, when_ready

prepare(role="api")

workers = 2
__all__ = ["on_exit", "on_starting", "post_worker_init", "when_ready"]
