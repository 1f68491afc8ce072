"""Writing and removing rows."""

import datetime
import threading
import time
from collections import OrderedDict

from django.db import connection, models, transaction
from django.utils import timezone
from redis import RedisError

from observability.conf import conf
from observability.security import windows
from observability.security.events import AGGREGATED, AUDITED
from observability.security.metrics import lost
from observability.security.models import SecurityRecord
from observability.security.observation import Observation
from observability.security.sources import keyed, network

LOCAL_SUBJECTS = 2_000
PURGE_BATCH = 10_000


class _LocalRepeats:
    """How often, counted in this process for the time without Redis; the oldest subjects go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._minute, self._rows = 0, 0

    def number(self, subject: str, seconds: int, budget: int) -> int:
        now = time.monotonic()
        with self._lock:
            began, count = self._seen.pop(subject, (now, 0))
            began, count = (now, 1) if now - began > seconds else (began, count + 1)
            self._seen[subject] = (began, count)
            if len(self._seen) > LOCAL_SUBJECTS:
                self._seen.popitem(last=False)
            if str(count).rstrip("0") != "1":
                return 0
            if int(now // 60) != self._minute:
                self._minute, self._rows = int(now // 60), 0
            self._rows += 1
            return count if self._rows <= budget else -1


_local = _LocalRepeats()


def row_number(seen: Observation) -> int:
    """Which one of its kind this is when it deserves a row, else 0; -1 when there is no room for its row."""
    if seen.event in AUDITED:
        return 1
    if seen.event not in AGGREGATED:
        return 0
    subject = keyed(f"{network(seen.source)}|{seen.person}")
    seconds, budget = conf.SECURITY_ROW_WINDOW_SECONDS, conf.SECURITY_ROWS_PER_MINUTE
    try:
        return windows.repeat(str(seen.event), subject, seconds=seconds, budget=budget)
    except RedisError:
        return _local.number(f"{seen.event}|{subject}", seconds, budget)


def write(seen: Observation) -> None:
    """Raises DatabaseError."""
    number = row_number(seen)
    if number < 0:
        lost.inc(reason="row_budget")
    elif number:
        with transaction.atomic():
            SecurityRecord(
                at=datetime.datetime.fromtimestamp(seen.at, tz=datetime.UTC),
                event=str(seen.event),
                source=seen.shown,
                person=seen.person,
                request_id=seen.request_id,
                number=number,
                facts=seen.facts,
            ).save()


def purge(keep: datetime.timedelta) -> int:
    """Remove rows older than `keep`; returns how many. The one way to remove any."""
    removed = 0
    rows: models.QuerySet[SecurityRecord] = models.QuerySet(SecurityRecord)  # the manager's own refuses
    old = rows.filter(at__lt=timezone.now() - keep)
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL security.retention = 'on'")
            batch = list(old.order_by("at").values_list("pk", flat=True)[:PURGE_BATCH])
            removed += old.filter(pk__in=batch).delete()[0]
        if len(batch) < PURGE_BATCH:
            return removed
