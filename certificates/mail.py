"""The mail that says a certificate is there."""

from typing import Any

from django.template.loader import render_to_string

from accounts import mail
from certificates.models import Certificate, CertificateState
from certificates.rendering import address

UNREACHABLE = ".invalid"  # RFC 2606: no such address is anybody's


def send(payload: dict[str, Any]) -> None:
    """Raises what the mail backend raises (SMTPException, OSError)."""
    certificate = Certificate.objects.select_related("user").get(serial=payload["certificate"])
    person = certificate.user
    if certificate.state != CertificateState.ISSUED or not person.is_active or person.email.endswith(UNREACHABLE):
        return
    values = {
        "name": certificate.person_name,
        "course": certificate.course_title,
        "serial": certificate.serial,
        "address": address(certificate.serial),
    }
    subject = " ".join(render_to_string("certificates/email/issued_subject.txt", values).split())
    text = render_to_string("certificates/email/issued_message.txt", values).strip()
    mail.send({"id": f"certificate-{payload['mail']}", "to": person.email, "subject": subject, "text": text})
