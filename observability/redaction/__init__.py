"""One policy for personal data and credentials, shared by every way out: logs, error reports, health output.

No framework is needed. ``redact_text`` takes a string, ``redact`` any structure, ``redact_lines`` a byte stream.
"""

from observability.redaction.keys import is_sensitive_key
from observability.redaction.policy import DEFAULT, KINDS, UNREDACTABLE, IpPolicy, Level, Policy, RawAddress
from observability.redaction.stream import redact_lines
from observability.redaction.structures import redact
from observability.redaction.text import redact_text

__all__ = [
    "DEFAULT",
    "KINDS",
    "UNREDACTABLE",
    "IpPolicy",
    "Level",
    "Policy",
    "RawAddress",
    "is_sensitive_key",
    "redact",
    "redact_lines",
    "redact_text",
]
