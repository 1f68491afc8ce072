"""The Django admin of courses: enough for a support person to find, see and correct."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from courses import services
from courses.html import sanitise
from courses.models import (
    Course,
    CourseStaff,
    Enrollment,
    EnrollmentChange,
    EnrollmentState,
    ImportedItem,
    Lesson,
    LessonProgress,
    Section,
)
from courses.permissions import caller


class StaffInline(admin.TabularInline):
    model = CourseStaff
    autocomplete_fields = ["user"]
    extra = 0


class SectionInline(admin.TabularInline):
    model = Section
    fields = ["title", "position"]
    extra = 0
    show_change_link = True


class LessonInline(admin.TabularInline):
    model = Lesson
    fields = ["title", "kind", "position", "required", "published"]
    extra = 0
    show_change_link = True


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


@admin.register(Course)
class CourseAdmin(admin.ModelAdmin):
    list_display = ["title", "slug", "state", "language", "people", "completed", "published_at"]
    list_filter = ["state", "language"]
    search_fields = ["title", "slug", "source_key"]
    readonly_fields = ["public_id", "state", "source_key", "published_at", "created_at", "updated_at"]
    prepopulated_fields = {"slug": ["title"]}
    inlines = [StaffInline, SectionInline]
    actions = ["publish", "archive"]

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

    @admin.display(ordering="section__course__title")
    def course(self, lesson: Lesson) -> str:
        return lesson.section.course.title

    def save_model(self, request: HttpRequest, obj: Lesson, form: Any, change: bool) -> None:
        obj.content = sanitise(obj.content)
        super().save_model(request, obj, form, change)
        services.recount_course(course=obj.section.course)


@admin.register(Enrollment)
class EnrollmentAdmin(admin.ModelAdmin):
    """Changed by actions, which go through the services; the numbers are the database's."""

    list_display = ["public_id", "user_email", "course", "state", "progress", "source", "enrolled_at", "completed_at"]
    list_filter = ["state", "source", "course", "enrolled_at"]
    list_select_related = ["user", "course"]
    search_fields = ["user__email", "user__name", "course__title", "=public_id"]
    date_hierarchy = "enrolled_at"
    inlines = [ChangeInline, ProgressInline]
    actions = ["drop"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Enrollment | None = None) -> list[str]:
        return [field.name for field in Enrollment._meta.fields]

    @admin.display(description="user", ordering="user__email")
    def user_email(self, enrollment: Enrollment) -> str:
        return enrollment.user.email

    @admin.action(description="Drop", permissions=["change"])
    def drop(self, request: HttpRequest, queryset: QuerySet[Enrollment]) -> None:
        dropped = [
            services.drop(enrollment=enrollment, actor=caller(request))
            for enrollment in queryset.filter(state=EnrollmentState.ACTIVE)
        ]
        self.message_user(request, f"{len(dropped)} active enrollments were dropped.")


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
