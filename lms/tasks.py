"""Tasks that concern several apps."""

from celery import shared_task

from lms import retention


@shared_task
def purge_old_data() -> dict[str, int]:
    return retention.run()
