"""What follows from changes in quizzes."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete

from quizzes.models import AnswerFile, SubmissionFile


def delete_stored_bytes(sender: Any, *, instance: AnswerFile | SubmissionFile, **kwargs: Any) -> None:
    """Rows also go by cascade, which calls no service; the bytes follow once the transaction has committed."""
    if instance.content.name:
        transaction.on_commit(partial(instance.content.storage.delete, instance.content.name), robust=True)


def connect() -> None:
    """Called once, when the app is ready."""
    for model in (AnswerFile, SubmissionFile):
        post_delete.connect(delete_stored_bytes, sender=model)
