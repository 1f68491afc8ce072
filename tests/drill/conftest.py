"""One world for every test of this folder; it ends with the folder's last test."""

import pytest

from lms import monitoring
from tests.drill.world import World


@pytest.fixture(scope="package")
def world(tmp_path_factory):
    try:
        monitoring.fetch()
    except (RuntimeError, OSError) as error:
        pytest.skip(f"no Prometheus, and none to be had: {error}")
    with World(tmp_path_factory.mktemp("drill")) as running:
        yield running
