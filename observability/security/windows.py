"""Counters in Redis: bounded in number and in size, whatever an attacker sends. Nothing here holds an address.

Each script does all of one observation, so parallel processes agree. Without Redis the callers get RedisError.
"""

import time
import uuid
from functools import cache
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from observability.conf import conf

PREFIX = "security:"
TIMEOUT_SECONDS = 0.5
PAUSE_SECONDS = 2.0
FAILURES_KEPT = 100  # per source; small enough for Redis' compact encoding
SOURCES_KEPT = 5_000
COOLDOWN_SECONDS = 900
BUDGET_SECONDS = 300
SUBJECTS_PER_BUDGET = 20_000

# A sliding window per source, and an index of the sources by their last failure. Answers 1 when the source has just
# gone over the threshold and hadn't lately.
_FAIL = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local index, source, member = KEYS[1], ARGV[1], ARGV[2]
local window, kept, sources = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local prefix = ARGV[8]
redis.call('ZREMRANGEBYSCORE', index, '-inf', now - window)
if not redis.call('ZSCORE', index, source) and redis.call('ZCARD', index) >= sources then
  redis.call('DEL', prefix .. 'fails:' .. redis.call('ZPOPMIN', index)[1])
end
redis.call('ZADD', index, now, source)
redis.call('PEXPIRE', index, window)
local key = prefix .. 'fails:' .. source
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
redis.call('ZADD', key, now, member)
redis.call('ZREMRANGEBYRANK', key, 0, -kept - 1)
redis.call('PEXPIRE', key, window)
if redis.call('ZCARD', key) > tonumber(ARGV[6])
   and redis.call('SET', prefix .. 'crossed:' .. source, '1', 'NX', 'EX', ARGV[7]) then
  return 1
end
return 0
"""
_MOST = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1])
local most = 0
for _, source in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  most = math.max(most, redis.call('ZCOUNT', ARGV[2] .. 'fails:' .. source, now - ARGV[1] + 1, '+inf'))
end
return most
"""
# Different values seen of one subject, at most as many as the threshold. Answers 1 when the threshold is reached.
_DISTINCT = """
local threshold = tonumber(ARGV[2])
local known = redis.call('SCARD', KEYS[1])
if known >= threshold then return 0 end
if known == 0 then
  local used = redis.call('INCR', KEYS[2])
  if used == 1 then redis.call('EXPIRE', KEYS[2], ARGV[5]) end
  if used > tonumber(ARGV[4]) then return 0 end
end
if redis.call('SADD', KEYS[1], ARGV[1]) == 0 then return 0 end
if known == 0 then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
if known + 1 >= threshold then return 1 end
return 0
"""
# How often in this window. Answers the number when it deserves a row (1, 10, 100 ...), 0 when not, -1 when it
# deserves one and this minute's rows are used up.
_REPEAT = """
local number = redis.call('INCR', KEYS[1])
if number == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
local rest = number
while rest % 10 == 0 do rest = rest / 10 end
if rest ~= 1 then return 0 end
local used = redis.call('INCR', KEYS[2])
if used == 1 then redis.call('EXPIRE', KEYS[2], 60) end
if used > tonumber(ARGV[2]) then
  if number == 1 then redis.call('DEL', KEYS[1]) end
  return -1
end
return number
"""


@cache
def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=Retry(NoBackoff(), 0)
    )


class _Pause:
    """After a failure nobody in this process asks Redis for a moment: each would wait for its timeout."""

    until = 0.0


def _eval(script: str, keys: list[str], *arguments: Any) -> int:
    """Raises RedisError, at once for a moment after a failure, or without a REDIS_URL."""
    if not conf.REDIS_URL or time.monotonic() < _Pause.until:
        raise redis.ConnectionError("Redis is taken to be gone")
    try:
        return int(_client(conf.REDIS_URL).eval(script, len(keys), *(PREFIX + key for key in keys), *arguments))
    except redis.RedisError:
        _Pause.until = time.monotonic() + PAUSE_SECONDS
        raise


def _window() -> int:
    return int(conf.SECURITY_FAILED_LOGIN_SECONDS * 1000)


def count_failure(source: str) -> bool:
    """Count one failed login of `source` (a keyed hash). Whether it has just gone over the threshold."""
    arguments = (SOURCES_KEPT, conf.SECURITY_FAILED_LOGIN_THRESHOLD, COOLDOWN_SECONDS, PREFIX)
    return bool(_eval(_FAIL, ["sources"], source, uuid.uuid4().hex[:16], _window(), FAILURES_KEPT, *arguments))


def most_failures() -> float:
    """Failed logins within the window of the source that has the most."""
    return float(_eval(_MOST, ["sources"], _window(), PREFIX))


def reaches(rule: str, subject: str, value: str, *, threshold: int, seconds: int) -> bool:
    """Whether `value` makes it `threshold` different ones of `subject` within a window that began with the first.

    True once per window. At most SUBJECTS_PER_BUDGET new subjects in BUDGET_SECONDS are watched; the others are not.
    """
    keys = [f"{rule}:{subject}", f"subjects:{rule}"]
    return bool(_eval(_DISTINCT, keys, value, threshold, seconds, SUBJECTS_PER_BUDGET, BUDGET_SECONDS))


def repeat(event: str, subject: str, *, seconds: int, budget: int) -> int:
    """Count one `event` of `subject`: its number when it deserves a row (1, 10, 100 ...), else 0.

    -1 when it deserves a row and `budget` rows of this event have been granted within the minute.
    """
    return _eval(_REPEAT, [f"repeat:{event}:{subject}", f"rows:{event}"], seconds, budget)
