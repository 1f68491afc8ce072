"""How engaged each learner is, and how courses go, as last counted."""

from django.db import models

from courses.models import Course, Enrollment, EnrollmentState


class Band(models.TextChoices):
    """Also the label of the gauge."""

    NONE = "none", "Too early, or not learning"
    AT_RISK = "at_risk", "At risk"
    WATCH = "watch", "Watch"
    ON_TRACK = "on_track", "On track"


class Measure(models.TextChoices):
    """What a tally of a course counts; `value` says of which."""

    STATE = "state", "Enrollments by state"
    TENTH = "tenth", "Enrollments that began, by tenth of progress"
    BAND = "band", "Enrollments by band of engagement"
    COMPLETED = "completed", "Completed lessons by kind"


class Engagement(models.Model):
    """One row per enrollment. Components are shares, 0..1 (analytics.engagement.formula), null without a score."""

    enrollment = models.OneToOneField(Enrollment, on_delete=models.CASCADE, primary_key=True, related_name="engagement")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="+", db_index=False)
    state = models.CharField(max_length=20, choices=EnrollmentState)
    tenth = models.PositiveSmallIntegerField(help_text="Of progress: 0 to 9.")
    completed = models.JSONField(default=dict, help_text="Completed published lessons by kind.")
    items_due = models.PositiveIntegerField()
    submitted = models.FloatField(null=True)
    on_time = models.FloatField(null=True)
    prompt = models.FloatField(null=True)
    recency = models.FloatField(null=True)
    score = models.FloatField(null=True, help_text="0 to 100.")
    band = models.CharField(max_length=20, choices=Band, default=Band.NONE)
    formula_version = models.PositiveSmallIntegerField()
    computed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "engagement"
        indexes = [models.Index(fields=["course", "band"], name="analytics_engagement_by_course")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(score__isnull=True) | models.Q(score__gte=0, score__lte=100),
                name="analytics_engagement_score_range",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class CourseTally(models.Model):
    """How many of a course's enrollments, or of their completed lessons, have this value."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="tallies", db_index=False)
    measure = models.CharField(max_length=20, choices=Measure)
    value = models.CharField(max_length=20)
    count = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "course tallies"
        constraints = [
            models.UniqueConstraint(fields=["course", "measure", "value"], name="analytics_tally_once"),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.value}"


class RefreshMark(models.Model):
    """How far refreshing came. One row."""

    changes_until = models.DateTimeField(null=True, help_text="Changes up to then are counted.")
    position = models.BigIntegerField(default=0, help_text="Of the pass over everybody: the last enrollment done.")

    def __str__(self) -> str:
        return str(self.changes_until)
