"""What only a process itself can see (its pools, its garbage collector), written down once a second by a thread.

A sampler must be quick and touch no network. One that raises is counted and tried again.
"""

import os
import threading
from collections.abc import Callable

from observability.failures import failures

SECONDS = 1.0

_samplers: dict[str, Callable[[], None]] = {}
_thread: threading.Thread | None = None


def register(name: str, sample: Callable[[], None]) -> None:
    _samplers[name] = sample


def sample() -> None:
    """Run every sampler now."""
    for run in list(_samplers.values()):
        try:
            run()
        except Exception:
            failures.inc(part="sampler")


def start() -> None:
    """Sample in this process from now on; a forked child starts its own."""
    global _thread
    if _thread is None or not _thread.is_alive():
        _thread = threading.Thread(target=_run, name="observability-sampler", daemon=True)
        _thread.start()


def _run() -> None:
    pause, owner = threading.Event(), os.getpid()
    while os.getpid() == owner:
        sample()
        pause.wait(SECONDS)
