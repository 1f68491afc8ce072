"""Shapes of the assignments API."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from quizzes.api.serializers import AnyField, FileSerializer, PersonRefSerializer
from quizzes.models import Assignment, SubmissionState
from quizzes.services.assignments import ASSIGNMENT_TERMS

PERCENT = {"min_value": Decimal(0), "max_value": Decimal(100)}


class AssignmentTermsSerializer(serializers.ModelSerializer[Assignment]):
    rubric = AnyField(required=False)
    endings = serializers.ListField(child=serializers.CharField(max_length=11), required=False)

    class Meta:
        model = Assignment
        fields = list(ASSIGNMENT_TERMS)
        extra_kwargs = {
            "pass_mark": PERCENT,
            "late_penalty_percent": PERCENT,
            "late_floor_percent": PERCENT,
            "max_points": {"min_value": Decimal("0.0001"), "max_value": Decimal(1000)},
            "max_files": {"min_value": 0, "max_value": 50},
            "max_file_bytes": {"min_value": 1, "max_value": 1_000_000_000},
            "max_versions": {"min_value": 1, "max_value": 1000},
        }


class NewAssignmentSerializer(AssignmentTermsSerializer):
    lesson = serializers.UUIDField(help_text="A lesson of kind assignment without one.")

    class Meta(AssignmentTermsSerializer.Meta):
        fields = ["lesson", *ASSIGNMENT_TERMS]


class AssignmentSerializer(serializers.ModelSerializer[Assignment]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    lesson = serializers.UUIDField(source="lesson.public_id", read_only=True)
    course = serializers.SlugField(source="lesson.section.course.slug", read_only=True)
    title = serializers.CharField(source="lesson.title", read_only=True)
    rubric = AnyField(read_only=True)
    endings = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Assignment
        fields = ["id", "lesson", "course", "title", *ASSIGNMENT_TERMS]


class SubmissionFileSerializer(FileSerializer):
    quarantined = serializers.BooleanField(help_text="Kept, but given to nobody.")


class SubmissionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    assignment = serializers.UUIDField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(choices=SubmissionState.choices)
    submitted_at = serializers.DateTimeField()
    days_late = serializers.IntegerField()
    share_kept = serializers.DecimalField(max_digits=5, decimal_places=4)
    text = serializers.CharField()
    files = SubmissionFileSerializer(many=True)
    points = serializers.DecimalField(max_digits=9, decimal_places=4, allow_null=True)
    percent = serializers.DecimalField(max_digits=5, decimal_places=2, allow_null=True)
    passed = serializers.BooleanField(allow_null=True)
    comment = serializers.CharField()
    rubric = AnyField()
    person = PersonRefSerializer(allow_null=True)
