"""Beat runs these: a request never waits for the broker."""

import datetime

from celery import shared_task

from outbox import services

KEEP_DELIVERED = datetime.timedelta(days=7)


@shared_task
def relay() -> int:
    return services.relay()


@shared_task
def purge() -> int:
    return services.purge(older_than=KEEP_DELIVERED)
