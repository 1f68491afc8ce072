"""What certificates make of what happens in courses."""

import logging
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete

from certificates import services
from certificates.models import Certificate, IssueCause
from core.errors import Conflict
from courses.models import Enrollment
from courses.signals import course_completed

logger = logging.getLogger(__name__)


def issue_on_completion(sender: Any, *, enrollment: Enrollment, **kwargs: Any) -> None:
    """A shortcut: what is lost here, with its process or by an error, the sweep finds."""
    try:
        services.issue(enrollment=enrollment, cause=IssueCause.COMPLETED)
    except Conflict as refusal:
        logger.info("no certificate yet", extra={"event": "certificate.waiting", "code": refusal.code})


def delete_stored_bytes(sender: Any, *, instance: Certificate, **kwargs: Any) -> None:
    """Rows go with their person, by cascade; the bytes follow once the transaction has committed."""
    if instance.pdf:
        transaction.on_commit(partial(instance.pdf.delete, save=False), robust=True)


def connect() -> None:
    """Called once, when the app is ready."""
    post_delete.connect(delete_stored_bytes, sender=Certificate)
    course_completed.connect(issue_on_completion)
