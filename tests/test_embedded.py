"""The embedded servers: real, password-protected, and free of leftovers."""

import os

import psycopg
import pytest
import redis
from django.db import connection

pytestmark = pytest.mark.django_db


def test_the_database_is_postgresql_18_over_the_pool():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        assert cursor.fetchone()[0] == 18
    assert connection.settings_dict["OPTIONS"]["pool"]["max_size"] >= 2


def test_a_wrong_password_is_refused_by_postgresql():
    settings = connection.settings_dict
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host=settings["HOST"], port=settings["PORT"], user=settings["USER"], password="wrong", dbname="postgres"
        )


def test_a_wrong_password_is_refused_by_valkey():
    url = os.environ["REDIS_URL"]
    host_and_rest = url.rsplit("@", 1)[1]
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(f"redis://:wrong@{host_and_rest}").ping()


def test_valkey_has_a_memory_limit_that_never_evicts_queued_tasks():
    client = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
    assert int(client.config_get("maxmemory")["maxmemory"]) == 256 * 1024 * 1024
    assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "volatile-lru"
