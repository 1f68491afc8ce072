"""What the commands of accounts share."""

import uuid

from django.core.management.base import CommandError

from accounts.models import User


def find_person(text: str) -> User:
    """By e-mail address or public id. Raises CommandError."""
    if "@" in text:
        person = User.objects.filter(email__iexact=text).first()
    else:
        try:
            person = User.objects.filter(public_id=uuid.UUID(text)).first()
        except ValueError:
            raise CommandError(f"{text!r} is neither an e-mail address nor a public id.") from None
    if person is None:
        raise CommandError("There is no such person.")
    return person
