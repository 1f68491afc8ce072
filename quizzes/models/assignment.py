"""What is handed in: assignments, each version a student submits, and its files."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from courses.models import Course, Enrollment, Lesson
from quizzes.models.attempt import Answer

DEFAULT_ENDINGS = [".pdf", ".docx", ".odt", ".txt", ".md", ".png", ".jpg", ".jpeg", ".zip"]


def default_endings() -> list[str]:
    return list(DEFAULT_ENDINGS)


class Accepts(models.TextChoices):
    TEXT = "text", "Text"
    FILES = "files", "Files"
    BOTH = "text_and_files", "Text and files"


class LatePolicy(models.TextChoices):
    REFUSE = "refuse", "Refuse"
    ACCEPT = "accept", "Accept, with a penalty for each day"


class SubmissionState(models.TextChoices):
    """waiting → graded, or superseded by a newer version."""

    WAITING = "waiting", "Waiting for a grade"
    SUPERSEDED = "superseded", "Superseded by a newer version"
    GRADED = "graded", "Graded"


class Assignment(models.Model):
    """The assignment of a lesson, which gives it its title."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lesson = models.OneToOneField(Lesson, on_delete=models.CASCADE, related_name="assignment")
    instructions = models.TextField(blank=True, help_text="HTML; made safe when stored.")
    accepts = models.CharField(max_length=20, choices=Accepts, default=Accepts.BOTH)
    max_files = models.PositiveSmallIntegerField(default=5)
    max_file_bytes = models.PositiveBigIntegerField(default=10_000_000, help_text="Of each file.")
    endings = models.JSONField(default=default_endings, help_text="Names that files may end in, with the dot.")
    max_points = models.DecimalField(max_digits=9, decimal_places=4, default=Decimal(100))
    pass_mark = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal(50), help_text="Percent.")
    rubric = models.JSONField(default=list, blank=True, help_text='[{"id": …, "text": …, "points": "2"}]')
    due_at = models.DateTimeField(null=True, blank=True)
    late_policy = models.CharField(max_length=20, choices=LatePolicy, default=LatePolicy.REFUSE)
    late_penalty_percent = models.DecimalField(
        max_digits=5, decimal_places=2, default=Decimal(10), help_text="Of the points, for each day begun."
    )
    late_floor_percent = models.DecimalField(
        max_digits=5, decimal_places=2, default=Decimal(0), help_text="Of the points; no penalty goes below."
    )
    max_versions = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty: any number.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(pass_mark__range=(0, 100))
                & Q(late_penalty_percent__range=(0, 100))
                & Q(late_floor_percent__range=(0, 100)),
                name="quizzes_assignment_percents",
            ),
            models.CheckConstraint(condition=Q(max_points__gt=0), name="quizzes_assignment_points_positive"),
            models.CheckConstraint(
                condition=Q(max_versions__isnull=True) | Q(max_versions__gt=0),
                name="quizzes_assignment_versions_positive",
            ),
            models.CheckConstraint(condition=Q(accepts__in=Accepts.values), name="quizzes_assignment_accepts_known"),
            models.CheckConstraint(
                condition=Q(late_policy__in=LatePolicy.values), name="quizzes_assignment_late_policy_known"
            ),
        ]

    def __str__(self) -> str:
        return self.lesson.title


class Submission(models.Model):
    """One version. The database holds: a number once, one waiting version at most, a grade only with its points."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="submissions")
    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, related_name="submissions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=SubmissionState, default=SubmissionState.WAITING)
    text = models.TextField(blank=True)
    submitted_at = models.DateTimeField()
    days_late = models.PositiveIntegerField(default=0, help_text="Days begun after the due date.")
    share_kept = models.DecimalField(
        max_digits=5, decimal_places=4, default=Decimal(1), help_text="What being late left of the points, 0..1."
    )
    points = models.DecimalField(
        max_digits=9, decimal_places=4, null=True, blank=True, help_text="As given, before the penalty."
    )
    percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True, help_text="After the penalty.")
    passed = models.BooleanField(null=True, blank=True)
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
        ordering = ["-submitted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "assignment", "number"], name="quizzes_submission_once"),
            models.UniqueConstraint(
                fields=["enrollment", "assignment"],
                condition=Q(state=SubmissionState.WAITING),
                name="quizzes_submission_one_waiting",
            ),
            models.CheckConstraint(
                condition=Q(state__in=SubmissionState.values), name="quizzes_submission_state_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=SubmissionState.GRADED,
                    points__isnull=False,
                    percent__isnull=False,
                    passed__isnull=False,
                    graded_at__isnull=False,
                )
                | (
                    ~Q(state=SubmissionState.GRADED) & Q(points__isnull=True, percent__isnull=True, passed__isnull=True)
                ),
                name="quizzes_submission_graded_with_result",
            ),
            models.CheckConstraint(condition=Q(share_kept__range=(0, 1)), name="quizzes_submission_share"),
        ]
        indexes = [
            models.Index(
                fields=["submitted_at"], name="quizzes_submission_waiting", condition=Q(state=SubmissionState.WAITING)
            )
        ]

    def __str__(self) -> str:
        return str(self.public_id)


def _storage_name(file: "SubmissionFile", name: str) -> str:
    return f"submissions/{file.public_id}"


class SubmissionFile(models.Model):
    """A file of one version. A quarantined file is kept and never served."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=255)
    content = models.FileField(upload_to=_storage_name, max_length=255)
    content_type = models.CharField(
        max_length=100, blank=True, help_text="As its content shows; empty: not its name's."
    )
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    quarantined = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class QueueItem(models.Model):
    """One row for whatever waits for a person's grade: an essay's or upload's answer, or a submission. A view."""

    item = models.CharField(max_length=30, primary_key=True)
    course = models.ForeignKey(Course, on_delete=models.DO_NOTHING, related_name="+")
    enrollment = models.ForeignKey(Enrollment, on_delete=models.DO_NOTHING, related_name="+")
    answer = models.ForeignKey(Answer, on_delete=models.DO_NOTHING, null=True, related_name="+")
    submission = models.ForeignKey(Submission, on_delete=models.DO_NOTHING, null=True, related_name="+")
    waiting_since = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "quizzes_queue"

    def __str__(self) -> str:
        return self.item
