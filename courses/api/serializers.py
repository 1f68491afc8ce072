"""What courses look like in the API. People and rows appear under their public ids."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from courses.models import Course, CourseStaff, Enrollment, Lesson, LessonProgress, Section


class StaffSerializer(serializers.ModelSerializer[CourseStaff]):
    name = serializers.CharField(source="user.name", read_only=True)

    class Meta:
        model = CourseStaff
        fields = ["name", "role"]


class CourseSerializer(serializers.ModelSerializer[Course]):
    students = serializers.IntegerField(read_only=True, help_text="People active in or through the course.")

    class Meta:
        model = Course
        fields = ["slug", "title", "summary", "language", "state", "students", "published_at"]


class CourseDetailSerializer(CourseSerializer):
    staff = StaffSerializer(source="staff_entries", many=True, read_only=True)

    class Meta(CourseSerializer.Meta):
        fields = [*CourseSerializer.Meta.fields, "description", "staff", "updated_at"]


class OutlineLessonSerializer(serializers.ModelSerializer[Lesson]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    completed = serializers.SerializerMethodField()

    class Meta:
        model = Lesson
        fields = ["id", "title", "kind", "required", "published", "subsection_title", "unit_title", "completed"]

    def get_completed(self, lesson: Lesson) -> bool:
        return any(row.completed_at for row in lesson.mine)  # type: ignore[attr-defined]  # selectors.outline


class OutlineSectionSerializer(serializers.ModelSerializer[Section]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    lessons = OutlineLessonSerializer(many=True, read_only=True)

    class Meta:
        model = Section
        fields = ["id", "title", "lessons"]


class OutlineSerializer(serializers.Serializer[Any]):
    course = serializers.SlugField()
    sections = OutlineSectionSerializer(many=True)


class LessonSerializer(serializers.ModelSerializer[Lesson]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    course = serializers.SlugField(source="section.course.slug", read_only=True)
    section = serializers.CharField(source="section.title", read_only=True)
    content = serializers.CharField(read_only=True, help_text="Sanitised HTML.")

    class Meta:
        model = Lesson
        fields = [
            "id", "course", "section", "subsection_title", "unit_title", "title", "kind", "required", "published",
            "content", "updated_at",
        ]  # fmt: skip


class LessonProgressSerializer(serializers.ModelSerializer[LessonProgress]):
    lesson = serializers.UUIDField(source="lesson.public_id", read_only=True)

    class Meta:
        model = LessonProgress
        fields = ["lesson", "fraction", "started_at", "completed_at"]


class EnrollmentSerializer(serializers.ModelSerializer[Enrollment]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    course = serializers.SlugField(source="course.slug", read_only=True)
    course_title = serializers.CharField(source="course.title", read_only=True)
    progress = serializers.SerializerMethodField()

    class Meta:
        model = Enrollment
        fields = ["id", "course", "course_title", "state", "progress", "enrolled_at", "completed_at"]

    @extend_schema_field({"type": "number", "minimum": 0, "maximum": 100})
    def get_progress(self, enrollment: Enrollment) -> float:
        return float(enrollment.progress)


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable; for programs.")
    detail = serializers.CharField(required=False)
    request_id = serializers.CharField(required=False)
