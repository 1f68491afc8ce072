"""Whatever a client sends to an endpoint of accounts, the answer is never a 5xx."""

import random

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.urls import URLPattern, URLResolver, get_resolver

from tests.accounts.conftest import PASSWORD, ApiClient
from tests.accounts.test_limits import SECRET

FIELDS = ["email", "password", "name", "key", "code", "credential", "sessions", "current_password", "new_password"]
FIELDS += ["id", "authenticators", "primary", "role", "is_active", "passwordless"]
ODD = [None, True, False, 0, -1, 10**400, 1.5e308, "", " ", "a", "\x00", "\ud800", "💥" * 50, "x" * 5000, [], [[]], {}]
ODD += [{"a": {}}, [None], ["x"], {"id": "x"}, "ada@example.org", "ADA@EXAMPLE.ORG ", PASSWORD, "000000", "1" * 300]
ODD += ["a@b", "'; DROP TABLE x; --", "../../etc/passwd", "%s%n", "{{7*7}}", "\u202eevil", "ﬀ@ﬀ.com", "-1", "9" * 30]
BODIES = ["", "null", "[]", "0", '"x"', "{", '{"a":', "{" * 5000, "[" * 100_000, '{"email":"a","email":1}', "\ufeff{}"]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def endpoints(patterns=None, prefix: str = "/") -> list[str]:
    found = []
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += endpoints(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            found.append(path)
    return sorted(set(found))


def targets() -> list[str]:
    wanted = ("/api/v1/auth/app/", "/api/v1/me", "/api/v1/people")
    return [path for path in endpoints() if path.startswith(wanted) and "<" not in path]


def random_body(rng: random.Random) -> str | dict:
    if rng.random() < 0.1:
        return rng.choice(BODIES)
    return {rng.choice(FIELDS): rng.choice(ODD) for _ in range(rng.randrange(6))}


@pytest.mark.parametrize("who", ["nobody", "pending", "student", "admin"])
def test_no_input_is_a_server_error(person, administrator, settings, who):
    settings.LIMITS = dict.fromkeys(settings.LIMITS, "1000000/60")
    TOTP.activate(person, SECRET)
    RecoveryCodes.activate(person)
    rng = random.Random(who)

    def fresh() -> ApiClient:
        client = ApiClient("app")
        client.http.raise_request_exception = False
        if who == "pending":
            client.login(person.email)
        elif who == "admin":
            client.login(administrator.email)
            client.auth("POST", "auth/reauthenticate", {"password": PASSWORD})
        elif who == "student":
            person.authenticator_set.all().delete()
            client.login(person.email)
            client.auth("POST", "auth/reauthenticate", {"password": PASSWORD})
        return client

    failures = []
    paths = targets()
    assert len(paths) > 25
    client = fresh()
    for number in range(400):
        if number % 50 == 0:
            client = fresh()
        path, method, body = rng.choice(paths), rng.choice(METHODS), random_body(rng)
        token = client.token
        response = client.raw(method, path, body) if isinstance(body, str) else client.call(method, path, body)
        client.token = client.token or token
        if response.status_code >= 500:
            failures.append((response.status_code, method, path, str(body)[:200]))
    assert failures == []
