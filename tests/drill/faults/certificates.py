"""The certificate of the public address was not renewed in time."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager

from tests.drill.world import World


@contextlib.contextmanager
def _issued(world: World, *, days: float) -> Iterator[None]:
    world.authority.issue(days=days)
    try:
        yield
    finally:
        world.authority.issue()


def certificate_ends_soon(world: World) -> AbstractContextManager[None]:
    return _issued(world, days=3)


def certificate_expired(world: World) -> AbstractContextManager[None]:
    return _issued(world, days=-1)


@contextlib.contextmanager
def certificate_expired_and_exporter_killed(world: World) -> Iterator[None]:
    with certificate_expired(world), world.without("node"):
        yield
