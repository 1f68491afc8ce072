"""What courses look like in the API. People and rows appear under their public ids."""

import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from courses.models import Course, CourseStaff, Enrollment, Lesson, LessonFile, LessonProgress, Section


class LessonFileSerializer(serializers.ModelSerializer[LessonFile]):
    id = serializers.UUIDField(source="public_id", read_only=True)

    class Meta:
        model = LessonFile
        fields = ["id", "name", "role", "language", "content_type", "size", "sha256"]
        read_only_fields = fields


class StaffSerializer(serializers.ModelSerializer[CourseStaff]):
    id = serializers.UUIDField(source="user.public_id", read_only=True)
    name = serializers.CharField(source="user.name", read_only=True)

    class Meta:
        model = CourseStaff
        fields = ["id", "name", "role"]


class CourseSerializer(serializers.ModelSerializer[Course]):
    students = serializers.IntegerField(read_only=True, help_text="People active in or through the course.")

    class Meta:
        model = Course
        fields = ["slug", "title", "summary", "language", "state", "students", "published_at"]


class CourseDetailSerializer(CourseSerializer):
    staff = StaffSerializer(source="staff_entries", many=True, read_only=True)
    prerequisites: Any = serializers.SlugRelatedField(slug_field="slug", many=True, read_only=True)

    class Meta(CourseSerializer.Meta):
        fields = [
            *CourseSerializer.Meta.fields, "description", "staff", "self_paced", "starts_at", "ends_at",
            "enrollment_opens_at", "enrollment_closes_at", "capacity", "requires_approval", "prerequisites",
            "updated_at",
        ]  # fmt: skip


class OutlineLessonSerializer(serializers.ModelSerializer[Lesson]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    completed = serializers.SerializerMethodField()
    late = serializers.SerializerMethodField(help_text="Completed after it was due.")

    class Meta:
        model = Lesson
        fields = [
            "id", "title", "kind", "required", "published", "subsection_title", "unit_title", "available_at", "due_at",
            "completed", "late",
        ]  # fmt: skip

    def _completed_at(self, lesson: Lesson) -> datetime.datetime | None:
        mine: list[LessonProgress] = lesson.mine  # type: ignore[attr-defined]  # selectors.outline
        return mine[0].completed_at if mine else None

    def get_completed(self, lesson: Lesson) -> bool:
        return self._completed_at(lesson) is not None

    def get_late(self, lesson: Lesson) -> bool:
        completed_at = self._completed_at(lesson)
        return bool(completed_at and lesson.due_at and completed_at > lesson.due_at)


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
    files = LessonFileSerializer(many=True, read_only=True)

    class Meta:
        model = Lesson
        fields = [
            "id", "course", "section", "subsection_title", "unit_title", "title", "kind", "position", "required",
            "published", "available_at", "due_at", "minimum_seconds", "video_url", "duration_seconds", "content",
            "files", "updated_at",
        ]  # fmt: skip


class LessonProgressSerializer(serializers.ModelSerializer[LessonProgress]):
    lesson = serializers.UUIDField(source="lesson.public_id", read_only=True)
    watched = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()), read_only=True, help_text="[from, to] in seconds."
    )

    class Meta:
        model = LessonProgress
        fields = ["lesson", "fraction", "watched", "started_at", "completed_at"]


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


class WatchingSerializer(serializers.Serializer[Any]):
    ranges = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(min_value=0), min_length=2, max_length=2),
        min_length=1,
        max_length=100,
        help_text="[from, to] in seconds of the video.",
    )
    duration = serializers.FloatField(required=False, help_text="Seconds; used when the lesson doesn't know its own.")


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable; for programs.")
    detail = serializers.CharField(required=False)
    request_id = serializers.CharField(required=False)
