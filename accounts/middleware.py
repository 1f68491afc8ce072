"""Last activity of a person, and a clear answer to text that can't be stored."""

import datetime
import logging
import traceback
from collections.abc import Callable

from django.db import DatabaseError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts import session_list
from accounts.models import User
from accounts.signals import person_seen
from core.problems import problem_json_response

logger = logging.getLogger(__name__)

RESOLUTION = datetime.timedelta(minutes=5)


class LastActivityMiddleware:
    """Keeps `User.last_activity_at` true to five minutes; a failure to write it costs nobody their answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        try:
            self._record(request)
        except DatabaseError as error:
            logger.warning("last activity was not written", exc_info=error, extra={"event": "person.activity_lost"})
        return response

    def _record(self, request: HttpRequest) -> None:
        # Without a loaded user nobody asked who this is, and looking it up would cost a query.
        user = getattr(request, "_cached_user", None) or request.__dict__.get("user")
        if isinstance(user, SimpleLazyObject) or not isinstance(user, User):
            return
        person_seen.send_robust(User, user=user)
        session_list.seen(request)
        now = timezone.now()
        if user.last_activity_at is not None and now - user.last_activity_at <= RESOLUTION:
            return
        stale = Q(last_activity_at__isnull=True) | Q(last_activity_at__lt=now - RESOLUTION)
        User.objects.filter(stale, pk=user.pk).update(last_activity_at=now)


class OddJSONMiddleware:
    """The sender's errors, not ours: half of a surrogate pair, which no encoding accepts, and endless nesting."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, UnicodeEncodeError):
            title = "The text holds characters that can't be stored"
        elif isinstance(exception, RecursionError) and _came_from_json(exception):
            title = "The JSON is nested too deeply"
        else:
            return None
        return problem_json_response(request, status=400, code="invalid_json", title=title)


def _came_from_json(exception: Exception) -> bool:
    frames = [frame for frame, _ in traceback.walk_tb(exception.__traceback__)]
    return bool(frames) and frames[-1].f_globals.get("__name__", "").startswith("json.")
