"""gunicorn configuration: threaded workers, sized by the same environment variables as the database pool."""

import os
from typing import Any

import environ

os.environ.setdefault("LMS_ROLE", "api")
debug = environ.Env().bool("LMS_DEBUG", default=False)

wsgi_app = "lms.wsgi:application"
bind = f"{os.environ.get('LMS_BIND', '127.0.0.1')}:{os.environ.get('LMS_PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("LMS_WEB_WORKERS", "2"))
threads = int(os.environ.get("LMS_WEB_THREADS", "12"))
timeout = 60
# Before it stops, readiness says 503 for so long that a proxy sees it; together with the time to finish, under 30 s.
drain_seconds = float(os.environ.get("LMS_DRAIN_SECONDS", "0" if debug else "5"))
graceful_timeout = 20
keepalive = 5
max_requests = int(os.environ.get("LMS_WEB_MAX_REQUESTS", "0"))
max_requests_jitter = max_requests // 10
# Worker heartbeats on a disk that stalls look like a hung worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
control_socket_disable = True  # it would write below the home directory
if environ.Env().bool("LMS_OBSERVABILITY", default=True):
    from observability import gunicorn as hooks
    from observability.gunicorn import on_exit, on_starting, post_worker_init, prepare  # noqa: F401
    from observability.health import draining

    prepare(
        role="api",
        port=int(os.environ.get("LMS_METRICS_PORT", "9101")),
        bind=os.environ.get("LMS_METRICS_BIND", "127.0.0.1"),
        environment={"LMS_ROLE": "exporter"},
    )

    def when_ready(server: Any) -> None:
        hooks.when_ready(server)
        draining.prepare(drain_seconds)

    from observability.logs.gunicorn import Logger as logger_class

    # The master process never loads Django's settings.
    logger_class.log_format = os.environ.get("LMS_LOG_FORMAT", "json")
    logger_class.level = os.environ.get("LMS_LOG_LEVEL", "INFO")
accesslog = None  # the application writes the access line, with the request id and without personal data
