"""The app's settings, read late from the host's `OBSERVABILITY` dict."""

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    "ROLE": "command",
    "RELEASE": "",
    "ENVIRONMENT": "production",
    "SENTRY_DSN": "",
    "USER_ID_ATTRIBUTE": "pk",
    "METRICS_TOKEN": "",
    "METRICS_TRUSTED_NETWORKS": ["127.0.0.0/8", "::1/128"],
    "REDIS_URL": "",
    "BROKER_URL": "",
    # Name → path (or (path, options)) of a django-health-check class; None: the database, and Redis when REDIS_URL is set.
    "READY_CHECKS": None,
    "READY_DEADLINE_SECONDS": 2.0,
    "READY_MEMORY_SECONDS": 1.0,
}


class Conf:
    """`conf.NAME` is the host's value, else the default. Raises AttributeError for a name that isn't a setting."""

    def __getattr__(self, name: str) -> Any:
        if name not in DEFAULTS:
            raise AttributeError(f"observability has no setting {name!r}")
        return getattr(settings, "OBSERVABILITY", {}).get(name, DEFAULTS[name])


conf = Conf()
