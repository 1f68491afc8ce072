"""Names and numbers in PromQL, found without a parser of its whole grammar."""

import re
from pathlib import Path

import yaml

from observability.verification.client import Unreachable

_SELECTOR = re.compile(r"\{[^}]*\}|\[[^\]]*\]")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_CLAUSE = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)")
# A name with an underscore or a colon that is no function: Prometheus' functions are followed by a parenthesis.
_NAME = re.compile(r"\b[a-zA-Z][a-zA-Z0-9]*(?:[_:][a-zA-Z0-9_:]*)\b(?!\s*\()")

# Not a part of a name, and no duration.
_NUMBER = re.compile(r"(?<![\w:.])\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.])")


def metrics_of(expression: str) -> set[str]:
    text = _CLAUSE.sub("", _SELECTOR.sub("", _STRING.sub('""', expression)))
    return set(_NAME.findall(text))


def numbers_of(expression: str) -> tuple[float, ...]:
    """The numbers of an expression in their order: its thresholds, however it is spaced and spelled."""
    text = _CLAUSE.sub("", _SELECTOR.sub("", _STRING.sub('""', expression)))
    return tuple(float(number) for number in _NUMBER.findall(text))


def metrics_of_rules(path: Path) -> set[str]:
    """Every metric that the alerts of a rule file read. Raises Unreachable where there is no such file."""
    try:
        groups = yaml.safe_load(path.read_text())["groups"]
    except OSError as error:
        raise Unreachable(f"the versioned file can't be read: {error}") from None
    return {name for group in groups for rule in group["rules"] for name in metrics_of(rule["expr"])}
