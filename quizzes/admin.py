"""The Django admin of quizzes: terms are edited, what was asked and answered is only seen."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from quizzes import admin_assignments, selectors, services  # noqa: F401 (registers the admin of assignments)
from quizzes.models import Accommodation, Answer, Attempt, GradeChange, Question, QuestionPool, QuestionVersion, Quiz
from quizzes.services.authoring import TERMS


class ReadOnly:
    """Seen, not changed: services change these, and keep a record."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PoolInline(admin.TabularInline):
    model = QuestionPool
    extra = 0


class AccommodationInline(admin.TabularInline):
    model = Accommodation
    autocomplete_fields = ["user"]
    extra = 0


class QuestionInline(admin.TabularInline):
    model = Question
    fields = ["position", "pool", "asked"]
    readonly_fields = ["asked"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        return super().get_queryset(request).select_related("current")

    @admin.display(description="question")
    def asked(self, question: Question) -> str:
        return f"{question.current.kind}: {question.current}" if question.current else "–"


@admin.register(Quiz)
class QuizAdmin(admin.ModelAdmin):
    list_display = ["lesson", "course", "questions_count", "opens_at", "closes_at", "max_attempts", "pass_mark"]
    list_filter = ["feedback_policy", "scoring_policy"]
    search_fields = ["lesson__title", "lesson__section__course__title"]
    fields = ["public_id", "lesson", *TERMS]
    readonly_fields = ["public_id"]
    autocomplete_fields = ["lesson"]
    inlines = [PoolInline, QuestionInline, AccommodationInline]
    actions = ["count_statistics"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Quiz]:
        quizzes = super().get_queryset(request).select_related("lesson__section__course")
        return quizzes.annotate(questions_count=Count("questions"))

    def get_readonly_fields(self, request: HttpRequest, obj: Quiz | None = None) -> list[str]:
        return ["public_id", "lesson"] if obj else ["public_id"]

    @admin.display(ordering="lesson__section__course__title")
    def course(self, quiz: Quiz) -> str:
        return quiz.lesson.section.course.title

    @admin.display(description="questions", ordering="questions_count")
    def questions_count(self, quiz: Any) -> int:
        count: int = quiz.questions_count
        return count

    def save_model(self, request: HttpRequest, obj: Quiz, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        terms = {name: form.cleaned_data[name] for name in form.changed_data if name in TERMS}
        services.update_quiz(quiz=obj, **terms)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if formset.model is Accommodation:
            for row in [*formset.new_objects, *(changed for changed, _ in formset.changed_objects)]:
                services.accommodate(
                    quiz=row.quiz, user=row.user, extra_seconds=row.extra_seconds, extra_attempts=row.extra_attempts
                )

    @admin.action(description="Count the statistics again", permissions=["change"])
    def count_statistics(self, request: HttpRequest, queryset: QuerySet[Quiz]) -> None:
        for quiz in queryset:
            services.request_statistics(quiz=quiz)
        self.message_user(request, "The statistics will be counted again within seconds.")


class AnswerInline(ReadOnly, admin.TabularInline):
    model = Answer
    fields = ["position", "version", "response", "revision", "saved_at", "points", "overridden", "graded_by", "comment"]
    extra = 0


@admin.register(Attempt)
class AttemptAdmin(ReadOnly, admin.ModelAdmin):
    list_display = [
        "public_id",
        "quiz",
        "person",
        "number",
        "state",
        "closed_as",
        "started_at",
        "deadline_at",
        "percent",
    ]
    list_filter = ["state", "closed_as", "passed"]
    list_select_related = ["quiz__lesson", "enrollment__user"]
    search_fields = ["public_id", "enrollment__user__email", "quiz__lesson__title"]
    date_hierarchy = "started_at"
    inlines = [AnswerInline]
    actions = ["submit"]
    change_list_template = "admin/quizzes/attempt/change_list.html"

    @admin.display(ordering="enrollment__user__email")
    def person(self, attempt: Attempt) -> str:
        return attempt.enrollment.user.email

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.exam_day)
        return [path("exam-day/", view, name="quizzes_attempt_exam_day"), *super().get_urls()]

    def exam_day(self, request: HttpRequest) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Exam day",
            "facts": selectors.exam_day(),
            "opts": self.model._meta,
        }
        return TemplateResponse(request, "admin/quizzes/exam_day.html", context)

    @admin.action(description="Hand in for the student", permissions=["view"])
    def submit(self, request: HttpRequest, queryset: QuerySet[Attempt]) -> None:
        for attempt in queryset:
            services.submit_attempt(attempt=attempt)
        self.message_user(request, f"{len(queryset)} attempts are handed in.")


@admin.register(QuestionVersion)
class QuestionVersionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "kind", "number", "points", "created_at"]
    list_filter = ["kind"]
    search_fields = ["title", "prompt"]


@admin.register(GradeChange)
class GradeChangeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "kind", "by", "old_points", "new_points", "reason"]
    list_filter = ["kind"]
    search_fields = ["reason", "by__email", "answer__attempt__public_id", "submission__public_id"]
    list_select_related = ["by"]
