"""The world of the authorisation matrix, with all that every app adds to it."""

import copy
import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from django.test import override_settings

from tests.authorisation import World, make_world

APPS = ["accounts", "courses", "quizzes", "certificates", "analytics"]
MODULES = [
    importlib.import_module(f"tests.{app}.authorisation")
    for app in APPS
    if importlib.util.find_spec(f"tests.{app}") and importlib.util.find_spec(f"tests.{app}.authorisation")
]


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[tuple[World, Path]]:
    """Once a file, for its hundred tests: a transaction around theirs, in which everything is there already."""
    media = tmp_path_factory.mktemp("world")
    with override_settings(MEDIA_ROOT=media), django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        for module in MODULES:
            if hasattr(module, "extend"):
                module.extend(world)
        with django_db_blocker.block():
            yield world, media
        transaction.set_rollback(True)


@pytest.fixture
def world(made, db, settings) -> World:
    world, settings.MEDIA_ROOT = made
    return copy.deepcopy(world)
