"""From a certificate to its stored PDF, off the request path, as often as it takes."""

import hashlib
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from certificates import pdf, signals
from certificates.models import Certificate, CertificateState
from core.errors import Conflict
from core.events import announce

RETRY_SECONDS = 5


def address(serial: str) -> str:
    """Where anybody checks the certificate."""
    return f"{settings.BASE_URL}/certificates/{serial}"


def content_of(certificate: Certificate) -> pdf.Content:
    return pdf.Content(
        person=certificate.person_name,
        course=certificate.course_title,
        issuer=settings.ISSUER_NAME,
        serial=certificate.serial,
        address=address(certificate.serial),
        completed_at=certificate.completed_at,
        issued_at=certificate.issued_at,
    )


def stored_bytes(certificate: Certificate) -> bytes | None:
    """The file as it lies in storage, changed or not; None when there is none. Raises OSError."""
    if not certificate.pdf:
        return None
    try:
        with certificate.pdf.open("rb") as file:
            data: bytes = file.read()
            return data
    except FileNotFoundError:
        return None


def intact_bytes(certificate: Certificate) -> bytes:
    """The PDF as it was issued. Raises Conflict `not_valid`, `not_ready` (soon is), or `file_changed`."""
    if certificate.state != CertificateState.ISSUED:
        raise Conflict(_("This certificate is no longer valid."), code="not_valid")
    if not certificate.pdf_sha256:
        raise Conflict(_("The PDF is being made."), code="not_ready", retry_after=RETRY_SECONDS)
    data = stored_bytes(certificate)
    if data is None or hashlib.sha256(data).hexdigest() != certificate.pdf_sha256:
        raise Conflict(_("The stored file is not the one that was issued."), code="file_changed")
    return data


def is_intact(certificate: Certificate) -> bool:
    data = stored_bytes(certificate)
    return data is not None and hashlib.sha256(data).hexdigest() == certificate.pdf_sha256


@transaction.atomic
def store_pdf(payload: dict[str, Any]) -> None:
    """Render and store; nothing for a certificate that is no longer valid or has its file intact.

    The file's name holds its hash: whoever dies between writing the file and committing leaves what the next one finds.
    Raises RenderError.
    """
    certificate = (
        Certificate.objects.select_for_update(of=("self",))
        .select_related("user", "course")
        .get(serial=payload["certificate"])
    )
    if certificate.state != CertificateState.ISSUED or is_intact(certificate):
        return
    try:
        rendered = pdf.render(content_of(certificate))
        _store(certificate, rendered.data)
    except pdf.RenderError as error:
        _report(certificate, error.reason)
        raise
    except OSError as error:
        _report(certificate, "storage")
        raise pdf.RenderError("storage", type(error).__name__) from error
    except Exception:
        _report(certificate, "unexpected")
        raise
    announce(signals.certificate_rendered, Certificate, certificate=certificate, complete=rendered.complete)


def _store(certificate: Certificate, data: bytes) -> None:
    digest = hashlib.sha256(data).hexdigest()
    name = f"certificates/{certificate.serial[:2]}/{certificate.serial}-{digest[:16]}.pdf"
    storage = certificate.pdf.storage
    if storage.exists(name):
        storage.delete(name)
    certificate.pdf.name = storage.save(name, ContentFile(data))
    certificate.pdf_sha256 = digest
    certificate.rendered_at = timezone.now()
    certificate.save(update_fields=["pdf", "pdf_sha256", "rendered_at"])


def _report(certificate: Certificate, reason: str) -> None:
    # Not announced: the transaction of a failure rolls back, and would take the announcement with it.
    signals.render_failed.send_robust(sender=Certificate, certificate=certificate, reason=reason)
