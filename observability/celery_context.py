"""Carries the publisher's context into the task, in a message header; keeps Celery's hands off our handlers."""

from contextvars import Token
from typing import Any

from celery import signals

from observability import sentry
from observability.context import Context, capture, enter, leave
from observability.logs.sink import flush_all

HEADER = "observability"

_entered: dict[str, Token[Context | None]] = {}


@signals.before_task_publish.connect(weak=False, dispatch_uid="observability")
def publish_context(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    captured = capture()
    if captured and headers is not None:
        headers[HEADER] = captured


@signals.task_prerun.connect(weak=False, dispatch_uid="observability")
def enter_context(task_id: str = "", task: Any = None, **kwargs: Any) -> None:
    headers = getattr(task.request, "headers", None) or {}
    captured = headers.get(HEADER)
    if not isinstance(captured, dict):
        captured = {}
    context = Context(
        request_id=str(captured.get("request_id", "")) or task_id,
        traceparent=str(captured.get("traceparent", "")),
        task=task.name,
    )
    _entered[task_id] = enter(context)
    sentry.tag_work(context)


@signals.task_postrun.connect(weak=False, dispatch_uid="observability")
def leave_context(task_id: str = "", **kwargs: Any) -> None:
    token = _entered.pop(task_id, None)
    if token is not None:
        leave(token)


@signals.worker_process_shutdown.connect(weak=False, dispatch_uid="observability")
def write_last_lines(**kwargs: Any) -> None:
    # A pool's child leaves by os._exit, past the interpreter's own goodbye.
    flush_all()


@signals.setup_logging.connect(weak=False, dispatch_uid="observability")
def keep_our_handlers(**kwargs: Any) -> None:
    """A receiver of this signal, even one that does nothing, stops Celery from adding handlers of its own."""
