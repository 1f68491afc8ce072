"""A test event with made-up personal data, sent as the host sends its own and read again through Sentry's API."""

import json
import time

import sentry_sdk

from observability.sentry.client import options
from observability.verification.client import Unreachable, bearer, request
from observability.verification.environment import Environment

ARRIVAL_SECONDS = 60.0
MADE_UP = {
    "an e-mail address": "canary.person@example.org",
    "a bearer token": "canaryBearer0123456789abcdef",
    "a password": "canarypassword1",
    "an address of a client": "203.0.113.77",
}


def send() -> str:
    """The event's id. Raises Unreachable without a DSN or when it could not be handed over."""
    if not options()["dsn"]:
        raise Unreachable("SENTRY_DSN is not set: nothing reports errors")
    client = sentry_sdk.Client(**options())
    text = (
        f"verify_observability: test event; mail to {MADE_UP['an e-mail address']}, "
        f"Authorization: Bearer {MADE_UP['a bearer token']}, password={MADE_UP['a password']}, "
        f"from {MADE_UP['an address of a client']}"
    )
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        event_id = scope.capture_message(text, level="info")
    client.close(timeout=5.0)
    if not event_id:
        raise Unreachable("the SDK dropped the test event")
    return event_id


def read(environment: Environment, event_id: str, seconds: float = ARRIVAL_SECONDS) -> str:
    """The event as Sentry keeps it. Raises Unset, or Unreachable when it doesn't arrive in time."""
    base, project = environment.need("sentry_url"), environment.sentry_project
    url = f"{base}/api/0/projects/{project}/events/{event_id}/"
    deadline = time.monotonic() + seconds
    while True:
        answer = request(url, headers=bearer(environment.sentry_token))
        if answer.status == 200:
            return json.dumps(answer.json(), ensure_ascii=False)
        if answer.status in {401, 403}:
            raise Unreachable(f"Sentry's API refuses VERIFY_SENTRY_TOKEN ({answer.status})")
        if time.monotonic() > deadline:
            raise Unreachable(f"the test event {event_id} did not arrive within {seconds:.0f} s")
        time.sleep(1)


def leaks(text: str) -> list[str]:
    """What of the made-up data is still there."""
    return [f"the event holds {what}" for what, value in MADE_UP.items() if value in text]
