"""Every URL of the product."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from lms.operations.views import operations
from lms.runbooks import runbooks

admin.site.site_header = admin.site.site_title = "LMS administration"


def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """For pages that name none, such as those of other packages."""
    return HttpResponseRedirect(static("pages/favicon.svg"))


urlpatterns = [
    path(f"{settings.ADMIN_PATH}operations/", admin.site.admin_view(operations), name="operations"),
    path(settings.ADMIN_PATH, admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("api/v1/auth/", include("accounts.auth_views")),
    path("api/v1/auth/", include("allauth.headless.urls")),
    path("api/v1/", include("accounts.urls")),
    path("api/v1/", include("courses.urls")),
    path("api/v1/", include("quizzes.urls")),
    path("api/v1/", include("certificates.urls")),
    path("api/v1/", include("analytics.urls")),
    path("certificates/", include("certificates.public_urls")),
    # Where the alerts' `runbook_url` and the links within the documents lead.
    path("runbooks", runbooks, name="runbooks"),
    path("runbooks/<slug:name>", runbooks, name="runbooks"),
    path("favicon.ico", favicon, name="favicon"),
]
handler400 = "lms.errors.bad_request"
handler404 = "lms.errors.not_found"
handler500 = "lms.errors.server_error"
if not settings.FRONTEND_URL:
    urlpatterns += [path("account/", include("accounts.pages")), path("", include("pages.urls"))]
    urlpatterns += [path("", include("pages.vitals_urls"))]
if settings.OBSERVABILITY_ENABLED:
    urlpatterns += [path("", include("observability.urls"))]
