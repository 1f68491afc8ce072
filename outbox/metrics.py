"""How much of what must happen has not happened yet."""

from observability import business
from outbox import selectors

business.fact(
    "lms_outbox_messages",
    "Messages that wait for delivery, and messages given up after the last attempt.",
    selectors.backlog,
    labels={"state": ("pending", "given_up")},
    every=15,
)
business.fact(
    "lms_outbox_oldest_pending_seconds",
    "Age of the oldest message that waits for delivery.",
    selectors.oldest_pending_seconds,
    every=15,
)
