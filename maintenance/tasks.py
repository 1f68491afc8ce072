"""Beat runs this: silences follow the plan, also after Alertmanager was away or lost its data."""

import logging

from celery import shared_task

from core.remote import Unreachable
from maintenance import services

logger = logging.getLogger(__name__)


@shared_task
def carry_out() -> int:
    try:
        return services.carry_out()
    except Unreachable as error:
        # Not a failed task: whoever is away has alerts of its own.
        logger.warning("Alertmanager can't be told of maintenance: %s (%s)", error, error.__cause__)
        return 0
