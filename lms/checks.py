"""System checks of the whole: the ids are listed in docs/operations.md.

lms.E001  demo people exist while DEBUG is off
lms.E002  the sum of all database pools doesn't fit below the server's max_connections
lms.E003  gunicorn threads per worker are fewer than the pool's size, or the pool is smaller than 11
lms.E004  an admin network entry is not a network: nobody there could reach the admin
lms.W001  a trusted proxy entry is not a network
"""

import ipaddress
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, connections

from lms.demo.people import DOMAIN as DEMO_DOMAIN

RESERVED_CONNECTIONS = 10  # superuser slots, exporters, backups, a person with psql


def pooled_connections() -> int:
    """The most connections one host can hold: web workers, Celery children, and six that stand alone.

    Those are the worker's parent, beat, Flower, and the metrics exporters of web, worker and beat.
    """
    others = settings.CELERY_CONCURRENCY + 6
    return settings.WEB_WORKERS * settings.DB_POOL_MAX_API + others * settings.DB_POOL_MAX_OTHER


@register(Tags.database)
def pools_fit_the_server(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    if not databases or "default" not in databases:
        return []
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT current_setting('max_connections')::int")
            limit = cursor.fetchone()[0]
    except DatabaseError:
        return []
    wanted = pooled_connections()
    if wanted + RESERVED_CONNECTIONS <= limit:
        return []
    return [
        Error(
            f"The pools may open {wanted} connections; the server allows {limit}, {RESERVED_CONNECTIONS} reserved.",
            hint="Lower LMS_WEB_WORKERS, LMS_DB_POOL_MAX or LMS_CELERY_CONCURRENCY, or raise max_connections.",
            id="lms.E002",
        )
    ]


@register(Tags.database)
def no_demo_people_in_production(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    if settings.DEBUG or not databases or "default" not in databases:
        return []
    try:
        found = get_user_model().objects.filter(email__endswith="@" + DEMO_DOMAIN).exists()
    except DatabaseError:
        return []
    if not found:
        return []
    return [
        Error(
            f"People of the demo (…@{DEMO_DOMAIN}) exist and DEBUG is off: their password is public.",
            hint="Use another database, or delete them: manage.py seed_demo --remove.",
            id="lms.E001",
        )
    ]


@register()
def threads_can_fill_the_pool(**kwargs: Any) -> list[CheckMessage]:
    pool, threads = settings.DB_POOL_MAX_API, settings.WEB_THREADS
    if 11 <= pool <= threads:
        return []
    return [
        Error(
            f"LMS_WEB_THREADS={threads}, LMS_DB_POOL_MAX={pool}: the pool must be at least 11, at most the threads.",
            hint="With fewer than 11, 'over 90 % used' can only mean 'all used'.",
            id="lms.E003",
        )
    ]


@register(Tags.security)
def trusted_proxies_are_networks(**kwargs: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for entry in settings.TRUSTED_PROXIES:
        try:
            ipaddress.ip_network(entry)
        except ValueError:
            problems.append(Warning(f"LMS_TRUSTED_PROXIES: {entry!r} is not a network; it is ignored.", id="lms.W001"))
    return problems


@register(Tags.security)
def admin_networks_are_networks(**kwargs: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for entry in settings.ADMIN_NETWORKS:
        try:
            ipaddress.ip_network(entry)
        except ValueError:
            problems.append(Error(f"LMS_ADMIN_NETWORKS: {entry!r} is not a network.", id="lms.E004"))
    return problems
