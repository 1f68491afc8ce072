"""What instructors send and see: courses, sections and lessons to write, people to enrol and follow."""

from typing import Any

from rest_framework import serializers

from courses.api.serializers import EnrollmentSerializer
from courses.models import Course, Enrollment, FileRole, Lesson, LessonKind, Section, StaffRole

PERIODS = [("starts_at", "ends_at"), ("enrollment_opens_at", "enrollment_closes_at")]


class CourseSlugField(serializers.SlugRelatedField[Course]):
    """DRF's own hands NUL, which PostgreSQL refuses, on to the database."""

    def to_internal_value(self, data: Any) -> Course:
        if isinstance(data, str) and "\x00" in data:
            self.fail("invalid")
        return super().to_internal_value(data)


class CourseWriteSerializer(serializers.ModelSerializer[Course]):
    prerequisites = CourseSlugField(slug_field="slug", many=True, required=False, queryset=Course.objects.all())
    slug = serializers.SlugField(max_length=100, required=False, help_text="Made of the title when left out.")

    class Meta:
        model = Course
        fields = [
            "title", "slug", "summary", "description", "language", "self_paced", "starts_at", "ends_at",
            "enrollment_opens_at", "enrollment_closes_at", "capacity", "requires_approval", "prerequisites",
        ]  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for first, last in PERIODS:
            begin, end = (attrs.get(name, getattr(self.instance, name, None)) for name in (first, last))
            if begin and end and end <= begin:
                raise serializers.ValidationError({last: f"It must be after {first}."})
        return attrs


class SectionWriteSerializer(serializers.ModelSerializer[Section]):
    class Meta:
        model = Section
        fields = ["title", "position"]


class LessonWriteSerializer(serializers.ModelSerializer[Lesson]):
    class Meta:
        model = Lesson
        fields = [
            "title", "content", "position", "required", "published", "available_at", "due_at", "minimum_seconds",
            "video_url", "duration_seconds",
        ]  # fmt: skip
        extra_kwargs = {"duration_seconds": {"min_value": 0.001}}


class LessonCreateSerializer(LessonWriteSerializer):
    kind = serializers.ChoiceField(choices=LessonKind.choices)

    class Meta(LessonWriteSerializer.Meta):
        fields = [*LessonWriteSerializer.Meta.fields, "kind"]


class SectionSerializer(serializers.ModelSerializer[Section]):
    id = serializers.UUIDField(source="public_id", read_only=True)

    class Meta:
        model = Section
        fields = ["id", "title", "position"]


class StaffWriteSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=StaffRole.choices)


class LearnerSerializer(EnrollmentSerializer):
    """An enrollment as course staff see it."""

    name = serializers.CharField(source="user.name", read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)

    class Meta(EnrollmentSerializer.Meta):
        model = Enrollment
        fields = [*EnrollmentSerializer.Meta.fields, "name", "email", "source", "last_activity_at"]


class BulkEnrollSerializer(serializers.Serializer[Any]):
    emails = serializers.ListField(child=serializers.EmailField(), min_length=1, max_length=500)


class BulkResultSerializer(serializers.Serializer[Any]):
    enrolled = serializers.ListField(child=serializers.EmailField())
    present = serializers.ListField(child=serializers.EmailField(), help_text="Were in the course already.")
    refused = serializers.DictField(child=serializers.CharField(), help_text="Address to the code of the refusal.")


class FileUploadSerializer(serializers.Serializer[Any]):
    file = serializers.FileField()
    role = serializers.ChoiceField(choices=FileRole.choices, default=FileRole.ATTACHMENT)
    language = serializers.CharField(max_length=20, required=False, default="")
