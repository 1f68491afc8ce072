"""Errors and traces to Sentry, only when a DSN is set."""

from observability.conf import conf


def start() -> bool:
    """Start the SDK; False, and nothing done, without a DSN."""
    if not conf.SENTRY_DSN:
        return False
    import sentry_sdk

    sentry_sdk.init(
        dsn=conf.SENTRY_DSN,
        release=conf.RELEASE or None,
        environment=conf.ENVIRONMENT,
        send_default_pii=False,
    )
    sentry_sdk.set_tag("role", conf.ROLE)
    return True
