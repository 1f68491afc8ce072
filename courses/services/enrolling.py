"""Coming into a course and leaving it.

Locks are taken in one order everywhere: course, enrollment, lesson progress.
"""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.errors import Conflict
from core.events import announce
from courses import signals
from courses.models import Course, CourseState, Enrollment, EnrollmentChange, EnrollmentSource, EnrollmentState
from courses.services.learning import lock_enrollment, refresh_progress

BACK_FROM = (EnrollmentState.DROPPED, EnrollmentState.EXPIRED)


@transaction.atomic
def enroll(*, user: User, course: Course, source: str = EnrollmentSource.SELF, actor: User | None = None) -> Enrollment:
    """The person's enrollment, new, resumed after a drop with all earlier progress, or as it already is.

    Raises Conflict (`course_not_open`) unless the course is published.
    """
    if course.state != CourseState.PUBLISHED:
        raise Conflict("This course takes no enrollments now.", code="course_not_open")
    enrollment, created = Enrollment.objects.get_or_create(user=user, course=course, defaults={"source": source})
    if created:
        _record_change(enrollment, "", actor)
        announce(signals.enrollment_created, Enrollment, enrollment=enrollment, source=source)
        return enrollment
    enrollment = lock_enrollment(enrollment)
    if enrollment.state in BACK_FROM:
        _change_state(enrollment, EnrollmentState.ACTIVE, actor)
        announce(signals.enrollment_resumed, Enrollment, enrollment=enrollment)
        refresh_progress(enrollment)
    return enrollment


@transaction.atomic
def drop(*, enrollment: Enrollment, actor: User | None = None) -> Enrollment:
    """Leave a course; progress is kept for a return. Dropping twice changes nothing.

    Raises Conflict (`enrollment_completed`) after completion.
    """
    enrollment = lock_enrollment(enrollment)
    if enrollment.state == EnrollmentState.COMPLETED:
        raise Conflict("A completed course can't be dropped.", code="enrollment_completed")
    if enrollment.state != EnrollmentState.DROPPED:
        _change_state(enrollment, EnrollmentState.DROPPED, actor)
        announce(signals.enrollment_dropped, Enrollment, enrollment=enrollment)
    return enrollment


def _change_state(enrollment: Enrollment, state: str, actor: User | None) -> None:
    before, enrollment.state = enrollment.state, state
    enrollment.last_activity_at = timezone.now()
    enrollment.save(update_fields=["state", "last_activity_at"])
    _record_change(enrollment, before, actor)


def _record_change(enrollment: Enrollment, before: str, actor: User | None) -> None:
    EnrollmentChange.objects.create(enrollment=enrollment, from_state=before, to_state=enrollment.state, actor=actor)
