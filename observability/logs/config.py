"""The LOGGING dict for a host project."""

from typing import Any

FORMATS = ("json", "console")
STREAMS = ("stdout", "stderr")


def logging_config(*, log_format: str = "json", level: str = "INFO", stream: str = "stdout") -> dict[str, Any]:
    """A LOGGING dict: every logger to one stream through one handler.

    `log_format` is "json" (production) or "console" (development), `stream` "stdout" (servers) or "stderr" (commands,
    whose results go to standard output). Raises ValueError for others.
    """
    if stream not in STREAMS:
        raise ValueError(f"log stream {stream!r} is neither 'stdout' nor 'stderr'")
    if log_format not in FORMATS:
        raise ValueError(f"log format {log_format!r} is neither 'json' nor 'console'")
    # Some libraries bring handlers of their own, which print what we redact.
    to_root: dict[str, Any] = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "observability.logs.JsonFormatter"},
            "console": {"()": "observability.logs.ConsoleFormatter"},
        },
        "handlers": {
            "stream": {
                "()": "observability.logs.QueuedHandler",
                "formatter": log_format,
                "stream": f"ext://sys.{stream}",
            }
        },
        "root": {"handlers": ["stream"], "level": level},
        "loggers": {
            "django": to_root,
            # One access line per request is enough, and it has the ids.
            "django.server": to_root | {"level": "WARNING"},
            "gunicorn.error": to_root,
            "gunicorn.access": to_root | {"level": "CRITICAL"},
            "celery": to_root,
            "celery.task": to_root,
            "multiprocessing": to_root,
        },
    }
