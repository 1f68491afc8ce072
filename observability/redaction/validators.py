"""Checksums and address arithmetic that tell personal data from look-alike numbers."""

import socket

# Registered IBAN lengths per country, from the SWIFT IBAN registry.
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20,
    "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip

# Issuer ranges (first digits, low to high) and the lengths each issues, after ISO/IEC 7812 listings.
_CARD_RANGES: tuple[tuple[int, int, frozenset[int]], ...] = (
    (4, 4, frozenset({13, 16, 19})),  # Visa
    (51, 55, frozenset({16})),  # Mastercard
    (2221, 2720, frozenset({16})),  # Mastercard, second range
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),  # American Express
    (300, 305, frozenset(range(14, 20))),  # Diners Club
    (36, 36, frozenset(range(14, 20))),  # Diners Club
    (38, 39, frozenset(range(14, 20))),  # Diners Club
    (6011, 6011, frozenset(range(16, 20))),  # Discover
    (644, 659, frozenset(range(16, 20))),  # Discover
    (62, 62, frozenset(range(16, 20))),  # UnionPay
    (35, 35, frozenset(range(16, 20))),  # JCB
    (2131, 2131, frozenset({15, 16})),  # JCB
    (1800, 1800, frozenset({15, 16})),  # JCB
    (2200, 2204, frozenset(range(16, 20))),  # Mir
    (60, 60, frozenset({16})),  # RuPay
    (81, 82, frozenset({16})),  # RuPay
    (50, 50, frozenset(range(12, 20))),  # Maestro, Verve
    (56, 58, frozenset(range(12, 20))),  # Maestro
    (63, 63, frozenset(range(12, 20))),  # Maestro
    (67, 69, frozenset(range(12, 20))),  # Maestro
)

_RANGES_BY_DIGIT = {
    digit: tuple(entry for entry in _CARD_RANGES if str(entry[0])[0] <= digit <= str(entry[1])[0])
    for digit in "0123456789"
}
_LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(digits: str) -> bool:
    """Whether ASCII ``digits`` carry a valid Luhn check digit (ISO/IEC 7812-1, annex B)."""
    total = sum(map(int, digits[-1::-2])) + sum(_LUHN_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return total % 10 == 0


def is_card_number(digits: str) -> bool:
    """Whether ASCII ``digits`` start with an issuer's range, have one of its lengths and pass Luhn."""
    length = len(digits)
    for low, high, lengths in _RANGES_BY_DIGIT[digits[0]]:
        if length in lengths and low <= int(digits[: len(str(low))]) <= high:
            return luhn(digits)
    return False


def iban_length(country: str) -> int | None:
    """Registered IBAN length of an upper-case country code, ``None`` when it issues none."""
    return _IBAN_LENGTHS.get(country)


def is_iban(compact: str) -> bool:
    """Whether an upper-case IBAN without spaces has its country's length and passes ISO 7064 MOD 97-10."""
    if _IBAN_LENGTHS.get(compact[:2]) != len(compact) or not compact.isascii() or not compact.isalnum():
        return False
    return int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97 == 1


def is_ip(address: str) -> bool:
    """Whether the text is an IPv4 address in dotted form or an IPv6 address."""
    return truncate_ip(address) is not None


def names_nobody(address: str) -> bool:
    """Whether a valid address is loopback, unspecified or broadcast, which point at no person."""
    return address.startswith("127.") or address in {"0.0.0.0", "255.255.255.255", "::", "::1"}


def truncate_ip(address: str) -> str | None:
    """Cut an address to its network: IPv4 to /24, IPv6 to /48; ``None`` when it is no address."""
    if ":" not in address:
        octets = address.split(".")
        if len(octets) != 4 or not all(octet.isdecimal() and len(octet) < 4 and int(octet) < 256 for octet in octets):
            return None
        return ".".join(octets[:3]) + ".0"
    try:
        packed = socket.inet_pton(socket.AF_INET6, address)
    except (OSError, ValueError):
        return None
    kept = 15 if packed[:12] == bytes(10) + b"\xff\xff" else 6
    return socket.inet_ntop(socket.AF_INET6, packed[:kept] + bytes(16 - kept))
