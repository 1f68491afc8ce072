"""Every error of the API is a problem body with a stable code."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from core import errors
from core.problems import CONTENT_TYPE


def answer(error: Exception):
    class View(APIView):
        authentication_classes = ()
        permission_classes = ()

        def get(self, request):
            raise error

    response = View.as_view()(APIRequestFactory().get("/"))
    response.render()
    return response


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.DomainError("why"), 400, "bad_request"),
        (errors.NotFound(), 404, "not_found"),
        (errors.Forbidden(), 403, "forbidden"),
        (errors.Conflict("full", code="course_full"), 409, "course_full"),
        (errors.Unprocessable(), 422, "unprocessable"),
        (errors.Unavailable(), 503, "unavailable"),
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "permission_denied"),
        (exceptions.NotAuthenticated(), 403, "not_authenticated"),
        (exceptions.ValidationError({"name": ["too long"]}), 400, "invalid"),
        (exceptions.Throttled(wait=7), 429, "throttled"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (OperationalError("connection to host db1 refused"), 503, "database_unavailable"),
    ],
)
@pytest.mark.django_db
def test_errors_become_problem_bodies(error, status, code):
    response = answer(error)
    assert response.status_code == status
    assert response["Content-Type"] == CONTENT_TYPE
    assert (response.data["status"], response.data["code"]) == (status, code)
    assert response.data["type"] == "about:blank"
    assert response.data["title"]


@pytest.mark.django_db
def test_field_errors_are_listed_by_field():
    assert answer(exceptions.ValidationError({"name": ["too long"]})).data["errors"] == {"name": ["too long"]}


@pytest.mark.django_db
def test_waiting_times_are_sent_as_retry_after():
    assert answer(exceptions.Throttled(wait=7.2))["Retry-After"] == "8"
    assert answer(errors.Unavailable(retry_after=11))["Retry-After"] == "11"


@pytest.mark.django_db
def test_a_database_error_shows_no_exception_text():
    assert b"db1" not in answer(OperationalError("connection to host db1 refused")).content


def test_an_unknown_error_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        answer(ZeroDivisionError())
