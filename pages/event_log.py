"""One line for each failure in a page: an ERROR, which Sentry is told where it has a DSN, or for the policy a WARNING.

What a browser sends stays out of the message: anybody may send it, and Sentry groups by it. So there is one issue for
each kind and page; what failed is in its events, redacted as everything else.
"""

import logging
from typing import Any

from pages import signals
from pages.vitals import Failure

logger = logging.getLogger("pages.events")


def on_page_failed(sender: Any, *, page: str, failure: Failure, **kwargs: Any) -> None:
    facts = {"page": page, "kind": failure.kind, "reason": failure.message, "source": failure.source}
    # Extensions and the pictures of lessons violate the policy every day, and nobody can mend them.
    level = logging.WARNING if failure.kind == "csp_violation" else logging.ERROR
    extra = {"event": "page.failed", **facts, "source_line": failure.line}
    logger.log(level, f"{failure.kind} in {page}", extra=extra)


def connect() -> None:
    """Called once, when the app is ready."""
    signals.page_failed.connect(on_page_failed)
