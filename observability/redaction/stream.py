"""Redaction of a byte stream, line by line: old log files, pipes."""

from collections import Counter
from collections.abc import Iterable, Iterator

from observability.redaction.policy import DEFAULT, Policy
from observability.redaction.text import redact_text

_KEY_BEGIN = "-----BEGIN "
_KEY_END = "-----END "


def redact_lines(
    lines: Iterable[bytes], policy: Policy | None = None, counts: Counter[str] | None = None
) -> Iterator[bytes]:
    """Redacted lines with their line endings; bytes that are no UTF-8 pass through as they are.

    A private key spread over lines is hidden from its first line to its last. ``counts``, when given, is increased per
    kind; its sum is the number of values hidden.
    """
    policy = policy or DEFAULT
    inside_key = False
    for line in lines:
        body = line.rstrip(b"\r\n")
        ending = line[len(body) :]
        if body.isascii():
            text = body.decode("ascii")
        else:
            text = body.decode("utf-8", "surrogateescape")
        if inside_key:
            end = text.find(_KEY_END)
            inside_key = end < 0
            if inside_key:
                continue
            text = text[end + len(_KEY_END) :].partition("-----")[2].removeprefix("-----")
            if not text:
                continue
        begin = text.rfind(_KEY_BEGIN)
        if begin >= 0 and "PRIVATE KEY" in text[begin:]:
            inside_key = _KEY_END not in text[begin:]
        yield redact_text(text, policy, counts).encode("utf-8", "surrogateescape") + ending
