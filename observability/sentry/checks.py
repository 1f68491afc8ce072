"""System checks of the Sentry settings.

observability.W101  SENTRY_OPTIONS asks the SDK to collect personal data
observability.W102  an SDK client runs that wasn't started by observability.sentry.start: nothing redacts what it sends
observability.W103  SENTRY_OPTIONS names an option that observability.sentry decides itself
"""

import sys
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register

from observability.conf import conf

COLLECTING = ("send_default_pii", "data_collection")
OWN = ("dsn", "transport")


@register(Tags.security)
def sentry_options(**kwargs: Any) -> list[CheckMessage]:
    given = conf.SENTRY_OPTIONS
    problems: list[CheckMessage] = [
        Warning(
            f"SENTRY_OPTIONS sets {name}: the SDK then collects personal data, and only patterns remove it again.",
            hint=f"Remove {name}; the user's id is sent without it.",
            id="observability.W101",
        )
        for name in COLLECTING
        if given.get(name)
    ]
    problems += [
        Warning(f"SENTRY_OPTIONS sets {name}, which has no effect here.", id="observability.W103")
        for name in OWN
        if name in given
    ]
    return problems


@register(Tags.security)
def sentry_started_here(**kwargs: Any) -> list[CheckMessage]:
    if "sentry_sdk" not in sys.modules:
        return []
    import sentry_sdk

    from observability.sentry.gate import ScrubbingTransport

    client = sentry_sdk.get_client()
    if not client.is_active() or client.transport is None or isinstance(client.transport, ScrubbingTransport):
        return []
    return [
        Warning(
            "A Sentry client runs that was not started by observability.sentry.start(): it sends what it finds.",
            hint="Remove the call of sentry_sdk.init and set OBSERVABILITY['SENTRY_DSN'].",
            id="observability.W102",
        )
    ]
