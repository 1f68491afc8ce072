"""Mail to people: published to the outbox in a transaction, sent by a consumer. A request never waits for SMTP."""

import uuid
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string

from accounts.models import User
from outbox import services as outbox

TOPIC_MAIL = "accounts.mail"
TOPIC_WELCOME = "accounts.welcome"


def publish(*, to: str, subject: str, text: str, html: str | None = None) -> None:
    """Store one rendered mail for sending."""
    key = str(uuid.uuid4())
    payload = {"id": key, "to": to, "subject": subject, "text": text, "html": html}
    with transaction.atomic():
        outbox.publish(topic=TOPIC_MAIL, key=key, payload=payload)


def publish_welcome(user: User) -> bool:
    """Store the welcome of a person, once in their life. False when it was stored before."""
    public_id = str(user.public_id)
    with transaction.atomic():
        return outbox.publish(topic=TOPIC_WELCOME, key=public_id, payload={"person": public_id})


def send(payload: dict[str, Any]) -> None:
    """Send one mail. The Message-ID follows from the id: a second delivery is recognisable as the same mail.

    Raises what the mail backend raises (SMTPException, OSError).
    """
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or "localhost"
    message = EmailMultiAlternatives(
        payload["subject"],
        payload["text"],
        settings.DEFAULT_FROM_EMAIL,
        [payload["to"]],
        headers={"Message-ID": f"<{payload['id']}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
    if payload.get("html"):
        message.attach_alternative(payload["html"], "text/html")
    message.send()


def send_welcome(payload: dict[str, Any]) -> None:
    """Welcome a person; someone who has left in the meantime gets nothing."""
    user = User.objects.filter(public_id=payload["person"], is_active=True).first()
    if user is None:
        return
    values = {"name": user.name, "base_url": settings.BASE_URL}
    subject = render_to_string("accounts/email/welcome_subject.txt", values).strip()
    text = render_to_string("accounts/email/welcome_message.txt", values).strip()
    send({"id": f"welcome-{user.public_id}", "to": user.email, "subject": subject, "text": text})
