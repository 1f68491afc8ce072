"""What analytics counted, in the Django admin. Nothing is edited: beat counts again."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from analytics.models import ConsistencyCheck, Engagement, InstructorWorkload


class Counted(admin.ModelAdmin):
    """A table that beat writes."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(InstructorWorkload)
class InstructorWorkloadAdmin(Counted):
    list_display = [
        "instructor",
        "courses",
        "active_students",
        "ungraded_items",
        "oldest_ungraded_at",
        "median_seconds_to_grade",
        "p90_seconds_to_grade",
        "graded_per_week",
        "computed_at",
    ]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__name", "=user__public_id"]
    ordering = ["-ungraded_items", "pk"]

    @admin.display(ordering="user__email")
    def instructor(self, row: InstructorWorkload) -> str:
        return row.user.email


@admin.register(ConsistencyCheck)
class ConsistencyCheckAdmin(Counted):
    list_display = ["kind", "found", "checked_at"]


@admin.register(Engagement)
class EngagementAdmin(Counted):
    list_display = [
        "learner",
        "course",
        "score",
        "band",
        "submitted",
        "on_time",
        "prompt",
        "recency",
        "items_due",
        "formula_version",
        "computed_at",
    ]
    list_filter = ["band"]
    list_select_related = ["course", "enrollment__user"]
    search_fields = ["course__slug", "=enrollment__user__email", "=enrollment__user__public_id"]
    ordering = ["pk"]

    @admin.display(ordering="enrollment__user__email")
    def learner(self, row: Engagement) -> str:
        return row.enrollment.user.email
