"""The Django admin of assignments: terms are edited, what was handed in is only seen."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from quizzes import services
from quizzes.models import Assignment, Submission, SubmissionFile
from quizzes.services.assignments import ASSIGNMENT_TERMS


@admin.register(Assignment)
class AssignmentAdmin(admin.ModelAdmin):
    list_display = ["lesson", "due_at", "late_policy", "max_versions", "pass_mark"]
    list_filter = ["late_policy", "accepts"]
    list_select_related = ["lesson"]
    search_fields = ["lesson__title", "lesson__section__course__title"]
    fields = ["public_id", "lesson", *ASSIGNMENT_TERMS]
    readonly_fields = ["public_id"]
    autocomplete_fields = ["lesson"]

    def get_readonly_fields(self, request: HttpRequest, obj: Assignment | None = None) -> list[str]:
        return ["public_id", "lesson"] if obj else ["public_id"]

    def save_model(self, request: HttpRequest, obj: Assignment, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        terms = {name: form.cleaned_data[name] for name in form.changed_data if name in ASSIGNMENT_TERMS}
        services.update_assignment(assignment=obj, **terms)


class Seen:
    """Services change these."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Submission)
class SubmissionAdmin(Seen, admin.ModelAdmin):
    list_display = ["public_id", "assignment", "person", "number", "state", "submitted_at", "days_late", "percent"]
    list_filter = ["state", "passed"]
    list_select_related = ["assignment__lesson", "enrollment__user"]
    search_fields = ["public_id", "enrollment__user__email", "assignment__lesson__title"]
    date_hierarchy = "submitted_at"

    @admin.display(ordering="enrollment__user__email")
    def person(self, submission: Submission) -> str:
        return submission.enrollment.user.email


@admin.register(SubmissionFile)
class SubmissionFileAdmin(Seen, admin.ModelAdmin):
    list_display = ["public_id", "submission", "name", "content_type", "size", "quarantined"]
    list_filter = ["quarantined"]
    list_select_related = ["submission"]
    fields = ["public_id", "submission", "name", "content_type", "size", "sha256", "quarantined"]
    search_fields = ["public_id", "submission__public_id", "sha256"]
    actions = ["quarantine", "let_out"]

    @admin.action(description="Quarantine", permissions=["view"])
    def quarantine(self, request: HttpRequest, queryset: QuerySet[SubmissionFile]) -> None:
        for file in queryset:
            services.quarantine_file(file=file, quarantined=True)

    @admin.action(description="Let out of quarantine", permissions=["view"])
    def let_out(self, request: HttpRequest, queryset: QuerySet[SubmissionFile]) -> None:
        for file in queryset:
            services.quarantine_file(file=file, quarantined=False)
