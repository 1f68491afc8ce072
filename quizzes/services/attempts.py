"""Taking a quiz: start, save, submit, expire. Lock order: enrollment, attempt, answers."""

import datetime
import random
from collections import defaultdict
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, Forbidden, NotFound, Unprocessable
from core.events import announce
from courses.models import CourseState, Enrollment, EnrollmentState
from courses.permissions import opens_at
from outbox import services as outbox
from quizzes import clock, signals
from quizzes.content import ContentError, check_response
from quizzes.models import (
    Accommodation,
    Answer,
    Attempt,
    AttemptState,
    ClosedAs,
    Question,
    QuestionVersion,
    Quiz,
    Sweep,
)

GRADE_TOPIC = "quizzes.grade"
TAKING = (EnrollmentState.ACTIVE, EnrollmentState.COMPLETED)
OPEN = Q(state=AttemptState.IN_PROGRESS)
MOST_IN_A_SWEEP = 500


def loaded(attempt_id: int) -> Attempt:
    """The attempt as it is now, with everything that receivers of signals look at."""
    return Attempt.objects.select_related(
        "enrollment__user", "enrollment__course", "quiz__lesson__section__course"
    ).get(pk=attempt_id)


@transaction.atomic
def start_attempt(*, user: User, quiz: Quiz) -> tuple[Attempt, bool]:
    """The attempt in progress, or a new one (True). Starting again, also on another device, resumes.

    Raises NotFound for people outside of the course and for unpublished lessons, Forbidden `lesson_not_open`,
    Conflict `enrollment_not_active`, `quiz_not_open`, `quiz_closed`, `attempts_used_up` or `no_questions`.
    """
    enrollment = _locked_enrollment(user, quiz)
    attempts = Attempt.objects.filter(enrollment=enrollment, quiz=quiz)
    running = attempts.filter(OPEN).first()
    moment = clock.now()
    if running is not None:
        if running.accepts_until is None or moment <= running.accepts_until:
            return running, False
        expire_attempts(only=running.pk)
    extra = Accommodation.objects.filter(quiz=quiz, user=user).first() or Accommodation()
    _check_open(quiz, enrollment, extra, moment)
    number = (attempts.aggregate(last=Max("number"))["last"] or 0) + 1
    if quiz.max_attempts is not None and number > quiz.max_attempts + extra.extra_attempts:
        raise Conflict(_("All attempts are used up."), code="attempts_used_up", max_attempts=quiz.max_attempts)
    deadline = deadline_for(quiz, extra, moment)
    attempt = Attempt.objects.create(
        enrollment=enrollment,
        quiz=quiz,
        number=number,
        started_at=moment,
        deadline_at=deadline,
        accepts_until=deadline and deadline + datetime.timedelta(seconds=quiz.grace_seconds),
    )
    versions = _drawn(quiz, attempt.seed)
    if not versions:
        raise Conflict(_("This quiz has no questions yet."), code="no_questions")
    Answer.objects.bulk_create(
        Answer(attempt=attempt, version=version, position=position) for position, version in enumerate(versions, 1)
    )
    announce(signals.attempt_started, Attempt, attempt=loaded(attempt.pk))
    return attempt, True


def deadline_for(quiz: Quiz, extra: Accommodation, started_at: datetime.datetime) -> datetime.datetime | None:
    """The earlier of time limit and closing, each with the student's extra time; None without either."""
    more = datetime.timedelta(seconds=extra.extra_seconds)
    ends = [quiz.closes_at + more] if quiz.closes_at else []
    if quiz.time_limit_seconds:
        ends.append(started_at + datetime.timedelta(seconds=quiz.time_limit_seconds) + more)
    return min(ends, default=None)


@transaction.atomic
def save_answer(*, attempt: Attempt, position: int, response: Any) -> Answer:
    """Keep what was answered so far. Of two saves at once the later one stays.

    Raises Conflict `attempt_closed` or `deadline_passed` (with the moment), NotFound for a position that isn't there,
    Unprocessable `invalid_answer`.
    """
    lock_open(attempt)
    answer = Answer.objects.select_related("version").filter(attempt=attempt, position=position).first()
    if answer is None:
        raise NotFound(_("The attempt has no such question."))
    try:
        answer.response = check_response(answer.version.kind, answer.version.content, response)
    except ContentError as error:
        raise Unprocessable(f"{capfirst(str(error))}.", code="invalid_answer") from None
    Answer.objects.filter(pk=answer.pk).update(
        response=answer.response, revision=F("revision") + 1, saved_at=clock.ClockNow()
    )
    answer.refresh_from_db(fields=["revision", "saved_at"])
    return answer


def lock_open(attempt: Attempt) -> Attempt:
    """The attempt's row, held, while it takes answers. Raises Conflict as `save_answer` does."""
    row = Attempt.objects.select_for_update(no_key=True).get(pk=attempt.pk)
    if row.state != AttemptState.IN_PROGRESS:
        raise Conflict(_("The attempt is closed."), code="attempt_closed", state=row.state)
    if row.accepts_until is not None and clock.now() > row.accepts_until:
        deadline = (row.deadline_at or row.accepts_until).isoformat()
        raise Conflict(_("The deadline has passed."), code="deadline_passed", deadline_at=deadline)
    return row


@transaction.atomic
def submit_attempt(*, attempt: Attempt) -> Attempt:
    """Close the attempt and have it graded; again changes nothing. After the deadline it closes as expired.

    Grading follows by the outbox: submitting waits for nothing but the database.
    """
    in_time = Q(accepts_until__isnull=True) | Q(accepts_until__gte=clock.ClockNow())
    submitted = Attempt.objects.filter(OPEN, in_time, pk=attempt.pk).update(
        state=AttemptState.SUBMITTED, closed_as=ClosedAs.SUBMITTED, closed_at=clock.ClockNow()
    )
    if submitted:
        _closed(attempt.pk, signals.attempt_submitted)
    else:
        expire_attempts(only=attempt.pk)
    attempt.refresh_from_db()
    return attempt


@transaction.atomic
def expire_attempts(*, only: int | None = None) -> int:
    """Close what is overdue, oldest first, at most 500 at a time; what was saved is graded. Returns how many."""
    overdue = Attempt.objects.filter(OPEN, accepts_until__lt=clock.ClockNow()).order_by("accepts_until")
    if only is not None:
        overdue = overdue.filter(pk=only)
    skip = only is None
    keys = list(overdue.select_for_update(skip_locked=skip, no_key=True).values_list("pk", flat=True)[:MOST_IN_A_SWEEP])
    expired = 0
    for key in keys:
        changed = Attempt.objects.filter(OPEN, pk=key).update(
            state=AttemptState.EXPIRED, closed_as=ClosedAs.EXPIRED, closed_at=clock.ClockNow()
        )
        if changed:
            _closed(key, signals.attempt_expired)
            expired += 1
    return expired


def sweep() -> int:
    """Expire everything that is overdue, and note that it was looked for. Returns how many expired."""
    total = 0
    while batch := expire_attempts():
        total += batch
        if batch < MOST_IN_A_SWEEP:
            break
    Sweep.objects.update_or_create(pk=1, defaults={"finished_at": clock.now(), "expired": total})
    return total


def _closed(attempt_id: int, signal: Any) -> None:
    attempt = loaded(attempt_id)
    assert attempt.closed_at is not None
    outbox.publish(topic=GRADE_TOPIC, key=str(attempt.public_id), payload={"attempt": attempt.pk})
    announce(signal, Attempt, attempt=attempt, seconds=(attempt.closed_at - attempt.started_at).total_seconds())


def _locked_enrollment(user: User, quiz: Quiz) -> Enrollment:
    course = quiz.lesson.section.course
    enrollment = (
        Enrollment.objects.select_for_update(of=("self",), no_key=True).filter(user=user, course=course).first()
    )
    if enrollment is None or not quiz.lesson.published or course.state == CourseState.DRAFT:
        raise NotFound(_("There is no such quiz, or you are not enrolled in its course."))
    if enrollment.state not in TAKING:
        raise Conflict(_("The enrollment is not active."), code="enrollment_not_active")
    return enrollment


def _check_open(quiz: Quiz, enrollment: Enrollment, extra: Accommodation, moment: datetime.datetime) -> None:
    lesson_opens = opens_at(quiz.lesson)
    if lesson_opens and moment < lesson_opens:
        raise Forbidden(_("This lesson opens later."), code="lesson_not_open", opens_at=lesson_opens.isoformat())
    if quiz.opens_at and moment < quiz.opens_at:
        raise Conflict(_("The quiz opens later."), code="quiz_not_open", opens_at=quiz.opens_at.isoformat())
    if quiz.closes_at and moment >= quiz.closes_at + datetime.timedelta(seconds=extra.extra_seconds):
        raise Conflict(_("The quiz is closed."), code="quiz_closed", closes_at=quiz.closes_at.isoformat())


def _drawn(quiz: Quiz, seed: str) -> list[QuestionVersion]:
    """The versions this attempt is asked, in order: all fixed questions, and each pool's draw at its first place."""
    chance = random.Random(f"draw:{seed}")
    questions = list(Question.objects.filter(quiz=quiz, current__isnull=False).select_related("current", "pool"))
    pools: dict[int, list[Question]] = defaultdict(list)
    for question in questions:
        if question.pool_id is not None:
            pools[question.pool_id].append(question)
    drawn = {
        question.pk
        for members in pools.values()
        for question in chance.sample(members, min(len(members), members[0].pool.draw if members[0].pool else 0))
    }
    asked = [question for question in questions if question.pool_id is None or question.pk in drawn]
    if quiz.shuffle_questions:
        chance.shuffle(asked)
    return [question.current for question in asked if question.current is not None]
