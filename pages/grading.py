"""Pages for grading: the queue, one answer or submission, and its grade."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.serializers import Serializer

from accounts.models import User
from core.errors import DomainError, NotFound
from courses.html import without_styles
from courses.permissions import may_change, teaches
from pages.access import for_people
from pages.learning import LESSON_POLICY
from quizzes import assignment_selectors, clock, selectors, services
from quizzes.api.assignment_fields import queue_entry
from quizzes.api.serializers import GradeSerializer, OverrideSerializer
from quizzes.models import Answer, AttemptState, Submission, SubmissionState

PAGE_SIZE = 20
RUBRIC = "rubric-"


@require_safe
@for_people
def queue(request: HttpRequest, user: User) -> HttpResponse:
    items = selectors.grading_queue(user).order_by("waiting_since", "item")
    page = Paginator(items, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [waiting for item in page if (waiting := item.answer or item.submission)]
    shown = [{"entry": queue_entry(row), "held": _held(row), "mine": _held_by(row, user)} for row in rows]
    return render(request, "pages/teaching/queue.html", {"page": page, "rows": shown})


@require_POST
@for_people
def next_item(request: HttpRequest, user: User) -> HttpResponse:
    """Takes the oldest item that nobody has."""
    item = services.claim_next(by=user, courses=selectors.taught_courses(user))
    if item is None:
        messages.info(request, _("Nothing waits for you."))
        return redirect("pages:queue")
    return _to(item)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def answer(request: HttpRequest, user: User, public_id: UUID, position: int) -> HttpResponse:
    shown = selectors.graded_answer(user, public_id, position)
    if request.method == "POST":
        return _grade(request, user, shown)
    return _item(request, user, shown)


@require_POST
@for_people
def claim_answer(request: HttpRequest, user: User, public_id: UUID, position: int) -> HttpResponse:
    return _to(services.claim(answer=selectors.graded_answer(user, public_id, position), by=user))


@require_POST
@for_people
def release_answer(request: HttpRequest, user: User, public_id: UUID, position: int) -> HttpResponse:
    services.release(answer=selectors.graded_answer(user, public_id, position), by=user)
    return redirect("pages:queue")


@require_POST
@for_people
def override_answer(request: HttpRequest, user: User, public_id: UUID, position: int) -> HttpResponse:
    return _override(request, user, selectors.graded_answer(user, public_id, position, change=True))


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def submission(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    shown = assignment_selectors.graded_submission(user, public_id)
    if request.method == "POST":
        return _grade(request, user, shown)
    return _item(request, user, shown)


@require_POST
@for_people
def claim_submission(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    return _to(services.claim_submission(submission=assignment_selectors.graded_submission(user, public_id), by=user))


@require_POST
@for_people
def release_submission(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    services.release_submission(submission=assignment_selectors.graded_submission(user, public_id), by=user)
    return redirect("pages:queue")


@require_POST
@for_people
def override_submission(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    return _override(request, user, assignment_selectors.graded_submission(user, public_id, change=True))


@require_safe
@for_people
def attempt(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    """A learner's attempt with its answers, each of which leads to its own page."""
    shown = selectors.attempt_for(user, public_id)
    if not teaches(user, shown.quiz.lesson.section.course):
        raise NotFound(_("There is no such attempt."))
    rows = [(row, _in_words(row.response, row.version.content)) for row in shown.answers.all()]
    return _with_work(
        request, "pages/teaching/attempt.html", {"attempt": shown, "rows": rows, "course": _course(shown)}
    )


def _grade(request: HttpRequest, user: User, item: Answer | Submission) -> HttpResponse:
    given = {name.removeprefix(RUBRIC): _decimal(value) for name, value in request.POST.items() if _marks(name, value)}
    sent: dict[str, Any] = {"comment": request.POST.get("comment", "")}
    if given:
        sent["rubric"] = given
    if request.POST.get("points", "").strip():
        sent["points"] = _decimal(request.POST["points"])
    form = GradeSerializer(data=sent)
    refused = _change(request, user, item, form, services.grade_answer, services.grade_submission)
    if refused:
        return refused
    messages.success(request, _("The grade is kept."))
    if "next" not in request.POST:
        return redirect("pages:queue")
    following = services.claim_next(by=user, courses=selectors.taught_courses(user))
    return redirect("pages:queue") if following is None else _to(following)


def _override(request: HttpRequest, user: User, item: Answer | Submission) -> HttpResponse:
    form = OverrideSerializer(
        data={"points": _decimal(request.POST.get("points", "")), "reason": request.POST.get("reason", "")}
    )
    refused = _change(request, user, item, form, services.override_points, services.override_submission)
    if refused:
        return refused
    messages.success(request, _("The points are changed."))
    return _to(item)


def _change(
    request: HttpRequest,
    user: User,
    item: Answer | Submission,
    form: Serializer[Any],
    of_answers: Callable[..., object],
    of_submissions: Callable[..., object],
) -> HttpResponse | None:
    """Has the item's service carry out what the form says; a page that says why not, where it is refused."""
    if not form.is_valid():
        return _item(request, user, item, wrong=_first(form), status=400)
    try:
        if isinstance(item, Answer):
            of_answers(answer=item, by=user, **form.validated_data)
        else:
            of_submissions(submission=item, by=user, **form.validated_data)
    except DomainError as error:
        return _item(request, user, item, wrong=error.detail, status=error.status)
    return None


def _item(
    request: HttpRequest, user: User, item: Answer | Submission, *, wrong: str = "", status: int = 200
) -> HttpResponse:
    """The work beside what its reader may do with it. What was typed comes back when it was refused."""
    entry = queue_entry(item)
    typed = request.POST
    is_answer = isinstance(item, Answer)
    course = _course(item.attempt) if isinstance(item, Answer) else item.assignment.lesson.section.course
    own = (item.attempt if isinstance(item, Answer) else item).enrollment.user_id == user.pk
    values = {
        "item": item,
        "entry": entry,
        "course": course,
        "is_answer": is_answer,
        "prompt": without_styles(entry["prompt"]),
        "work": _in_words(entry["response"], item.version.content if isinstance(item, Answer) else {}),
        "waiting": _waits(item),
        "held": _held(item),
        "mine": _held_by(item, user),
        "own": own,
        "may_override": not own and _is_graded(item) and may_change(user, course),
        "marks": [
            {**mark, "name": f"{RUBRIC}{mark['id']}", "typed": typed.get(f"{RUBRIC}{mark['id']}", "")}
            for mark in entry["rubric"]
        ],
        "typed": typed,
        "wrong": wrong,
    }
    return _with_work(request, "pages/teaching/item.html", values, status=status)


def _with_work(request: HttpRequest, template: str, values: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Prompts hold pictures of other sites, as lessons do."""
    response = render(request, template, values, status=status)
    response["Content-Security-Policy"] = LESSON_POLICY
    return response


def _in_words(response: Any, content: dict[str, Any]) -> str:
    """A text as it is, choices by what they said, anything else as JSON."""
    if response is None or (isinstance(response, str) and "choices" not in content):
        return response or ""
    said = {choice["id"]: strip_tags(choice["text"]) for choice in content.get("choices", [])}
    picked = response if isinstance(response, list) else [response]
    if said and all(isinstance(one, str) for one in picked):
        return "\n".join(str(said.get(one, one)) for one in picked)
    return json.dumps(response, ensure_ascii=False, indent=1)


def _course(attempt: Any) -> Any:
    return attempt.quiz.lesson.section.course


def _waits(item: Answer | Submission) -> bool:
    if isinstance(item, Answer):
        return item.needs_person and item.points is None and item.attempt.state == AttemptState.GRADING
    return item.state == SubmissionState.WAITING


def _is_graded(item: Answer | Submission) -> bool:
    if isinstance(item, Answer):
        return item.attempt.state == AttemptState.GRADED
    return item.state == SubmissionState.GRADED


def _held(item: Answer | Submission) -> bool:
    return item.claimed_by_id is not None and item.claimed_until is not None and item.claimed_until > clock.now()


def _held_by(item: Answer | Submission, user: User) -> bool:
    return _held(item) and item.claimed_by_id == user.pk


def _to(item: Answer | Submission) -> HttpResponse:
    if isinstance(item, Answer):
        return redirect("pages:grade-answer", public_id=item.attempt.public_id, position=item.position)
    return redirect("pages:grade-submission", public_id=item.public_id)


def _marks(name: str, value: Any) -> bool:
    return name.startswith(RUBRIC) and bool(str(value).strip())


def _decimal(text: Any) -> str:
    """Half of Europe types a comma."""
    return str(text).strip().replace(",", ".")


def _first(form: Serializer[Any]) -> str:
    """The first thing that is wrong with a form, in words."""
    name, problem = next(iter(form.errors.items()))
    while isinstance(problem, (list, dict)):
        problem = next(iter(problem.values() if isinstance(problem, dict) else problem))
    return f"{name}: {problem}"
