"""People and clients for the tests of accounts."""

import json
import re
from typing import Any
from urllib.parse import unquote

import pytest
from django.core import mail as django_mail
from django.test import Client

from accounts import services
from accounts.models import Role, User
from outbox import services as outbox
from tests.accounts import parallel
from tests.system import System

PASSWORD = "a long and unusual passphrase"


@pytest.fixture(autouse=True)
def _fast_hasher(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.AUTH_ANSWER_SECONDS = 0.0


@pytest.fixture
def person(db) -> User:
    return services.create_person(email="ada@example.org", name="Ada", password=PASSWORD)


@pytest.fixture
def instructor(db) -> User:
    return services.create_person(email="ina@example.org", name="Ina", role=Role.INSTRUCTOR, password=PASSWORD)


@pytest.fixture
def administrator(db) -> User:
    return services.create_person(email="root@example.org", name="Root", role=Role.ADMIN, password=PASSWORD)


class ApiClient:
    """An API client of kind `app` (token in a header) or `browser` (cookies and CSRF)."""

    def __init__(self, kind: str, address: str = "192.0.2.1") -> None:
        self.kind = kind
        self.address = address
        self.http = Client(enforce_csrf_checks=True)
        self.token: str | None = None

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.raw(method, path, "" if body is None else json.dumps(body), **headers)

    def raw(self, method: str, path: str, body: str, **headers: str) -> Any:
        sent = dict(headers)
        if self.kind == "app" and self.token:
            sent["X-Session-Token"] = self.token
        if self.kind == "browser" and "csrftoken" in self.http.cookies:
            sent["X-CSRFToken"] = self.http.cookies["csrftoken"].value
        response = self.http.generic(
            method,
            path,
            body,
            content_type="application/json",
            headers=sent,
            REMOTE_ADDR=self.address,
        )
        if "application/json" in response.get("Content-Type", "") and response.content:
            found = response.json().get("meta", {}) if isinstance(response.json(), dict) else {}
            self.token = found.get("session_token", self.token)
        return response

    def auth(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.call(method, f"/api/v1/auth/{self.kind}/v1/{path}", body, **headers)

    def begin(self) -> "ApiClient":
        """A browser fetches its CSRF cookie before it writes."""
        self.auth("GET", "config")
        return self

    def login(self, email: str, password: str = PASSWORD) -> Any:
        return self.begin().auth("POST", "auth/login", {"email": email, "password": password})


@pytest.fixture(params=["app", "browser"])
def api(request, db) -> ApiClient:
    return ApiClient(request.param)


@pytest.fixture
def app(db) -> ApiClient:
    return ApiClient("app")


def delivered() -> list[Any]:
    """What has arrived in mailboxes, after the outbox has been carried out."""
    outbox.relay()
    return list(django_mail.outbox)


def link_key(body: str) -> str:
    """The key at the end of the one link in a mail."""
    found = re.search(r"https?://\S+/([^/\s]+)", body.split("Thank you")[0])
    assert found is not None, body
    return unquote(found.group(1))


@pytest.fixture(scope="package")
def four_workers(tmp_path_factory):
    """With people, and with mails that carry a reset link for edsger and a verification link for kurt."""
    variables = {
        "LMS_WEB_WORKERS": "4",
        "LMS_TRUSTED_PROXIES": "127.0.0.0/8",
        "LMS_LIMITS": ",".join(f"{name}={value}" for name, value in parallel.LIMITS.items()),
    }
    with System(tmp_path_factory.mktemp("parallel"), processes=("web",), variables=variables) as running:
        output = running.manage("shell", "-c", parallel.PEOPLE.format(password=PASSWORD, secret=parallel.SECRET))
        running.recovery_codes = output.split("codes ")[1].splitlines()[0].split()
        asked = {"email": "edsger@example.org"}
        running.post(parallel.APP + "auth/password/request", asked, X_Forwarded_For="192.0.2.7")
        kurt = {"email": "kurt@example.org", "name": "Kurt", "password": PASSWORD}
        assert running.post(parallel.APP + "auth/signup", kurt, X_Forwarded_For="192.0.2.9").status == 401
        running.manage("shell", "-c", "from outbox import services; services.relay()")
        yield running
