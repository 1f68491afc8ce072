"""Problem bodies (RFC 9457, `application/problem+json`) for every error the API answers.

Members: type, title, status, detail, code (stable, for programs), request_id (when known), errors (per field, on 400).
What a rule refuses has its title and detail in the language of the request.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.functional import Promise
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from core import outages
from core.errors import DomainError

CONTENT_TYPE = "application/problem+json"


def problem_body(
    *, status: int, code: str, title: str | Promise, detail: str = "", request: Any = None, **extra: Any
) -> dict[str, Any]:
    title = str(title)
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "code": code}
    if detail and detail != title:
        body["detail"] = detail
    request_id = getattr(request, "request_id", None) or getattr(getattr(request, "_request", None), "request_id", None)
    if request_id:
        body["request_id"] = request_id
    return body | extra


def _response(request: Any, headers: dict[str, str] | None = None, **members: Any) -> Response:
    body = problem_body(request=request, **members)
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER: domain errors, DRF's own, and outages; others stay unhandled (500)."""
    request = context.get("request")
    set_rollback()
    if isinstance(error, DomainError):
        headers = {"Retry-After": str(error.retry_after)} if hasattr(error, "retry_after") else None
        return _response(
            request,
            headers,
            status=error.status,
            code=error.code,
            title=error.title,
            detail=error.detail,
            **error.extra,
        )
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _from_api_exception(request, error)
    outage = outages.outage_of(error)
    if outage is None:
        return None
    outages.report(error, outage)
    headers = {"Retry-After": str(outage.retry_after)}
    return _response(request, headers, status=outage.status, code=outage.code, title=outage.title)


def _from_api_exception(request: Any, error: exceptions.APIException) -> Response:
    headers = {}
    auth_header, wait = getattr(error, "auth_header", None), getattr(error, "wait", None)
    if auth_header:
        headers["WWW-Authenticate"] = auth_header
    if wait is not None:
        headers["Retry-After"] = str(max(1, int(wait)))
    title = str(error.default_detail)
    if isinstance(error, exceptions.ValidationError):
        return _response(
            request, headers, status=400, code="invalid", title="Some fields are not valid", errors=error.detail
        )
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else error.default_code
    return _response(request, headers, status=error.status_code, code=code, title=title, detail=str(error.detail))


def problem_json_response(
    request: HttpRequest, *, status: int, code: str, title: str | Promise, detail: str = ""
) -> JsonResponse:
    """For plain Django views and handlers that answer API clients."""
    body = problem_body(status=status, code=code, title=title, detail=detail, request=request)
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)
