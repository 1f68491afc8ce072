"""How it is graded: the audit trail of grades, statistics, and the sweeper's last run."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from quizzes.models.assignment import Submission
from quizzes.models.attempt import Answer
from quizzes.models.quiz import Question, QuestionVersion


class ChangeKind(models.TextChoices):
    PERSON = "person", "Graded by a person"
    REGRADE = "regrade", "Regraded with a corrected question"
    OVERRIDE = "override", "Overridden"


class GradeChange(models.Model):
    """One change of an answer's or a submission's points by a person's will. Never edited, never deleted on its own."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, null=True, related_name="changes")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, null=True, related_name="changes")
    kind = models.CharField(max_length=20, choices=ChangeKind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.TextField(blank=True)
    old_points = models.DecimalField(max_digits=9, decimal_places=4, null=True)
    new_points = models.DecimalField(max_digits=9, decimal_places=4)
    key = models.ForeignKey(
        QuestionVersion, on_delete=models.PROTECT, null=True, related_name="+", help_text="The version that scored it."
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ChangeKind.values), name="quizzes_change_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=ChangeKind.PERSON) | ~Q(reason=""), name="quizzes_change_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(answer__isnull=True) ^ Q(submission__isnull=True), name="quizzes_change_of_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.old_points} → {self.new_points}"


class QuestionStatistics(models.Model):
    """A question over all graded attempts, as of `computed_at`."""

    question = models.OneToOneField(Question, on_delete=models.CASCADE, primary_key=True, related_name="statistics")
    attempts = models.PositiveIntegerField(default=0)
    mean_points = models.DecimalField(max_digits=9, decimal_places=4, null=True)
    facility = models.FloatField(null=True, help_text="Mean share of the points, 0..1: 1 is easiest.")
    discrimination = models.FloatField(
        null=True, help_text="Correlation with the rest of the attempt's points, −1..1; null without variance."
    )
    options = models.JSONField(default=dict, help_text="How often each choice was picked, by its id.")
    computed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "question statistics"

    def __str__(self) -> str:
        return str(self.question)


class Sweep(models.Model):
    """The one row that says when overdue attempts were last looked for."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    finished_at = models.DateTimeField()
    expired = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="quizzes_sweep_one_row")]

    def __str__(self) -> str:
        return str(self.finished_at)
