"""Starting the SDK."""

from importlib.util import find_spec
from typing import Any

import sentry_sdk
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.integrations.modules import ModulesIntegration

from observability.conf import conf
from observability.sentry import events
from observability.sentry.gate import ScrubbingSpotlight, ScrubbingTransport

QUEUED_ENVELOPES = 50
SHUTDOWN_SECONDS = 2


def options() -> dict[str, Any]:
    """What `sentry_sdk.init` is called with: our defaults, the host's SENTRY_OPTIONS over them, our gate over all."""
    given = dict(conf.SENTRY_OPTIONS)
    return {
        "release": conf.RELEASE or None,
        "environment": conf.ENVIRONMENT,
        # No pattern recognises a name or an essay, so what may hold one isn't collected in the first place.
        "include_local_variables": False,
        "max_request_body_size": "never",
        "traces_sampler": events.sample,
        "transport_queue_size": QUEUED_ENVELOPES,
        "shutdown_timeout": SHUTDOWN_SECONDS,
        "spotlight": conf.SENTRY_SPOTLIGHT or None,
        "integrations": _integrations(),
        # A list of every installed package is half of an event and of the time a failing request spends on it; the
        # release says which versions they are.
        "disabled_integrations": [ModulesIntegration],
        **given,
        "dsn": conf.SENTRY_DSN or None,
        "transport": ScrubbingTransport,
        "before_send": events.before_send(given.get("before_send")),
        "before_send_transaction": events.before_send_transaction(given.get("before_send_transaction")),
    }


def _integrations() -> list[Integration]:
    found: list[Integration] = [DjangoIntegration(transaction_style="url", signals_spans=False)]
    if find_spec("celery"):
        from sentry_sdk.integrations.celery import CeleryIntegration

        found.append(CeleryIntegration(monitor_beat_tasks=True, exclude_beat_tasks=conf.SENTRY_UNMONITORED_TASKS))
    return found


def start() -> None:
    sentry_sdk.init(**options())
    client = sentry_sdk.get_client()
    if client.transport is not None and not isinstance(client.transport, ScrubbingTransport):
        # An environment variable of the SDK wraps the transport to print what it sends, unredacted.
        client.transport = ScrubbingTransport(client.options)
    if client.spotlight is not None:
        client.spotlight = ScrubbingSpotlight(client.spotlight.url)
    # The same facts as the transaction once more, and what readiness has alerts for.
    ignore_logger("observability.access")
    ignore_logger("observability.health.readiness")
    sentry_sdk.set_tag("role", conf.ROLE)
