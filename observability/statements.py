"""Names for SQL statements: one for each statement of the program, whatever values it ran with."""

import re

_PART = re.compile(
    r"""(?P<name>"[^"]*")|(?P<comment>/\*.*?\*/|--[^\n]*)"""
    r"""|'(?:[^']|'')*(?:'|\Z)|\$\d+|\b\d+(?:\.\d+)?\b|%\(\w+\)s""",
    re.DOTALL,
)
_LIST = re.compile(r"\(\s*%s(?:\s*,\s*%s)*\s*\)(?:\s*,\s*\(\s*%s(?:\s*,\s*%s)*\s*\))*")
_SPACE = re.compile(r"\s+")

LONGEST_NAME = 500


def normalised(statement: str) -> str:
    """The statement without comments and values: literals become %s, lists of values (%s), spaces single.

    Cut after 500 characters.
    """
    bare = _PART.sub(lambda part: part["name"] or (" " if part["comment"] else "%s"), statement[: 20 * LONGEST_NAME])
    return _SPACE.sub(" ", _LIST.sub("(%s)", bare)).strip()[:LONGEST_NAME]
