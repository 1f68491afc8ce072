"""Last activity of a person, written at most once in five minutes."""

import datetime
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User

RESOLUTION = datetime.timedelta(minutes=5)


class LastActivityMiddleware:
    """Keeps `User.last_activity_at` true to five minutes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            now = timezone.now()
            if user.last_activity_at is None or now - user.last_activity_at > RESOLUTION:
                User.objects.filter(pk=user.pk).update(last_activity_at=now)
        return response
