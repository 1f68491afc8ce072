"""What certificates store about a person. Erasing takes name and file; the emptied rows stay, revoked."""

from functools import partial
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.personal_data import Part, register
from certificates import services
from certificates.models import LIVE, Certificate, CertificateState, RevocationReason


def _export(person: User) -> list[dict[str, Any]]:
    certificates = Certificate.objects.filter(user=person).select_related("course").prefetch_related("changes")
    return [
        {
            "serial": certificate.serial,
            "course": certificate.course.slug,
            "name": certificate.person_name,
            "state": certificate.state,
            "issued_at": certificate.issued_at.isoformat(),
            "completed_at": certificate.completed_at.isoformat(),
            "history": [
                {"from": change.from_state, "to": change.to_state, "reason": change.reason, "at": change.at.isoformat()}
                for change in certificate.changes.all()
            ],
        }
        for certificate in certificates.order_by("issued_at")
    ]


def _erase(person: User) -> int:
    certificates = list(Certificate.objects.filter(user=person).exclude(person_name=""))
    for certificate in certificates:
        if certificate.state in LIVE and certificate.state != CertificateState.REVOKED:
            services.revoke(certificate=certificate, reason=RevocationReason.ERASED, actor=None)
        if certificate.pdf.name:
            transaction.on_commit(partial(certificate.pdf.storage.delete, certificate.pdf.name), robust=True)
        certificate.changes.update(note="")
    Certificate.objects.filter(pk__in=[certificate.pk for certificate in certificates]).update(
        person_name="", pdf="", pdf_sha256="", rendered_at=None
    )
    return len(certificates)


register(Part("certificates", _export, _erase))
