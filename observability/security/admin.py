"""Looking security events up. Nobody changes them here, whatever their permissions."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from observability.security.models import SecurityRecord


@admin.register(SecurityRecord)
class SecurityRecordAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["at", "event", "source", "person", "number", "facts", "request_id"]
    list_filter = ["event", "at"]
    search_fields = ["source", "person", "request_id", "facts"]
    search_help_text = "Address (as it is kept), public id of a person, request id, or a fact."
    date_hierarchy = "at"
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
