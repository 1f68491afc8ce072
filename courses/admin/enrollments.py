"""Enrollments and imported items in the Django admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from accounts.permissions import caller
from core.errors import DomainError
from courses import services
from courses.admin.export import csv_response
from courses.models import Enrollment, EnrollmentChange, EnrollmentState, ImportedItem, LessonProgress


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ChangeInline(ReadOnlyInline):
    model = EnrollmentChange
    fields = ["at", "from_state", "to_state", "actor"]


class ProgressInline(ReadOnlyInline):
    model = LessonProgress
    fields = ["lesson", "fraction", "started_at", "completed_at"]


@admin.register(Enrollment)
class EnrollmentAdmin(admin.ModelAdmin):
    """Changed by actions, which go through the services; the numbers are the database's."""

    list_display = ["public_id", "user_email", "course", "state", "progress", "source", "enrolled_at", "completed_at"]
    list_filter = ["state", "source", "course", "enrolled_at"]
    list_select_related = ["user", "course"]
    search_fields = ["user__email", "user__name", "course__title", "=public_id"]
    date_hierarchy = "enrolled_at"
    inlines = [ChangeInline, ProgressInline]
    actions = ["approve", "drop", "export"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Enrollment | None = None) -> list[str]:
        return [field.name for field in Enrollment._meta.fields]

    @admin.display(description="user", ordering="user__email")
    def user_email(self, enrollment: Enrollment) -> str:
        return enrollment.user.email

    @admin.action(description="Approve", permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Enrollment]) -> None:
        approved, refused = 0, 0
        for enrollment in queryset.filter(state=EnrollmentState.PENDING).order_by("enrolled_at", "pk"):
            try:
                services.approve(enrollment=enrollment, actor=caller(request))
                approved += 1
            except DomainError:
                refused += 1
        self.message_user(request, f"{approved} waiting enrollments were approved, {refused} found no seat.")

    @admin.action(description="Export as CSV", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[Enrollment]) -> HttpResponse:
        columns = [
            "public_id", "user__email", "user__name", "course__slug", "state", "progress", "source", "enrolled_at",
            "completed_at",
        ]  # fmt: skip
        return csv_response("enrollments.csv", columns, queryset.order_by("pk").values_list(*columns))

    @admin.action(description="Drop", permissions=["change"])
    def drop(self, request: HttpRequest, queryset: QuerySet[Enrollment]) -> None:
        dropped = [
            services.drop(enrollment=enrollment, actor=caller(request))
            for enrollment in queryset.filter(state__in=[EnrollmentState.ACTIVE, EnrollmentState.PENDING])
        ]
        self.message_user(request, f"{len(dropped)} enrollments were dropped.")


@admin.register(ImportedItem)
class ImportedItemAdmin(admin.ModelAdmin):
    list_display = ["kind", "title", "course", "section", "unit_title", "published"]
    list_filter = ["kind", "published", "course"]
    list_select_related = ["course", "section"]
    search_fields = ["title", "source_key", "course__title"]
    exclude = ["raw_xml", "data"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: ImportedItem | None = None) -> list[str]:
        names = [field.name for field in ImportedItem._meta.fields if field.name not in ("raw_xml", "data")]
        return [*names, "xml"]

    @admin.display(description="XML")
    def xml(self, item: ImportedItem) -> str:
        return format_html("<pre>{}</pre>", item.raw_xml)
