"""One INFO line for each thing that happens to a certificate: public ids and closed reasons.

The serial is left out: whoever reads it in a log could read the person's name on the public page.
"""

import logging
from typing import Any

from certificates import signals
from certificates.models import Certificate

logger = logging.getLogger("certificates.events")


def _write(event: str, certificate: Certificate, level: int = logging.INFO, **facts: Any) -> None:
    known = {"course": certificate.course.slug, "person": certificate.user.public_id, **facts}
    logger.log(level, event, extra={"event": event, **{name: str(value) for name, value in known.items()}})


def on_issued(sender: Any, *, certificate: Certificate, **kwargs: Any) -> None:
    _write("certificate.issued", certificate, cause=certificate.cause)


def on_reissued(sender: Any, *, certificate: Certificate, reason: str, **kwargs: Any) -> None:
    _write("certificate.reissued", certificate, reason=reason)


def on_revoked(sender: Any, *, certificate: Certificate, reason: str, **kwargs: Any) -> None:
    _write("certificate.revoked", certificate, reason=reason)


def on_rendered(sender: Any, *, certificate: Certificate, complete: bool, **kwargs: Any) -> None:
    _write("certificate.rendered", certificate, complete=complete)


def on_render_failed(sender: Any, *, certificate: Certificate, reason: str, **kwargs: Any) -> None:
    _write("certificate.render_failed", certificate, logging.WARNING, reason=reason)


def connect() -> None:
    """Called once, when the app is ready."""
    signals.certificate_issued.connect(on_issued)
    signals.certificate_reissued.connect(on_reissued)
    signals.certificate_revoked.connect(on_revoked)
    signals.certificate_rendered.connect(on_rendered)
    signals.render_failed.connect(on_render_failed)
