"""The world of the authorisation matrix, and a browser's session for anybody in it."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
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
