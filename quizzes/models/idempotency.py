"""Requests that must be carried out once, and what was answered to them."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class IdempotencyRecord(models.Model):
    """A key that a person has used. Without `status` its request is being carried out."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    claimed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="quizzes_idempotency_key_once")]
        indexes = [models.Index(fields=["claimed_at"], name="quizzes_idempotency_age")]

    def __str__(self) -> str:
        return str(self.pk)
