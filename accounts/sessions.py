"""The session engine: rows in the database are the truth, Redis a copy of them that may be missing or gone.

Django's `cached_db` writes and reads through an outage of its cache only in part: reading a session back into the
cache, looking one up and ending one raise. And a copy that couldn't be deleted during an outage would outlive its row
until the session expires; here a copy lives for at most COPY_SECONDS.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import cached_db
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.core.cache import caches
from redis import RedisError

from accounts import redis_state

COPY_SECONDS = 300


class Copies:
    """What a session store uses of a cache, silent when the cache fails."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def get(self, key: str) -> Any:
        return self._try(lambda: self._cache.get(key))

    def set(self, key: str, value: Any, seconds: int) -> None:
        self._try(lambda: self._cache.set(key, value, min(seconds, COPY_SECONDS)))

    def delete(self, key: str) -> None:
        self._try(lambda: self._cache.delete(key))

    def __contains__(self, key: str) -> bool:
        return bool(self._try(lambda: key in self._cache))

    def _try(self, use: Callable[[], Any]) -> Any:
        if redis_state.is_gone():
            return None
        try:
            return use()
        except (RedisError, OSError) as error:
            redis_state.failed(error)
            return None


class SessionStore(cached_db.SessionStore):
    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._cache = Copies(caches[settings.SESSION_CACHE_ALIAS])

    @classmethod
    def get_model_class(cls) -> Any:
        return DatabaseStore.get_model_class()
