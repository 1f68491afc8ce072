"""Who answers: attempts, and their answers beside the versions that were asked."""

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from courses.models import Enrollment
from quizzes.models.quiz import QuestionVersion, Quiz


class AttemptState(models.TextChoices):
    """in progress → submitted or expired → (grading, while people's marks are missing →) graded."""

    IN_PROGRESS = "in_progress", "In progress"
    SUBMITTED = "submitted", "Submitted"
    EXPIRED = "expired", "Expired"
    GRADING = "grading", "Waiting for people's grades"
    GRADED = "graded", "Graded"


class ClosedAs(models.TextChoices):
    SUBMITTED = "submitted", "Submitted"
    EXPIRED = "expired", "Expired"


def new_seed() -> str:
    return secrets.token_hex(8)


class Attempt(models.Model):
    """One try of one person. The database holds: a number once, one in progress, a grade only with its points."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, related_name="attempts")
    quiz = models.ForeignKey(Quiz, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=AttemptState, default=AttemptState.IN_PROGRESS)
    seed = models.CharField(max_length=16, default=new_seed, editable=False, help_text="Shuffles the same way again.")
    started_at = models.DateTimeField()
    deadline_at = models.DateTimeField(null=True, blank=True, help_text="The earlier of time limit and closing.")
    accepts_until = models.DateTimeField(null=True, blank=True, help_text="The deadline and its grace period.")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_as = models.CharField(max_length=20, choices=ClosedAs, blank=True)
    graded_at = models.DateTimeField(null=True, blank=True)
    points = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    maximum = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    passed = models.BooleanField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "quiz", "number"], name="quizzes_attempt_number_once"),
            models.UniqueConstraint(
                fields=["enrollment", "quiz"],
                condition=Q(state=AttemptState.IN_PROGRESS),
                name="quizzes_attempt_one_in_progress",
            ),
            models.CheckConstraint(condition=Q(state__in=AttemptState.values), name="quizzes_attempt_state_known"),
            models.CheckConstraint(condition=Q(number__gt=0), name="quizzes_attempt_number_positive"),
            models.CheckConstraint(
                condition=Q(state=AttemptState.IN_PROGRESS, closed_at__isnull=True, closed_as="")
                | (~Q(state=AttemptState.IN_PROGRESS) & Q(closed_at__isnull=False, closed_as__in=ClosedAs.values)),
                name="quizzes_attempt_closed_when",
            ),
            models.CheckConstraint(
                condition=Q(
                    state=AttemptState.GRADED,
                    graded_at__isnull=False,
                    points__isnull=False,
                    maximum__isnull=False,
                    percent__isnull=False,
                    passed__isnull=False,
                )
                | (
                    ~Q(state=AttemptState.GRADED) & Q(graded_at__isnull=True, percent__isnull=True, passed__isnull=True)
                ),
                name="quizzes_attempt_graded_with_result",
            ),
            models.CheckConstraint(
                condition=Q(deadline_at__isnull=True, accepts_until__isnull=True)
                | Q(accepts_until__gte=F("deadline_at")),
                name="quizzes_attempt_accepts_until_after_deadline",
            ),
        ]
        indexes = [
            models.Index(
                fields=["accepts_until"],
                name="quizzes_attempt_running",
                condition=Q(state=AttemptState.IN_PROGRESS),
            ),
            models.Index(fields=["quiz", "-started_at"], name="quizzes_attempt_by_quiz"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class Answer(models.Model):
    """The place of one question in an attempt. A trigger refuses a response after the attempt has closed."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="answers")
    version = models.ForeignKey(QuestionVersion, on_delete=models.PROTECT, related_name="answers")
    position = models.PositiveIntegerField()
    response = models.JSONField(null=True, blank=True, help_text="As quizzes.content.responses says; null: nothing.")
    revision = models.PositiveIntegerField(default=0, help_text="Counts saves.")
    saved_at = models.DateTimeField(null=True, blank=True)
    points = models.DecimalField(max_digits=9, decimal_places=4, null=True, blank=True)
    needs_person = models.BooleanField(default=False)
    overridden = models.BooleanField(default=False, help_text="Set by hand; regrading leaves it alone.")
    graded_at = models.DateTimeField(null=True, blank=True)
    graded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    comment = models.TextField(blank=True)
    rubric = models.JSONField(default=dict, blank=True, help_text="Points by rubric entry.")
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    claimed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "position"], name="quizzes_answer_position_once"),
            models.UniqueConstraint(fields=["attempt", "version"], name="quizzes_answer_version_once"),
            models.CheckConstraint(
                condition=Q(points__isnull=True) | Q(points__gte=0), name="quizzes_answer_points_not_negative"
            ),
        ]
        indexes = [
            models.Index(
                fields=["attempt"],
                name="quizzes_answer_waiting",
                condition=Q(needs_person=True, points__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.attempt} {self.position}"


def _storage_name(file: "AnswerFile", name: str) -> str:
    return f"answers/{file.public_id}"


class AnswerFile(models.Model):
    """A file handed in as an answer. The same trigger as for answers guards it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=255)
    content = models.FileField(upload_to=_storage_name, max_length=255)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return self.name
