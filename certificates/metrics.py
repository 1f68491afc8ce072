"""What happens to certificates, counted. Labels are closed; nothing here names a person, a course or a serial."""

from typing import Any

from django.dispatch import receiver

from certificates import signals
from certificates.models import Certificate, IssueCause, ReissueReason, RevocationReason
from certificates.pdf import RenderError
from certificates.verification import Outcome
from observability import business

ISSUE_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 3600.0, 86400.0)
FIRST = [cause for cause in IssueCause.values if cause != IssueCause.REISSUED]

issued = business.Counter(
    "lms_certificates_issued_total", "Certificates issued, by what led to them.", labels={"cause": FIRST}
)
reissued = business.Counter(
    "lms_certificates_reissued_total",
    "Certificates issued in place of an older one, by reason.",
    labels={"reason": ReissueReason.values},
)
revoked = business.Counter(
    "lms_certificates_revoked_total", "Certificates revoked, by reason.", labels={"reason": RevocationReason.values}
)
rendered = business.Counter(
    "lms_certificates_rendered_total",
    "PDFs rendered; `partial` ones have letters that no installed font has.",
    labels={"outcome": ("complete", "partial")},
)
render_failures = business.Counter(
    "lms_certificate_render_failures_total",
    "Attempts to render a PDF that failed, by reason. Each is tried again.",
    labels={"reason": RenderError.REASONS},
)
time_to_issue = business.Histogram(
    "lms_certificate_issue_seconds",
    "Time from the completion of a course to its certificate; grants by hand are left out.",
    buckets=ISSUE_BUCKETS,
)
verifications = business.Counter(
    "lms_certificate_verifications_total", "Public checks of a certificate.", labels={"outcome": Outcome.values}
)


@receiver(signals.certificate_issued)
def count_issue(sender: Any, *, certificate: Certificate, **kwargs: Any) -> None:
    issued.inc(cause=certificate.cause)
    if certificate.cause != IssueCause.GRANTED:
        time_to_issue.observe(max(0.0, (certificate.issued_at - certificate.completed_at).total_seconds()))


@receiver(signals.certificate_reissued)
def count_reissue(sender: Any, *, reason: str, **kwargs: Any) -> None:
    reissued.inc(reason=reason)


@receiver(signals.certificate_revoked)
def count_revocation(sender: Any, *, reason: str, **kwargs: Any) -> None:
    revoked.inc(reason=reason)


@receiver(signals.certificate_rendered)
def count_rendering(sender: Any, *, complete: bool, **kwargs: Any) -> None:
    rendered.inc(outcome="complete" if complete else "partial")


@receiver(signals.render_failed)
def count_failed_rendering(sender: Any, *, reason: str, **kwargs: Any) -> None:
    render_failures.inc(reason=reason)


@receiver(signals.certificate_verified)
def count_verification(sender: Any, *, outcome: str, **kwargs: Any) -> None:
    verifications.inc(outcome=outcome)
