"""Who learns: one enrollment per person and course, its history, and progress lesson by lesson."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from courses.models.course import Course, Lesson


class EnrollmentState(models.TextChoices):
    PENDING = "pending", "Waiting for approval"
    ACTIVE = "active", "Active"
    COMPLETED = "completed", "Completed"
    DROPPED = "dropped", "Dropped"
    EXPIRED = "expired", "Expired"


class EnrollmentSource(models.TextChoices):
    """How a person came into a course; also the label of the enrollment counter."""

    SELF = "self", "By themselves"
    STAFF = "staff", "By staff"
    BULK = "bulk", "By a list"


class Enrollment(models.Model):
    """One row per person and course, for ever: dropping and coming back change its state.

    `progress` is the percentage of required published lessons completed, kept by courses.services in SQL.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="enrollments")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="enrollments")
    state = models.CharField(max_length=20, choices=EnrollmentState, default=EnrollmentState.ACTIVE)
    source = models.CharField(max_length=20, choices=EnrollmentSource, default=EnrollmentSource.SELF)
    progress = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal(0), editable=False)
    enrolled_at = models.DateTimeField(default=timezone.now, editable=False)
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_activity_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "course"], name="courses_enrollment_once"),
            models.CheckConstraint(
                condition=Q(progress__gte=0, progress__lte=100), name="courses_enrollment_progress_percent"
            ),
            models.CheckConstraint(
                condition=Q(state__in=EnrollmentState.values), name="courses_enrollment_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=EnrollmentState.COMPLETED) | Q(completed_at__isnull=False),
                name="courses_enrollment_completed_when",
            ),
        ]
        indexes = [
            models.Index(fields=["course", "state"], name="courses_enrollment_by_course"),
            models.Index(fields=["last_activity_at"], name="courses_enrollment_by_activity"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class EnrollmentChange(models.Model):
    """The history of an enrollment: one row per change of state. `actor` is None for the person or a rule."""

    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, related_name="changes")
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20, choices=EnrollmentState)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["at"], name="courses_change_by_time")]

    def __str__(self) -> str:
        return f"{self.from_state or 'new'} → {self.to_state}"


class LessonProgress(models.Model):
    """How far an enrollment is in a lesson. The row begins when the lesson is opened.

    `fraction` is the best result of a quiz or assignment, or the watched share of a video, 0..1; `watched` holds the
    seconds of a video that were seen as sorted disjoint [from, to] pairs.
    """

    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, related_name="lesson_progress")
    lesson = models.ForeignKey(Lesson, on_delete=models.PROTECT, related_name="progress")
    fraction = models.FloatField(null=True, blank=True)
    watched = models.JSONField(default=list, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "lesson progress"
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "lesson"], name="courses_progress_once"),
            models.CheckConstraint(
                condition=Q(fraction__isnull=True) | Q(fraction__gte=0, fraction__lte=1),
                name="courses_progress_fraction",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrollment} {self.lesson}"
