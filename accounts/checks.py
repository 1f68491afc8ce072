"""System checks of accounts.

accounts.E001  an entry of settings.LIMITS isn't `amount/seconds`, or nothing asks for a limit of that name
"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from accounts import limits


@register(Tags.security)
def limits_can_be_read(**kwargs: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for name, text in settings.LIMITS.items():
        if name not in settings.LIMIT_DEFAULTS:
            hint = f"Known: {', '.join(sorted(settings.LIMIT_DEFAULTS))}."
            problems.append(Error(f"LMS_LIMITS: there is no limit {name!r}.", hint=hint, id="accounts.E001"))
            continue
        try:
            limits.parse(text)
        except ValueError:
            problems.append(Error(f"LMS_LIMITS: {name}={text!r} is not amount/seconds.", id="accounts.E001"))
    return problems
