"""Learning lesson by lesson. What completes a lesson depends on its kind:

text, file          marked by the learner, at least `minimum_seconds` after opening it
video               95 % of its seconds reported as watched, no faster than at double speed
quiz, assignment    a result that passed (courses.services.record_lesson_result)

The last required lesson completes the course.
"""

import logging
import math
from collections.abc import Sequence

from django.db import InternalError, transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, NotFound, Unprocessable
from core.events import announce
from courses import signals, watching
from courses.models import Enrollment, EnrollmentState, Lesson, LessonKind, LessonProgress
from courses.permissions import opens_at
from courses.services.progress import lock_enrollment, refresh_progress

logger = logging.getLogger(__name__)

BY_HAND = (LessonKind.TEXT, LessonKind.FILE)
BY_RESULT = (LessonKind.QUIZ, LessonKind.ASSIGNMENT)
LEARNING = (EnrollmentState.ACTIVE, EnrollmentState.COMPLETED)
WATCHED_SHARE = 0.95
FASTEST_PLAYBACK = 2.0
PLAYBACK_SLACK_SECONDS = 15.0
MOST_RANGES = 500


def open_lesson(*, user: User, lesson: Lesson) -> None:
    """Note when a learner first opened a lesson. Nothing for people who don't learn in its course."""
    enrollment = Enrollment.objects.filter(user=user, course=lesson.section.course, state__in=LEARNING).first()
    if enrollment is None or LessonProgress.objects.filter(enrollment=enrollment, lesson=lesson).exists():
        return
    try:
        LessonProgress.objects.bulk_create(
            [LessonProgress(enrollment=enrollment, lesson=lesson)], ignore_conflicts=True
        )
    except InternalError as error:
        # A database that takes no writes, as during a failover, still lets people read.
        logger.warning("a first reading was not noted", exc_info=error, extra={"event": "lesson.opening_lost"})


@transaction.atomic
def complete_lesson(*, enrollment: Enrollment, lesson: Lesson) -> Enrollment:
    """Mark a text or file lesson done. Doing it twice changes nothing.

    Raises NotFound for a lesson that isn't part of the course's published content; Conflict `lesson_not_open`,
    `enrollment_not_active`, `needs_result` (a quiz or assignment), `needs_watching` (a video), or `too_soon` with the
    `remaining_seconds`.
    """
    _check_part_of_course(enrollment, lesson)
    if lesson.kind == LessonKind.VIDEO:
        raise Conflict(_("A video is completed by watching it."), code="needs_watching")
    if lesson.kind not in BY_HAND:
        raise Conflict(_("This lesson is completed by its result."), code="needs_result")
    enrollment = _lock_learning(enrollment, lesson)
    progress = _progress_row(enrollment, lesson)
    remaining = lesson.minimum_seconds - (timezone.now() - progress.started_at).total_seconds()
    if progress.completed_at is None and lesson.minimum_seconds and remaining > 0:
        raise Conflict(_("Take your time with this lesson."), code="too_soon", remaining_seconds=math.ceil(remaining))
    _complete(enrollment, lesson, progress)
    return enrollment


@transaction.atomic
def record_watching(
    *, enrollment: Enrollment, lesson: Lesson, ranges: Sequence[Sequence[float]], duration: float | None = None
) -> LessonProgress:
    """Add seconds of a video that were seen, as [from, to] pairs; at 95 % of its duration the lesson is complete.

    `duration` counts only when the lesson doesn't know its own.

    Raises NotFound and Conflict as `complete_lesson` does (`not_a_video` for another kind), Unprocessable for
    `invalid_ranges`, `duration_needed`, or `faster_than_time`.
    """
    _check_part_of_course(enrollment, lesson)
    if lesson.kind != LessonKind.VIDEO:
        raise Conflict(_("This lesson is no video."), code="not_a_video")
    whole = lesson.duration_seconds or duration
    if not whole or not math.isfinite(whole) or whole <= 0:
        raise Unprocessable(_("The video's duration is not known."), code="duration_needed")
    if not all(math.isfinite(end) and 0 <= start < end <= whole + 1 for start, end in ranges):
        raise Unprocessable(_("Each range is [from, to] within the video."), code="invalid_ranges")
    enrollment = _lock_learning(enrollment, lesson)
    progress = _progress_row(enrollment, lesson)
    watched = watching.merge(progress.watched, ranges)
    elapsed = (timezone.now() - progress.started_at).total_seconds()
    if watching.seconds(watched) > elapsed * FASTEST_PLAYBACK + PLAYBACK_SLACK_SECONDS:
        raise Unprocessable(_("More was reported than could be watched since opening."), code="faster_than_time")
    if len(watched) > MOST_RANGES:
        raise Unprocessable(_("More than %(most)s separate ranges.") % {"most": MOST_RANGES}, code="invalid_ranges")
    progress.watched = watched
    progress.fraction = max(progress.fraction or 0.0, min(1.0, watching.seconds(watched) / whole))
    progress.save(update_fields=["watched", "fraction"])
    if progress.fraction >= WATCHED_SHARE:
        _complete(enrollment, lesson, progress)
    return progress


@transaction.atomic
def record_lesson_result(*, enrollment: Enrollment, lesson: Lesson, passed: bool, fraction: float) -> Enrollment:
    """Take the result of a quiz or assignment, `fraction` in 0..1. The best fraction stays; a pass is never undone.

    A result may arrive after a drop: it is kept, and counts when the person comes back.

    Raises NotFound for a lesson outside of the course, ValueError for another kind of lesson or another fraction.
    """
    if lesson.kind not in BY_RESULT:
        raise ValueError(f"a {lesson.kind} lesson takes no result")
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction {fraction} is outside 0..1")
    _check_part_of_course(enrollment, lesson)
    enrollment = lock_enrollment(enrollment)
    progress = _progress_row(enrollment, lesson)
    best = Greatest(Coalesce(F("fraction"), Value(0.0)), Value(fraction))
    LessonProgress.objects.filter(pk=progress.pk).update(fraction=best)
    if passed:
        _complete(enrollment, lesson, progress)
    return enrollment


def _check_part_of_course(enrollment: Enrollment, lesson: Lesson) -> None:
    if not lesson.published or lesson.section.course_id != enrollment.course_id:
        raise NotFound(_("The course has no such lesson."))


def _lock_learning(enrollment: Enrollment, lesson: Lesson) -> Enrollment:
    opening = opens_at(lesson)
    if opening and timezone.now() < opening:
        raise Conflict(_("This lesson opens later."), code="lesson_not_open", opens_at=opening.isoformat())
    enrollment = lock_enrollment(enrollment)
    if enrollment.state not in LEARNING:
        raise Conflict(_("The enrollment is not active."), code="enrollment_not_active")
    return enrollment


def _progress_row(enrollment: Enrollment, lesson: Lesson) -> LessonProgress:
    return LessonProgress.objects.get_or_create(enrollment=enrollment, lesson=lesson)[0]


def _complete(enrollment: Enrollment, lesson: Lesson, progress: LessonProgress) -> None:
    now = timezone.now()
    newly = LessonProgress.objects.filter(pk=progress.pk, completed_at__isnull=True).update(completed_at=now)
    if not newly:
        return
    progress.completed_at = now
    announce(signals.lesson_completed, Lesson, enrollment=enrollment, lesson=lesson)
    refresh_progress(enrollment, active_at=now)
