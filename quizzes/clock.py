"""The one clock that decides about deadlines: the database's, whichever server a request reaches."""

import datetime

from django.db import connection
from django.db.models import DateTimeField, Func


class ClockNow(Func):
    """The time when the row is looked at, also after waiting for its lock; `Now()` is when the statement began."""

    template = "clock_timestamp()"
    output_field = DateTimeField()


def now() -> datetime.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime.datetime = cursor.fetchone()[0]
    return moment
