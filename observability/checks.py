"""System checks: each explains one misconfiguration.

observability.E001  an entry of METRICS_TRUSTED_NETWORKS is not a network
observability.E002  the metrics directory cannot be written
observability.E003  django-prometheus' own middleware is installed beside ours: each request is counted twice
observability.W001  METRICS_TOKEN is shorter than 16 characters
observability.W002  MetricsMiddleware is not installed: no HTTP metrics
observability.W003  a pool's max_size is under 10: "over 90 % used" can only mean "all used"
observability.W004  OBSERVABILITY has a key that is no setting
"""

import difflib
import ipaddress
import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from observability.conf import DEFAULTS, conf
from observability.metrics.database import configured_pools
from observability.multiprocess.values import DIRECTORY_VARIABLE, directory

MIDDLEWARE = "observability.metrics.http.MetricsMiddleware"
SHORTEST_TOKEN = 16
SMALLEST_POOL = 10


@register(Tags.security)
def check_access(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for network in conf.METRICS_TRUSTED_NETWORKS:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            found.append(Error(f"METRICS_TRUSTED_NETWORKS: {error}.", id="observability.E001"))
    if conf.METRICS_TOKEN and len(conf.METRICS_TOKEN) < SHORTEST_TOKEN:
        found.append(
            Warning(
                f"METRICS_TOKEN has {len(conf.METRICS_TOKEN)} characters.",
                hint="Make one with `openssl rand -hex 32`.",
                id="observability.W001",
            )
        )
    return found


@register()
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for name in getattr(settings, "OBSERVABILITY", {}):
        if name not in DEFAULTS:
            close = difflib.get_close_matches(name, DEFAULTS, n=1)
            hint = f"Did you mean {close[0]}?" if close else None
            found.append(Warning(f"OBSERVABILITY has no setting {name}.", hint=hint, id="observability.W004"))
    path = directory()
    if path is not None and not (path.is_dir() and os.access(path, os.W_OK)):
        found.append(
            Error(f"{DIRECTORY_VARIABLE}={path} is not a directory that can be written.", id="observability.E002")
        )
    return found


@register()
def check_middleware(**kwargs: Any) -> list[CheckMessage]:
    stock = [name for name in settings.MIDDLEWARE if name.startswith("django_prometheus.middleware.")]
    if MIDDLEWARE not in settings.MIDDLEWARE:
        return [Warning(f"{MIDDLEWARE} is not in MIDDLEWARE: no HTTP metrics.", id="observability.W002")]
    if stock:
        return [Error(f"Remove {', '.join(stock)} from MIDDLEWARE: {MIDDLEWARE} counts.", id="observability.E003")]
    return []


@register(Tags.database)
def check_pools(**kwargs: Any) -> list[CheckMessage]:
    if conf.ROLE != "api":
        return []
    found: list[CheckMessage] = []
    for alias, options in configured_pools().items():
        size = options.get("max_size") or options.get("min_size", 4)
        if size < SMALLEST_POOL:
            found.append(Warning(f"The pool of {alias} has {size} connections at most.", id="observability.W003"))
    return found
