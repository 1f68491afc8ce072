"""The Django admin of assignments: terms are edited, what was handed in is only seen."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.permissions import caller
from core.errors import DomainError
from quizzes import services
from quizzes.models import Assignment, GradeChange, Submission, SubmissionFile
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
    """Services change these: nothing is edited, and actions ask for the right to change by themselves."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_grade_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("quizzes.change_submission")


class FileInline(Seen, admin.TabularInline):
    model = SubmissionFile
    fields = ["name", "content_type", "size", "sha256", "quarantined"]
    extra = 0


class GradeChangeInline(Seen, admin.TabularInline):
    model = GradeChange
    fk_name = "submission"
    fields = ["at", "kind", "by", "old_points", "new_points", "reason"]
    extra = 0


class OverrideForm(ActionForm):
    """What overriding needs, beside the choice of the action."""

    points = forms.DecimalField(required=False, max_digits=9, decimal_places=4, min_value=0)
    reason = forms.CharField(required=False, max_length=2_000)


class LateFilter(admin.SimpleListFilter):
    title = "lateness"
    parameter_name = "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Late"), ("no", "In time")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Submission]) -> QuerySet[Submission]:
        match self.value():
            case "yes":
                return queryset.filter(days_late__gt=0)
            case "no":
                return queryset.filter(days_late=0)
        return queryset


@admin.register(Submission)
class SubmissionAdmin(Seen, admin.ModelAdmin):
    list_display = ["public_id", "assignment", "person", "number", "state", "submitted_at", "days_late", "percent"]
    list_filter = ["state", "passed", LateFilter, "files__quarantined", "assignment__lesson__section__course"]
    list_select_related = ["assignment__lesson", "enrollment__user"]
    search_fields = ["public_id", "enrollment__user__email", "assignment__lesson__title"]
    date_hierarchy = "submitted_at"
    inlines = [FileInline, GradeChangeInline]
    action_form = OverrideForm
    actions = ["override", "release", "quarantine", "let_out"]

    @admin.display(ordering="enrollment__user__email")
    def person(self, submission: Submission) -> str:
        return submission.enrollment.user.email

    @admin.action(description="Override the points, with a reason", permissions=["grade"])
    def override(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        form = OverrideForm(request.POST)
        form.fields["action"].choices = [(request.POST.get("action", ""), "")]  # type: ignore[attr-defined]
        if not form.is_valid() or form.cleaned_data["points"] is None:
            self.message_user(request, "Give the points, as a number, and the reason.", messages.ERROR)
            return
        count = 0
        for submission in queryset:
            try:
                services.override_submission(
                    submission=submission,
                    by=caller(request),
                    points=form.cleaned_data["points"],
                    reason=form.cleaned_data["reason"],
                )
                count += 1
            except DomainError as refusal:
                self.message_user(request, f"{submission}: {refusal.detail}", messages.WARNING)
        self.message_user(request, f"{count} submissions overridden.")

    @admin.action(description="Give back to the grading queue", permissions=["grade"])
    def release(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        for submission in queryset.select_related("claimed_by"):
            if submission.claimed_by is not None:
                services.release_submission(submission=submission, by=submission.claimed_by)
        self.message_user(request, "Nobody holds them any more.")

    @admin.action(description="Quarantine the files", permissions=["grade"])
    def quarantine(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        for file in SubmissionFile.objects.filter(submission__in=queryset):
            services.quarantine_file(file=file, quarantined=True)

    @admin.action(description="Let the files out of quarantine", permissions=["grade"])
    def let_out(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        for file in SubmissionFile.objects.filter(submission__in=queryset):
            services.quarantine_file(file=file, quarantined=False)


@admin.register(SubmissionFile)
class SubmissionFileAdmin(Seen, admin.ModelAdmin):
    list_display = ["public_id", "submission", "name", "content_type", "size", "quarantined"]
    list_filter = ["quarantined"]
    list_select_related = ["submission"]
    fields = ["public_id", "submission", "name", "content_type", "size", "sha256", "quarantined"]
    search_fields = ["public_id", "submission__public_id", "sha256"]
    actions = ["quarantine", "let_out"]

    @admin.action(description="Quarantine", permissions=["grade"])
    def quarantine(self, request: HttpRequest, queryset: QuerySet[SubmissionFile]) -> None:
        for file in queryset:
            services.quarantine_file(file=file, quarantined=True)

    @admin.action(description="Let out of quarantine", permissions=["grade"])
    def let_out(self, request: HttpRequest, queryset: QuerySet[SubmissionFile]) -> None:
        for file in queryset:
            services.quarantine_file(file=file, quarantined=False)
