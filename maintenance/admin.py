"""Where people plan maintenance and end it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from maintenance import services
from maintenance.models import MaintenanceWindow


@admin.register(MaintenanceWindow)
class MaintenanceWindowAdmin(admin.ModelAdmin):
    list_display = ["title", "starts_at", "ends_at", "state", "silenced_at"]
    search_fields = ["title"]
    date_hierarchy = "starts_at"
    fields = ["title", "starts_at", "ends_at", "state", "ended_at", "silenced_at", "settled_at"]
    readonly_fields = ["state", "ended_at", "silenced_at", "settled_at"]
    actions = ["end_now"]

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, forms.SplitDateTimeField):
            # Django names the pair alone; who doesn't see it needs a name for each.
            for half, name in zip(field.widget.widgets, (_("date"), _("time")), strict=True):
                half.attrs["aria-label"] = f"{field.label}: {name}"
        return field

    @admin.display(description=_("state"))
    def state(self, window: MaintenanceWindow) -> str:
        now = timezone.now()
        if window.starts_at is None:
            return "-"
        if window.over_at <= now:
            return str(_("over"))
        if window.starts_at > now:
            return str(_("planned"))
        return str(_("open"))

    def has_change_permission(self, request: HttpRequest, obj: MaintenanceWindow | None = None) -> bool:
        # The past stays what it was.
        over = obj is not None and obj.over_at <= timezone.now()
        return not over and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: MaintenanceWindow | None = None) -> bool:
        # Deleted, its silence would stay behind.
        return False

    @admin.action(description=_("End now"), permissions=["change"])
    def end_now(self, request: HttpRequest, queryset: QuerySet[MaintenanceWindow]) -> None:
        ended = [window for window in queryset if services.end_window(window=window)]
        for window in ended:
            self.log_change(request, window, "Ended.")
        self.message_user(request, _("%(count)d ended.") % {"count": len(ended)})
