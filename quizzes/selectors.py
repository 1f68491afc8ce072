"""Reading quizzes, attempts and what is due, each with a fixed number of queries."""

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, Min, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Forbidden, NotFound
from courses.models import Course, CourseStaff, Lesson
from courses.permissions import is_admin, may_change, readable_lessons, teaches
from quizzes import clock
from quizzes.models import (
    Accommodation,
    Answer,
    AnswerFile,
    Attempt,
    AttemptState,
    FeedbackPolicy,
    Question,
    QueueItem,
    Quiz,
    Submission,
    SubmissionState,
    Sweep,
)
from quizzes.services.queue import queue


def taught_courses(user: User) -> QuerySet[Course]:
    if is_admin(user):
        return Course.objects.all()
    return Course.objects.filter(Exists(CourseStaff.objects.filter(course=OuterRef("pk"), user=user)))


def quizzes_for(user: User) -> QuerySet[Quiz]:
    """Quizzes of lessons the person may read, with how many questions each attempt may be asked of."""
    return (
        Quiz.objects.filter(lesson__in=readable_lessons(user).values("pk"))
        .select_related("lesson__section__course")
        .annotate(questions_count=Count("questions"))
    )


def quiz_for(user: User, public_id: UUID) -> Quiz:
    """Raises NotFound."""
    quiz = quizzes_for(user).filter(public_id=public_id).first()
    if quiz is None:
        raise NotFound(_("There is no such quiz, or you are not enrolled in its course."))
    return quiz


def accommodation_of(user: User, quiz: Quiz) -> Accommodation:
    """What the person gets beyond everybody's terms; nothing more where nobody gave it."""
    return Accommodation.objects.filter(quiz=quiz, user=user).first() or Accommodation()


def changeable_quiz(user: User, public_id: UUID) -> Quiz:
    """Raises NotFound, and Forbidden for those who may only see it."""
    quiz = quiz_for(user, public_id)
    if not may_change(user, quiz.lesson.section.course):
        raise Forbidden(_("Only instructors of the course may do this."))
    return quiz


def graded_quiz(user: User, public_id: UUID) -> Quiz:
    """A quiz whose attempts the person may see. Raises as `changeable_quiz` does."""
    quiz = quiz_for(user, public_id)
    if not teaches(user, quiz.lesson.section.course):
        raise Forbidden(_("Only staff of the course may do this."))
    return quiz


def questions_of(quiz: Quiz) -> QuerySet[Question]:
    return quiz.questions.filter(current__isnull=False).select_related("current", "pool", "statistics")


def changeable_question(user: User, public_id: UUID) -> Question:
    """Raises NotFound; to those who don't teach the course no question exists."""
    question = (
        Question.objects.select_related("current", "pool", "quiz__lesson__section__course")
        .filter(public_id=public_id, current__isnull=False)
        .first()
    )
    if question is None or not teaches(user, question.quiz.lesson.section.course):
        raise NotFound(_("There is no such question."))
    if not may_change(user, question.quiz.lesson.section.course):
        raise Forbidden(_("Only instructors of the course may do this."))
    return question


def attempts_for(user: User) -> QuerySet[Attempt]:
    """One's own, and those of the courses one teaches."""
    attempts = Attempt.objects.select_related("enrollment__user", "quiz__lesson__section__course")
    if is_admin(user):
        return attempts
    mine = Q(enrollment__user=user)
    return attempts.filter(mine | Q(enrollment__course__in=taught_courses(user)))


def attempt_for(user: User, public_id: UUID) -> Attempt:
    """With its answers and what was asked. Raises NotFound."""
    answers = Answer.objects.select_related("version").prefetch_related("files").order_by("position")
    attempt = (
        attempts_for(user).filter(public_id=public_id).prefetch_related(Prefetch("answers", queryset=answers)).first()
    )
    if attempt is None:
        raise NotFound(_("There is no such attempt."))
    return attempt


def own_attempt(user: User, public_id: UUID) -> Attempt:
    """Only the one who takes it may answer. Raises NotFound."""
    attempt = (
        Attempt.objects.select_related("enrollment__user", "quiz__lesson__section__course")
        .filter(public_id=public_id, enrollment__user=user)
        .first()
    )
    if attempt is None:
        raise NotFound(_("There is no such attempt."))
    return attempt


def graded_answer(user: User, public_id: UUID, position: int, *, change: bool = False) -> Answer:
    """An answer in a course that the person teaches (`change`: as an instructor). Raises NotFound, Forbidden."""
    answer = (
        Answer.objects.select_related("version", "attempt__enrollment__user", "attempt__quiz__lesson__section__course")
        .filter(attempt__public_id=public_id, position=position)
        .first()
    )
    if answer is None or not teaches(user, answer.attempt.quiz.lesson.section.course):
        raise NotFound(_("There is no such answer."))
    if change and not may_change(user, answer.attempt.quiz.lesson.section.course):
        raise Forbidden(_("Only instructors of the course may do this."))
    return answer


def grading_queue(user: User) -> QuerySet[QueueItem]:
    """What waits for a grade in the courses one teaches, oldest first; never one's own answers."""
    items = queue(taught_courses(user)).exclude(enrollment__user=user)
    return items.select_related(
        "answer__version",
        "answer__attempt__quiz__lesson",
        "answer__attempt__enrollment__user",
        "answer__claimed_by",
        "submission__assignment__lesson",
        "submission__enrollment__user",
        "submission__claimed_by",
    ).prefetch_related("answer__files", "submission__files")


def shows_feedback(attempt: Attempt) -> bool:
    """Whether the student may see what was right. After closing means for everybody, the latest extra time included."""
    if attempt.state != AttemptState.GRADED or attempt.quiz.feedback_policy == FeedbackPolicy.NEVER:
        return False
    if attempt.quiz.feedback_policy == FeedbackPolicy.AFTER_SUBMIT:
        return True
    if attempt.quiz.closes_at is None:
        return False
    extra = Accommodation.objects.filter(quiz=attempt.quiz).aggregate(most=Max("extra_seconds"))["most"] or 0
    grace = extra + attempt.quiz.grace_seconds
    return clock.now() > attempt.quiz.closes_at + datetime.timedelta(seconds=grace)


@dataclass(frozen=True)
class ExamDay:
    """What runs now. Lags are in seconds; `sweeper_lag` is None before the first sweep."""

    in_progress: int
    due_5_minutes: int
    due_15_minutes: int
    due_60_minutes: int
    overdue: int
    oldest_overdue: float
    sweeper_lag: float | None
    waiting_for_machine: int
    waiting_for_people: int
    oldest_ungraded: float
    submissions_waiting: int
    oldest_submission: float


def exam_day() -> ExamDay:
    moment = clock.now()

    def due(minutes: int) -> Count:
        until = moment + datetime.timedelta(minutes=minutes)
        return Count("pk", filter=Q(state=AttemptState.IN_PROGRESS, deadline_at__gte=moment, deadline_at__lte=until))

    overdue = Q(state=AttemptState.IN_PROGRESS, accepts_until__lt=moment)
    closed = Q(state__in=[AttemptState.SUBMITTED, AttemptState.EXPIRED])
    facts: dict[str, Any] = Attempt.objects.exclude(state=AttemptState.GRADED).aggregate(
        in_progress=Count("pk", filter=Q(state=AttemptState.IN_PROGRESS)),
        due_5=due(5),
        due_15=due(15),
        due_60=due(60),
        overdue=Count("pk", filter=overdue),
        first_overdue=Min("accepts_until", filter=overdue),
        machine=Count("pk", filter=closed),
        people=Count("pk", filter=Q(state=AttemptState.GRADING)),
        first_closed=Min("closed_at"),
    )
    sweep = Sweep.objects.first()
    handed_in: dict[str, Any] = Submission.objects.filter(state=SubmissionState.WAITING).aggregate(
        count=Count("pk"), first=Min("submitted_at")
    )

    def age(since: datetime.datetime | None) -> float:
        return max(0.0, (moment - since).total_seconds()) if since else 0.0

    return ExamDay(
        in_progress=facts["in_progress"],
        due_5_minutes=facts["due_5"],
        due_15_minutes=facts["due_15"],
        due_60_minutes=facts["due_60"],
        overdue=facts["overdue"],
        oldest_overdue=age(facts["first_overdue"]),
        sweeper_lag=age(sweep.finished_at) if sweep else None,
        waiting_for_machine=facts["machine"],
        waiting_for_people=facts["people"],
        oldest_ungraded=age(facts["first_closed"]),
        submissions_waiting=handed_in["count"],
        oldest_submission=age(handed_in["first"]),
    )


def answered(attempt: Attempt) -> tuple[int, int]:
    """How many questions of the attempt have an answer, and how many it has."""
    given = Q(response__isnull=False) | Q(files__isnull=False)
    counts = Answer.objects.filter(attempt=attempt).aggregate(
        given=Count("pk", filter=given, distinct=True), asked=Count("pk", distinct=True)
    )
    return counts["given"], counts["asked"]


def answer_file(user: User, public_id: UUID) -> AnswerFile:
    """A file of one's own attempt, or of a course one teaches. Raises NotFound."""
    file = (
        AnswerFile.objects.select_related("answer__attempt__enrollment")
        .filter(public_id=public_id, answer__attempt__in=attempts_for(user).values("pk"))
        .first()
    )
    if file is None:
        raise NotFound(_("There is no such file."))
    return file


def changeable_lesson(user: User, public_id: UUID) -> Lesson:
    """Raises NotFound, and Forbidden for those who may only read it."""
    lesson = readable_lessons(user).filter(public_id=public_id).first()
    if lesson is None:
        raise NotFound(_("There is no such lesson."))
    if not may_change(user, lesson.section.course):
        raise Forbidden(_("Only instructors of the course may do this."))
    return lesson


def student_of(quiz: Quiz, public_id: UUID) -> User:
    """Raises NotFound for people who aren't in the quiz's course."""
    course = quiz.lesson.section.course
    person = User.objects.filter(public_id=public_id, enrollments__course=course).first()
    if person is None:
        raise NotFound(_("There is no such person in the course."))
    return person
