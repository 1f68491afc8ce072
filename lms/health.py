"""Checks of this product for the details of readiness."""

import dataclasses
import datetime

from django.db import connection
from django.db.models import Min
from django.utils import timezone
from health_check.base import HealthCheck

from observability.health.reasons import CheckFailed, Reason
from outbox.models import Message


@dataclasses.dataclass
class OutboxAge(HealthCheck):
    """What has to happen after a commit happens soon: no message is due for longer than `longest`."""

    longest: datetime.timedelta = datetime.timedelta(minutes=10)
    measured: dict[str, float] = dataclasses.field(default_factory=dict, repr=False)

    def run(self) -> None:
        now = timezone.now()
        due = Message.objects.filter(delivered_at__isnull=True, failed_at__isnull=True, available_at__lte=now)
        try:
            oldest = due.aggregate(oldest=Min("available_at"))["oldest"]
        finally:
            # The check's thread lives on, and must not keep a connection of the pool.
            connection.close()
        age = now - oldest if oldest else datetime.timedelta(0)
        self.measured = {"oldest_seconds": round(age.total_seconds(), 1)}
        if age > self.longest:
            raise CheckFailed(Reason.DELAYED, "the outbox is not carried out")
