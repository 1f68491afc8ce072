"""Maintenance windows."""

import datetime
import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class MaintenanceWindow(models.Model):
    """A time in which warnings are expected; with `ended_at`, it was ended early or cancelled before its start."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(
        _("title"), max_length=200, help_text=_("What is done; shown to whoever sees the silence.")
    )
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    ended_at = models.DateTimeField(_("ended early at"), null=True, blank=True, editable=False)
    silenced_at = models.DateTimeField(
        _("silenced since"), null=True, editable=False, help_text=_("When Alertmanager first took the silence.")
    )
    settled_at = models.DateTimeField(
        _("settled at"), null=True, editable=False, help_text=_("When nothing was left to do at Alertmanager.")
    )

    class Meta:
        ordering = ["-starts_at"]
        verbose_name = _("maintenance window")
        verbose_name_plural = _("maintenance windows")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="maintenance_ends_after_its_start")
        ]
        indexes = [
            models.Index(fields=["starts_at"], name="maintenance_unsettled", condition=Q(settled_at__isnull=True))
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def over_at(self) -> datetime.datetime:
        return self.ended_at or self.ends_at

    def clean(self) -> None:
        """Raises ValidationError for a window that would never be open."""
        if self.starts_at is None or self.ends_at is None:
            return
        if self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("The end must come after the start.")})
        if self.ends_at <= timezone.now():
            raise ValidationError({"ends_at": _("The end must lie ahead.")})
