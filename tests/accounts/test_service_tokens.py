"""Tokens of machine clients: within their scopes, for their owner, until they end."""

import datetime
import re

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Role, ServiceToken, User
from accounts.personal_data import erase_person, export_person
from accounts.service_tokens import issue_token, revoke_token
from core.errors import Unprocessable
from courses import services

pytestmark = pytest.mark.django_db

YEAR = datetime.timedelta(days=365)


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("owner@example.com", role=Role.INSTRUCTOR)


@pytest.fixture
def course(owner):
    return services.publish_course(course=services.create_course(title="Biology", instructors=[owner]))


def issued(owner: User, *scopes: str) -> tuple[ServiceToken, APIClient]:
    token, secret = issue_token(owner=owner, name="sync", scopes=scopes, lifetime=YEAR)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return token, client


def test_a_token_does_what_its_scopes_name_and_nothing_else(owner, course):
    _, client = issued(owner, "courses:read", "learners:write")
    answers = {
        "read": client.get("/api/v1/courses/biology").status_code,
        "list": client.get("/api/v1/courses").status_code,
        "enrol": client.post("/api/v1/courses/biology/learners", {"emails": ["x@example.com"]}).status_code,
        "learners": client.get("/api/v1/courses/biology/learners").status_code,
        "change": client.patch("/api/v1/courses/biology", {"title": "x"}, headers={"If-Match": "*"}).status_code,
        "self": client.get("/api/v1/me").status_code,
        "own enrollments": client.get("/api/v1/enrollments").status_code,
    }
    assert answers == {
        "read": 200, "list": 200, "enrol": 200, "learners": 403, "change": 403, "self": 403, "own enrollments": 403,
    }  # fmt: skip
    refused = client.get("/api/v1/me").json()
    assert refused["code"] == "scope_missing"


def test_a_token_never_does_more_than_its_owner_may(course):
    stranger = User.objects.create_user("stranger@example.com", role=Role.INSTRUCTOR)
    _, client = issued(stranger, "courses:write", "learners:read")
    assert client.patch("/api/v1/courses/biology", {"title": "x"}, headers={"If-Match": "*"}).status_code == 403
    assert client.get("/api/v1/courses/biology/learners").status_code == 403


def expire(token: ServiceToken) -> None:
    ServiceToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())


def retire_owner(token: ServiceToken) -> None:
    User.objects.filter(pk=token.owner_id).update(is_active=False)


@pytest.mark.parametrize("end", [lambda token: revoke_token(token=token), expire, retire_owner])
def test_a_token_that_ended_is_refused(owner, course, end):
    token, client = issued(owner, "courses:read")
    assert client.get("/api/v1/courses").status_code == 200
    end(token)
    answer = client.get("/api/v1/courses")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


@pytest.mark.parametrize("value", ["Bearer nonsense", "Bearer ", "Bearer", "bearer lmst_\u00e9"])
def test_nonsense_is_refused(value):
    client = APIClient()
    assert client.get("/api/v1/courses", headers={"Authorization": value}).status_code == 401


def test_guessing_is_limited_by_source(settings):
    settings.LIMITS = settings.LIMITS | {"token_source": "3/60"}
    client = APIClient(REMOTE_ADDR="192.0.2.77")
    statuses = [
        client.get("/api/v1/courses", headers={"Authorization": f"Bearer lmst_{number}"}).status_code
        for number in range(5)
    ]
    assert statuses == [401, 401, 401, 429, 429]


def test_the_secret_is_not_stored_and_its_use_is_noted(owner, course):
    token, secret = issue_token(owner=owner, name="sync", scopes=["courses:read"], lifetime=YEAR)
    assert re.fullmatch(r"lmst_[\w-]{43}", secret)
    stored = ServiceToken.objects.values().get()
    assert not any(secret in str(value) for value in stored.values())
    assert stored["last_used_at"] is None
    APIClient().get("/api/v1/courses", headers={"Authorization": f"Bearer {secret}"})
    token.refresh_from_db()
    assert timezone.now() - token.last_used_at < datetime.timedelta(seconds=30)


@pytest.mark.parametrize(
    ("scopes", "lifetime", "code"),
    [
        ([], YEAR, "unknown_scope"),
        (["courses:read", "everything"], YEAR, "unknown_scope"),
        (["courses:read"], datetime.timedelta(0), "lifetime_invalid"),
        (["courses:read"], datetime.timedelta(days=367), "lifetime_invalid"),
    ],
)
def test_what_no_token_may_be(owner, scopes, lifetime, code):
    with pytest.raises(Unprocessable) as refused:
        issue_token(owner=owner, name="x", scopes=scopes, lifetime=lifetime)
    assert refused.value.code == code
    assert ServiceToken.objects.count() == 0


def test_an_admin_issues_a_token_sees_it_once_and_revokes_it(client, owner, course):
    admin = User.objects.create_user("admin@example.com", role=Role.ADMIN)
    client.force_login(admin)
    page = client.post(
        "/admin/accounts/servicetoken/add/",
        {"name": "sync", "owner": owner.pk, "scopes": ["courses:read"], "days": 30},
        follow=True,
    ).content.decode()
    secret = re.search(r"lmst_[\w-]{43}", page)[0]
    token = ServiceToken.objects.get()
    assert (token.name, token.owner, token.scopes) == ("sync", owner, ["courses:read"])
    machine = {"Authorization": f"Bearer {secret}"}
    assert APIClient().get("/api/v1/courses", headers=machine).status_code == 200
    change = client.get(f"/admin/accounts/servicetoken/{token.pk}/change/").content.decode()
    assert secret not in change
    assert token.digest not in change
    client.post("/admin/accounts/servicetoken/", {"action": "revoke", "_selected_action": [token.pk]})
    assert APIClient().get("/api/v1/courses", headers=machine).status_code == 401


def test_tokens_are_handed_out_and_erased_with_their_owner(owner):
    issued(owner, "courses:read")
    (row,) = export_person(person=owner)["service_tokens"]["issued"]
    assert (row["name"], row["scopes"], row["revoked_at"]) == ("sync", ["courses:read"], None)
    erase_person(person=owner)
    assert ServiceToken.objects.count() == 0
