import subprocess
from collections.abc import Callable

import pytest

from tests.deploy import proxies


@pytest.fixture(scope="session")
def proxy_binary() -> Callable[[str], str]:
    """The path of nginx or Caddy, which is fetched first; whoever can't have it is skipped."""

    def found(name: str) -> str:
        try:
            return proxies.binary(name)
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"no {name}, and none to be had: {error}")

    return found
