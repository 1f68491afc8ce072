"""Regular expressions written by teachers, run against what students type: in linear time, whatever either wrote."""

from functools import lru_cache

import re2

LONGEST_PATTERN = 500
MEMORY_BYTES = 1 << 20


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> "re2._Regexp":
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY_BYTES
    return re2.compile(pattern, options)


def check_pattern(pattern: str) -> None:
    """Raises ValueError for a pattern that is too long or not RE2 syntax (no look-around, no back-references)."""
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"a pattern may have {LONGEST_PATTERN} characters")
    try:
        _compiled(pattern)
    except re2.error as error:
        message = error.args[0] if error.args else "not a pattern"
        text = message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
        raise ValueError(f"not a valid pattern: {text}") from None


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of `text` matches. Raises ValueError for an invalid pattern."""
    check_pattern(pattern)
    return _compiled(pattern).fullmatch(text) is not None


def from_wildcards(text: str) -> str:
    r"""The pattern of a text in which `*` stands for anything and `\*` for itself."""
    parts = [part.replace("\0", "*") for part in text.replace("\\*", "\0").split("*")]
    return "(?is)" + ".*".join(re2.escape(part) for part in parts)
