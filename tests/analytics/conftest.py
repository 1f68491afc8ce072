"""People, courses and quizzes, as the apps below make them."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Role, User
from tests.certificates.conftest import complete_silently
from tests.quizzes.conftest import finish, instructor, make_assignment, make_quiz, make_user, quiz, start, student

__all__ = [
    "complete_silently",
    "finish",
    "instructor",
    "make_assignment",
    "make_quiz",
    "make_user",
    "quiz",
    "start",
    "student",
]


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def administrator(make_user) -> User:
    return make_user("root", Role.ADMIN)


@pytest.fixture
def ask() -> Any:
    """Status and body of a GET by somebody."""

    def get(user: User, path: str) -> Any:
        client = APIClient()
        client.force_authenticate(user)
        return client.get(f"/api/v1/{path}")

    return get
