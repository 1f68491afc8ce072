"""Coming into a course and leaving it.

People who enrol themselves meet every rule: dates, prerequisites, approval, capacity. Staff who enrol others meet the
capacity alone. Locks are taken in one order everywhere: course, enrollment, lesson progress.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, DomainError
from core.events import announce
from courses import signals
from courses.models import Course, CourseState, Enrollment, EnrollmentChange, EnrollmentSource, EnrollmentState
from courses.services.progress import lock_enrollment, refresh_progress

SEATED = (EnrollmentState.ACTIVE, EnrollmentState.COMPLETED)
AWAY = (EnrollmentState.DROPPED, EnrollmentState.EXPIRED)
BATCH = 500


@transaction.atomic
def enroll(*, user: User, course: Course, source: str = EnrollmentSource.SELF, actor: User | None = None) -> Enrollment:
    """The person's enrollment: new, resumed with all earlier progress, waiting for approval, or as it already is.

    Raises Conflict: `course_not_open`, `enrollment_not_open_yet`, `enrollment_closed`, `prerequisites_missing` (with
    the `missing` slugs), `course_full`.
    """
    course = _current(course)
    existing = Enrollment.objects.filter(user=user, course=course).first()
    if existing and existing.state not in AWAY:
        asked_by_staff = existing.state == EnrollmentState.PENDING and source != EnrollmentSource.SELF
        return approve(enrollment=existing, actor=actor) if asked_by_staff else lock_enrollment(existing)
    state = EnrollmentState.ACTIVE
    if course.state != CourseState.PUBLISHED:
        raise Conflict(_("This course takes no enrollments now."), code="course_not_open")
    if source == EnrollmentSource.SELF:
        _check_dates(course)
        _check_prerequisites(user, course)
        if course.requires_approval:
            state = EnrollmentState.PENDING
    if state == EnrollmentState.ACTIVE:
        _check_capacity(course)
    enrollment, created = Enrollment.objects.get_or_create(
        user=user, course=course, defaults={"source": source, "state": state}
    )
    if created:
        _record_change(enrollment, "", actor)
        _announce_arrival(enrollment, first=True)
        return enrollment
    enrollment = lock_enrollment(enrollment)
    if enrollment.state in AWAY:
        _change_state(enrollment, state, actor)
        _announce_arrival(enrollment, first=False)
    return enrollment


@transaction.atomic
def approve(*, enrollment: Enrollment, actor: User | None = None) -> Enrollment:
    """Let in who waits. Approving who is in already changes nothing.

    Raises Conflict: `course_full`, or `enrollment_not_pending` after the person left.
    """
    course = _current(enrollment.course)
    enrollment = lock_enrollment(enrollment)
    if enrollment.state in SEATED:
        return enrollment
    if enrollment.state != EnrollmentState.PENDING:
        raise Conflict(_("Nothing waits for approval here."), code="enrollment_not_pending")
    _check_capacity(course)
    first = not enrollment.changes.filter(to_state=EnrollmentState.ACTIVE).exists()
    _change_state(enrollment, EnrollmentState.ACTIVE, actor)
    _announce_arrival(enrollment, first=first)
    return enrollment


@transaction.atomic
def drop(*, enrollment: Enrollment, actor: User | None = None) -> Enrollment:
    """Leave a course or its waiting list; progress is kept for a return. Dropping twice changes nothing.

    Raises Conflict (`enrollment_completed`) after completion.
    """
    enrollment = lock_enrollment(enrollment)
    if enrollment.state == EnrollmentState.COMPLETED:
        raise Conflict(_("A completed course can't be dropped."), code="enrollment_completed")
    if enrollment.state == EnrollmentState.DROPPED:
        return enrollment
    waited = enrollment.state == EnrollmentState.PENDING
    _change_state(enrollment, EnrollmentState.DROPPED, actor)
    announce(signals.enrollment_declined if waited else signals.enrollment_dropped, Enrollment, enrollment=enrollment)
    return enrollment


@dataclass
class BulkResult:
    """Who came in, who was there already, who could not (e-mail address → code of the refusal)."""

    enrolled: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def enroll_many(*, course: Course, emails: Iterable[str], actor: User | None = None) -> BulkResult:
    """Enrol people by e-mail address, each on their own: a refusal stops nobody else. Unknown: `no_such_person`."""
    wanted = list(dict.fromkeys(email.strip().lower() for email in emails if email.strip()))
    people = {user.email: user for user in User.objects.filter(email__in=wanted, is_active=True)}
    present = set(
        Enrollment.objects.filter(course=course, user__in=people.values(), state__in=SEATED).values_list(
            "user__email", flat=True
        )
    )
    result = BulkResult()
    for email in wanted:
        if email not in people:
            result.refused[email] = "no_such_person"
        elif email in present:
            result.present.append(email)
        else:
            try:
                enroll(user=people[email], course=course, source=EnrollmentSource.BULK, actor=actor)
                result.enrolled.append(email)
            except DomainError as error:
                result.refused[email] = error.code
    return result


def expire_enrollments(*, now: datetime.datetime | None = None) -> int:
    """End what is active or waiting in dated courses that are over. Returns how many; again changes nothing."""
    now = now or timezone.now()
    open_states = (EnrollmentState.ACTIVE, EnrollmentState.PENDING)
    over = Enrollment.objects.filter(course__self_paced=False, course__ends_at__lte=now, state__in=open_states)
    expired = 0
    while True:
        with transaction.atomic():
            rows = list(
                over.select_for_update(of=("self",), no_key=True, skip_locked=True)
                .select_related("user", "course")
                .order_by("pk")[:BATCH]
            )
            for enrollment in rows:
                _change_state(enrollment, EnrollmentState.EXPIRED, None)
                announce(signals.enrollment_expired, Enrollment, enrollment=enrollment)
        expired += len(rows)
        if len(rows) < BATCH:
            return expired


def _current(course: Course) -> Course:
    """The course as it is now; held until the transaction ends when its seats are counted."""
    courses = Course.objects.filter(pk=course.pk)
    current = courses.get()
    return current if current.capacity is None else courses.select_for_update(no_key=True).get()


def _check_dates(course: Course) -> None:
    now = timezone.now()
    if course.enrollment_opens_at and now < course.enrollment_opens_at:
        raise Conflict(_("Enrollment opens later."), code="enrollment_not_open_yet")
    closings = [moment for moment in (course.enrollment_closes_at, course.ends_at) if moment]
    if closings and now >= min(closings):
        raise Conflict(_("Enrollment is closed."), code="enrollment_closed")


def _check_prerequisites(user: User, course: Course) -> None:
    done = Enrollment.objects.filter(user=user, state=EnrollmentState.COMPLETED).values("course")
    missing = list(course.prerequisites.exclude(pk__in=done).order_by("slug").values_list("slug", flat=True))
    if missing:
        raise Conflict(_("Other courses come first."), code="prerequisites_missing", missing=missing)


def _check_capacity(course: Course) -> None:
    if course.capacity is None:
        return
    if Enrollment.objects.filter(course=course, state__in=SEATED).count() >= course.capacity:
        raise Conflict(_("The course is full."), code="course_full")


def _announce_arrival(enrollment: Enrollment, *, first: bool) -> None:
    if enrollment.state == EnrollmentState.PENDING:
        announce(signals.enrollment_requested, Enrollment, enrollment=enrollment)
    elif first:
        announce(signals.enrollment_created, Enrollment, enrollment=enrollment, source=enrollment.source)
    else:
        announce(signals.enrollment_resumed, Enrollment, enrollment=enrollment)
        refresh_progress(enrollment)


def _change_state(enrollment: Enrollment, state: str, actor: User | None) -> None:
    before, enrollment.state = enrollment.state, state
    enrollment.last_activity_at = timezone.now()
    enrollment.save(update_fields=["state", "last_activity_at"])
    _record_change(enrollment, before, actor)


def _record_change(enrollment: Enrollment, before: str, actor: User | None) -> None:
    EnrollmentChange.objects.create(enrollment=enrollment, from_state=before, to_state=enrollment.state, actor=actor)
