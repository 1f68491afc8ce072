"""Pages of learners: catalogue, course, lesson, progress."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from certificates.selectors import certificates_of
from courses import selectors, services
from courses.html import FRAME_HOSTS, without_styles
from courses.models import FileRole, LessonKind
from courses.permissions import READING
from courses.services.learning import BY_HAND, BY_RESULT
from pages.access import for_people
from quizzes.assignment_selectors import assignments_for
from quizzes.selectors import quizzes_for

PAGE_SIZE = 20
PLAYABLE = (".mp4", ".webm", ".ogv", ".m4v")
# Teachers put pictures, films and frames of other sites into lessons; scripts and styles stay ours alone.
LESSON_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; media-src 'self' https:; "
    f"frame-src {' '.join(f'https://{host}' for host in sorted(FRAME_HOSTS))}; font-src 'self'; connect-src 'self'; "
    "object-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri /vitals/csp"
)


@require_safe
@for_people
def catalogue(request: HttpRequest, user: User) -> HttpResponse:
    words = request.GET.get("q", "").replace("\x00", "").strip()
    courses = selectors.courses_for(user)
    if words:
        courses = courses.filter(title__icontains=words)
    query = f"{urlencode({'q': words})}&" if words else ""
    page = Paginator(courses, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "pages/catalogue.html", {"page": page, "words": words, "query": query})


@require_safe
@for_people
def course(request: HttpRequest, user: User, slug: str) -> HttpResponse:
    shown = selectors.course_for(user, slug)
    values = {
        "course": shown,
        "sections": selectors.outline(user, shown),
        "enrollment": selectors.enrollments_of(user).filter(course=shown).first(),
        "readable": READING,
        "description": without_styles(shown.description),
    }
    return with_lesson_text(request, "pages/course.html", values)


@require_POST
@for_people
def enroll(request: HttpRequest, user: User, slug: str) -> HttpResponse:
    enrollment = services.enroll(user=user, course=selectors.course_for(user, slug))
    messages.success(request, _("You are enrolled.") if enrollment.state in READING else _("Your request is sent."))
    return redirect("pages:course", slug=slug)


@require_POST
@for_people
def leave(request: HttpRequest, user: User, slug: str) -> HttpResponse:
    services.drop(enrollment=selectors.enrollment_in(user, selectors.course_for(user, slug)))
    messages.success(request, _("You have left the course. Your progress is kept."))
    return redirect("pages:course", slug=slug)


@require_safe
@for_people
def lesson(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    shown = selectors.lesson_for(user, public_id)
    services.open_lesson(user=user, lesson=shown)
    files = list(shown.files.all())
    before, after = selectors.neighbours(user, shown)
    values = {
        "lesson": shown,
        "course": shown.section.course,
        "content": without_styles(shown.content),
        "transcripts": [file for file in files if file.role == FileRole.TRANSCRIPT],
        "attachments": [file for file in files if file.role == FileRole.ATTACHMENT],
        "by_result": shown.kind in BY_RESULT,
        "by_hand": shown.kind in BY_HAND,
        "is_video": shown.kind == LessonKind.VIDEO,
        "playable": shown.video_url.partition("?")[0].lower().endswith(PLAYABLE),
        "quiz": quizzes_for(user).filter(lesson=shown).first() if shown.kind == LessonKind.QUIZ else None,
        "assignment": assignments_for(user).filter(lesson=shown).first()
        if shown.kind == LessonKind.ASSIGNMENT
        else None,
        "before": before,
        "after": after,
        "done": selectors.has_completed(user, shown),
    }
    return with_lesson_text(request, "pages/lesson.html", values)


@require_POST
@for_people
def complete(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    shown = selectors.lesson_for(user, public_id)
    enrollment = selectors.enrollment_in(user, shown.section.course)
    services.complete_lesson(enrollment=enrollment, lesson=shown)
    messages.success(request, _("Done."))
    return redirect("pages:lesson", public_id=public_id)


@require_safe
@for_people
def progress(request: HttpRequest, user: User) -> HttpResponse:
    enrollments = selectors.enrollments_of(user).order_by("-enrolled_at", "pk")
    page = Paginator(enrollments, PAGE_SIZE).get_page(request.GET.get("page"))
    certificates = certificates_of(user).order_by("-issued_at", "pk")[:100]
    return render(request, "pages/progress.html", {"page": page, "certificates": certificates})


def with_lesson_text(request: HttpRequest, template: str, values: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page on which words of teachers stand, under the policy that lets their pictures in."""
    response = render(request, template, values, status=status)
    response["Content-Security-Policy"] = LESSON_POLICY
    return response
