"""Is a certificate what it claims to be? Read from the database each time: nothing here is cached."""

import datetime
import hashlib
import hmac
import re
from dataclasses import dataclass

from django.db import models

from certificates import selectors
from certificates.models import Certificate, CertificateState
from certificates.rendering import stored_bytes


class Outcome(models.TextChoices):
    """Also the label of the counter of verifications."""

    VALID = "valid", "Valid"
    REVOKED = "revoked", "Revoked"
    REPLACED = "replaced", "Replaced by a newer certificate"
    CHANGED = "changed", "The file is not the one that was issued"
    UNKNOWN = "unknown", "There is no such certificate"


_OUTCOMES = {
    CertificateState.ISSUED: Outcome.VALID,
    CertificateState.REVOKED: Outcome.REVOKED,
    CertificateState.REISSUED: Outcome.REPLACED,
}


@dataclass(frozen=True)
class Verification:
    """What the public is told. Reasons, addresses and internal ids are not part of it.

    `file` says how a PDF compares with the one that was issued: "intact", "changed", "missing" (ours can't be read), or
    "pending" before it exists. Without a digest of the visitor's own file it is about the stored one.
    """

    outcome: Outcome
    serial: str = ""
    person: str = ""
    course: str = ""
    issued_at: datetime.datetime | None = None
    completed_at: datetime.datetime | None = None
    ended_at: datetime.datetime | None = None
    sha256: str = ""
    file: str = ""


def verify(serial: str, *, sha256: str | None = None) -> Verification:
    """`sha256` is the digest of a PDF that somebody holds, in hexadecimal."""
    certificate = selectors.certificate_by_serial(serial)
    if certificate is None:
        return Verification(Outcome.UNKNOWN)
    outcome = _OUTCOMES[CertificateState(certificate.state)]
    file = _file_state(certificate, sha256)
    if outcome == Outcome.VALID and file == "changed":
        outcome = Outcome.CHANGED
    ended = certificate.changes.filter(to_state=certificate.state).last() if outcome in _ENDED else None
    # Who went, or now bears another name, isn't shown under the old one.
    shown = outcome in (Outcome.VALID, Outcome.CHANGED)
    return Verification(
        outcome=outcome,
        serial=certificate.serial,
        person=certificate.person_name if shown else "",
        course=certificate.course_title,
        issued_at=certificate.issued_at,
        completed_at=certificate.completed_at if shown else None,
        ended_at=ended.at if ended else None,
        sha256=certificate.pdf_sha256,
        file=file,
    )


_ENDED = (Outcome.REVOKED, Outcome.REPLACED)


def _file_state(certificate: Certificate, sha256: str | None) -> str:
    if not certificate.pdf_sha256:
        return "pending" if sha256 is None else "changed"
    if sha256 is not None:
        given = sha256.strip().lower()
        same = re.fullmatch(r"[0-9a-f]{64}", given) and hmac.compare_digest(given, certificate.pdf_sha256)
        return "intact" if same else "changed"
    try:
        data = stored_bytes(certificate)
    except OSError:
        data = None
    if data is None:
        return "missing"
    return "intact" if hashlib.sha256(data).hexdigest() == certificate.pdf_sha256 else "changed"
