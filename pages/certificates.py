"""One's own certificates in the browser: asking for one, and the page to read, print and pass on."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from certificates import selectors, services
from certificates.models import CertificateState, IssueCause
from certificates.rendering import content_of
from courses import selectors as courses
from pages.access import for_people


@require_POST
@for_people
def claim(request: HttpRequest, user: User, slug: str) -> HttpResponse:
    """The person's certificate of a course they completed: the same one however often they ask."""
    enrollment = courses.enrollment_in(user, selectors.course_by_slug(user, slug))
    certificate = services.issue(enrollment=enrollment, cause=IssueCause.CLAIMED)
    return redirect("pages:certificate", serial=certificate.serial)


@require_safe
@for_people
def certificate(request: HttpRequest, user: User, serial: str) -> HttpResponse:
    shown = selectors.certificate_for(user, serial)
    values = {
        "certificate": shown,
        "content": content_of(shown),
        "valid": shown.state == CertificateState.ISSUED,
        "ready": bool(shown.pdf_sha256),
        "badges": bool(settings.BADGE_KEYS),
    }
    return render(request, "pages/certificate.html", values)
