"""The answer to an exception that nobody handled, in whichever layer: also middleware, sessions and the admin."""

import sys

from django.http import HttpRequest, HttpResponse

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
