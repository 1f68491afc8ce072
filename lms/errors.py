"""The answer to an exception that nobody handled, in whichever layer: also middleware, sessions and the admin."""

import sys

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from core import outages
from core.problems import problem_json_response

FAULT = outages.Outage("internal_error", "Something went wrong on our side", status=500, retry_after=0)
PAGE = """<!doctype html><html lang="en"><title>{title}</title>
<body><h1>{title}</h1><p>{advice}</p></body></html>"""


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500, called while the exception is being handled: outages become what they are."""
    error = sys.exception()
    outage = outages.outage_of(error)
    if outage is not None and error is not None:
        outages.report(error, outage)
    said = outage or FAULT
    if request.path_info.startswith("/api/") or "text/html" not in request.headers.get("Accept", ""):
        response: HttpResponse = problem_json_response(request, status=said.status, code=said.code, title=said.title)
    else:
        advice = "Please try again in a moment." if outage else "The people who run this site can see it in their log."
        response = HttpResponse(PAGE.format(title=said.title, advice=advice), status=said.status)
    if said.retry_after:
        response.headers["Retry-After"] = str(said.retry_after)
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404: below /api/ a place that doesn't exist is a problem body like any other refusal."""
    if request.path_info.startswith("/api/"):
        return problem_json_response(request, status=404, code="not_found", title="There is nothing at this address")
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    if request.path_info.startswith("/api/"):
        return problem_json_response(request, status=400, code="bad_request", title="The request can't be read")
    return defaults.bad_request(request, exception)
