"""The Ed25519 keys that sign badges. The first of LMS_BADGE_KEY signs; the others only verify what they signed before.

With DEBUG on and none set, one follows from SECRET_KEY, so that every process has the same. Never in production.
"""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import NotFound

SEED_BYTES = 32


@dataclass(frozen=True)
class BadgeKey:
    private: Ed25519PrivateKey

    @property
    def jwk(self) -> dict[str, str]:
        """The public half (RFC 8037)."""
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(raw)}

    @property
    def thumbprint(self) -> str:
        """RFC 7638."""
        canonical = json.dumps(self.jwk, sort_keys=True, separators=(",", ":"))
        return _base64url(hashlib.sha256(canonical.encode()).digest())


def parse(text: str) -> BadgeKey:
    """A key from 32 bytes in base64. Raises ValueError."""
    try:
        seed = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(seed) != SEED_BYTES:
        raise ValueError(f"{len(seed)} bytes instead of {SEED_BYTES}")
    return BadgeKey(Ed25519PrivateKey.from_private_bytes(seed))


def all_keys() -> list[BadgeKey]:
    """The signing key first. Raises ValueError for one that can't be read."""
    texts = settings.BADGE_KEYS
    if texts or not settings.DEBUG:
        return [parse(text) for text in texts]
    seed = hashlib.blake2b(b"development badge key", key=settings.SECRET_KEY.encode()[:64], digest_size=SEED_BYTES)
    return [BadgeKey(Ed25519PrivateKey.from_private_bytes(seed.digest()))]


def signing_key() -> BadgeKey:
    """Raises NotFound `badges_not_configured`."""
    keys = all_keys()
    if not keys:
        raise NotFound(_("This installation signs no badges."), code="badges_not_configured")
    return keys[0]


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
