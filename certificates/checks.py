"""System checks of certificates.

certificates.E001  a key of LMS_BADGE_KEY can't be read
certificates.W001  no key signs badges
"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from certificates import keys

HOW = "Set LMS_BADGE_KEY to 32 random bytes in base64 (openssl rand -base64 32), and keep it: old badges need it."


@register(Tags.security, deploy=True)
def badges_can_be_signed(**kwargs: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for number, text in enumerate(settings.BADGE_KEYS, start=1):
        try:
            keys.parse(text)
        except ValueError as error:
            problems.append(Error(f"LMS_BADGE_KEY, entry {number}: {error}.", hint=HOW, id="certificates.E001"))
    if not problems and not settings.BADGE_KEYS and not settings.DEBUG:
        problems.append(Warning("No key signs badges: they are not offered.", hint=HOW, id="certificates.W001"))
    return problems
