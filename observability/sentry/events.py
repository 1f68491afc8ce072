"""What is reported: one event per failed response, transactions by route, traces worth keeping."""

import random
from collections.abc import Callable
from typing import Any

import sentry_sdk
from django.urls import NoReverseMatch, reverse

from observability.conf import conf
from observability.context import Context, current, known_user_id
from observability.policy import current_policy
from observability.redaction import redact_text
from observability.statements import normalised

QUIET_VIEWS = ("health", "ready", "metrics")
NO_ROUTE = "(no route)"
_FAILED = frozenset({"internal_error", "unknown_error", "unavailable", "deadline_exceeded", "data_loss"})

Event = dict[str, Any]
Hook = Callable[[Any, Any], Any]


def tag_work(context: Context) -> None:
    scope = sentry_sdk.get_isolation_scope()
    scope.set_tag("request_id", context.request_id)
    scope.set_tag("w3c_trace_id", context.trace_id)


def finish_request(request: Any, context: Context, status: int) -> None:
    tag_work(context)
    user_id = known_user_id(request)
    if user_id:
        sentry_sdk.get_isolation_scope().set_user({"id": user_id})
    if status >= 500 and not context.reported:
        match = request.resolver_match
        route = f"/{match.route}" if match else NO_ROUTE
        sentry_sdk.capture_event(
            {
                "level": "error",
                "logger": "observability.response",
                "message": f"{request.method} {route} answered {status}",
                "fingerprint": ["response", str(request.method), route, str(status)],
            }
        )


def before_send(then: Hook | None) -> Hook:
    def prepare(event: Event, hint: Any) -> Event | None:
        _only_id(event)
        _name_by_route(event)
        for crumb in _values(event.get("breadcrumbs")):
            if crumb.get("category") == "redis":
                crumb["message"] = str(crumb.get("message") or "").partition(" ")[0]
                crumb["data"] = _without_keys(crumb.get("data"))
        context = current()
        if context is not None:
            event["tags"] = {
                "request_id": context.request_id,
                "w3c_trace_id": context.trace_id,
                **(event.get("tags") or {}),
            }
            user_id = context.fields().get("user_id")
            if user_id:
                event["user"] = {"id": user_id}
        sent: Event | None = then(event, hint) if then else event
        if context is not None and sent is not None and event.get("level", "error") in {"error", "fatal"}:
            context.reported = True
        return sent

    return prepare


def before_send_transaction(then: Hook | None) -> Hook:
    def prepare(event: Event, hint: Any) -> Event | None:
        if not _worth_keeping(event):
            return None
        _only_id(event)
        _name_by_route(event)
        for span in event.get("spans") or ():
            _name_by_kind(span)
        sent: Event | None = then(event, hint) if then else event
        return sent

    return prepare


def _name_by_kind(span: dict[str, Any]) -> None:
    """SQL by its statement without values, Redis by its command without keys: a session's key is a credential."""
    operation = str(span.get("op", ""))
    description = str(span.get("description") or "")
    if operation.startswith(("db.redis", "cache")):
        span["description"] = description.partition(" ")[0] if operation.startswith("db.redis") else operation
        span["data"], span["tags"] = _without_keys(span.get("data")), _without_keys(span.get("tags"))
    elif operation.startswith("db"):
        # Redacted first: without its quotes and comments a secret may no longer look like one.
        span["description"] = normalised(redact_text(description, current_policy()))


def _without_keys(data: Any) -> dict[str, Any]:
    given = data if isinstance(data, dict) else {}
    return {name: value for name, value in given.items() if not name.endswith((".key", ".keys", ".parts", "statement"))}


def _values(breadcrumbs: Any) -> list[dict[str, Any]]:
    values = breadcrumbs.get("values") if isinstance(breadcrumbs, dict) else breadcrumbs
    return [value for value in values or () if isinstance(value, dict)]


def _only_id(event: Event) -> None:
    """Of a person, an address and a name are more than an error report needs."""
    user = event.get("user")
    if isinstance(user, dict):
        event["user"] = {"id": str(user["id"])} if user.get("id") else {}


def _name_by_route(event: Event) -> None:
    """A path without a route is whatever somebody typed."""
    info = event.get("transaction_info")
    if isinstance(info, dict) and info.get("source") == "url":
        event["transaction"] = NO_ROUTE
        event["transaction_info"] = {"source": "route"}


def _worth_keeping(event: Event) -> bool:
    trace: dict[str, Any] = (event.get("contexts") or {}).get("trace") or {}
    if trace.get("status") in _FAILED:
        return True
    began, ended = event.get("start_timestamp"), event.get("timestamp")
    if _seconds(ended) - _seconds(began) >= conf.SENTRY_SLOW_SECONDS:
        return True
    return random.random() < float(conf.SENTRY_ORDINARY_TRACES_KEPT)


def _seconds(moment: Any) -> float:
    if isinstance(moment, str):
        from django.utils.dateparse import parse_datetime

        moment = parse_datetime(moment)
    if hasattr(moment, "timestamp"):
        return float(moment.timestamp())
    return float(moment or 0.0)


def sample(sampling_context: dict[str, Any]) -> float:
    """Rate at which work is traced. A task follows its request; a client can't ask for traces by a header."""
    environment: dict[str, Any] = sampling_context.get("wsgi_environ") or {}
    scope: dict[str, Any] = sampling_context.get("asgi_scope") or {}
    if environment or scope:
        path = environment.get("PATH_INFO") or scope.get("path")
        return 0.0 if path in quiet_paths() else float(conf.SENTRY_TRACES_SAMPLE_RATE)
    parent = sampling_context.get("parent_sampled")
    return float(parent) if parent is not None else float(conf.SENTRY_TRACES_SAMPLE_RATE)


_quiet_paths: frozenset[str] | None = None


def quiet_paths() -> frozenset[str]:
    global _quiet_paths
    if _quiet_paths is None:
        paths = set()
        for name in QUIET_VIEWS:
            try:
                paths.add(reverse(name))
            except NoReverseMatch:
                continue
        _quiet_paths = frozenset(paths)
    return _quiet_paths
