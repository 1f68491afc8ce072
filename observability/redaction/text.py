"""Redaction of one string.

Most text holds nothing to hide, so the work is to find that out cheaply: a projection of the text to lower-case words
is one C call, and one set intersection answers whether any of several hundred words is present. A finder runs only
after its gate opened, and most run at the place the gate found.

Projections are made as bytes, where a translation is a table look-up, and searched as text: `in` is several times
slower for bytes, which may also mean a single number.
"""

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable
from urllib.parse import quote, unquote

from observability.redaction import credentials, personal
from observability.redaction.keys import KEY_WORDS
from observability.redaction.policy import DEFAULT, TRUNCATED, UNREDACTABLE, Policy

Span = tuple[int, int, str]


def _table(project: Callable[[str], str]) -> bytes:
    return bytes(ord(project(chr(code))) for code in range(256))


# One byte per character, so that a position in a projection is a position in the text.
_WORDS = _table(lambda c: c.lower() if c.isdecimal() or c.lower() != c.upper() else " ")
_LETTERS = _table(lambda c: "0" if c.isdecimal() else "a" if c.lower() != c.upper() else " ")
_SHAPE = _table(lambda c: "0" if c.isdecimal() else "A" if c.isupper() else "a" if c.islower() else c)
_ESCAPE = re.compile(rb"%(?:25){0,4}[0-9A-Fa-f]{2}|\\{1,8}+(?:[nrt]|u00[0-9a-f]{2})")
_HEX_DIGITS = b"0123456789abcdefABCDEF"
_IBAN_SHAPE = " aa00"
_CARD, _SPACED_CARD, _DASHED_CARD, _ = personal.CARD_SHAPES
_MAX_PASSES = 4
# What is written in a URL: the piece around an encoded character, or a query's value with its spaces as plus signs.
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}|=[^\s\"'<>&?+]{1,256}\+")
_PARAMETER = re.compile(r"[\w.\[\]-]{1,64}=")
_PIECE_BORDERS = " \t\r\n\"'<>&?"
_PIECE_END = re.compile(rf"[{_PIECE_BORDERS}]|\Z")
_SAFE_IN_PIECE = "[]()/:=@,;$!*|{}"
_MAX_DECODING = 4


# Looked for inside longer words too: few of them in any text, more where camel case hides the word borders.
_STEMS = ("passw", "secret", "token", "apikey")
_CAMEL_STEMS = (
    *("cookie", "session", "auth", "key", "csrf", "credential", "passphrase", "otp", "code", "pin"),
    *("email", "phone", "mobile", "name", "birth", "address", "ssn", "iban"),
)
_KEYS = frozenset(word for word in KEY_WORDS if not any(stem in word for stem in _STEMS))
_PHONES = personal.PHONE_WORDS
_WEAK_IDS = personal.WEAK_ID_WORDS
_IDS = personal.ID_WORDS | _WEAK_IDS
_VENDORS = credentials.VENDOR_WORDS
_SCHEMES = frozenset({"bearer", "basic"})
_VOCABULARY = _KEYS | _PHONES | _IDS | frozenset(_VENDORS) | _SCHEMES
# Most values of a structured record: a level, a logger, a route, a time, an identifier.
_PLAIN = re.compile(
    r"[A-Za-z_./{},]{0,19}|(?:/(?:[a-z_-]{1,32}|v[0-9]|\{[a-z_:]{1,32}\}))+/?|[0-9a-f]{32}|"
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)

# Characters that look like ASCII to a reader: dropped, or replaced, before looking.
_LOOK_ALIKES = {
    **dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff\u180e\u200e\u200f\u202a\u202b\u202c\u202d\u202e")),
    0x3002: ".", 0x2010: "-", 0x2011: "-", 0x2012: "-", 0x2013: "-", 0x2212: "-",
    **{
        code: str(unicodedata.decimal(chr(code)))
        for code in range(128, sys.maxunicode + 1)
        if unicodedata.decimal(chr(code), None) is not None
    },
}  # fmt: skip
_LOOK_ALIKE = re.compile("[" + "".join(map(re.escape, map(chr, sorted(_LOOK_ALIKES)))) + "]")


def redact_text(text: str, policy: Policy | None = None, counts: Counter[str] | None = None) -> str:
    """``text`` with every credential and personal detail replaced.

    Idempotent; never raises; a text it cannot handle becomes ``[unredactable]``. Text beyond ``policy.max_text``
    characters is cut at a space and marked ``[truncated]``. ``counts``, when given, is increased per kind found.
    """
    try:
        return _redact(text, policy or DEFAULT, counts)
    except Exception:  # the caller is a log call or an error report, which must survive any input
        return UNREDACTABLE


def _redact(text: str, policy: Policy, counts: Counter[str] | None) -> str:
    if len(text) > policy.max_text:
        text = _cut(text, policy.max_text)
    if text.isascii():
        if len(text) < 40 and not policy.extra_patterns and _PLAIN.fullmatch(text):
            return text
        seen = text
    else:
        seen = _fold(text, policy.max_text)
    result = seen
    for _ in range(_MAX_PASSES):
        spans = _find(result, policy)
        if not spans:
            break
        merged, united = _merge(spans)
        before, result = result, _replace(result, merged, policy, counts)
        # A network prefix ends in a colon where the address ended in a digit, which is another neighbourhood.
        if result == before or not (united or "::" in result):
            break
    if "%" in result or ("+" in result and "=" in result):
        result = _redact_encoded(result, policy, counts)
    return text if result == seen else result


def _redact_encoded(text: str, policy: Policy, counts: Counter[str] | None) -> str:
    """What the finders only see once the text's URLs are decoded, such as a card number in groups."""
    parts: list[str] = []
    done = 0
    found = _ENCODED.search(text)
    while found is not None:
        start = max(text.rfind(border, done, found.start()) for border in _PIECE_BORDERS) + 1 or done
        border = _PIECE_END.search(text, found.end())
        end = border.start() if border else len(text)
        piece = text[start:end]
        decoded = piece.replace("+", " ") if _PARAMETER.match(piece) else piece
        redacted = UNREDACTABLE
        for _ in range(_MAX_DECODING):
            before, decoded = decoded, unquote(decoded)
            if decoded == before:
                redacted = _redact(decoded, policy, counts)
                break
        if redacted != decoded:
            piece = quote(redacted, safe=_SAFE_IN_PIECE, errors="replace")
        parts += (text[done:start], piece)
        done = end
        found = _ENCODED.search(text, end)
    return "".join(parts) + text[done:] if parts else text


def _cut(text: str, limit: int) -> str:
    # Replacements may be longer than what they replace: a text cut before may be longer than the limit by then.
    if text.endswith(TRUNCATED) and len(text) <= 8 * limit:
        return text
    # A value split by the cut would no longer be recognised, so its first half goes too.
    space = max(text.rfind(separator, limit // 2, limit) for separator in (" ", "\n"))
    return text[: space if space > 0 else 0] + TRUNCATED


def _fold(text: str, limit: int) -> str:
    if not unicodedata.is_normalized("NFKC", text):
        # In short pieces: normalising a long run of combining marks takes quadratic time, and one character may grow
        # to eighteen.
        parts: list[str] = []
        size = 0
        for start in range(0, len(text), 256):
            parts.append(unicodedata.normalize("NFKC", text[start : start + 256]))
            size += len(parts[-1])
            if size > 8 * limit:
                break
        text = "".join(parts)
        text = _cut(text, limit) if len(text) > limit else text
    return text.translate(_LOOK_ALIKES) if _LOOK_ALIKE.search(text) else text


def _find(text: str, policy: Policy) -> list[Span]:
    if "[" in text:
        # What an earlier pass wrote is no text to look at; blank, it keeps all positions.
        text = policy.placeholder.sub(_blank, text)
    raw = text.encode("latin-1", "replace")
    spans: list[Span] = []
    if "@" in text or "%" in text:
        _find_around_at(text, spans)
    if "eyJ" in text:
        spans.extend(credentials.find_jwts(text))
    if "PRIVATE KEY" in text:
        spans.extend(credentials.find_private_keys(text))
    shape = raw.translate(_SHAPE).decode("latin-1")
    if "AA" in shape or "dapi" in text:
        credentials.find_prefixed_keys(text, "AAAA" in shape, spans)
    punctuation = raw.translate(None, _HEX_DIGITS).decode("latin-1")
    if "..." in punctuation:
        spans.extend(personal.find_ipv4(text, shape))
    if "::" in text or ":::::::" in punctuation or "::::::..." in punctuation:
        spans.extend(personal.find_ipv6(text))
    if _CARD in shape or _SPACED_CARD in shape or _DASHED_CARD in shape or "\xa0" in text:
        spans.extend(personal.find_cards(text, shape))
    if "+" in text:
        spans.extend(personal.find_plus_phones(text))
    _find_by_word(text, raw, "aA" in shape, policy, spans)
    if policy.extra_patterns:
        for kind, pattern in policy.extra_patterns:
            spans.extend((*match.span(), kind) for match in pattern.finditer(text) if match.end() > match.start())
    if "\0" in text:
        return [span for span in spans if text[span[0] : span[1]].strip("\0")]
    return spans


def _blank(match: re.Match[str]) -> str:
    return "\0" * len(match[0])


def _find_around_at(text: str, spans: list[Span]) -> None:
    signs: set[int] = set()
    if "://" in text or "%2F" in text or "%2f" in text:
        spans.extend(credentials.find_userinfo(text))
        signs = {end for _, end, _ in spans}
    # What stands before the sign of a user information is a password, and what follows it a host to keep.
    spans.extend(personal.find_emails(text, signs))


def _find_by_word(text: str, raw: bytes, camel: bool, policy: Policy, spans: list[Span]) -> None:
    if "%" in text or "\\" in text:
        raw = _ESCAPE.sub(lambda match: b" " * len(match[0]), raw)
    raw = raw.translate(_WORDS)
    lowered, letters = raw.decode("latin-1"), " " + raw.translate(_LETTERS).decode("latin-1")
    position = letters.find(_IBAN_SHAPE)
    while position >= 0:
        position = letters.find(_IBAN_SHAPE, max(position + 1, _keep(personal.find_iban(text, position), spans)))
    for word in _VOCABULARY.intersection(lowered.split()):
        _look_at_word(text, lowered, word, policy, spans)
    for stem in _STEMS:
        if stem in lowered:
            _look_at_stem(text, lowered, stem, policy, spans)
    if camel:
        for stem in _CAMEL_STEMS:
            if stem in lowered:
                _look_at_stem(text, lowered, stem, policy, spans)
    for stem in policy.extra_words:
        _look_at_stem(text, lowered, stem, policy, spans)
    if not text.isascii():
        for context in personal.NON_LATIN_PHONE_WORDS:
            position = text.find(context)
            while position >= 0:
                _keep(personal.find_phone_after(text, position + len(context)), spans)
                position = text.find(context, position + len(context))


def _keep(span: Span | None, spans: list[Span]) -> int:
    """Add a found span; returns its end, or 0."""
    if span is None:
        return 0
    spans.append(span)
    return span[1]


def _look_at_stem(text: str, lowered: str, stem: str, policy: Policy, spans: list[Span]) -> None:
    position = lowered.find(stem)
    while position >= 0:
        end = position + len(stem)
        span = credentials.find_named_value(text, position, end, policy.extra_keys)
        position = lowered.find(stem, max(end, _keep(span, spans)))


def _look_at_word(text: str, lowered: str, word: str, policy: Policy, spans: list[Span]) -> None:
    if word in _KEYS:
        _look_at_stem(text, lowered, word, policy, spans)
    if word in _PHONES or word in _IDS or word in _VENDORS or word in _SCHEMES:
        position = lowered.find(word)
        while position >= 0:
            end = position + len(word)
            if position == 0 or lowered[position - 1] == " ":
                end = max(end, _look_after(text, word, position, end, spans))
            position = lowered.find(word, end)


def _look_after(text: str, word: str, position: int, end: int, spans: list[Span]) -> int:
    if word in _VENDORS:
        match = _VENDORS[word].match(text, position)
        return _keep((match.start(), match.end(), "api_key") if match else None, spans)
    if word in _SCHEMES:
        return _keep(credentials.find_scheme_token(text, word, end), spans)
    if word in _PHONES:
        return _keep(personal.find_phone_after(text, end), spans)
    return _keep(personal.find_national_id_after(text, end, weak=word in _WEAK_IDS), spans)


def _merge(spans: list[Span]) -> tuple[list[Span], bool]:
    """Spans in order, overlapping ones united under the kind of the outer or earlier one.

    Also whether two finders saw different ends: what follows the union may now belong to the value of a key, so the
    result needs another look.
    """
    united = False
    if len(spans) < 2:
        return spans, united
    spans.sort(key=lambda span: (span[0], -span[1]))
    merged = [spans[0]]
    for start, end, kind in spans[1:]:
        last_start, last_end, last_kind = merged[-1]
        if start >= last_end:
            merged.append((start, end, kind))
        elif end != last_end:
            united = True
            if end > last_end:
                # A network prefix cannot stand for more than the address it was cut from.
                merged[-1] = (last_start, end, kind if last_kind == "ip" else last_kind)
    return merged, united


def _replace(text: str, spans: list[Span], policy: Policy, counts: Counter[str] | None) -> str:
    parts: list[str] = []
    done = 0
    for start, end, kind in spans:
        value = text[start:end]
        replacement = policy.replacement(kind, value)
        if counts is not None and replacement != value:
            counts[kind] += 1
        parts += (text[done:start], replacement)
        done = end
    parts.append(text[done:])
    return "".join(parts)
