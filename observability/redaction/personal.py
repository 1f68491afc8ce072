"""Where personal data stands in a text. Each finder yields spans ``(start, end, kind)`` and works in linear time."""

import re
from collections.abc import Iterator, Set

from observability.redaction.keys import as_words
from observability.redaction.validators import iban_length, is_card_number, is_iban, is_ip

Span = tuple[int, int, str]

# After a percent-encoded delimiter or an escaped line break, a letter or digit before a value is no part of it.
_UNESCAPED_START = re.compile(r"(?:%[0-9A-Fa-f]{2}|\\[nrt])\Z")

_DOMAIN = (
    # What lies between \u0080 and \u00ff is UTF-8 that a server read as Latin-1, and a fraction what NFKC makes of it.
    r"(?:(?:(?:[\w\u0080-\u009f\u00a1-\u00ff\u2044\u0300-\u036f\u0900-\u0eff-]|\\{1,8}(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}))"
    r"{1,63}\.){1,8}"
    r"(?:xn--[a-zA-Z0-9-]{2,59}|[^\W\d_][^\W\d_\u0900-\u0eff]{1,23})"
    r"|\[[0-9A-Za-z.:]{3,50}\])"
)
_AFTER_AT = re.compile(_DOMAIN)
_ENCODED_AT = re.compile(r"%(?:25){0,3}40")
# The local part is read backwards from the at sign, so a long run of letters costs nothing.
_LOCAL_BACKWARDS = re.compile(
    r"\"[^\"\r\n]{1,64}\"\\?|[\w.-]{1,60}=[\w.-]{1,40}\+[\w.+-]{1,60}|[\w.!$*+~%'\u0300-\u036f\u0900-\u0eff-]{1,64}"
)
_ENCODED_DELIMITER = re.compile(r"%(?:25)*(?:3[A-Fa-f]|2[02678CcFf]|0[AaDd]|5[Bb]|7[Bb])|\\[nrt](?=\w)")
_FILE_OR_UNIT = re.compile(
    r"(?:\dx\.|.*\.)(?:png|jpe?g|gif|svg|webp|css|s?css|m?js|json|html?|py|txt|log|service|socket|timer|mount|target)\Z",
    re.IGNORECASE,
)


def find_emails(text: str, other_signs: Set[int]) -> Iterator[Span]:
    """``other_signs`` are the positions of at signs that belong to no address."""
    at = text.find("@")
    while at >= 0:
        span = None if at in other_signs else _email_around(text, at, at + 1)
        if span is not None:
            yield span
        at = text.find("@", span[1] if span else at + 1)
    if "%" in text:
        for sign in _ENCODED_AT.finditer(text):
            span = None if sign.start() in other_signs else _email_around(text, *sign.span())
            if span is not None:
                yield span


def _email_around(text: str, at: int, after: int) -> Span | None:
    domain = _AFTER_AT.match(text, after)
    if domain is None:
        return None
    local = _LOCAL_BACKWARDS.match(text[max(0, at - 128) : at][::-1])
    if local is None or _FILE_OR_UNIT.match(domain[0]):
        return None
    start = at - local.end()
    if "%" in local[0] or "\\" in text[max(0, start - 1) : at]:
        start = max((found.end() for found in _ENCODED_DELIMITER.finditer(text, max(0, start - 1), at)), default=start)
    while start < at and text[start] in "'.*!~":
        start += 1
    return (start, domain.end(), "email") if start < at else None


_OCTET = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}(?!\w|\.\w)")
_MIDDLE_OCTETS = (".0.", ".00.", ".000.")
_VERSION_NAMES = ("version", "ver", "release", "build", "firmware", " v")
_PRODUCT_BEFORE = re.compile(r"(?:\A|[\s\"'(;,])[A-Za-z][\w-]*/\Z")
_IPV6_RUN = re.compile(r"[0-9A-Fa-f:]{2,45}(?:(?<=:)\d{1,3}(?:\.\d{1,3}){3})?")


def _continues_word(text: str, start: int) -> bool:
    return (
        start > 0
        and (text[start - 1].isalnum() or text[start - 1] == "_")
        and not _UNESCAPED_START.search(text, max(0, start - 3), start)
    )


def find_ipv4(text: str, shape: str) -> Iterator[Span]:
    """``shape`` is ``text`` with every digit as ``0``."""
    for middle in _MIDDLE_OCTETS:
        dot = shape.find(middle)
        while dot >= 0:
            start = dot
            while start > 0 and dot - start < 3 and shape[start - 1] == "0":
                start -= 1
            match = _IPV4.match(text, start) if start < dot else None
            if match is not None and _is_address_here(text, start):
                yield start, match.end(), "ip"
            dot = shape.find(middle, dot + len(middle) - 1)


def _is_address_here(text: str, start: int) -> bool:
    if not start:
        return True
    before = text[start - 1]
    if before in ".0123456789" or _continues_word(text, start):
        return False
    if before == "/":
        return _PRODUCT_BEFORE.search(text[max(0, start - 40) : start]) is None
    return not text[max(0, start - 12) : start].rstrip(" :=\"'").lower().endswith(_VERSION_NAMES)


def find_ipv6(text: str) -> Iterator[Span]:
    for match in _IPV6_RUN.finditer(text):
        start, end = match.span()
        run = match[0]
        if run.count(":") < 2:
            continue
        if run[0] == ":" and run[1] != ":":
            start += 1
        if run[-1] == ":" and run[-2] != ":":
            end -= 1
        follows = text[end : end + 1]
        if follows.isalnum() or follows == "_" or _continues_word(text, start):
            continue
        # Scoped names in code, "a::b", have neither a digit nor many colons.
        if is_ip(text[start:end]) and (run.count(":") > 3 or any(character.isdecimal() for character in run)):
            yield start, end, "ip"


# A long fraction or a stretch of digits in a hash is no card, so the run must stand free.
_DIGIT_RUN = re.compile(
    r"(?:(?<![0-9A-Za-z%])(?<![0-9]\.)|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
    r"[0-9](?:[ \-\u00a0]?[0-9]){11,40}+(?![A-Za-z])"
)
# How a card begins where every digit is written as 0: unbroken, or a group of four and the next.
CARD_SHAPES = ("0" * 12, "0000 0000", "0000-0000", "0000\xa00000")
_DIGIT_GROUP = re.compile(r"[0-9]+")


def find_cards(text: str, shape: str) -> Iterator[Span]:
    """``shape`` is ``text`` with every digit as ``0``."""
    for beginning in CARD_SHAPES:
        position = shape.find(beginning)
        while position >= 0:
            # Most long numbers are times and identifiers: no issuer's begin so.
            likely = text[position] not in "079" and (text[position] != "1" or text.startswith("1800", position))
            run = _DIGIT_RUN.match(text, position) if likely else None
            if run is not None:
                groups = [(m.start(), m.end()) for m in _DIGIT_GROUP.finditer(text, run.start(), run.end())]
                span = next(filter(None, (_card_from(text, groups[first:]) for first in range(len(groups)))), None)
                if span is not None:
                    yield span
            position = shape.find(beginning, run.end() if run else position + 4)


def _card_from(text: str, groups: list[tuple[int, int]]) -> Span | None:
    start, end = groups[0]
    if end - start >= 12:
        return (start, end, "card") if is_card_number(text[start:end]) else None
    if end - start != 4:
        return None
    digits, found = text[start:end], None
    for index in range(1, len(groups)):
        previous_end, (left, right) = groups[index - 1][1], groups[index]
        if text[previous_end:left] != text[end : groups[1][0]] or len(digits) + right - left > 19:
            break
        digits += text[left:right]
        # Three groups of four inside a UUID may look like the shortest cards.
        if len(digits) >= 13 and is_card_number(digits):
            found = (start, right, "card")
    return found


_IBAN = re.compile(r"[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,31}")


def find_iban(text: str, start: int) -> Span | None:
    """The IBAN whose country code stands at ``start``, if there is one."""
    wanted = iban_length(text[start : start + 2].upper())
    match = _IBAN.match(text, start) if wanted else None
    if match is None or _continues_word(text, start):
        return None
    compact = ""
    for position in range(start, match.end()):
        if text[position] not in " -":
            compact += text[position].upper()
            if len(compact) == wanted:
                after = text[position + 1 : position + 2]
                return (start, position + 1, "iban") if is_iban(compact) and not after.isalnum() else None
    return None


_GLUE = (
    r"(?:[ _.\-]?(?:numbers?|num|no|nr|n\u00b0|id|code|numero|n\u00famero|nummer))?"
    r"[\s:=#\"'\\.>,(\[]{0,6}"
    r"(?:(?:is|at|me|us|on|to|sent|was|for|from|via|the|new|my|his|her|their|your|user|him|them|back|number|no|changed|set|"
    r"contact|please|mobile|home|work|office|phone|cell|line)[\s:=\"'#.]{1,4}){0,4}"
)
PHONE_CONTEXT = re.compile(_GLUE + r"(?P<value>(?!\d{4}-\d\d-\d\d)\+?\(?\d(?:[\s().\-/\u00a0]{0,3}\d){5,17})")
_PHONE_EXTENSION = re.compile(r"\s?(?:x|ext\.?|#)\s?\d{1,6}", re.IGNORECASE)
_PHONE_PLUS = re.compile(r"\+(?<![\w.+\0]\+)\(?[1-9](?:[\s().\-/\u00a0]{0,3}\d){6,16}(?!\w)")
_ID_CONTEXT = re.compile(
    _GLUE + r"(?P<value>(?!\d{4}-\d\d-\d\dT)[A-Z0-9](?:[ .\-/]?[A-Z0-9]){4,20})(?![A-Za-z0-9])", re.IGNORECASE
)
_GAP = re.compile(r"[\s\u00a0]+")

PHONE_WORDS = as_words(
    "phone phones telephone tel mobile cell cellphone handy telefon telefono teléfono téléphone portable móvil movil "
    "celular mobil gsm fax whatsapp sms call called calling dial dialed dialled ring rang rufnummer telefonnummer tél "
    "msisdn callback telefonnr handynummer phonenumber phoneno"
)
NON_LATIN_PHONE_WORDS = ("电话", "手机", "電話", "携帯", "тел", "τηλ", "هاتف", "전화", "फोन")
ID_WORDS = as_words(
    "ssn nino passport reisepass pasaporte passeport dni nie nif nir insee cpf cnpj aadhaar aadhar pesel personnummer "
    "steuer steuernummer bsn cpr hetu sin tfn nric curp rut codice fiscale tckn egn oib jmbg rodné cédula "
    "taxpayer itin medicare nhs"
)
# Words that announce an identity number only together with a second one ("tax id", "social security number").
WEAK_ID_WORDS = as_words("insurance security identity tax national")
_ID_NOUN = re.compile(r"[ _.\-]{0,2}(?:id|identification|number|num|no|nr|code)\b", re.IGNORECASE)


def find_phone_after(text: str, end: int) -> Span | None:
    """The phone number that follows a word like "phone" or "call", ending at ``end``."""
    match = PHONE_CONTEXT.match(text, end)
    if match is None:
        return None
    start, stop = match.span("value")
    while sum(character.isdigit() for character in text[start:stop]) > 15:
        gap = max((gap.start() for gap in _GAP.finditer(text, start, stop)), default=0)
        if gap <= start:
            return None
        stop = gap
    extension = _PHONE_EXTENSION.match(text, stop)
    stop = extension.end() if extension else stop
    return (start, stop, "phone") if not text[stop : stop + 1].isalnum() else None


def find_plus_phones(text: str) -> Iterator[Span]:
    for match in _PHONE_PLUS.finditer(text):
        extension = _PHONE_EXTENSION.match(text, match.end())
        yield match.start(), extension.end() if extension else match.end(), "phone"


def find_national_id_after(text: str, end: int, *, weak: bool) -> Span | None:
    """The identity number that follows a word like "SSN", ending at ``end``; a ``weak`` word needs "number" or "id"."""
    if weak and _ID_NOUN.match(text, end) is None:
        return None
    match = _ID_CONTEXT.match(text, end)
    if match is None:
        return None
    start, stop = match.span("value")
    while True:
        value = text[start:stop]
        tail = value.rsplit(" ", 1)[-1]
        if len(tail) < len(value) and len(tail) > 1 and tail.isalpha():
            stop -= len(tail) + 1
        else:
            break
    digits = sum(character.isdigit() for character in value)
    return (start, stop, "national_id") if digits >= 5 else None
