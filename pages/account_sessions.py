"""Where one is logged in: each session with its device, and an end to one or all others."""

from allauth.usersessions.internal.flows import sessions as flows
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from core.errors import NotFound
from pages.access import own_page

# What a browser or a system calls itself; the first that occurs, because newer ones name their ancestors too.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "HeadlessChrome/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


@require_safe
@own_page("usersessions:sessions")
def sessions(request: HttpRequest, user: User) -> HttpResponse:
    mine = sorted(UserSession.objects.purge_and_list(user), key=lambda each: each.last_seen_at, reverse=True)
    shown = [{"session": each, "device": device(each.user_agent), "current": each.is_current()} for each in mine]
    return render(request, "pages/account/sessions.html", {"sessions": shown})


@require_POST
@own_page("usersessions:sessions")
def end(request: HttpRequest, user: User, number: int) -> HttpResponse:
    mine = list(UserSession.objects.filter(user=user, pk=number))
    if not mine:
        raise NotFound(_("There is no such session."))
    flows.end_sessions(request, mine)
    if not request.user.is_authenticated:
        return redirect("pages:login")
    messages.success(request, _("That session has ended."))
    return redirect("pages:sessions")


@require_POST
@own_page("usersessions:sessions")
def end_others(request: HttpRequest, user: User) -> HttpResponse:
    flows.end_other_sessions(request, user)
    messages.success(request, _("You are logged out everywhere else."))
    return redirect("pages:sessions")


def device(user_agent: str) -> str:
    """A browser and its system, such as "Firefox, Linux"; what isn't known as it calls itself, shortened."""
    found = [next((name for mark, name in names.items() if mark in user_agent), "") for names in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, found)) or user_agent[:40] or _("Unknown device")
