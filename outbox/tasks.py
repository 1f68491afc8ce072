"""Beat runs this: a request never waits for the broker."""

from celery import shared_task

from outbox import services


@shared_task
def relay() -> int:
    return services.relay()
