"""Shapes of the quizzes API. Answer shapes are documented without examples: an example could give one away."""

from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.serializers import StrictSerializer
from quizzes.kinds import Kind
from quizzes.models import AttemptState, ClosedAs, QuestionStatistics, Quiz
from quizzes.services.authoring import MOST_POINTS, TERMS

QUESTION_KINDS = [(kind.value, kind.value) for kind in Kind]


@extend_schema_field(OpenApiTypes.ANY)
class AnyField(serializers.JSONField):
    """Any JSON value, checked against its question."""


class QuizSerializer(serializers.ModelSerializer[Quiz]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    lesson = serializers.UUIDField(source="lesson.public_id", read_only=True)
    course = serializers.SlugField(source="lesson.section.course.slug", read_only=True)
    title = serializers.CharField(source="lesson.title", read_only=True)
    questions = serializers.IntegerField(source="questions_count", read_only=True, default=0)

    class Meta:
        model = Quiz
        fields = ["id", "lesson", "course", "title", "questions", *TERMS]


class QuizTermsSerializer(serializers.ModelSerializer[Quiz]):
    class Meta:
        model = Quiz
        fields = list(TERMS)
        extra_kwargs = {
            "pass_mark": {"min_value": Decimal(0), "max_value": Decimal(100)},
            "time_limit_seconds": {"min_value": 1, "max_value": 30 * 86400},
            "grace_seconds": {"min_value": 0, "max_value": 3600},
            "max_attempts": {"min_value": 1, "max_value": 1000},
        }


class NewQuizSerializer(QuizTermsSerializer):
    lesson = serializers.UUIDField(help_text="A lesson of kind quiz without one.")

    class Meta(QuizTermsSerializer.Meta):
        fields = ["lesson", *TERMS]


class QuestionSerializer(StrictSerializer):
    id = serializers.UUIDField(read_only=True)
    position = serializers.IntegerField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    kind = serializers.ChoiceField(choices=QUESTION_KINDS)
    title = serializers.CharField(max_length=250, required=False, allow_blank=True, default="")
    prompt = serializers.CharField(max_length=20_000)
    points = serializers.DecimalField(
        max_digits=9, decimal_places=4, min_value=Decimal(0), max_value=Decimal(MOST_POINTS), default=Decimal(1)
    )
    content = AnyField(help_text="In the shape of the kind.")
    explanation = serializers.CharField(max_length=20_000, required=False, allow_blank=True, default="")
    pool = serializers.CharField(max_length=100, required=False, allow_null=True)


class RevisionSerializer(StrictSerializer):
    title = serializers.CharField(max_length=250, required=False, allow_blank=True, default="")
    prompt = serializers.CharField(max_length=20_000)
    points = serializers.DecimalField(
        max_digits=9, decimal_places=4, min_value=Decimal(0), max_value=Decimal(MOST_POINTS), required=False
    )
    content = AnyField(help_text="In the shape of the question's kind.")
    explanation = serializers.CharField(max_length=20_000, required=False, allow_blank=True, default="")


class PersonRefSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class AttemptSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    quiz = serializers.UUIDField()
    title = serializers.CharField()
    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=AttemptState.choices)
    started_at = serializers.DateTimeField()
    deadline_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    closed_as = serializers.ChoiceField(choices=ClosedAs.choices, allow_null=True)
    graded_at = serializers.DateTimeField(allow_null=True)
    points = serializers.CharField(allow_null=True)
    maximum = serializers.CharField(allow_null=True)
    percent = serializers.CharField(allow_null=True)
    passed = serializers.BooleanField(allow_null=True)
    person = PersonRefSerializer(required=False, help_text="Only for staff.")


class FileSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField()


class AskedSerializer(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=QUESTION_KINDS)
    prompt = serializers.CharField()
    points = serializers.CharField()
    parts = AnyField(help_text="What there is to choose from, in the shape of the kind.")
    response = AnyField(allow_null=True)
    revision = serializers.IntegerField()
    saved_at = serializers.DateTimeField(allow_null=True)
    files = FileSerializer(many=True)
    feedback = AnyField(required=False, help_text="Once the quiz's feedback policy allows it.")


class AttemptDetailSerializer(AttemptSerializer):
    server_time = serializers.DateTimeField()
    seconds_left = serializers.FloatField(allow_null=True)
    feedback_visible = serializers.BooleanField()
    answers = AskedSerializer(many=True)


class ReceiptSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    quiz = serializers.UUIDField()
    number = serializers.IntegerField()
    closed_as = serializers.ChoiceField(choices=ClosedAs.choices)
    started_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField()
    answered = serializers.IntegerField()
    questions = serializers.IntegerField()


class ResponseSerializer(StrictSerializer):
    response = AnyField(allow_null=True, help_text="In the shape of the kind; null empties the answer.")


class SavedSerializer(serializers.Serializer[Any]):
    response = AnyField(allow_null=True)
    revision = serializers.IntegerField()
    saved_at = serializers.DateTimeField()


class QueueEntrySerializer(serializers.Serializer[Any]):
    """An answer (`attempt`, `position`, `quiz`) or a submission (`submission`, `assignment`)."""

    attempt = serializers.UUIDField(allow_null=True)
    position = serializers.IntegerField(allow_null=True)
    quiz = serializers.UUIDField(allow_null=True)
    submission = serializers.UUIDField(allow_null=True)
    assignment = serializers.UUIDField(allow_null=True)
    title = serializers.CharField()
    person = PersonRefSerializer()
    kind = serializers.ChoiceField(choices=QUESTION_KINDS)
    prompt = serializers.CharField()
    points = serializers.CharField()
    rubric = AnyField()
    response = AnyField(allow_null=True)
    files = FileSerializer(many=True)
    waiting_since = serializers.DateTimeField()
    claimed_until = serializers.DateTimeField(allow_null=True)
    claimed_by = serializers.CharField(allow_null=True)


class GradeSerializer(StrictSerializer):
    points = serializers.DecimalField(max_digits=9, decimal_places=4, required=False)
    rubric = serializers.DictField(child=serializers.DecimalField(max_digits=9, decimal_places=4), required=False)
    comment = serializers.CharField(max_length=20_000, required=False, allow_blank=True, default="")


class OverrideSerializer(StrictSerializer):
    points = serializers.DecimalField(max_digits=9, decimal_places=4)
    reason = serializers.CharField(max_length=2_000)


class RegradeSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=2_000)


class ChangeSerializer(serializers.Serializer[Any]):
    attempt = serializers.UUIDField(source="answer.attempt.public_id")
    person = serializers.CharField(source="answer.attempt.enrollment.user.name")
    old_points = serializers.DecimalField(max_digits=9, decimal_places=4)
    new_points = serializers.DecimalField(max_digits=9, decimal_places=4)
    old_percent = serializers.DecimalField(max_digits=5, decimal_places=2)
    new_percent = serializers.DecimalField(max_digits=5, decimal_places=2)
    old_passed = serializers.BooleanField()
    new_passed = serializers.BooleanField()


class StatisticsSerializer(serializers.ModelSerializer[QuestionStatistics]):
    question = serializers.UUIDField(source="question.public_id", read_only=True)
    title = serializers.CharField(source="question.current.title", read_only=True)
    options = serializers.DictField(child=serializers.IntegerField(), read_only=True)

    class Meta:
        model = QuestionStatistics
        fields = [
            "question", "title", "attempts", "mean_points", "facility", "discrimination", "options", "computed_at",
        ]  # fmt: skip


class AccommodationSerializer(StrictSerializer):
    person = serializers.UUIDField(source="user.public_id")
    name = serializers.CharField(source="user.name", read_only=True)
    extra_seconds = serializers.IntegerField(min_value=0, max_value=30 * 86400)
    extra_attempts = serializers.IntegerField(min_value=0, max_value=100, default=0)


class PoolSerializer(StrictSerializer):
    name = serializers.CharField(max_length=100)
    draw = serializers.IntegerField(min_value=1, max_value=1000)


class ExamDaySerializer(serializers.Serializer[Any]):
    in_progress = serializers.IntegerField()
    due_5_minutes = serializers.IntegerField()
    due_15_minutes = serializers.IntegerField()
    due_60_minutes = serializers.IntegerField()
    overdue = serializers.IntegerField()
    oldest_overdue = serializers.FloatField(help_text="Seconds.")
    sweeper_lag = serializers.FloatField(allow_null=True, help_text="Seconds; null before the first sweep.")
    waiting_for_machine = serializers.IntegerField()
    waiting_for_people = serializers.IntegerField()
    oldest_ungraded = serializers.FloatField(help_text="Seconds.")
    submissions_waiting = serializers.IntegerField()
    oldest_submission = serializers.FloatField(help_text="Seconds.")
