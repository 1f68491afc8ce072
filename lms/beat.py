"""Beat's scheduler: django-celery-beat's own, but an outage of the database doesn't end it."""

import datetime
import logging
from typing import Any

from django.db import Error
from django_celery_beat.schedulers import DatabaseScheduler

logger = logging.getLogger(__name__)


class Scheduler(DatabaseScheduler):
    """Goes on with the schedule it knows while another can't be read.

    django-celery-beat 2.9 guards its question whether the schedule has changed, not the reading that follows: a
    connection that is lost between the two ends the process. A beat that has read nothing yet ends all the same, for
    its supervisor to start again.
    """

    @property
    def schedule(self) -> dict[str, Any]:
        try:
            return super().schedule
        except Error as error:
            if self._schedule is None:
                raise
            logger.warning("the schedule could not be read, the last one goes on: %s", error)
            self._last_full_sync = datetime.datetime.min  # long ago: it is read as soon as it can be
            return self._schedule
