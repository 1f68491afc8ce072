"""What browsers are told to refuse: scripts, styles and frames that aren't ours."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

HEADER = "Content-Security-Policy"
DATA = "default-src 'none'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
PAGE = (
    "default-src 'none'; object-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    # With another front end there are no pages, and nobody takes reports.
    + ("" if settings.FRONTEND_URL else "; report-uri /vitals/csp")
)
# Swagger UI builds its page with style attributes; its scripts are files of ours like any other page's.
DOCS = PAGE.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
DOCS_VIEW = "docs"
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self)"


class SecurityHeadersMiddleware:
    """A view's own policy stays. What is no HTML can load nothing at all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            match = request.resolver_match
            policy = DOCS if match is not None and match.view_name == DOCS_VIEW else PAGE
            response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        else:
            policy = DATA
        response.headers.setdefault(HEADER, policy)
        return response
