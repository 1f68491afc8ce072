"""The one gate to Sentry: whatever the SDK sends, of any kind, is redacted here or not sent.

Redaction sits at the transport because nothing is behind it. The SDK's hooks each see a part only: `before_send` no
transactions, its scrubber nothing once `data_collection` is set, and where `before_send_span` fails the original goes.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sentry_sdk.envelope import Envelope, Item, PayloadRef
from sentry_sdk.spotlight import SpotlightClient
from sentry_sdk.transport import HttpTransport

from observability.policy import current_policy
from observability.redaction import UNREDACTABLE, Policy, redact, redact_text

REQUEST_TIMEOUT_SECONDS = 5
PAUSE_SECONDS = 5
# Ids of the protocol: hexadecimal, so they hold nothing, and an envelope without them is refused.
_IDS = frozenset({"event_id", "trace_id", "span_id", "parent_span_id", "check_in_id", "sid", "public_key"})
_ID = re.compile(r"[0-9a-f][0-9a-f-]{14,34}[0-9a-f]")
# The program's own text, the same in every event: redacted once, then remembered.
_PROGRAM = frozenset({"abs_path", "filename", "function", "module", "context_line", "pre_context", "post_context"})
_BATCHES = frozenset({"items", "spans", "values", "frames"})


def scrubbed(value: Any) -> Any:
    """`redact` for the shapes of the protocol: ids stay, and each member of a long list has a budget of its own."""
    if not isinstance(value, dict):
        return redact(value, current_policy())
    policy = current_policy()
    result: dict[str, Any] = {}
    for key, member in value.items():
        if key in _IDS and isinstance(member, str) and _ID.fullmatch(member):
            result[key] = member
        elif key in _BATCHES and isinstance(member, list):
            result[key] = [scrubbed(item) for item in member]
        elif key in _PROGRAM and isinstance(member, (str, list, dict)):
            result[key] = _program_text(member)
        elif key in {"contexts", "trace", "exception", "stacktrace", "breadcrumbs", "threads"} and isinstance(
            member, dict
        ):
            result[key] = scrubbed(member)
        else:
            pair = redact({key: member}, policy)
            result.update(pair if isinstance(pair, dict) else {key: UNREDACTABLE})
    return result


def _program_text(value: Any) -> Any:
    if isinstance(value, str):
        return _remembered(value, current_policy())
    if isinstance(value, list):
        return [_program_text(item) for item in value]
    return {_program_text(key): _program_text(member) for key, member in value.items()}


@lru_cache(maxsize=8192)
def _remembered(text: str, policy: Policy) -> str:
    return redact_text(text, policy)


class ScrubbedPayload(PayloadRef):
    """A payload redacted when it is written out, which the SDK does in its own thread."""

    def __init__(self, original: PayloadRef) -> None:
        super().__init__(json=original.json)

    def get_bytes(self) -> bytes:
        if self.bytes is None:
            self.bytes = scrubbed_json(self.json)
        return self.bytes


def scrubbed_json(value: Any) -> bytes:
    """The redacted value as JSON. One that can't be redacted leaves its protocol's ids and nothing else."""
    try:
        return _dump(scrubbed(value))
    except Exception:
        kept = ("event_id", "timestamp", "start_timestamp", "platform", "level", "type")
        remains = {key: value[key] for key in kept if isinstance(value, dict) and key in value}
        return _dump({key: str(member)[:64] for key, member in remains.items()} | {"message": UNREDACTABLE})


def _dump(value: Any) -> bytes:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=_as_text)
    return text.encode("utf-8", "replace")


def _as_text(value: Any) -> str:
    return redact_text(str(value), current_policy())


def scrubbed_envelope(envelope: Envelope) -> Envelope:
    """The envelope with every payload redacted. Files are left out: what is in them nobody can tell."""
    items = [
        Item(payload=ScrubbedPayload(item.payload), headers=scrubbed(item.headers))
        for item in envelope.items
        if item.payload.json is not None
    ]
    return Envelope(headers=scrubbed(envelope.headers), items=items)


class ScrubbingTransport(HttpTransport):
    """Redacts, and after a failed connection sends nothing for some seconds, as the SDK does after a 429."""

    TIMEOUT = REQUEST_TIMEOUT_SECONDS

    def on_dropped_event(self, reason: str) -> None:
        super().on_dropped_event(reason)
        if reason == "network":
            self._disabled_until[None] = datetime.now(UTC) + timedelta(seconds=PAUSE_SECONDS)

    def capture_envelope(self, envelope: Envelope) -> None:
        clean = scrubbed_envelope(envelope)
        if clean.items:
            super().capture_envelope(clean)


class ScrubbingSpotlight(SpotlightClient):
    def capture_envelope(self, envelope: Envelope) -> None:
        clean = scrubbed_envelope(envelope)
        if clean.items:
            super().capture_envelope(clean)
