"""Passkeys, with an authenticator in software that signs as a real one does (ES256, attestation "none")."""

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from fido2 import cbor
from fido2.cose import ES256

from accounts import services
from accounts.models import User
from tests.accounts.conftest import PASSWORD, ApiClient
from tests.accounts.test_security_events import events

RP_ID = "testserver"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Passkey:
    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.user_handle = ""
        self.uses = 0

    def _data(self, flags: int) -> bytes:
        self.uses += 1
        return hashlib.sha256(RP_ID.encode()).digest() + bytes([flags]) + self.uses.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str, origin: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode()

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        options = options["publicKey"]
        self.user_handle = options["user"]["id"]
        data = self._data(PRESENT | VERIFIED | ATTESTED) + bytes(16) + len(self.id).to_bytes(2, "big") + self.id
        data += cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"], f"https://{RP_ID}")
        return {
            "id": b64(self.id),
            "rawId": b64(self.id),
            "type": "public-key",
            "response": {"clientDataJSON": b64(client), "attestationObject": b64(attestation)},
            "clientExtensionResults": {"credProps": {"rk": True}},
        }

    def sign(self, options: dict[str, Any], origin: str = f"https://{RP_ID}") -> dict[str, Any]:
        client = self._client("webauthn.get", options["publicKey"]["challenge"], origin)
        data = self._data(PRESENT | VERIFIED)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return {
            "id": b64(self.id),
            "rawId": b64(self.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": b64(client),
                "authenticatorData": b64(data),
                "signature": b64(signature),
                "userHandle": self.user_handle,
            },
            "clientExtensionResults": {},
        }


@pytest.fixture
def passkey(api, person) -> Passkey:
    """A passkey of `person`, enrolled over HTTP."""
    passkey = Passkey()
    api.login(person.email)
    path = "account/authenticators/webauthn"
    assert api.auth("GET", path + "?passwordless").status_code == 401  # who is at the keyboard proves it again
    api.auth("POST", "auth/reauthenticate", {"password": PASSWORD})
    options = api.auth("GET", path + "?passwordless").json()["data"]["creation_options"]
    assert options["publicKey"]["rp"]["id"] == RP_ID
    body = {"name": "Laptop", "credential": passkey.create(options)}
    assert api.auth("POST", path, body).status_code == 200
    return passkey


def login_options(client: ApiClient) -> dict[str, Any]:
    return client.begin().auth("GET", "auth/webauthn/login").json()["data"]["request_options"]


def test_a_passkey_logs_in_without_password(api, passkey, person):
    client = ApiClient(api.kind)
    credential = passkey.sign(login_options(client))
    assert client.auth("POST", "auth/webauthn/login", {"credential": credential}).status_code == 200
    me = client.call("GET", "/api/v1/me").json()
    assert (me["id"], me["mfa_enabled"]) == (str(person.public_id), True)


def test_a_signature_works_once(api, passkey):
    client = ApiClient(api.kind)
    credential = passkey.sign(login_options(client))
    assert client.auth("POST", "auth/webauthn/login", {"credential": credential}).status_code == 200
    thief = ApiClient(api.kind)
    login_options(thief)
    assert thief.auth("POST", "auth/webauthn/login", {"credential": credential}).status_code == 400
    assert thief.call("GET", "/api/v1/me").status_code == 401


def test_another_key_another_site_or_another_person_is_refused(api, passkey, instructor):
    stranger = Passkey()
    stranger.user_handle = passkey.user_handle
    for wrong in ("key", "site", "person"):
        client = ApiClient(api.kind)
        options = login_options(client)
        if wrong == "key":
            credential = stranger.sign(options)
        elif wrong == "site":
            credential = passkey.sign(options, origin="https://testserver.evil.example")
        else:
            credential = passkey.sign(options)
            handle = b64(str(User.objects.get(pk=instructor.pk).pk).encode())
            credential["response"]["userHandle"] = handle
        assert client.auth("POST", "auth/webauthn/login", {"credential": credential}).status_code == 400, wrong
        assert client.call("GET", "/api/v1/me").status_code == 401


def test_a_passkey_is_a_second_factor_after_the_password(api, passkey, person):
    client = ApiClient(api.kind)
    pending = client.login(person.email)
    assert pending.status_code == 401
    options = client.auth("GET", "auth/webauthn/authenticate").json()["data"]["request_options"]
    credential = passkey.sign(options)
    assert client.auth("POST", "auth/webauthn/authenticate", {"credential": credential}).status_code == 200
    assert client.call("GET", "/api/v1/me").status_code == 200


@pytest.mark.parametrize(
    "damage",
    [
        {"credential": None},
        {"credential": []},
        {"credential": "x"},
        {"credential": {"id": "x"}},
        {"credential": {"id": "x", "rawId": "x", "type": "public-key", "response": None}},
        {"credential": {"id": "x", "rawId": "x", "type": "public-key", "response": {"userHandle": "/w"}}},
        {"credential": {"response": {"userHandle": 7}}},
        {"credential": {"response": {"userHandle": "____"}}},
    ],
    ids=range(8),
)
def test_damaged_credentials_are_client_errors(app, damage):
    login_options(app)
    response = app.auth("POST", "auth/webauthn/login", damage)
    assert response.status_code == 400, response.content


@pytest.mark.parametrize("field", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
def test_bits_that_were_changed_on_the_way_are_client_errors(app, person, field):
    app.login(person.email)
    app.auth("POST", "auth/reauthenticate", {"password": PASSWORD})
    passkey = Passkey()
    options = app.auth("GET", "account/authenticators/webauthn?passwordless").json()["data"]["creation_options"]
    app.auth("POST", "account/authenticators/webauthn", {"name": "x", "credential": passkey.create(options)})
    for position in (0, 5, -1):
        client = ApiClient("app")
        credential = passkey.sign(login_options(client))
        text = credential["response"][field]
        data = bytearray(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        data[position if abs(position) < len(data) else 0] ^= 0xFF
        credential["response"][field] = b64(bytes(data))
        response = client.auth("POST", "auth/webauthn/login", {"credential": credential})
        assert response.status_code == 400, response.content


@pytest.mark.skipif(not settings.OBSERVABILITY_ENABLED, reason="observability is off")
@pytest.mark.django_db(transaction=True)
def test_a_refused_passkey_is_a_failed_login_of_its_source(api, passkey, settings):
    settings.LIMITS = settings.LIMITS | {"login_source": "2/60"}
    stranger = Passkey()
    stranger.user_handle = passkey.user_handle
    client = ApiClient(api.kind, address="198.51.100.7")
    for _ in range(2):
        credential = stranger.sign(login_options(client))
        with events(login_failed=1):
            assert client.auth("POST", "auth/webauthn/login", {"credential": credential}).status_code == 400
    with events(lockout=1):
        assert client.auth("POST", "auth/webauthn/login", {"credential": credential}).status_code == 429
    # A right one that was let in leaves no count behind.
    for _ in range(3):
        owner = ApiClient(api.kind, address="198.51.100.8")
        credential = passkey.sign(login_options(owner))
        assert owner.auth("POST", "auth/webauthn/login", {"credential": credential}).status_code == 200


@pytest.mark.skipif(not settings.OBSERVABILITY_ENABLED, reason="observability is off")
@pytest.mark.django_db(transaction=True)
def test_a_refused_passkey_is_a_failed_second_factor(api, passkey, person):
    stranger = Passkey()
    client = ApiClient(api.kind)
    client.login(person.email)
    for place in ("authenticate", "reauthenticate"):
        path = f"auth/webauthn/{place}"
        options = client.auth("GET", path).json()["data"]["request_options"]
        with events(mfa_failed=1):
            assert client.auth("POST", path, {"credential": stranger.sign(options)}).status_code == 400
        if place == "authenticate":
            options = client.auth("GET", path).json()["data"]["request_options"]
            client.auth("POST", path, {"credential": passkey.sign(options)})
    assert client.call("GET", "/api/v1/me").status_code == 200


def test_a_deactivated_persons_passkey_opens_nothing(api, passkey, person):
    services.deactivate(person=person)
    client = ApiClient(api.kind)
    answer = client.auth("POST", "auth/webauthn/login", {"credential": passkey.sign(login_options(client))})
    assert answer.status_code in (400, 401, 403)
    assert client.call("GET", "/api/v1/me").status_code == 401
