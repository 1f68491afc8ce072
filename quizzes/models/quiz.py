"""What is asked: quizzes, their pools, and questions with every version that was ever asked."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from courses.models import Lesson
from quizzes.kinds import Kind

KINDS = [(kind.value, kind.value.replace("_", " ").capitalize()) for kind in Kind]


class FeedbackPolicy(models.TextChoices):
    """When a student sees what was right: not before the attempt is graded, whatever the policy."""

    NEVER = "never", "Never"
    AFTER_SUBMIT = "after_submit", "After submitting"
    AFTER_CLOSE = "after_close", "After the quiz has closed"


class ScoringPolicy(models.TextChoices):
    HIGHEST = "highest", "The highest"
    LATEST = "latest", "The latest"
    AVERAGE = "average", "The average"


class Quiz(models.Model):
    """The quiz of a lesson, which gives it its title and its instructions."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lesson = models.OneToOneField(Lesson, on_delete=models.CASCADE, related_name="quiz")
    time_limit_seconds = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: no limit.")
    opens_at = models.DateTimeField(null=True, blank=True)
    closes_at = models.DateTimeField(null=True, blank=True, help_text="Ends attempts in progress too.")
    grace_seconds = models.PositiveIntegerField(
        default=5, help_text="Answers and submissions that arrive so late still count: networks are slow."
    )
    max_attempts = models.PositiveIntegerField(null=True, blank=True, default=1, help_text="Empty: any number.")
    pass_mark = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal(50), help_text="Percent.")
    shuffle_questions = models.BooleanField(default=False)
    shuffle_choices = models.BooleanField(default=False)
    feedback_policy = models.CharField(max_length=20, choices=FeedbackPolicy, default=FeedbackPolicy.AFTER_SUBMIT)
    scoring_policy = models.CharField(max_length=20, choices=ScoringPolicy, default=ScoringPolicy.HIGHEST)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "quizzes"
        constraints = [
            models.CheckConstraint(
                condition=Q(pass_mark__gte=0, pass_mark__lte=100), name="quizzes_quiz_pass_mark_percent"
            ),
            models.CheckConstraint(
                condition=Q(opens_at__isnull=True) | Q(closes_at__isnull=True) | Q(closes_at__gt=F("opens_at")),
                name="quizzes_quiz_closes_after_opening",
            ),
            models.CheckConstraint(
                condition=Q(time_limit_seconds__isnull=True) | Q(time_limit_seconds__gt=0),
                name="quizzes_quiz_time_limit_positive",
            ),
            models.CheckConstraint(
                condition=Q(max_attempts__isnull=True) | Q(max_attempts__gt=0), name="quizzes_quiz_attempts_positive"
            ),
            models.CheckConstraint(
                condition=Q(feedback_policy__in=FeedbackPolicy.values), name="quizzes_quiz_feedback_known"
            ),
            models.CheckConstraint(
                condition=Q(scoring_policy__in=ScoringPolicy.values), name="quizzes_quiz_scoring_known"
            ),
        ]

    def __str__(self) -> str:
        return self.lesson.title


class QuestionPool(models.Model):
    """Questions of which each attempt is asked `draw`, at random; all of them when there are fewer."""

    quiz = models.ForeignKey(Quiz, on_delete=models.CASCADE, related_name="pools")
    name = models.CharField(max_length=100)
    draw = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["quiz", "name"], name="quizzes_pool_name_once"),
            models.CheckConstraint(condition=Q(draw__gt=0), name="quizzes_pool_draws"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.draw})"


class Question(models.Model):
    """A question as it is now. Attempts keep the versions they were asked, also when this row goes."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    quiz = models.ForeignKey(Quiz, on_delete=models.CASCADE, related_name="questions")
    pool = models.ForeignKey(QuestionPool, on_delete=models.SET_NULL, null=True, blank=True, related_name="questions")
    position = models.PositiveIntegerField(default=0)
    current = models.OneToOneField(
        "QuestionVersion", on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return str(self.public_id)


class QuestionVersion(models.Model):
    """What is asked, word for word. The database refuses to change it: editing a question adds a version."""

    question = models.ForeignKey(Question, on_delete=models.SET_NULL, null=True, related_name="versions")
    number = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=20, choices=KINDS)
    title = models.CharField(max_length=250, blank=True)
    prompt = models.TextField(help_text="Sanitised HTML.")
    content = models.JSONField(help_text="In the shape of its kind (quizzes.content.schema), with what is right.")
    explanation = models.TextField(blank=True, help_text="Sanitised HTML, shown with the feedback.")
    points = models.DecimalField(max_digits=9, decimal_places=4, default=Decimal(1))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["question", "number"], name="quizzes_version_number_once"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in Kind]), name="quizzes_version_kind_known"
            ),
            models.CheckConstraint(condition=Q(points__gte=0), name="quizzes_version_points_not_negative"),
        ]

    def __str__(self) -> str:
        return self.title or self.kind


class Accommodation(models.Model):
    """What one student gets beyond everybody's terms."""

    quiz = models.ForeignKey(Quiz, on_delete=models.CASCADE, related_name="accommodations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="accommodations")
    extra_seconds = models.PositiveIntegerField(default=0, help_text="Added to the time limit and to the closing.")
    extra_attempts = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["quiz", "user"], name="quizzes_accommodation_once")]

    def __str__(self) -> str:
        return f"{self.extra_seconds} s, {self.extra_attempts} attempts"
