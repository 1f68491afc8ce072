"""Limits of the API, for DRF. The counters are ours: DRF's own read, add and write back, and parallel calls slip by."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import limits, signals
from accounts.client_address import client_address, network_key
from accounts.limits import Count, Refusal
from accounts.models import User
from core.events import announce


class RoleThrottle(BaseThrottle):
    """So many requests by role: per person, and per source for those who aren't logged in.

    A view's `throttle_scope` names a second limit of settings.LIMITS (submits, uploads, public pages) that counts its
    unsafe methods, or all of them when `throttle_reads` is true. Both count, or neither.
    """

    refusal: Refusal | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        user = request.user
        if isinstance(user, User):
            role, subject = user.role, f"person:{user.pk}"
        else:
            role, subject = "anonymous", f"source:{network_key(client_address(request._request))}"
        counts = [Count(f"api_{role}", subject)]
        scope = getattr(view, "throttle_scope", None)
        if scope and (request.method not in ("GET", "HEAD", "OPTIONS") or getattr(view, "throttle_reads", False)):
            counts.insert(0, Count(scope, subject))
        self.refusal = limits.take(*counts)
        if self.refusal is not None:
            source = client_address(request._request)
            announce(signals.throttled, User, limit=self.refusal.limit, source=source)
        return self.refusal is None

    def wait(self) -> float | None:
        return self.refusal.retry_after if self.refusal else None
