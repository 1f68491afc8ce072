"""What is counted."""

import pytest
from django.conf import settings

from certificates import pdf, services
from certificates.models import IssueCause, ReissueReason, RevocationReason
from outbox import services as outbox
from tests.courses.test_metrics import sample

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not settings.OBSERVABILITY_ENABLED, reason="nothing is counted without observability"),
]

COUNTED = [
    ("lms_certificates_issued_total", {"cause": "claimed"}, 1),
    ("lms_certificates_issued_total", {"cause": "swept"}, 0),
    ("lms_certificates_reissued_total", {"reason": "name_changed"}, 1),
    ("lms_certificates_revoked_total", {"reason": "misconduct"}, 1),
    ("lms_certificates_revoked_total", {"reason": "erased"}, 0),
    ("lms_certificates_rendered_total", {"outcome": "complete"}, 1),
    ("lms_certificates_rendered_total", {"outcome": "partial"}, 0),
    ("lms_certificate_issue_seconds_count", {}, 1),
    ("lms_certificate_verifications_total", {"outcome": "valid"}, 1),
    ("lms_certificate_verifications_total", {"outcome": "revoked"}, 1),
    ("lms_certificate_verifications_total", {"outcome": "unknown"}, 1),
]


def test_the_life_of_a_certificate_moves_exactly_these_counters(client, completed, admin_user):
    before = [sample(name, **labels) for name, labels, _ in COUNTED]
    assert None not in before, "every label value exists before anything happens"
    first = services.issue(enrollment=completed, cause=IssueCause.CLAIMED)
    services.issue(enrollment=completed, cause=IssueCause.CLAIMED)
    second = services.reissue(certificate=first, reason=ReissueReason.NAME_CHANGED, actor=admin_user)
    outbox.relay()
    client.get(f"/certificates/{second.serial}")
    services.revoke(certificate=second, reason=RevocationReason.MISCONDUCT, actor=admin_user)
    client.get(f"/certificates/{second.serial}")
    client.get("/certificates/nothing")
    after = [sample(name, **labels) for name, labels, _ in COUNTED]
    assert [new - old for new, old in zip(after, before, strict=True)] == [number for *_, number in COUNTED]


def failures() -> dict[str, float | None]:
    return {
        reason: sample("lms_certificate_render_failures_total", reason=reason) for reason in pdf.RenderError.REASONS
    }


def test_a_failed_rendering_is_counted_by_reason_and_tried_again(certificate, settings, tmp_path):
    settings.CERTIFICATE_FONTS = ["/nowhere"]
    before = failures()
    assert outbox.relay() == 1, "the mail"
    settings.CERTIFICATE_FONTS = []
    settings.MEDIA_ROOT = tmp_path / "file"
    settings.MEDIA_ROOT.write_text("not a directory")
    services.render_again(certificate=certificate)
    assert outbox.relay() == 0
    changed = {reason: count - before[reason] for reason, count in failures().items()}
    assert changed == {"fonts_missing": 1, "template": 0, "storage": 1, "unexpected": 0}
    settings.MEDIA_ROOT = tmp_path / "media"
    services.render_again(certificate=certificate)
    assert outbox.relay() == 1
    certificate.refresh_from_db()
    assert certificate.pdf_sha256
