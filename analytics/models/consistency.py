"""What should be zero, as last counted."""

from django.db import models
from django.utils import timezone


class Inconsistency(models.TextChoices):
    """Also the label of the gauge."""

    PROGRESS_DRIFT = "progress_drift", "Stored progress is not what counting gives"
    PASSED_WITHOUT_CERTIFICATE = "passed_without_certificate", "Completed, but no certificate"
    CERTIFICATE_WITHOUT_PASS = "certificate_without_pass", "A valid certificate, but not completed"
    ATTEMPTS_STUCK = "attempts_stuck", "Attempts in progress long after their end"
    SUBMITS_LOST = "submits_lost", "Submissions that were acknowledged and are not stored"
    FILES_WITHOUT_ROW = "files_without_row", "Stored files that nothing refers to"
    ROWS_WITHOUT_FILE = "rows_without_file", "Rows whose file is missing"


class ConsistencyCheck(models.Model):
    """One row per kind of inconsistency."""

    kind = models.CharField(max_length=40, choices=Inconsistency, primary_key=True)
    found = models.PositiveBigIntegerField()
    checked_at = models.DateTimeField(default=timezone.now)

    objects: models.Manager["ConsistencyCheck"] = models.Manager()

    class Meta:
        ordering = ["kind"]

    def __str__(self) -> str:
        return self.kind
