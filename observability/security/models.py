"""The table of security events. Rows are added and, after their time, removed by the retention job; never changed."""

from typing import Any, NoReturn

from django.db import models


class AppendOnly(Exception):
    """A security event can't be changed or removed."""


class AppendOnlyQuerySet(models.QuerySet["SecurityRecord"]):
    """Raises AppendOnly for every change."""

    def update(self, **values: Any) -> NoReturn:
        raise AppendOnly("security events can't be changed")

    def bulk_update(self, *arguments: Any, **options: Any) -> NoReturn:
        raise AppendOnly("security events can't be changed")

    def delete(self) -> NoReturn:
        raise AppendOnly("security events are removed by records.purge only")


class SecurityRecord(models.Model):
    """One event, or the first, tenth, hundredth ... of many alike. PostgreSQL itself refuses changes, too."""

    at = models.DateTimeField(db_index=True)
    event = models.CharField(max_length=40, help_text="a SecurityEvent")
    source = models.CharField(max_length=64, blank=True, help_text="by the setting SECURITY_SOURCE")
    person = models.CharField(max_length=64, blank=True, help_text="the host's public id")
    request_id = models.CharField(max_length=64, blank=True)
    number = models.PositiveIntegerField(default=1, help_text="how many of this kind from this source by then")
    facts = models.JSONField(default=dict, blank=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["event", "-at"], name="security_event_at"),
            models.Index(fields=["source", "-at"], name="security_source_at"),
            models.Index(fields=["person", "-at"], name="security_person_at"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.at:%Y-%m-%d %H:%M:%S}"

    def save(self, *arguments: Any, **options: Any) -> None:
        """Raises AppendOnly for a row that exists."""
        if self.pk is not None:
            raise AppendOnly("security events can't be changed")
        super().save(*arguments, **options)

    def delete(self, *arguments: Any, **options: Any) -> NoReturn:
        raise AppendOnly("security events are removed by records.purge only")
