"""The one grading queue: answers and submissions that wait for a person, oldest first."""

from django.db.models import Q, QuerySet

from accounts.models import User
from core.errors import Conflict
from courses.models import Course
from quizzes import clock
from quizzes.models import Answer, QueueItem, Submission
from quizzes.services.assignments import claim_submission
from quizzes.services.grading import claim

CANDIDATES = 50


def queue(courses: QuerySet[Course]) -> QuerySet[QueueItem]:
    """Of these courses. Without order: `waiting_since`, then `item`."""
    return QueueItem.objects.filter(course__in=courses)


def claim_next(*, by: User, courses: QuerySet[Course]) -> Answer | Submission | None:
    """Take the oldest item that nobody has, for 30 minutes; None when there is nothing. Never one's own."""
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=clock.ClockNow())
    candidates = queue(courses).filter(free).exclude(enrollment__user=by).order_by("waiting_since", "item")
    for item in candidates.select_related("answer__attempt__enrollment", "submission")[:CANDIDATES]:
        try:
            if item.submission is not None:
                return claim_submission(submission=item.submission, by=by)
            if item.answer is not None:
                return claim(answer=item.answer, by=by)
        except Conflict:
            # Somebody was faster; the next one then.
            continue
    return None
