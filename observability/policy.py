"""The one redaction policy of the running process, built once."""

from typing import Any

from django.apps import apps
from django.core.signals import setting_changed

from observability.redaction import DEFAULT, Policy

_policy: Policy | None = None


def current_policy() -> Policy:
    """The host's policy; until its models are loaded, the default one, which masks.

    Raises ImproperlyConfigured when the settings make no policy; the app's `ready` asks first, so a process with such
    settings doesn't start.
    """
    global _policy
    if _policy is None:
        if not apps.models_ready:
            return DEFAULT
        from observability.redaction_settings import policy_from_settings

        _policy = policy_from_settings()
    return _policy


def _forget(*, setting: str, **kwargs: Any) -> None:
    global _policy
    if setting in {"OBSERVABILITY", "SECRET_KEY"}:
        _policy = None


setting_changed.connect(_forget, dispatch_uid="observability.policy")
