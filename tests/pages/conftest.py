"""The world of the authorisation matrix with a browser's session for anybody in it; and one person who logs in."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts import services
from accounts.models import User
from tests.accounts.conftest import PASSWORD
from tests.authorisation import World, make_world


@pytest.fixture
def world(db, settings, tmp_path) -> World:
    settings.MEDIA_ROOT = tmp_path
    return make_world()


@pytest.fixture
def as_user() -> Callable[[User | None], Client]:
    def client_of(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return client_of


@pytest.fixture
def fast_login(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.AUTH_ANSWER_SECONDS = 0.0


@pytest.fixture
def person(db) -> User:
    return services.create_person(email="ada@example.org", name="Ada", password=PASSWORD)
