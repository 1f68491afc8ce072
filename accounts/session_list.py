"""The list of a person's sessions: each login adds one, and the oldest ends when there are too many.

allauth's own receiver looks every listed session up, one by one, at each login: whoever logs in often waits longer each
time. Here a login costs the same whatever the list holds.
"""

import datetime
import time
from importlib import import_module

from allauth.account.signals import user_logged_in
from allauth.usersessions.models import UserSession
from allauth.usersessions.signals import on_user_logged_in
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.permissions import caller

MOST_SESSIONS = 100
SEEN_SECONDS = 300
MOST_TOLD = 10_000
KEY_LENGTH = 40  # of a session; whatever else a client sends in its place takes no more memory
_told: dict[str, float] = {}  # when this process last wrote about a session; forgetting costs a write
ENDED_BY_ONE_LOGIN = 20  # a list from before there was a bound shrinks login by login


def replace_allauths_receiver() -> None:
    user_logged_in.disconnect(on_user_logged_in)


def record_login(request: HttpRequest) -> None:
    """The session of `request`, whose login is complete, is in the list; what has ended is not any more."""
    UserSession.objects.create_from_request(request)
    _tidy(caller(request))


def seen(request: HttpRequest) -> None:
    """Keeps `last_seen_at` of the session behind `request` true to SEEN_SECONDS, at one write in that time."""
    key = (request.session.session_key or request.headers.get("X-Session-Token", ""))[:KEY_LENGTH]
    now = time.monotonic()
    if not key or now - _told.get(key, -SEEN_SECONDS) < SEEN_SECONDS:
        return
    if len(_told) >= MOST_TOLD:
        _told.clear()
    _told[key] = now
    before = timezone.now() - datetime.timedelta(seconds=SEEN_SECONDS)
    UserSession.objects.filter(session_key=key, last_seen_at__lt=before).update(last_seen_at=timezone.now())


def _tidy(person: User) -> None:
    alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=timezone.now())
    listed = UserSession.objects.filter(user=person)
    listed.exclude(Exists(alive)).delete()
    oldest = list(listed.order_by("-pk")[MOST_SESSIONS : MOST_SESSIONS + ENDED_BY_ONE_LOGIN])
    store = import_module(settings.SESSION_ENGINE).SessionStore()  # the one that forgets its cached copy too
    for session in oldest:
        store.delete(session.session_key)
    UserSession.objects.filter(pk__in=[session.pk for session in oldest]).delete()
