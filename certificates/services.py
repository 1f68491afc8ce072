"""Everything that changes certificates. Each may be called again, and in parallel, without a second certificate."""

import contextlib
import datetime
import unicodedata
import uuid
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from certificates import signals, topics
from certificates.models import (
    LIVE,
    Certificate,
    CertificateChange,
    CertificateState,
    IssueCause,
    ReissueReason,
    RevocationReason,
)
from core.errors import Conflict, Unprocessable
from core.events import announce
from courses.models import Enrollment, EnrollmentState
from outbox import services as outbox

RENDER_AGAIN_SECONDS = 3600
# Overrides and isolates of direction: with them a name could make the rest of the page read differently.
_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def issue(*, enrollment: Enrollment, cause: IssueCause, actor: User | None = None, note: str = "") -> Certificate:
    """The certificate of a completed enrollment: the live one (issued or revoked), or a new one.

    A grant (cause GRANTED) needs no completion, but an `actor` and a `note` that says why.

    Raises Conflict `not_completed` or `name_missing`, Unprocessable `reason_needed`.
    """
    enrollment = Enrollment.objects.select_related("user", "course").get(pk=enrollment.pk)
    if (certificate := _live(enrollment)) is not None:
        return certificate
    now = timezone.now()
    if cause == IssueCause.GRANTED:
        if actor is None or not note.strip():
            raise Unprocessable(_("A certificate given by hand needs a reason."), code="reason_needed")
    elif enrollment.state != EnrollmentState.COMPLETED:
        raise Conflict(_("The course is not completed yet."), code="not_completed")
    try:
        with transaction.atomic():
            certificate = _create(
                user=enrollment.user, enrollment=enrollment, cause=cause, completed_at=enrollment.completed_at or now
            )
            _record(certificate, from_state="", reason=cause, note=note, actor=actor)
            announce(signals.certificate_issued, Certificate, certificate=certificate)
            return certificate
    except IntegrityError:
        winner = _live(enrollment)
        if winner is None:
            raise
        return winner


@transaction.atomic
def revoke(*, certificate: Certificate, reason: RevocationReason, actor: User | None, note: str = "") -> Certificate:
    """Take a certificate back. A revoked one stays as it is. Raises Conflict `replaced` for one that was reissued."""
    certificate = _lock(certificate)
    if certificate.state == CertificateState.REVOKED:
        return certificate
    if certificate.state == CertificateState.REISSUED:
        raise Conflict(_("A newer certificate took its place: revoke that one."), code="replaced")
    certificate.state = CertificateState.REVOKED
    certificate.save(update_fields=["state"])
    _record(certificate, from_state=CertificateState.ISSUED, reason=reason, note=note, actor=actor)
    announce(signals.certificate_revoked, Certificate, certificate=certificate, reason=reason)
    return certificate


@transaction.atomic
def reissue(*, certificate: Certificate, reason: ReissueReason, actor: User, note: str = "") -> Certificate:
    """A new certificate with a new serial and today's names in place of an issued or revoked one.

    Raises Conflict `replaced` when it was reissued before, `name_missing`.
    """
    previous = _lock(certificate)
    if previous.state == CertificateState.REISSUED:
        raise Conflict(_("A newer certificate took its place."), code="replaced")
    before, previous.state = previous.state, CertificateState.REISSUED
    previous.save(update_fields=["state"])
    _record(previous, from_state=before, reason=reason, note=note, actor=actor)
    new = _create(
        user=previous.user,
        enrollment=Enrollment.objects.select_related("course").get(user=previous.user, course=previous.course),
        cause=IssueCause.REISSUED,
        completed_at=previous.completed_at,
        replaces=previous,
    )
    _record(new, from_state="", reason=reason, note=note, actor=actor)
    announce(signals.certificate_reissued, Certificate, certificate=new, previous=previous, reason=reason)
    return new


@transaction.atomic
def resend(*, certificate: Certificate) -> None:
    """Send the mail of a certificate once more. Raises Conflict `not_valid`."""
    if _lock(certificate).state != CertificateState.ISSUED:
        raise Conflict(_("Only a valid certificate is sent."), code="not_valid")
    _publish_mail(certificate, key=str(uuid.uuid4()))


@transaction.atomic
def render_again(*, certificate: Certificate) -> None:
    """Have the PDF checked, and rendered anew when it is missing or changed."""
    outbox.publish(topic=topics.RENDER, key=f"{certificate.serial}:{uuid.uuid4()}", payload=_payload(certificate))


@dataclass(frozen=True)
class Swept:
    """How many certificates were missing and are issued now, and how many renderings were asked for again."""

    issued: int
    rendering: int


def issue_missing(*, limit: int = 10_000) -> Swept:
    """Issue what was completed and never got its certificate, and have rendered what waits longer than an hour.

    Looks at states, not at times: however late a transaction commits, the next sweep finds it.
    """
    mine = Certificate.objects.filter(user=OuterRef("user"), course=OuterRef("course"))
    missing = (
        Enrollment.objects.filter(~Exists(mine), state=EnrollmentState.COMPLETED).exclude(user__name="").order_by("pk")
    )
    issued = 0
    for enrollment in missing[:limit]:
        # A name of blanks, or a completion that was undone meanwhile, keeps nobody else waiting.
        with contextlib.suppress(Conflict):
            issued += issue(enrollment=enrollment, cause=IssueCause.SWEPT).cause == IssueCause.SWEPT
    return Swept(issued, _publish_overdue(limit))


def _publish_overdue(limit: int) -> int:
    now = timezone.now()
    overdue = Certificate.objects.filter(
        state=CertificateState.ISSUED,
        pdf_sha256="",
        issued_at__lt=now - datetime.timedelta(seconds=RENDER_AGAIN_SECONDS),
    )
    published = 0
    with transaction.atomic():
        for certificate in overdue.order_by("issued_at")[:limit]:
            key = f"{certificate.serial}:{int(now.timestamp()) // RENDER_AGAIN_SECONDS}"
            published += outbox.publish(topic=topics.RENDER, key=key, payload=_payload(certificate))
    return published


def _live(enrollment: Enrollment) -> Certificate | None:
    return (
        Certificate.objects.select_related("user", "course")
        .filter(user=enrollment.user_id, course=enrollment.course_id, state__in=LIVE)
        .first()
    )


def _lock(certificate: Certificate) -> Certificate:
    return Certificate.objects.select_for_update(of=("self",)).select_related("user", "course").get(pk=certificate.pk)


def _create(*, user: User, enrollment: Enrollment, **fields: object) -> Certificate:
    name = clean_name(user.name)
    if not name:
        raise Conflict(_("A certificate needs the person's name."), code="name_missing")
    certificate = Certificate(
        user=user, course=enrollment.course, person_name=name, course_title=enrollment.course.title, **fields
    )
    certificate.save(force_insert=True)
    outbox.publish(topic=topics.RENDER, key=certificate.serial, payload=_payload(certificate))
    _publish_mail(certificate, key=certificate.serial)
    return certificate


def _publish_mail(certificate: Certificate, *, key: str) -> None:
    outbox.publish(topic=topics.MAIL, key=key, payload={**_payload(certificate), "mail": key})


def _payload(certificate: Certificate) -> dict[str, str]:
    return {"certificate": certificate.serial}


def _record(certificate: Certificate, *, from_state: str, reason: str, note: str, actor: User | None) -> None:
    CertificateChange.objects.create(
        certificate=certificate,
        from_state=from_state,
        to_state=certificate.state,
        reason=reason,
        note=note.strip()[:500],
        actor=actor,
    )


def clean_name(name: str) -> str:
    """A name as it is printed: one line, without control characters and without tricks of direction."""
    kept = (
        " " if letter.isspace() else letter
        for letter in unicodedata.normalize("NFC", name)
        if letter.isspace() or (unicodedata.category(letter) != "Cc" and letter not in _DIRECTION_CONTROLS)
    )
    return " ".join("".join(kept).split())[:150]
