"""What people who mean harm do, from one address on loopback."""

import contextlib
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager

from tests.drill.faults import meanwhile
from tests.drill.world import World


def wrong_passwords_from_one_source(world: World) -> AbstractContextManager[None]:
    return meanwhile(world.wrong_password, 0.1)


def forged_sessions(world: World) -> AbstractContextManager[None]:
    return meanwhile(lambda: world.system.get(world.lesson, X_Session_Token="x" * 32), 0.2)


def _guess(world: World) -> None:
    world.system.get(f"/api/v1/lessons/{uuid.uuid4()}", X_Session_Token=world.tokens[1])


def addresses_guessed(world: World) -> AbstractContextManager[None]:
    """Lessons asked for by numbers made up."""
    return meanwhile(lambda: _guess(world), 0.1)


@contextlib.contextmanager
def addresses_guessed_without_redis(world: World) -> Iterator[None]:
    """What would conclude something from them has nowhere to count."""
    with world.proxies["REDIS_URL"].fault("refuse"), meanwhile(lambda: _guess(world), 0.1):
        yield
