"""Recording and examining, off the request path: one bounded queue and one thread per process.

A full queue costs records, counted, never time. What waits when a process is killed outright is lost; it has been
counted and logged.
"""

import atexit
import logging
import os
import threading
import time
from collections import deque

from django.db import connections

from observability.conf import conf
from observability.security import detection, records, stream
from observability.security.metrics import lost
from observability.security.observation import Observation

logger = logging.getLogger(__name__)

CAPACITY = 10_000
END_SECONDS = 2.0


class _Queue:
    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: a forked child's observations are its own."""
        self.waiting: deque[Observation] = deque()
        self.wake = threading.Event()
        self.busy = False
        self.starting = threading.Lock()
        self.thread: threading.Thread | None = None

    def put(self, seen: Observation) -> None:
        if len(self.waiting) >= CAPACITY:
            lost.inc(reason="queue_full")
            return
        self.waiting.append(seen)
        if conf.SECURITY_BACKGROUND:
            self.wake.set()
            if self.thread is None:
                self._start()

    def _start(self) -> None:
        with self.starting:
            if self.thread is None:
                thread = threading.Thread(target=self._run, name="security-events", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # the interpreter is ending: no new threads
                    return
                self.thread = thread

    def _run(self) -> None:
        while True:
            self.wake.wait()
            self.wake.clear()
            self.drain()
            # Else the pool would count a connection as used until the next event.
            connections.close_all()

    def drain(self) -> None:
        self.busy = True
        try:
            while self.waiting:
                _process(self.waiting.popleft())
        finally:
            self.busy = False


def _process(seen: Observation) -> None:
    try:
        if seen.event is not None:
            records.write(seen)
        for conclusion in detection.examine(seen):
            stream.tell(conclusion)
            records.write(conclusion)
    except Exception as error:
        lost.inc(reason="failed")
        logger.warning("a security event was not recorded: %s", type(error).__name__)


queue = _Queue()
os.register_at_fork(after_in_child=queue.reset)


def flush() -> None:
    """Record and examine in this thread what waits. For tests, and for hosts without the thread."""
    queue.drain()


def _at_end() -> None:
    deadline = time.monotonic() + END_SECONDS
    while (queue.waiting or queue.busy) and queue.thread is not None and time.monotonic() < deadline:
        queue.wake.set()
        time.sleep(0.01)


atexit.register(_at_end)
