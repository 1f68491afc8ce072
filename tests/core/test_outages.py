"""Which errors mean that a part is out of reach, and which are faults of ours."""

import errno

import psycopg
import pytest
import redis
from django.contrib.sessions.backends.base import UpdateError
from django.db import InterfaceError, InternalError, OperationalError
from django.test import Client, RequestFactory

from core.outages import outage_of
from core.problems import CONTENT_TYPE
from lms.errors import server_error


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def during(error: Exception, context: Exception) -> Exception:
    error.__context__ = context
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OperationalError("connection to db1 refused"), "database_unavailable"),
        (InterfaceError("connection already closed"), "database_unavailable"),
        (caused(InternalError("…"), psycopg.errors.ReadOnlySqlTransaction()), "read_only"),
        (redis.ConnectionError("redis1 refused"), "unavailable"),
        (redis.TimeoutError("redis1"), "unavailable"),
        (OSError(errno.ENOSPC, "No space left on device"), "storage_full"),
        (OSError(errno.EFBIG, "File too large"), "storage_full"),
        (during(UpdateError(), OperationalError("db1")), "database_unavailable"),
        (UpdateError(), None),
        (InternalError("a bug"), None),
        (OSError(errno.ENOENT, "No such file"), None),
        (ValueError("a bug"), None),
        (None, None),
    ],
)
def test_errors_have_outages(error, code):
    outage = outage_of(error)
    assert (outage.code if outage else None) == code


def answer(error: Exception, path: str, **headers: str):
    request = RequestFactory().get(path, headers=headers)
    try:
        raise error
    except Exception:
        return server_error(request)


def test_an_outage_in_any_layer_is_a_503_that_can_be_tried_again():
    response = answer(OperationalError("host=db1"), "/api/v1/auth/app/v1/auth/session")
    assert (response.status_code, response["Content-Type"], response["Retry-After"]) == (503, CONTENT_TYPE, "5")
    assert "db1" not in response.content.decode()


def test_a_fault_of_ours_stays_a_500_without_its_text():
    response = answer(ValueError("secret"), "/api/v1/courses")
    assert (response.status_code, response["Content-Type"]) == (500, CONTENT_TYPE)
    assert "secret" not in response.content.decode()
    assert not response.has_header("Retry-After")


def test_a_browser_gets_a_page():
    response = answer(redis.ConnectionError(), "/admin/", Accept="text/html")
    assert (response.status_code, response["Content-Type"].split(";")[0]) == (503, "text/html")


@pytest.mark.django_db
def test_django_calls_it(monkeypatch):
    from django.contrib.sessions.backends.base import SessionBase

    def fail(self, *arguments):
        raise OperationalError("host=db1")

    monkeypatch.setattr(SessionBase, "_get_session", fail)
    monkeypatch.setattr(SessionBase, "_session", property(fail))
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "0123456789abcdef0123456789abcdef"
    response = client.get("/admin/")
    assert response.status_code == 503
