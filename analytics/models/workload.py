"""What waits for those who teach, as last counted."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class InstructorWorkload(models.Model):
    """One row per person on the staff of a course (analytics.workload says how each number is counted)."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="workload"
    )
    courses = models.PositiveIntegerField(default=0)
    active_students = models.PositiveIntegerField(default=0, help_text="Active learners seen in the last 30 days.")
    ungraded_items = models.PositiveIntegerField(default=0, db_index=True)
    oldest_ungraded_at = models.DateTimeField(null=True)
    median_seconds_to_grade = models.FloatField(null=True, help_text="Over 90 days; empty: nothing graded.")
    p90_seconds_to_grade = models.FloatField(null=True)
    graded_per_week = models.FloatField(default=0, help_text="Mean over the last 4 weeks.")
    computed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "instructor workload"

    def __str__(self) -> str:
        return str(self.pk)
