"""The broker's queues and workers, measured from outside the workers: right with none alive.

Needs Celery and redis-py. Celery keeps a list for each priority step of a queue, and what a worker has taken and not
acknowledged in one hash for all queues.
"""

import json
import logging
import time
from functools import cache
from typing import Any

import redis
from celery import current_app
from redis.backoff import NoBackoff
from redis.retry import Retry

from observability import facts
from observability.conf import conf
from observability.metrics.celery import PUBLISHED_AT

logger = logging.getLogger(__name__)

STEPS = (0, 3, 6, 9)
SEPARATOR = "\x06\x16"
TIMEOUT_SECONDS = 0.5
PING_SECONDS = 1.0
EVERY_SECONDS = 5.0


def queue_names() -> list[str]:
    configured = current_app.conf.task_queues or ()
    return sorted({queue.name for queue in configured} | {current_app.conf.task_default_queue})


def lists(queue: str) -> list[str]:
    """The Redis lists of a queue, the most urgent first."""
    options = current_app.conf.broker_transport_options or {}
    steps, separator = options.get("priority_steps", STEPS), options.get("sep", SEPARATOR)
    prefix = options.get("global_keyprefix", "")
    return [prefix + (f"{queue}{separator}{step}" if step else queue) for step in steps]


def _key(name: str) -> str:
    options = current_app.conf.broker_transport_options or {}
    return str(options.get("global_keyprefix", "")) + name


@cache
def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=Retry(NoBackoff(), 0)
    )


def client() -> "redis.Redis":
    return _client(conf.BROKER_URL or conf.REDIS_URL)


def depths() -> dict[str, float]:
    """Queue to messages that no worker has taken, over all priorities."""
    broker = client()
    return {queue: float(sum(broker.llen(name) for name in lists(queue))) for queue in queue_names()}


def unacknowledged() -> float:
    return float(client().hlen(_key("unacked")))


def oldest_ages() -> dict[str, float]:
    """Queue to the age in seconds of its oldest waiting message; 0 when none waits or none says when it was sent."""
    broker, now = client(), time.time()
    ages = {}
    for queue in queue_names():
        # Workers take from the right: the oldest of a list stands there.
        waiting = [message for name in lists(queue) if (message := broker.lindex(name, -1)) is not None]
        ages[queue] = max((_age(message, now) for message in waiting), default=0.0)
    return ages


def _age(message: Any, now: float) -> float:
    try:
        published = json.loads(message)["headers"][PUBLISHED_AT]
        return max(0.0, now - float(published))
    except (ValueError, KeyError, TypeError):
        return 0.0


def workers() -> float:
    """Workers that answer a ping in time."""
    with current_app.connection_for_write(
        transport_options={**(current_app.conf.broker_transport_options or {}), "max_retries": 0}
    ) as connection:
        return float(len(current_app.control.ping(timeout=PING_SECONDS, connection=connection) or ()))


def register() -> None:
    """Register the facts of the broker."""
    queues = {"queue": queue_names()}
    facts.register(
        "celery_queue_messages",
        "Messages that wait in this queue, over all priorities.",
        depths,
        labels=queues,
        every=EVERY_SECONDS,
    )
    facts.register(
        "celery_unacknowledged_messages",
        "Messages that workers have taken and not acknowledged, over all queues.",
        unacknowledged,
        every=EVERY_SECONDS,
    )
    facts.register(
        "celery_queue_oldest_message_age_seconds",
        "Age of the oldest message that waits in this queue.",
        oldest_ages,
        labels=queues,
        every=EVERY_SECONDS,
    )
    facts.register("celery_workers", "Workers that answer a ping.", workers, every=3 * EVERY_SECONDS)
