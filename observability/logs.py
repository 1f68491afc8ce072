"""Logging for production (one JSON object per line) and development (readable), chosen by one argument."""

import logging
from typing import Any

from observability.context import request_id_var


class ContextFilter(logging.Filter):
    """Adds the request id to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id_var.get()
        return True


def logging_config(*, log_format: str = "json", level: str = "INFO") -> dict[str, Any]:
    """A LOGGING dict. `log_format` is "json" or "console". Raises ValueError for another one."""
    if log_format not in {"json", "console"}:
        raise ValueError(f"log format {log_format!r} is neither 'json' nor 'console'")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "observability.logs.ContextFilter"}},
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.orjson.OrjsonFormatter",
                "fmt": ["levelname", "name", "message"],
                "rename_fields": {"levelname": "level", "name": "logger"},
                "timestamp": "time",
            },
            "console": {"format": "%(asctime)s %(levelname)-7s %(name)s [%(request_id)s] %(message)s"},
        },
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": log_format,
                "filters": ["context"],
            }
        },
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {"django.server": {"propagate": True, "handlers": []}},
    }
