"""Taking a quiz in the browser: its terms, answering with or without JavaScript, handing in, the result."""

import json
import uuid
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from core.errors import Conflict, DomainError, Unprocessable
from courses.permissions import teaches
from pages import questions
from pages.access import count, for_people
from pages.learning import PAGE_SIZE, with_lesson_text
from quizzes import selectors, services
from quizzes.api import fields
from quizzes.kinds import Kind
from quizzes.models import Attempt, AttemptState, ClosedAs

TOO_LATE = ("attempt_closed", "deadline_passed")


@require_safe
@for_people
def quiz(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    shown = selectors.quiz_for(user, public_id)
    mine = selectors.attempts_for(user).filter(quiz=shown, enrollment__user=user).order_by("-started_at", "-pk")
    page = Paginator(mine, PAGE_SIZE).get_page(request.GET.get("page"))
    extra = selectors.accommodation_of(user, shown)
    values = {
        "quiz": shown,
        "lesson": shown.lesson,
        "course": shown.lesson.section.course,
        "page": page,
        "attempts": [_summary(attempt) for attempt in page],
        "running": mine.filter(state=AttemptState.IN_PROGRESS).exists(),
        "most": shown.max_attempts and shown.max_attempts + extra.extra_attempts,
        "minutes": shown.time_limit_seconds and _length(shown.time_limit_seconds + extra.extra_seconds),
        "extra": _length(extra.extra_seconds) if extra.extra_seconds else "",
    }
    return with_lesson_text(request, "pages/quiz.html", values)


@require_POST
@for_people
def start(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    count(user, "submits")
    attempt, _created = services.start_attempt(user=user, quiz=selectors.quiz_for(user, public_id))
    return redirect("pages:attempt", public_id=attempt.public_id)


@require_safe
@for_people
def attempt(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    shown = selectors.attempt_for(user, public_id)
    own = shown.enrollment.user_id == user.pk
    if own and shown.state == AttemptState.IN_PROGRESS:
        return _form(request, shown)
    staff = not own and teaches(user, shown.quiz.lesson.section.course)
    detail = fields.attempt_detail(shown, staff=staff)
    values = {
        **_summary(shown),
        "lesson": shown.quiz.lesson,
        "course": shown.quiz.lesson.section.course,
        "own": own,
        "open_book": detail["feedback_visible"],
        "pass_mark": shown.quiz.pass_mark,
        "questions": [questions.outcome(answer) for answer in detail["answers"]],
    }
    return with_lesson_text(request, "pages/result.html", values)


@require_POST
@for_people
def save(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    """What the whole form holds, for browsers without JavaScript. What can't be kept comes back as it was typed."""
    selectors.own_attempt(user, public_id)
    if "remove" in request.POST:
        _take_back(user, public_id, request.POST["remove"])
    if wrong := _keep(request, user, selectors.attempt_for(user, public_id)):
        return _form(request, selectors.attempt_for(user, public_id), wrong)
    messages.success(request, _("Saved."))
    place = request.POST.get("save", "")
    fragment = f"#question-{place}" if place.isdigit() else ""
    return redirect(reverse("pages:attempt", args=[public_id]) + fragment)


@require_POST
@for_people
def hand_in(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    """Saves what the form holds, then closes the attempt; again changes nothing."""
    count(user, "submits")
    mine = selectors.own_attempt(user, public_id)
    try:
        wrong = _keep(request, user, selectors.attempt_for(user, public_id))
    except Conflict as error:
        if error.code not in TOO_LATE:
            raise
        wrong = {}
        if mine.state == AttemptState.IN_PROGRESS:
            messages.warning(request, _("The last changes came too late. What was saved in time counts."))
    if wrong:
        return _form(request, selectors.attempt_for(user, public_id), wrong)
    services.submit_attempt(attempt=mine)
    return redirect("pages:attempt", public_id=public_id)


def _keep(request: HttpRequest, user: User, shown: Attempt) -> dict[int, str]:
    """Save what differs from what is stored. Returns what is wrong, by position. Raises Conflict once it is over."""
    wrong: dict[int, str] = {}
    for asked in fields.attempt_detail(shown, staff=False)["answers"]:
        position = asked["position"]
        if f"q{position}:shown" not in request.POST:
            continue
        try:
            if asked["kind"] == Kind.FILE_UPLOAD:
                _add_files(request, user, shown, position)
                continue
            response = questions.response_from(asked, request.POST.getlist)
            if response != asked["response"]:
                services.save_answer(attempt=shown, position=position, response=response)
        except questions.Unclear as error:
            wrong[position] = str(error)
        except (Unprocessable, Conflict) as error:
            if error.code in TOO_LATE:
                raise
            wrong[position] = error.detail
    return wrong


def _add_files(request: HttpRequest, user: User, shown: Attempt, position: int) -> None:
    for upload in request.FILES.getlist(f"q{position}"):
        count(user, "uploads")
        services.add_answer_file(attempt=shown, position=position, upload=upload)


def _take_back(user: User, public_id: UUID, named: str) -> None:
    try:
        file = selectors.answer_file(user, UUID(named))
    except ValueError:
        raise DomainError(_("There is no such file."), code="invalid_form") from None
    mine = selectors.own_attempt(user, public_id)
    services.remove_answer_file(attempt=mine, position=file.answer.position, file=file)


def _form(request: HttpRequest, shown: Attempt, wrong: dict[int, str] | None = None) -> HttpResponse:
    """The form of an attempt in progress; with `wrong`, of what was just sent and could not all be kept."""
    detail = fields.attempt_detail(shown, staff=False)
    sent = request.POST.getlist if wrong else None
    asked = [
        questions.controls(answer, sent if f"q{answer['position']}:shown" in request.POST else None, error)
        for answer in detail["answers"]
        for error in [(wrong or {}).get(answer["position"], "")]
    ]
    left = detail["seconds_left"]
    values = {
        "attempt": shown,
        "lesson": shown.quiz.lesson,
        "course": shown.quiz.lesson.section.course,
        "questions": asked,
        "wrong": [question for question in asked if question["error"]],
        "now": int(detail["server_time"].timestamp() * 1000),
        "left": left,
        "left_in_words": None if left is None else _length(int(left)),
        "over": left == 0,
        "key": uuid.uuid4(),
        "words": json.dumps(_words()),
    }
    return with_lesson_text(request, "pages/attempt.html", values, status=422 if wrong else 200)


def _words() -> dict[str, str]:
    """What the script says. Times are put in for {time}, reasons for {reason}."""
    return {
        "saved": _("Saved at {time}."),
        "unsaved": _("Not saved yet."),
        "waiting": _("Not saved yet: no connection. It is kept in this browser."),
        "lost": _("Not saved yet, and this browser can't keep it: leave this page open."),
        "refused": _("Not saved: {reason}"),
        "unclear": _("Not saved yet: give each item a place of its own."),
        "late": _("Not saved: it came too late."),
        "elsewhere": _("A later answer was saved on another device or page. What you typed here is kept."),
        "use": _("Use what I typed here"),
        "sending": _("The file is being sent."),
        "sent": _("The file is saved."),
        "unsent": _("The file is not sent yet: no connection. Leave this page open, it is tried again."),
        "remove": _("Remove"),
        "offline": _("The server can't be reached. What you type is kept in this browser and saved as soon as it can."),
        "online": _("The connection is back."),
        "logged_out": _(
            "You are logged out. What you type is kept in this browser: log in again, then open this page."
        ),
        "not_handed_in": _("Not handed in: some answers are not saved yet. Try again in a moment."),
        "over": _("The attempt is over. What was saved in time counts."),
        "result": _("See the result"),
        "left": _("{time} left"),
        "minutes_5": _("5 minutes left."),
        "minutes_1": _("1 minute left."),
    }


def _summary(shown: Attempt) -> dict[str, Any]:
    """What an attempt came to, in words, with the numbers of the API."""
    summary = fields.attempt_summary(shown, staff=False)
    words = {
        AttemptState.IN_PROGRESS: _("in progress"),
        AttemptState.SUBMITTED: _("being graded"),
        AttemptState.EXPIRED: _("being graded"),
        AttemptState.GRADING: _("waits for grading by a person"),
        AttemptState.GRADED: _("passed") if shown.passed else _("not passed"),
    }
    return {
        "result": summary,
        "state": words[AttemptState(shown.state)],
        "graded": shown.state == AttemptState.GRADED,
        "expired": shown.closed_as == ClosedAs.EXPIRED,
    }


def _length(seconds: int) -> str:
    """A duration in the two largest units that it has."""
    days, rest = divmod(max(0, seconds), 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    units = [(days, _("d")), (hours, _("h")), (minutes, _("min")), (rest, _("s"))]
    first = next((place for place, (amount, _unit) in enumerate(units) if amount), len(units) - 1)
    return " ".join(f"{amount} {unit}" for amount, unit in units[first : first + 2] if amount) or f"0 {_('s')}"
