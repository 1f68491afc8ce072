"""What is hidden and how: one immutable value that every outlet shares."""

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from observability.redaction.keys import key_words
from observability.redaction.validators import names_nobody, truncate_ip

# Kinds that name a person: hashed under the hash level. The rest are secrets, and a secret is never hashed.
PERSON_KINDS = frozenset({"email", "phone", "iban", "national_id", "ip", "personal"})
KINDS = PERSON_KINDS | {"card", "jwt", "api_key", "userinfo", "private_key", "secret"}
UNREDACTABLE = "[unredactable]"
TRUNCATED = " [truncated]"


class Level(Enum):
    """How personal data is replaced."""

    MASK = "mask"
    HASH = "hash"


class IpPolicy(Enum):
    """What happens to a client address outside the security event stream."""

    KEEP = "keep"
    TRUNCATE = "truncate"
    HASH = "hash"


class RawAddress(str):
    """A client address that a policy with ``raw_addresses=True`` lets through; only the security stream has one.

    The exemption covers addresses alone: a value that is not an IP address is redacted like any other text.
    """

    __slots__ = ()


# Compared by identity: caches are keyed by the policy, and a digest of all its fields would cost more than they save.
@dataclass(frozen=True, eq=False)
class Policy:
    """An immutable redaction policy.

    ``level``: ``MASK`` writes ``[email]``; ``HASH`` writes ``[email:<16 hex digits>]``, a keyed BLAKE2b digest of the
    normalised value, equal for equal persons. Credentials and card numbers are masked at both levels.
    ``ip``: IPv4 to /24 and IPv6 to /48 when truncated. ``key``: secret of the digests, any length.
    ``extra_keys``: further sensitive names in any spelling. ``extra_patterns``: pairs of a kind (lower case, becomes
    the placeholder) and a compiled pattern whose whole match is hidden; the pattern must run in linear time.
    ``max_text``: characters kept of one string; ``max_depth``, ``max_items``: bounds of one structure.

    Raises ``ValueError`` for a hash without a key, a malformed kind, or a bound below 1.
    """

    level: Level = Level.MASK
    ip: IpPolicy = IpPolicy.TRUNCATE
    key: bytes = field(default=b"", repr=False)
    extra_keys: frozenset[str] = frozenset()
    extra_patterns: tuple[tuple[str, re.Pattern[str]], ...] = ()
    raw_addresses: bool = False
    max_text: int = 65_536
    max_depth: int = 32
    max_items: int = 10_000

    def __post_init__(self) -> None:
        if not self.key and (self.level is Level.HASH or self.ip is IpPolicy.HASH):
            raise ValueError("a policy that hashes needs a key")
        if min(self.max_text, self.max_depth, self.max_items) < 1:
            raise ValueError("max_text, max_depth and max_items must be at least 1")
        for kind, _ in self.extra_patterns:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", kind):
                raise ValueError(f"a kind is a lower-case identifier, not {kind!r}")

    @cached_property
    def placeholder(self) -> re.Pattern[str]:
        """Matches exactly what this policy writes in place of a value."""
        kinds = sorted(KINDS | {kind for kind, _ in self.extra_patterns})
        return re.compile(rf"\[(?:{'|'.join(kinds)}|unredactable|depth|cycle|truncated)(?::[0-9a-f]{{16}})?\]")

    @cached_property
    def extra_words(self) -> frozenset[str]:
        """Last word of every extra key, as it appears in a scanned text."""
        words = [key_words(name) for name in self.extra_keys]
        return frozenset(word[-1].encode("latin-1", "replace").decode("latin-1") for word in words if word)

    @cached_property
    def _digest_key(self) -> bytes:
        return hashlib.sha256(self.key).digest()

    def digest(self, value: str) -> str:
        """16 hex digits, keyed; case, spacing and percent-encoding of the value do not matter."""
        normal = unicodedata.normalize("NFKC", re.sub(r"%(?:25)*40", "@", value)).casefold()
        if "@" not in normal:
            normal = re.sub(r"[^\w:.]", "", normal)
        return hmac.new(self._digest_key, normal.encode("utf-8", "surrogatepass"), hashlib.blake2b).hexdigest()[:16]

    def replacement(self, kind: str, value: str) -> str:
        """What stands in the output for ``value``."""
        if kind == "ip":
            if self.ip is IpPolicy.KEEP or names_nobody(value):
                return value
            return (truncate_ip(value) if self.ip is IpPolicy.TRUNCATE else None) or f"[ip:{self.digest(value)}]"
        if self.level is Level.HASH and kind in PERSON_KINDS:
            return f"[{kind}:{self.digest(value)}]"
        return f"[{kind}]"


DEFAULT = Policy()
