"""The page in the admin."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from lms.operations.state import gather
from maintenance import selectors


@never_cache
def operations(request: HttpRequest) -> TemplateResponse:
    security = "admin:security_securityrecord_changelist" if settings.OBSERVABILITY_ENABLED else ""
    context = {
        **admin.site.each_context(request),
        "title": _("Operations"),
        "state": gather(),
        "maintenance": [*selectors.open_windows(), *selectors.planned_windows()],
        "security_url": reverse(security) if security else "",
    }
    return TemplateResponse(request, "admin/operations.html", context)
