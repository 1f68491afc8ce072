"""Whether this server is about to stop: one byte of memory shared by a gunicorn master and its workers.

`prepare` belongs in gunicorn's `when_ready` hook. A first SIGTERM then makes readiness say 503 in every worker while
requests are still taken for `seconds`, so that a proxy can look elsewhere first; the real stop follows, and finishes
what is in flight. A second SIGTERM stops at once. Imports nothing of Django: the master has no settings.
"""

import mmap
import os
import signal
import threading
from types import FrameType

# Anonymous shared memory is inherited over fork, so the workers see what the master writes.
_flag = mmap.mmap(-1, 1)


def is_draining() -> bool:
    return _flag[0] == 1


def start() -> None:
    _flag[0] = 1


def reset() -> None:
    _flag[0] = 0


def prepare(seconds: float) -> None:
    """Put `seconds` of draining before what SIGTERM does now. 0 only announces it."""
    stop = signal.getsignal(signal.SIGTERM)

    def drain(signum: int, frame: FrameType | None) -> None:
        start()
        signal.signal(signal.SIGTERM, stop)
        if seconds <= 0:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM))
        timer.daemon = True
        timer.start()

    signal.signal(signal.SIGTERM, drain)
