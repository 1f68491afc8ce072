"""Errors, traces and cron monitors to Sentry, without personal data. Nothing happens without a DSN (or Spotlight).

This module imports no SDK: the package works where sentry-sdk isn't installed.
"""

from typing import TYPE_CHECKING, Any

from observability.conf import conf

if TYPE_CHECKING:
    from observability.context import Context

_running = False


def start() -> bool:
    """Start the SDK by the settings SENTRY_*; False, and nothing done, without SENTRY_DSN and SENTRY_SPOTLIGHT."""
    global _running
    if not (conf.SENTRY_DSN or conf.SENTRY_SPOTLIGHT):
        return False
    from observability.sentry import client

    client.start()
    _running = True
    return True


def tag_work(context: "Context") -> None:
    """Put the ids of this work on what is reported of it."""
    if _running:
        from observability.sentry import events

        events.tag_work(context)


def finish_request(request: Any, context: "Context", status: int) -> None:
    """Name the person on the request's transaction; report a status of 500 or more that nothing has reported yet."""
    if _running:
        from observability.sentry import events

        events.finish_request(request, context, status)
