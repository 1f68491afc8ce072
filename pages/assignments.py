"""Handing in assignments in the browser: text and files in a plain form, and what came of them."""

import uuid
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from core.errors import Conflict, Unprocessable
from pages.access import count, for_people
from pages.learning import PAGE_SIZE, with_lesson_text
from pages.questions import html
from quizzes import assignment_selectors as selectors
from quizzes import idempotency, services
from quizzes.api import assignment_fields
from quizzes.models import Accepts, Assignment, LatePolicy, Submission, SubmissionState
from quizzes.services.submitting import LONGEST_TEXT


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def assignment(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    shown = selectors.assignment_for(user, public_id)
    if request.method != "POST":
        return _page(request, user, shown)
    try:
        _hand_in(request, user, shown)
    except (Unprocessable, Conflict) as refusal:
        return _page(request, user, shown, refusal)
    messages.success(request, _("Handed in."))
    return redirect("pages:assignment", public_id=public_id)


def _hand_in(request: HttpRequest, user: User, shown: Assignment) -> None:
    """Once for each form that was shown, however often it is sent."""
    count(user, "uploads")
    text, files = request.POST.get("text", "").replace("\r\n", "\n"), request.FILES.getlist("files")

    def submit() -> tuple[int, Any]:
        submission = services.submit_assignment(user=user, assignment=shown, text=text, files=files)
        return 201, {"id": str(submission.public_id)}

    described = [f"{file.name}:{file.size}" for file in files]
    idempotency.by_key(
        user=user,
        key=request.POST.get("key", ""),
        fingerprint=idempotency.fingerprint_of("form", request.path, text, *described),
        work=submit,
    )


def _page(
    request: HttpRequest, user: User, shown: Assignment, refusal: Unprocessable | Conflict | None = None
) -> HttpResponse:
    mine = selectors.submissions_for(user).filter(assignment=shown, enrollment__user=user)
    page = Paginator(mine.order_by("-submitted_at", "-pk"), PAGE_SIZE).get_page(request.GET.get("page"))
    used = page.paginator.count
    values = {
        "assignment": shown,
        "lesson": shown.lesson,
        "course": shown.lesson.section.course,
        "instructions": html(shown.instructions),
        "takes_text": shown.accepts != Accepts.FILES,
        "takes_files": shown.accepts != Accepts.TEXT and shown.max_files > 0,
        "endings": ", ".join(shown.endings),
        "longest": LONGEST_TEXT,
        "late_accepted": shown.late_policy == LatePolicy.ACCEPT,
        "used": used,
        "full": shown.max_versions is not None and used >= shown.max_versions,
        "page": page,
        "submissions": [_outcome(submission) for submission in page],
        "refusal": refusal,
        "typed": request.POST.get("text", ""),
        # While the first sending may still succeed, a second one must be known as the same.
        "key": request.POST["key"] if refusal and refusal.code == "request_in_flight" else uuid.uuid4(),
        "again": bool(refusal and refusal.code == "idempotency_key_reused"),
    }
    return with_lesson_text(request, "pages/assignment.html", values, status=refusal.status if refusal else 200)


def _outcome(submission: Submission) -> dict[str, Any]:
    """What the API shows of a version, and its state in words."""
    detail = assignment_fields.submission_detail(submission, staff=False)
    words = {
        SubmissionState.WAITING: _("waits for a grade"),
        SubmissionState.SUPERSEDED: _("replaced by a newer version"),
        SubmissionState.GRADED: _("passed") if submission.passed else _("not passed"),
    }
    marks = submission.rubric if detail["state"] == SubmissionState.GRADED else {}
    rubric = [entry | {"got": marks[entry["id"]]} for entry in submission.assignment.rubric if entry["id"] in marks]
    graded = detail["state"] == SubmissionState.GRADED
    return detail | {"words": words[SubmissionState(submission.state)], "entries": rubric, "graded": graded}
