"""Cursors that no list gave out: not found, whatever they say."""

from base64 import b64encode

import pytest
from rest_framework.test import APIClient

from accounts.models import Role, User
from courses import services as courses

pytestmark = pytest.mark.django_db
LISTS = ["courses", "enrollments", "certificates", "analytics/workloads", "courses/biology/engagement"]
POSITIONS = ["p=abc", "p=%00", "p=2026-13-01T00:00:00Z", "p=1e999", "p=nan", "r=1&p=%F0%9F%98%80"]


@pytest.fixture
def client() -> APIClient:
    courses.create_course(title="Biology")
    client = APIClient()
    client.force_authenticate(User.objects.create(email="root@example.com", role=Role.ADMIN))
    return client


@pytest.mark.parametrize("path", LISTS)
def test_an_invented_cursor_is_no_error_of_the_server(path, client):
    found = {
        position: client.get(f"/api/v1/{path}", {"cursor": b64encode(position.encode())}) for position in POSITIONS
    }
    assert {answer.status_code for answer in found.values()} <= {200, 404}
    assert found["p=%00"].status_code == 404
    assert found["p=%00"].json()["code"] == "not_found"


def test_pages_follow_each_other_by_their_cursors(client):
    for title in ("Chemistry", "Latin", "Physics"):
        courses.create_course(title=title)
    first = client.get("/api/v1/courses", {"page_size": 3}).json()
    second = client.get(first["next"]).json()
    titles = [[row["title"] for row in page["results"]] for page in (first, second)]
    assert titles == [["Biology", "Chemistry", "Latin"], ["Physics"]]
    assert second["next"] is None


def test_what_breaks_without_a_cursor_is_not_taken_for_one(client, monkeypatch):
    monkeypatch.setattr("courses.api.views.ByTitle.ordering", ("nothing",))
    client.raise_request_exception = False
    assert client.get("/api/v1/courses").status_code == 500
