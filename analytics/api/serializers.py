"""What the API says about learning and teaching."""

from typing import Any

from rest_framework import serializers

from analytics.models import ConsistencyCheck, Engagement, InstructorWorkload


class LessonKindSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    lessons = serializers.IntegerField()
    opened = serializers.IntegerField()
    completed = serializers.IntegerField()
    completion_rate = serializers.FloatField(
        allow_null=True, help_text="Completed lessons of all that the learners could complete, 0..1."
    )


class CourseAnalyticsSerializer(serializers.Serializer[Any]):
    course = serializers.SlugField()
    enrollments = serializers.DictField(child=serializers.IntegerField(), help_text="By state.")
    completion_rate = serializers.FloatField(allow_null=True, help_text="Of those who began, 0..1.")
    drop_out_rate = serializers.FloatField(allow_null=True, help_text="Dropped and expired of those who began, 0..1.")
    mean_progress = serializers.FloatField(allow_null=True, help_text="Percent.")
    progress_distribution = serializers.ListField(
        child=serializers.IntegerField(), help_text="People by tenths of progress, from 0 to 100 percent."
    )
    lesson_kinds = LessonKindSerializer(many=True)
    engagement = serializers.DictField(
        child=serializers.IntegerField(), help_text="Enrollments by band of engagement, as last counted."
    )


class EngagementSerializer(serializers.ModelSerializer[Engagement]):
    enrollment = serializers.UUIDField(source="enrollment.public_id", read_only=True)
    learner = serializers.UUIDField(source="enrollment.user.public_id", read_only=True)
    name = serializers.CharField(source="enrollment.user.name", read_only=True)

    class Meta:
        model = Engagement
        fields = [
            "enrollment",
            "learner",
            "name",
            "score",
            "band",
            "items_due",
            "submitted",
            "on_time",
            "prompt",
            "recency",
            "formula_version",
            "computed_at",
        ]
        read_only_fields = fields


class WorkloadSerializer(serializers.ModelSerializer[InstructorWorkload]):
    instructor = serializers.UUIDField(source="user.public_id", read_only=True)

    class Meta:
        model = InstructorWorkload
        fields = [
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
        read_only_fields = fields


class ConsistencySerializer(serializers.ModelSerializer[ConsistencyCheck]):
    class Meta:
        model = ConsistencyCheck
        fields = ["kind", "found", "checked_at"]
        read_only_fields = fields


class PlatformSerializer(serializers.Serializer[Any]):
    active_users = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        allow_null=True,
        help_text="By window and role; null while they can't be counted.",
    )
    people = serializers.DictField(child=serializers.IntegerField(), help_text="Active accounts by role.")
    courses = serializers.DictField(child=serializers.IntegerField(), help_text="By state.")
    enrollments = serializers.DictField(child=serializers.IntegerField(), help_text="By state.")
    certificates = serializers.DictField(child=serializers.IntegerField(), help_text="By state.")
    consistency = ConsistencySerializer(many=True)
