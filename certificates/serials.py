"""Serial numbers: 125 random bits in Crockford's base 32, which has no letters that people mix up."""

import re
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUPS, GROUP_LENGTH = 5, 5
LENGTH = GROUPS * GROUP_LENGTH + GROUPS - 1
_MIXED_UP = str.maketrans("OIL", "011")


def new_serial() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))


def normalise(text: str) -> str | None:
    """The serial as it is stored, from however a person typed it; None when it can't be one."""
    letters = re.sub(r"[\s-]", "", text).upper().translate(_MIXED_UP)
    if len(letters) != GROUPS * GROUP_LENGTH or not set(letters) <= set(ALPHABET):
        return None
    return "-".join(letters[start : start + GROUP_LENGTH] for start in range(0, len(letters), GROUP_LENGTH))
