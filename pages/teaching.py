"""Pages for those who teach: their courses, the gradebook, how a course and its quizzes go, and their workload."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role, User
from accounts.permissions import IsInstructor, has_role
from analytics import selectors as analytics
from core.errors import Forbidden
from courses.models import Course, Enrollment
from courses.selectors import courses_for, enrollments_in
from pages import course_plots
from pages.access import for_people
from quizzes import course_selectors, selectors, services

PAGE_SIZE = 20
GRADEBOOK_ROWS = 25


@require_safe
@for_people
def teaching(request: HttpRequest, user: User) -> HttpResponse:
    courses = courses_for(user).filter(pk__in=selectors.taught_courses(user).values("pk")).order_by("title", "pk")
    page = _page(request, courses, PAGE_SIZE)
    waiting = course_selectors.waiting_by_course(user, list(page))
    rows: list[tuple[Course, int]] = [(course, waiting.get(course.pk, 0)) for course in page]
    values = {"page": page, "rows": rows, "sees_workload": _sees_workload(user)}
    return render(request, "pages/teaching/courses.html", values)


@require_safe
@for_people
def gradebook(request: HttpRequest, user: User, slug: str) -> HttpResponse:
    course = analytics.taught_course(user, slug)
    page = _page(request, enrollments_in(course).order_by("user__name", "pk"), GRADEBOOK_ROWS)
    people: list[Enrollment] = list(page)
    items = course_selectors.graded_items(course)
    results = course_selectors.results(items, people)
    values = {"course": course, "page": page, "items": items, "rows": [(row, results[row.pk]) for row in people]}
    return render(request, "pages/teaching/gradebook.html", values)


@require_safe
@for_people
def course_analytics(request: HttpRequest, user: User, slug: str) -> HttpResponse:
    course = analytics.taught_course(user, slug)
    facts = analytics.course_analytics(course)
    quizzes = list(course_selectors.quiz_results(course))
    values = {
        "course": course,
        "facts": facts,
        "quizzes": quizzes,
        "plots": [
            *course_plots.of_course(facts),
            course_plots.of_attempts(course_selectors.attempts_by_day(course)),
            *course_plots.of_results(quizzes),
        ],
        "page": _page(request, analytics.engagement_of(course).order_by("score", "pk"), PAGE_SIZE),
    }
    return render(request, "pages/teaching/analytics.html", values)


@require_safe
@for_people
def statistics(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    quiz = selectors.graded_quiz(user, public_id)
    rows = list(course_selectors.statistics_of(quiz))
    values = {
        "quiz": quiz,
        "course": quiz.lesson.section.course,
        "rows": rows,
        "plots": course_plots.of_questions(rows),
    }
    return render(request, "pages/teaching/statistics.html", values)


@require_POST
@for_people
def count_again(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    services.request_statistics(quiz=selectors.graded_quiz(user, public_id))
    messages.success(request, _("They are being counted again; look again in a moment."))
    return redirect("pages:statistics", public_id=public_id)


@require_safe
@for_people
def workload(request: HttpRequest, user: User) -> HttpResponse:
    """One's own; an admin sees everybody's, most first."""
    if not _sees_workload(user):
        raise Forbidden(IsInstructor.message)
    everybody = None
    if has_role(user, Role.ADMIN):
        everybody = _page(request, analytics.workloads().order_by("-ungraded_items", "pk"), PAGE_SIZE)
    values = {"own": analytics.workload_of(user), "page": everybody}
    return render(request, "pages/teaching/workload.html", values)


def _sees_workload(user: User) -> bool:
    return has_role(user, Role.INSTRUCTOR, Role.ADMIN)


def _page(request: HttpRequest, rows: QuerySet[Any], size: int) -> Any:
    return Paginator(rows, size).get_page(request.GET.get("page"))
