"""Certificates as Open Badges 3.0 credentials, signed as a JSON Web Token (specification, section 8.2).

The token's payload is the credential itself with the registered claims beside it; EdDSA (RFC 8037) signs. The same
certificate and key always give the same token.
"""

import uuid
from typing import Any

import jwt
from django.conf import settings
from django.utils.translation import gettext as _

from certificates import keys
from certificates.models import Certificate, CertificateState
from certificates.rendering import address
from core.errors import Conflict

CONTEXTS = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]
MEDIA_TYPE = "application/vc+jwt"  # W3C, Securing Verifiable Credentials using JOSE and COSE


def issuer_address() -> str:
    return f"{settings.BASE_URL}/certificates/issuer"


def key_address(key: keys.BadgeKey) -> str:
    return f"{issuer_address()}/keys/{key.thumbprint}"


def issuer_profile() -> dict[str, Any]:
    return {
        "@context": CONTEXTS,
        "id": issuer_address(),
        "type": ["Profile"],
        "name": settings.ISSUER_NAME,
        "url": settings.BASE_URL,
    }


def credential(certificate: Certificate) -> dict[str, Any]:
    """The credential without a signature. It names the person, and holds neither address nor internal id."""
    where = address(certificate.serial)
    issuer = {key: value for key, value in issuer_profile().items() if key != "@context"}
    return {
        "@context": CONTEXTS,
        "id": where,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": certificate.course_title,
        "issuer": issuer,
        "validFrom": _instant(certificate),
        "credentialSubject": {
            "id": uuid.uuid5(uuid.NAMESPACE_URL, where).urn,
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": False,
                    "identityType": "name",
                    "identityHash": certificate.person_name,
                }
            ],
            "achievement": {
                "id": f"{settings.BASE_URL}/courses/{certificate.course.slug}",
                "type": ["Achievement"],
                "achievementType": "Course",
                "name": certificate.course_title,
                "description": certificate.course.summary or certificate.course_title,
                "criteria": {"narrative": "Every required lesson of the course was completed."},
            },
        },
    }


def sign(certificate: Certificate) -> str:
    """The compact token. Raises Conflict `not_valid` for a certificate that isn't, NotFound without a key."""
    if certificate.state != CertificateState.ISSUED:
        raise Conflict(_("This certificate is no longer valid."), code="not_valid")
    key = keys.signing_key()
    payload = credential(certificate)
    claims = {
        "iss": payload["issuer"]["id"],
        "jti": payload["id"],
        "sub": payload["credentialSubject"]["id"],
        "nbf": int(certificate.issued_at.timestamp()),
    }
    return jwt.encode({**payload, **claims}, key.private, algorithm="EdDSA", headers={"kid": key_address(key)})


def _instant(certificate: Certificate) -> str:
    return certificate.issued_at.strftime("%Y-%m-%dT%H:%M:%SZ")
