"""`Idempotency-Key`: a request that may arrive twice is carried out once.

Source: draft-ietf-httpapi-idempotency-key-header-07. Missing, empty or oversized key: 400. The same key with another
request: 422. While the first is being carried out: 409. Afterwards: the stored answer again. Answers are kept for a
day; those of server errors are not kept at all.
"""

import datetime
import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import caller
from core.errors import Conflict, DomainError, Unprocessable
from core.problems import CONTENT_TYPE, exception_handler
from quizzes.models import IdempotencyRecord

LONGEST_KEY = 255
KEEP = datetime.timedelta(days=1)
ABANDONED_AFTER = datetime.timedelta(seconds=60)  # longer than any request may take


def once(request: Request, work: Callable[[], tuple[int, Any]]) -> Response:
    """Carry out `work`, which returns (status, data), unless the request's key says that it was."""
    key = request.headers.get("Idempotency-Key", "")
    replayed, status, body = by_key(
        user=caller(request), key=key, fingerprint=_fingerprint(request), work=lambda: _carried_out(request, work)
    )
    headers = {"Idempotent-Replayed": "true"} if replayed else None
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE if status >= 400 else None)


def by_key(*, user: User, key: str, fingerprint: str, work: Callable[[], tuple[int, Any]]) -> tuple[bool, int, Any]:
    """Carry out `work` once for the person's key: (whether that was earlier, status, data as JSON).

    What `work` raises is raised, and leaves the key free. Raises DomainError `idempotency_key_missing` and
    `idempotency_key_invalid`, Unprocessable `idempotency_key_reused`, Conflict `request_in_flight`.
    """
    key = key.strip()
    if not key:
        raise DomainError(_("Send an Idempotency-Key with this request."), code="idempotency_key_missing")
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise DomainError(
            _("An Idempotency-Key has at most %(most)s characters.") % {"most": LONGEST_KEY},
            code="idempotency_key_invalid",
        )
    record = _claim(user, key, fingerprint)
    if record.status is not None:
        return True, record.status, record.body
    try:
        status, data = work()
        body = json.loads(JSONRenderer().render(data))
    except BaseException:
        IdempotencyRecord.objects.filter(pk=record.pk, status__isnull=True).delete()
        raise
    IdempotencyRecord.objects.filter(pk=record.pk).update(status=status, body=body)
    return False, status, body


def _carried_out(request: Request, work: Callable[[], tuple[int, Any]]) -> tuple[int, Any]:
    try:
        return work()
    except DomainError as error:
        if error.status >= 500:
            raise
        problem = exception_handler(error, {"request": request})
        assert problem is not None
        return problem.status_code, problem.data


def _claim(user: User, key: str, fingerprint: str) -> IdempotencyRecord:
    """The key's record: ours to carry out while its status is None. Raises Unprocessable and Conflict."""
    with transaction.atomic():
        record, ours = IdempotencyRecord.objects.get_or_create(
            user=user, key=key, defaults={"fingerprint": fingerprint}
        )
    if record.fingerprint != fingerprint:
        raise Unprocessable(_("This Idempotency-Key was used for another request."), code="idempotency_key_reused")
    if ours or record.status is not None:
        return record
    taken_over = IdempotencyRecord.objects.filter(
        pk=record.pk, status__isnull=True, claimed_at=record.claimed_at, claimed_at__lt=timezone.now() - ABANDONED_AFTER
    ).update(claimed_at=timezone.now())
    if not taken_over:
        raise Conflict(_("A request with this Idempotency-Key is being carried out."), code="request_in_flight")
    return record


def _fingerprint(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, default=str)
    return fingerprint_of(request.method or "", request.path, body)


def fingerprint_of(*parts: str) -> str:
    """What makes two requests the same one."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def forget_old() -> int:
    """Delete keys older than a day. Returns how many."""
    return IdempotencyRecord.objects.filter(claimed_at__lt=timezone.now() - KEEP).delete()[0]
