"""The host's redaction policy: its `OBSERVABILITY["REDACTION"]` and what its models declare as personal.

`REDACTION` may hold `LEVEL` ("mask" or "hash"), `IP` ("keep", "truncate" or "hash"), `KEY`, `EXTRA_KEYS` and
`EXTRA_PATTERNS` (pairs of a kind and a regular expression). A model declares `PII = ("biography", ...)`: names of its
fields, hidden wherever they appear as a key.
"""

import re
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from observability.redaction import IpPolicy, Level, Policy

_NAMES = frozenset({"LEVEL", "IP", "KEY", "EXTRA_KEYS", "EXTRA_PATTERNS"})


def policy_from_settings(*, raw_addresses: bool = False) -> Policy:
    """The policy for logs, error reports and health output; ``raw_addresses`` only for the security event stream.

    Raises ``ImproperlyConfigured`` for an unknown name or a value the policy refuses. The key of the digests defaults
    to ``SECRET_KEY``.
    """
    given: dict[str, Any] = getattr(settings, "OBSERVABILITY", {}).get("REDACTION", {})
    unknown = sorted(set(given) - _NAMES)
    if unknown:
        raise ImproperlyConfigured(f"OBSERVABILITY['REDACTION'] has no {', '.join(unknown)}")
    try:
        return Policy(
            level=Level(given.get("LEVEL", "mask")),
            ip=IpPolicy(given.get("IP", "truncate")),
            key=str(given.get("KEY", settings.SECRET_KEY)).encode(),
            extra_keys=frozenset(given.get("EXTRA_KEYS", ())) | declared_personal_fields(),
            extra_patterns=tuple((kind, re.compile(pattern)) for kind, pattern in given.get("EXTRA_PATTERNS", ())),
            raw_addresses=raw_addresses,
        )
    except (ValueError, TypeError, re.error) as error:
        raise ImproperlyConfigured(f"OBSERVABILITY['REDACTION']: {error}") from error


def declared_personal_fields() -> frozenset[str]:
    """Field names that installed models list in ``PII``; none before the app registry is ready."""
    if not apps.models_ready:
        return frozenset()
    return frozenset(name for model in apps.get_models() for name in getattr(model, "PII", ()))
