"""The app's settings, read late from the host's `OBSERVABILITY` dict."""

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    "ROLE": "command",
    "RELEASE": "",
    "ENVIRONMENT": "production",
    "SENTRY_DSN": "",
    "SENTRY_SPOTLIGHT": False,  # True or a URL: show events locally, also without a DSN
    "SENTRY_TRACES_SAMPLE_RATE": 0.2,  # share of requests and tasks that are traced
    "SENTRY_ORDINARY_TRACES_KEPT": 0.5,  # share of traces kept that are neither slow nor failed; those are all kept
    "SENTRY_SLOW_SECONDS": 2.0,
    "SENTRY_UNMONITORED_TASKS": [],  # schedules without a cron monitor; one under a minute can't have one
    "SENTRY_OPTIONS": {},  # further options of sentry_sdk.init
    "REDACTION": {},  # see observability.redaction_settings
    "SQL_COMMENTS": False,  # request id and traceparent as a comment in each statement
    "USER_ID_ATTRIBUTE": "pk",
    "CLIENT_ADDRESS": "",  # dotted path of the host's function from a request to the client's address
    "SECURITY_SOURCE": "keep",  # addresses in security events, and there only: "keep", "truncate" or "hash"
    "SECURITY_BACKGROUND": True,  # False: security events wait until background.flush is called
    "SECURITY_FAILED_LOGIN_THRESHOLD": 10,  # more failed logins of one source within the seconds is an attack
    "SECURITY_FAILED_LOGIN_SECONDS": 60,
    "SECURITY_DETECTION": {},  # see observability.security.detection
    "SECURITY_DOWNLOADS": [],  # names of views that send files
    "SECURITY_ONE_NETWORK": {},  # names of views that work on a quiz attempt → the URL argument that names it
    "SECURITY_ROW_WINDOW_SECONDS": 900,  # alike events of one source within it make a row for the 1st, 10th, 100th ...
    "SECURITY_ROWS_PER_MINUTE": 120,  # of one kind of event that anybody can cause
    "METRICS_TOKEN": "",
    "METRICS_TRUSTED_NETWORKS": ["127.0.0.0/8", "::1/128"],
    "ALERTS_TOKEN": "",  # bearer token of Alertmanager's webhook; without one nobody may post
    "SCRAPE_DEADLINE_SECONDS": 3.0,  # what collectors of the host's own may take
    "SITE_FACTS": True,  # measure facts of the whole site in the process that serves /metrics, or beside it
    "REDIS_URL": "",
    "BROKER_URL": "",
    # Name → path (or (path, options)) of a django-health-check class; None: the database, and Redis with a REDIS_URL.
    "READY_CHECKS": None,
    "READY_DEADLINE_SECONDS": 2.0,
    "READY_MEMORY_SECONDS": 1.0,
    # What verify_observability compares with: PROMETHEUS_CONFIG, ALERTMANAGER_CONFIG and RULES are files, DASHBOARDS is
    # a directory; LOG_RECEIVER is Alertmanager's name for the receiver that posts to /alerts.
    "VERIFY": {},
    "HEALTH_TOKEN": "",  # bearer token of the details; empty: there are none
    "DETAIL_CHECKS": {  # as READY_CHECKS
        "migrations": "observability.health.details.Migrations",
        "storage": "health_check.checks.Storage",
        "pool": "observability.health.details.Pool",
    },
    "DETAIL_DEADLINE_SECONDS": 5.0,
}


class Conf:
    """`conf.NAME` is the host's value, else the default. Raises AttributeError for a name that isn't a setting."""

    def __getattr__(self, name: str) -> Any:
        if name not in DEFAULTS:
            raise AttributeError(f"observability has no setting {name!r}")
        return getattr(settings, "OBSERVABILITY", {}).get(name, DEFAULTS[name])


conf = Conf()
