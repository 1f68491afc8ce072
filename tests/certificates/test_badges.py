"""Badges, checked by a verifier that shares no code with what signs them."""

import base64
import json

import jwt
import pytest
from django.core.checks import Error, Warning
from openbadgeslib.ob3 import OB3VerificationError, OB3Verifier

from certificates import badges, checks, keys, services
from certificates.models import ReissueReason, RevocationReason

pytestmark = pytest.mark.django_db
OTHER_SEED = base64.b64encode(bytes(range(100, 132))).decode()


def verifier_of(client) -> OB3Verifier:
    """Trusts the one key that the issuer publishes."""
    published = client.get("/certificates/issuer/jwks.json").json()["keys"]
    assert len(published) == 1
    return OB3Verifier(jwt.PyJWK(published[0]).key)


def badge_of(api, certificate) -> str:
    answer = api.get(f"/api/v1/certificates/{certificate.serial}/badge")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/vc+jwt")
    return answer.content.decode()


def test_an_independent_library_verifies_the_badge(client, rendered, as_user, student):
    token = badge_of(as_user(student), rendered)
    found = verifier_of(client).verify(token)
    assert found.id == f"https://lms.example.com/certificates/{rendered.serial}"
    assert found.issuer.id == "https://lms.example.com/certificates/issuer"
    assert found.issuer.name == "Example School"
    assert found.achievement.name == "Biology"
    assert [(who.identity_type, who.identity_hash, who.hashed) for who in found.identifiers] == [
        ("name", "Zoë Łukasz", False)
    ]
    assert "student@example.com" not in json.dumps(found.raw)
    assert str(student.public_id) not in json.dumps(found.raw)
    assert token == badge_of(as_user(student), rendered), "the same badge each time"


def test_any_flipped_byte_fails(client, rendered):
    verifier, token = verifier_of(client), badges.sign(rendered)
    header, payload, signature = token.split(".")
    for part, text in enumerate((header, payload, signature)):
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        for position in {0, len(raw) // 3, len(raw) // 2, len(raw) - 1}:
            changed = raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]
            parts = [header, payload, signature]
            parts[part] = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
            with pytest.raises(OB3VerificationError):
                verifier.verify(".".join(parts))
    assert verifier.verify(token).id


def test_a_badge_of_another_key_fails(client, rendered, settings):
    verifier = verifier_of(client)
    settings.BADGE_KEYS = [OTHER_SEED]
    with pytest.raises(OB3VerificationError):
        verifier.verify(badges.sign(rendered))


def test_after_a_change_of_keys_old_badges_verify_by_the_key_they_name(client, rendered, settings):
    old = badges.sign(rendered)
    settings.BADGE_KEYS = [OTHER_SEED, *settings.BADGE_KEYS]
    for token in (old, badges.sign(rendered)):
        kid = jwt.get_unverified_header(token)["kid"]
        assert kid.startswith("https://lms.example.com/certificates/issuer/keys/")
        key = client.get(kid.removeprefix("https://lms.example.com")).json()
        assert key["kid"] == kid
        assert OB3Verifier(jwt.PyJWK(key).key).verify(token).id.endswith(rendered.serial)
    assert len(client.get("/certificates/issuer/jwks.json").json()["keys"]) == 2
    assert client.get("/certificates/issuer/keys/other").status_code == 404


def test_private_halves_are_never_published(client):
    for path in ("/certificates/issuer/jwks.json", "/certificates/issuer"):
        body = client.get(path).json()
        assert '"d"' not in json.dumps(body)
    assert body["id"] == "https://lms.example.com/certificates/issuer"


def test_a_certificate_that_is_no_longer_valid_has_no_badge(rendered, admin_user, as_user, student):
    services.revoke(certificate=rendered, reason=RevocationReason.REQUESTED, actor=admin_user)
    path = f"/api/v1/certificates/{rendered.serial}/badge"
    assert as_user(student).get(path).json()["code"] == "not_valid"
    services.reissue(certificate=rendered, reason=ReissueReason.REINSTATED, actor=admin_user)
    assert as_user(student).get(path).status_code == 409


def test_without_a_key_production_offers_no_badges_and_says_why(rendered, settings, as_user, student):
    settings.BADGE_KEYS, settings.DEBUG = [], False
    answer = as_user(student).get(f"/api/v1/certificates/{rendered.serial}/badge")
    assert (answer.status_code, answer.json()["code"]) == (404, "badges_not_configured")
    (found,) = checks.badges_can_be_signed()
    assert (found.id, isinstance(found, Warning)) == ("certificates.W001", True)
    assert "LMS_BADGE_KEY" in found.hint


def test_development_has_a_key_of_its_own(settings):
    settings.BADGE_KEYS, settings.DEBUG = [], True
    first = keys.signing_key().thumbprint
    assert keys.signing_key().thumbprint == first
    settings.SECRET_KEY = "another"
    assert keys.signing_key().thumbprint != first
    assert checks.badges_can_be_signed() == []


@pytest.mark.parametrize("text", ["", "not base64!", base64.b64encode(b"short").decode()])
def test_a_key_that_can_not_be_read_is_an_error_at_start(settings, text):
    settings.BADGE_KEYS = [text]
    (found,) = checks.badges_can_be_signed()
    assert (found.id, isinstance(found, Error)) == ("certificates.E001", True)
    assert text == "" or text not in found.msg, "a key isn't printed"


def test_thumbprint_of_the_key_in_rfc_8037():
    """The example of RFC 8037, appendix A."""
    seed = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    key = keys.parse(base64.b64encode(seed).decode())
    assert key.jwk["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert key.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
