"""POST /alerts: a receiver for Alertmanager's webhook that writes one log line for each alert."""

import json
import logging
import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from observability.conf import conf

MAX_BYTES = 1_000_000
MAX_ALERTS = 500

logger = logging.getLogger("observability.alerts")


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """204 once every alert is logged; 403 without the bearer token, 400 for what is not Alertmanager's message."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = str(conf.ALERTS_TOKEN)
    if not expected or scheme.lower() != "bearer" or not secrets.compare_digest(token.encode(), expected.encode()):
        return _problem(403, "A valid bearer token is needed.")
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES:
        return _problem(413, f"At most {MAX_BYTES} bytes.")
    try:
        message = json.loads(request.body)
        lines = [_line(message, alert) for alert in message["alerts"][:MAX_ALERTS]]
    except (ValueError, TypeError, KeyError, AttributeError):
        return _problem(400, "This is not a message of Alertmanager's webhook.")
    for line in lines:
        logger.info("alert %s %s", line["alertname"], line["status"], extra={"event": "alert", **line})
    return HttpResponse(status=204)


def _line(message: dict[str, Any], alert: dict[str, Any]) -> dict[str, str]:
    labels, annotations = alert["labels"], alert.get("annotations", {})
    return {
        "alertname": str(labels["alertname"]),
        "status": str(alert["status"]),
        "severity": str(labels.get("severity", "")),
        "category": str(labels.get("category", "")),
        "receiver": str(message.get("receiver", "")),
        "summary": str(annotations.get("summary", "")),
        "starts_at": str(alert.get("startsAt", "")),
        "fingerprint": str(alert.get("fingerprint", "")),
    }


def _problem(status: int, detail: str) -> HttpResponse:
    body = {"type": "about:blank", "title": "Alert not taken", "status": status, "detail": detail}
    return JsonResponse(body, status=status, content_type="application/problem+json")
