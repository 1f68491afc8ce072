"""Each system check of the whole speaks up for its fault, and only for that."""

import pytest
from django.core.checks import run_checks
from django.db import connection

OURS = "lms."


def ids(**options) -> list[str]:
    return [message.id for message in run_checks(**options) if message.id.startswith(OURS)]


@pytest.mark.django_db
def test_a_right_configuration_is_silent():
    assert ids(databases=["default"], include_deployment_checks=True) == []


@pytest.mark.django_db
def test_pools_larger_than_the_server_are_an_error(settings):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('max_connections')::int")
        limit = cursor.fetchone()[0]
    settings.WEB_WORKERS = limit // settings.DB_POOL_MAX_API
    assert ids(databases=["default"]) == ["lms.E002"]


@pytest.mark.parametrize(
    ("pool", "threads", "expected"), [(11, 11, []), (10, 12, ["lms.E003"]), (13, 12, ["lms.E003"])]
)
def test_a_pool_that_cannot_fill_is_an_error(settings, pool, threads, expected):
    settings.DB_POOL_MAX_API, settings.WEB_THREADS = pool, threads
    assert ids() == expected


def test_a_proxy_that_is_no_network_is_a_warning(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "proxy.example.org"]
    assert ids(tags=["security"]) == ["lms.W001"]
