"""Who did something lately, by role: counted in Redis by HyperLogLog, off the request path.

A request adds one entry to a set in memory. A thread of its process writes the set to Redis once a second, into buckets
of time; a window is the union of its buckets. What Redis doesn't take is kept for the next second, up to `CAPACITY`.

A window reaches back by its length and at most one bucket more. HyperLogLog has a standard error of 0.81 %
(Flajolet, Fusy, Gandouet, Meunier: HyperLogLog, 2007; 2^14 registers). Redis holds at most `len(Role) * 79` keys of
12 KiB, each with a time to live, and in them neither ids nor names.
"""

import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import redis
from django.conf import settings

from accounts.models import Role

logger = logging.getLogger(__name__)

KEY_PREFIX = "lms:active:"
CAPACITY = 10_000
FLUSH_SECONDS = 1.0


@dataclass(frozen=True)
class Window:
    """`buckets` whole buckets of `seconds` each, and the one that has begun."""

    seconds: int
    buckets: int

    def key(self, role: str, number: int) -> str:
        return f"{KEY_PREFIX}{role}:{self.seconds}:{number}"

    def keys(self, role: str, now: float) -> list[str]:
        current = int(now) // self.seconds
        return [self.key(role, current - back) for back in range(self.buckets + 1)]

    @property
    def time_to_live(self) -> int:
        return self.seconds * (self.buckets + 2)


WINDOWS = {"5m": Window(60, 5), "1h": Window(300, 12), "24h": Window(3600, 24), "30d": Window(86_400, 30)}
RESOLUTION = min(window.seconds for window in WINDOWS.values())


def client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, **settings.REDIS_CLIENT_OPTIONS)


class ActiveUsers:
    """`connect` is asked for a client once, when it is first needed."""

    def __init__(self, connect: Any = client) -> None:
        self._connect = connect
        self.reset()

    def reset(self) -> None:
        """Begin anew: a forked child's people are its own."""
        self.waiting: set[tuple[str, int, int]] = set()
        self._client: redis.Redis | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def seen(self, role: str, person: int, now: float | None = None) -> None:
        """Remember that the person did something. Costs an entry in a set."""
        if len(self.waiting) >= CAPACITY:
            return
        self.waiting.add((role, person, int(time.time() if now is None else now) // RESOLUTION))
        if self._thread is None and settings.ACTIVE_USERS_BACKGROUND:
            self._start()

    def flush(self) -> bool:
        """Write what waits to Redis; False when Redis didn't take it, and it waits on."""
        taken = []
        while self.waiting:
            taken.append(self.waiting.pop())
        try:
            self._write(taken)
        except (redis.RedisError, OSError) as error:
            self.waiting.update(taken)
            logger.debug("active people were not written", extra={"error": type(error).__name__})
            return False
        return True

    def counts(self, now: float | None = None) -> dict[tuple[str, ...], float]:
        """People by (role, window). Raises redis.RedisError."""
        moment = time.time() if now is None else now
        pipeline = self._redis().pipeline(transaction=False)
        labels = [(role, name) for role in Role.values for name in WINDOWS]
        for role, name in labels:
            pipeline.pfcount(*WINDOWS[name].keys(role, moment))
        return {label: float(count) for label, count in zip(labels, pipeline.execute(), strict=True)}

    def _write(self, seen: Iterable[tuple[str, int, int]]) -> None:
        people: dict[tuple[Window, str], list[int]] = defaultdict(list)
        for role, person, number in seen:
            for window in WINDOWS.values():
                people[window, window.key(role, number * RESOLUTION // window.seconds)].append(person)
        if not people:
            return
        pipeline = self._redis().pipeline(transaction=False)
        for (window, key), members in people.items():
            pipeline.pfadd(key, *members)
            pipeline.expire(key, window.time_to_live)
        pipeline.execute()

    def _redis(self) -> redis.Redis:
        with self._lock:  # a second client would close the connections of the first when it goes
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name="active-users", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter is ending: no new threads
                return
            self._thread = thread

    def _run(self) -> None:
        pause, owner = threading.Event(), os.getpid()
        while os.getpid() == owner:
            pause.wait(FLUSH_SECONDS)
            try:
                self.flush()
            except Exception as error:
                logger.warning("active people were not written: %s", type(error).__name__)


active_users = ActiveUsers()
os.register_at_fork(after_in_child=active_users.reset)
