"""Certificates, their history, and the reasons that are counted."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from certificates.serials import LENGTH, new_serial
from courses.models import Course


class CertificateState(models.TextChoices):
    ISSUED = "issued", "Valid"
    REVOKED = "revoked", "Revoked"
    REISSUED = "reissued", "Replaced by a newer one"


class IssueCause(models.TextChoices):
    """What led to a certificate; also the label of its counter."""

    COMPLETED = "completed", "The course was completed"
    CLAIMED = "claimed", "Its owner asked for it"
    SWEPT = "swept", "Found missing"
    GRANTED = "granted", "By an instructor"
    REISSUED = "reissued", "In place of an older one"


class RevocationReason(models.TextChoices):
    """Never shown to the public; also the label of its counter."""

    ISSUED_IN_ERROR = "issued_in_error", "Issued in error"
    MISCONDUCT = "misconduct", "Misconduct"
    REQUESTED = "requested", "Its owner asked for it"
    ERASED = "erased", "Its owner was erased"


class ReissueReason(models.TextChoices):
    NAME_CHANGED = "name_changed", "The name changed"
    CORRECTED = "corrected", "Something was wrong"
    REINSTATED = "reinstated", "Revoked wrongly"


LIVE = (CertificateState.ISSUED, CertificateState.REVOKED)


class Certificate(models.Model):
    """That a person completed a course, in the words of the day it was issued.

    One per person and course is live: issued or revoked. A revoked one thus stands in the way of a new one until it is
    reissued. `serial` is its only name outside; whoever knows it may read what the certificate says.
    """

    serial = models.CharField(max_length=LENGTH, unique=True, default=new_serial, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="certificates")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="certificates")
    state = models.CharField(max_length=20, choices=CertificateState, default=CertificateState.ISSUED)
    cause = models.CharField(max_length=20, choices=IssueCause)
    person_name = models.CharField(max_length=150, blank=True, help_text="Empty once its owner was erased.")
    course_title = models.CharField(max_length=250)
    completed_at = models.DateTimeField()
    issued_at = models.DateTimeField(default=timezone.now, editable=False)
    replaces = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replaced_by", editable=False
    )
    pdf = models.FileField(max_length=255, blank=True, editable=False)
    pdf_sha256 = models.CharField(max_length=64, blank=True, editable=False, help_text="Of the file as rendered.")
    rendered_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "course"], condition=Q(state__in=LIVE), name="certificates_one_per_person_and_course"
            ),
            models.CheckConstraint(
                condition=Q(state__in=CertificateState.values), name="certificates_certificate_state_known"
            ),
            models.CheckConstraint(
                condition=Q(pdf="", pdf_sha256="") | (~Q(pdf="") & ~Q(pdf_sha256="")),
                name="certificates_certificate_pdf_with_hash",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "course"], name="certificates_by_person"),
            models.Index(fields=["course", "state"], name="certificates_by_course"),
            models.Index(
                fields=["issued_at"], name="certificates_unrendered", condition=Q(state="issued", pdf_sha256="")
            ),
        ]

    def __str__(self) -> str:
        return self.serial


class CertificateChange(models.Model):
    """The history of a certificate: one row per change of state. `actor` is None for the person or a rule."""

    certificate = models.ForeignKey(Certificate, on_delete=models.CASCADE, related_name="changes")
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20, choices=CertificateState)
    reason = models.CharField(max_length=30, help_text="A cause of issuing, or a reason to revoke or reissue.")
    note = models.CharField(max_length=500, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.from_state or 'new'} → {self.to_state}"
