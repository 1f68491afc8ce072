"""Courses, their sections and lessons in the Django admin."""

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path

from accounts.permissions import caller
from courses import services
from courses.admin.export import csv_response
from courses.html import sanitise
from courses.models import (
    Course,
    CourseStaff,
    EnrollmentState,
    Lesson,
    LessonFile,
    Section,
)


class EnrollListForm(forms.Form):
    emails = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 12, "cols": 60}),
        max_length=100_000,
        help_text="E-mail addresses, separated by lines, commas, semicolons or blanks.",
    )

    def clean_emails(self) -> list[str]:
        return [email for email in re.split(r"[\s,;]+", self.cleaned_data["emails"]) if email]


class StaffInline(admin.TabularInline):
    model = CourseStaff
    autocomplete_fields = ["user"]
    extra = 0


class SectionInline(admin.TabularInline):
    model = Section
    fields = ["title", "position"]
    extra = 0
    show_change_link = True


class FileInline(admin.TabularInline):
    """Files come in through the API or an import, which look into them; here they are seen and deleted."""

    model = LessonFile
    fields = ["name", "role", "content_type", "size", "language"]
    readonly_fields = ["name", "content_type", "size"]
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LessonInline(admin.TabularInline):
    model = Lesson
    fields = ["title", "kind", "position", "required", "published"]
    extra = 0
    show_change_link = True


@admin.register(Course)
class CourseAdmin(admin.ModelAdmin):
    list_display = ["title", "slug", "state", "language", "people", "completed", "published_at"]
    list_filter = ["state", "language"]
    search_fields = ["title", "slug", "source_key"]
    readonly_fields = ["public_id", "state", "source_key", "published_at", "created_at", "updated_at"]
    prepopulated_fields = {"slug": ["title"]}
    filter_horizontal = ["prerequisites"]
    inlines = [StaffInline, SectionInline]
    actions = ["publish", "archive", "export"]
    change_form_template = "courses/admin/course.html"

    def get_urls(self) -> list[Any]:
        enrol = path("<int:pk>/enroll/", self.admin_site.admin_view(self.enroll_list), name="courses_course_enroll")
        return [enrol, *super().get_urls()]

    def enroll_list(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A page to enrol people by a pasted list of e-mail addresses."""
        course = get_object_or_404(Course, pk=pk)
        if not self.has_change_permission(request, course):
            raise PermissionDenied
        form = EnrollListForm(request.POST or None)
        result = None
        if form.is_valid():
            result = services.enroll_many(course=course, emails=form.cleaned_data["emails"], actor=caller(request))
        context = {**self.admin_site.each_context(request), "title": "Enrol a list", "opts": self.opts}
        return render(
            request, "courses/admin/enroll_list.html", context | {"course": course, "form": form, "result": result}
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Course]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                people_count=Count("enrollments"),
                completed_count=Count("enrollments", filter=Q(enrollments__state=EnrollmentState.COMPLETED)),
            )
        )

    @admin.display(description="enrollments", ordering="people_count")
    def people(self, course: Course) -> int:
        return course.people_count  # type: ignore[attr-defined]

    @admin.display(description="completed", ordering="completed_count")
    def completed(self, course: Course) -> int:
        return course.completed_count  # type: ignore[attr-defined]

    def save_model(self, request: HttpRequest, obj: Course, form: Any, change: bool) -> None:
        obj.description = sanitise(obj.description)
        super().save_model(request, obj, form, change)

    @admin.action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Course]) -> None:
        for course in queryset:
            services.publish_course(course=course)
        self.message_user(request, f"{len(queryset)} courses are published.")

    @admin.action(description="Archive", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Course]) -> None:
        for course in queryset:
            services.archive_course(course=course)
        self.message_user(request, f"{len(queryset)} courses are archived.")

    @admin.action(description="Export as CSV", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[Course]) -> HttpResponse:
        columns = ["slug", "title", "state", "language", "people_count", "completed_count", "published_at"]
        return csv_response("courses.csv", columns, queryset.order_by("slug").values_list(*columns))


@admin.register(Section)
class SectionAdmin(admin.ModelAdmin):
    list_display = ["title", "course", "position", "lesson_count"]
    list_filter = ["course"]
    list_select_related = ["course"]
    search_fields = ["title", "course__title"]
    autocomplete_fields = ["course"]
    readonly_fields = ["public_id", "source_key"]
    inlines = [LessonInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Section]:
        return super().get_queryset(request).annotate(number_of_lessons=Count("lessons"))

    @admin.display(description="lessons", ordering="number_of_lessons")
    def lesson_count(self, section: Section) -> int:
        return section.number_of_lessons  # type: ignore[attr-defined]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        services.recount_course(course=form.instance.course)


@admin.register(Lesson)
class LessonAdmin(admin.ModelAdmin):
    list_display = ["title", "course", "section", "kind", "position", "required", "published"]
    list_filter = ["kind", "published", "required", "section__course"]
    list_select_related = ["section__course"]
    search_fields = ["title", "section__title", "section__course__title", "source_key"]
    autocomplete_fields = ["section"]
    readonly_fields = ["public_id", "source_key", "updated_at"]
    inlines = [FileInline]

    @admin.display(ordering="section__course__title")
    def course(self, lesson: Lesson) -> str:
        return lesson.section.course.title

    def save_model(self, request: HttpRequest, obj: Lesson, form: Any, change: bool) -> None:
        obj.content = sanitise(obj.content)
        super().save_model(request, obj, form, change)
        services.recount_course(course=obj.section.course)
