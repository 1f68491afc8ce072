"""Limits that hold in parallel: counters in Redis, taken all or none by one script.

A limit is `amount` per `seconds`, in a window that begins with the first count, so at most twice the amount passes in
any span of that length. Amounts come from settings.LIMITS ("amount/seconds" by name). Redis holds keyed hashes of what
is counted, never an address or a name.

Without Redis every process counts by itself, up to its share (amount divided by the number of web workers, at least
one): stricter or equal in sum for amounts of at least the number of workers, never unlimited.
"""

import hashlib
import math
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import redis_state
from core.errors import DomainError

KEY_PREFIX = "lms:limit:"
LOCAL_KEYS = 20_000
KNOWN_SOURCE_SECONDS = 30 * 24 * 3600

# KEYS: counters; ARGV: amount and seconds of each. Answers {0, 0}, or the position of the first counter that is full
# and the milliseconds until it is empty.
_TAKE = """
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[2 * i - 1]) then
    return {i, redis.call('PTTL', key)}
  end
end
for i, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then
    redis.call('EXPIRE', key, ARGV[2 * i])
  end
end
return {0, 0}
"""
_GIVE_BACK = """
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') > 0 then
    redis.call('DECR', key)
  end
end
"""


@dataclass(frozen=True)
class Limit:
    amount: int
    seconds: int


@dataclass(frozen=True)
class Count:
    """One counter: the limit's name and whom or what it counts."""

    limit: str
    subject: str


@dataclass(frozen=True)
class Refusal:
    limit: str
    retry_after: int  # seconds


class LimitExceeded(DomainError):
    """Too many of something; `retry_after` in seconds."""

    status = 429
    code = "rate_limited"
    title = _("Too many requests")

    def __init__(self, refusal: Refusal) -> None:
        seconds = refusal.retry_after
        # English says one as it says many: its words stay. Other languages have a singular.
        text = ngettext("Try again in %(seconds)s seconds.", "Try again in %(seconds)s seconds.", seconds)
        super().__init__(text % {"seconds": seconds}, limit=refusal.limit, retry_after=seconds)
        self.retry_after = seconds
        self.limit = refusal.limit


def parse(text: str) -> Limit:
    """ "5/300" is five per 300 seconds. Raises ValueError for anything else than two positive integers."""
    amount, _, seconds = text.partition("/")
    limit = Limit(int(amount), int(seconds))
    if limit.amount < 1 or limit.seconds < 1:
        raise ValueError(f"{text!r} is not a limit: both numbers must be positive")
    return limit


@lru_cache(maxsize=256)
def _parsed(text: str) -> Limit:
    return parse(text)


def configured(name: str) -> Limit:
    return _parsed(settings.LIMITS[name])


def take(*counts: Count) -> Refusal | None:
    """Count all of `counts`, or none and say which is full. Exact under any number of parallel calls."""
    wanted = [(count, configured(count.limit), _key(count)) for count in counts]
    client = _available()
    if client is not None:
        try:
            arguments = [number for _, limit, _ in wanted for number in (limit.amount, limit.seconds)]
            position, milliseconds = client.eval(_TAKE, len(wanted), *(key for *_, key in wanted), *arguments)
        except redis.RedisError as error:
            redis_state.failed(error)
        else:
            if not position:
                return None
            count, limit, _ = wanted[position - 1]
            seconds = milliseconds / 1000 if milliseconds > 0 else limit.seconds
            return Refusal(count.limit, max(1, math.ceil(seconds)))
    return _local.take(wanted)


def require(*counts: Count) -> None:
    """Raises LimitExceeded."""
    refusal = take(*counts)
    if refusal is not None:
        raise LimitExceeded(refusal)


def give_back(*counts: Count) -> None:
    """Uncount one of each, for what turned out not to be an abuse."""
    keys = [_key(count) for count in counts]
    client = _available()
    if client is not None:
        try:
            client.eval(_GIVE_BACK, len(keys), *keys)
            return
        except redis.RedisError as error:
            redis_state.failed(error)
    _local.give_back(keys)


def remember_source(*, account: str, source: str) -> None:
    """`account` has logged in from `source`: what others do elsewhere doesn't lock it out there."""
    remember(Count("known", f"{account}|{source}"), seconds=KNOWN_SOURCE_SECONDS)


def is_known_source(*, account: str, source: str) -> bool:
    return remembers(Count("known", f"{account}|{source}"))


def remember(mark: Count, *, seconds: int) -> None:
    """Nothing that must hold may hang on it: without Redis it is forgotten."""
    client = _available()
    if client is not None:
        try:
            client.set(_key(mark), "1", ex=seconds)
        except redis.RedisError as error:
            redis_state.failed(error)


def remembers(mark: Count) -> bool:
    client = _available()
    if client is None:
        return False
    try:
        return bool(client.exists(_key(mark)))
    except redis.RedisError as error:
        redis_state.failed(error)
        return False


def keyed_hash(text: str) -> str:
    """Tells the same from another without telling what it is, to those who don't have SECRET_KEY. 32 digits."""
    secret = hashlib.sha256(settings.SECRET_KEY.encode()).digest()
    return hashlib.blake2b(text.encode(errors="replace"), key=secret, digest_size=16).hexdigest()


def _key(count: Count) -> str:
    return f"{KEY_PREFIX}{count.limit}:{keyed_hash(count.subject)}"


class LocalCounters:
    """The counters of one process, for the time without Redis. At most LOCAL_KEYS, the oldest go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def take(self, wanted: list[tuple[Count, Limit, str]]) -> Refusal | None:
        now = time.monotonic()
        with self._lock:
            for count, limit, key in wanted:
                used, ends = self._get(key, limit, now)
                if used >= math.ceil(limit.amount / settings.WEB_WORKERS):
                    return Refusal(count.limit, max(1, math.ceil(ends - now)))
            for _, limit, key in wanted:
                used, ends = self._get(key, limit, now)
                self._counters[key] = (used + 1, ends)
            while len(self._counters) > LOCAL_KEYS:
                self._counters.popitem(last=False)
        return None

    def give_back(self, keys: list[str]) -> None:
        with self._lock:
            for key in keys:
                used, ends = self._counters.get(key, (0, 0.0))
                if used:
                    self._counters[key] = (used - 1, ends)

    def clear(self) -> None:
        with self._lock:
            self._counters.clear()

    def _get(self, key: str, limit: Limit, now: float) -> tuple[int, float]:
        used, ends = self._counters.get(key, (0, 0.0))
        return (used, ends) if ends > now else (0, now + limit.seconds)


_local = LocalCounters()
_client: redis.Redis | None = None
_client_url = ""


def _available() -> redis.Redis | None:
    """The client, or None while Redis is taken to be gone."""
    global _client, _client_url
    if redis_state.is_gone():
        return None
    if _client is None or _client_url != settings.REDIS_URL:
        options: dict[str, Any] = dict(settings.REDIS_CLIENT_OPTIONS)
        _client, _client_url = redis.Redis.from_url(settings.REDIS_URL, **options), settings.REDIS_URL
    return _client
