"""Writes the data set through the models in bulk, a presentation in one transaction; one that is there is left alone.

A presentation becomes a course, a dated assessment a required lesson, a submission a completed lesson whatever its
mark (`fraction` holds it), a learner a person without a password. Banked work was done before the course began. Who
passed has completed on the last day, who failed has expired then, who withdrew has dropped on that day.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from accounts.models import User
from courses.models import (
    Course,
    CourseState,
    Enrollment,
    EnrollmentChange,
    EnrollmentSource,
    EnrollmentState,
    Lesson,
    LessonKind,
    LessonProgress,
    Section,
)
from lms.oulad.calendar import due_time, noon, opening
from lms.oulad.reader import Assessment, Dataset, Learner, Presentation

SLUG_PREFIX = "oulad-"
DOMAIN = "oulad.invalid"  # reserved: no mail can go there
BATCH = 2000
LOCK = 0x6F756C6164  # any number that no other advisory lock of this database uses: one import at a time
KINDS = {"TMA": LessonKind.ASSIGNMENT, "CMA": LessonKind.QUIZ, "Exam": LessonKind.QUIZ}
TITLES = {"TMA": "Tutor-marked assignment", "CMA": "Computer-marked quiz", "Exam": "Final exam"}
STATES = {
    "Pass": EnrollmentState.COMPLETED,
    "Distinction": EnrollmentState.COMPLETED,
    "Fail": EnrollmentState.EXPIRED,
    "Withdrawn": EnrollmentState.DROPPED,
}


@dataclass
class Stored:
    courses: int = 0
    people: int = 0
    enrollments: int = 0
    submissions: int = 0
    there_already: int = 0


def store(data: Dataset, progress: Callable[[int], object]) -> Stored:
    """`progress` is called with the enrollments done since the last call. Interrupted, a later call goes on."""
    learners: dict[Presentation, list[Learner]] = {presentation: [] for presentation in data.lengths}
    for learner in data.learners.values():
        learners[learner.presentation].append(learner)
    stored = Stored()
    for presentation, members in learners.items():
        with transaction.atomic():
            _presentation(presentation, members, data, stored)
        progress(len(members))
    if stored.courses:
        with connection.cursor() as cursor:  # else the first readers plan as if the tables were empty
            cursor.execute(
                "ANALYZE accounts_user, courses_enrollment, courses_enrollmentchange, courses_lessonprogress"
            )
    return stored


def _presentation(presentation: Presentation, members: list[Learner], data: Dataset, stored: Stored) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    if Course.objects.filter(slug=_slug(presentation)).exists():
        stored.there_already += 1
        return
    course = _course(presentation, data.lengths[presentation])
    assessments = [one for one in data.assessments.values() if one.presentation == presentation]
    lessons = _lessons(assessments, course)
    required = sum(assessment.due is not None for assessment in assessments)
    known = User.objects.count()
    people = _people(members)
    stored.people += User.objects.count() - known
    for first in range(0, len(members), BATCH):
        batch = members[first : first + BATCH]
        new = [_enrollment(learner, people[learner.student], course, data, required) for learner in batch]
        pairs = list(zip(batch, new, strict=True))
        stored.enrollments += len(Enrollment.objects.bulk_create(new))
        last_day = data.lengths[presentation]
        EnrollmentChange.objects.bulk_create(change for pair in pairs for change in _changes(*pair, last_day))
        rows = LessonProgress.objects.bulk_create(row for pair in pairs for row in _rows(*pair, lessons))
        stored.submissions += len(rows)
    stored.courses += 1


def _slug(presentation: Presentation) -> str:
    return f"{SLUG_PREFIX}{'-'.join(presentation)}".lower()


def _course(presentation: Presentation, days: int) -> Course:
    module, name = presentation
    start = opening(name)
    return Course.objects.create(
        slug=_slug(presentation),
        title=f"Module {module}, {name}",
        language="en",
        state=CourseState.PUBLISHED,
        self_paced=False,
        starts_at=start,
        ends_at=due_time(start, days),
        published_at=start,
    )


def _lessons(assessments: list[Assessment], course: Course) -> dict[str, Lesson]:
    """By assessment. Exams without a date are not required: who sat them is not in the data."""
    section = Section.objects.create(course=course, title="Assessments")
    ordered = sorted(assessments, key=lambda one: (one.due is None, one.due or 0, one.key))
    lessons = {
        assessment.key: Lesson(
            section=section,
            kind=KINDS.get(assessment.kind, LessonKind.ASSIGNMENT),
            title=TITLES.get(assessment.kind, assessment.kind),
            position=position,
            required=assessment.due is not None,
            due_at=None if assessment.due is None else due_time(opening(assessment.presentation[1]), assessment.due),
            source_key=assessment.key,
        )
        for position, assessment in enumerate(ordered)
    }
    Lesson.objects.bulk_create(lessons.values())
    return lessons


def _people(members: list[Learner]) -> dict[str, User]:
    """By student: some are in several presentations."""
    nobody = make_password(None)
    emails = {f"student{learner.student}@{DOMAIN}": learner.student for learner in members}
    User.objects.bulk_create(
        [User(email=email, name=f"Student {student}", password=nobody) for email, student in emails.items()],
        batch_size=BATCH,
        ignore_conflicts=True,
    )
    return {emails[user.email]: user for user in User.objects.filter(email__in=emails)}


def _enrollment(learner: Learner, user: User, course: Course, data: Dataset, required: int) -> Enrollment:
    start = opening(learner.presentation[1])
    last_day = data.lengths[learner.presentation]
    enrolled = noon(start, learner.registered or 0)
    state = STATES[learner.result]
    done = sum(data.assessments[key].due is not None for key in learner.submissions)
    acted = [noon(start, one.day) for one in learner.submissions.values() if one.day >= 0 and not one.banked]
    return Enrollment(
        user=user,
        course=course,
        state=state,
        source=EnrollmentSource.BULK,
        progress=round(100 * done / required, 2) if required else 0,
        enrolled_at=enrolled,
        completed_at=noon(start, last_day) if state == EnrollmentState.COMPLETED else None,
        last_activity_at=max([start, enrolled, *acted]),
    )


def _changes(learner: Learner, enrollment: Enrollment, last_day: int) -> list[EnrollmentChange]:
    """Nobody leaves before entering: some withdrew before the course began."""
    left = learner.left if enrollment.state == EnrollmentState.DROPPED else None
    ended = noon(opening(learner.presentation[1]), last_day if left is None else left)
    return [
        EnrollmentChange(enrollment=enrollment, to_state=EnrollmentState.ACTIVE, at=enrollment.enrolled_at),
        EnrollmentChange(
            enrollment=enrollment,
            from_state=EnrollmentState.ACTIVE,
            to_state=enrollment.state,
            at=max(ended, enrollment.enrolled_at),
        ),
    ]


def _rows(learner: Learner, enrollment: Enrollment, lessons: dict[str, Lesson]) -> list[LessonProgress]:
    start = opening(learner.presentation[1])
    rows = []
    for key, submission in learner.submissions.items():
        day = min(submission.day, -1) if submission.banked else submission.day
        done: datetime.datetime = noon(start, day)
        rows.append(
            LessonProgress(
                enrollment=enrollment,
                lesson=lessons[key],
                fraction=None if submission.score is None else min(submission.score, 100) / 100,
                started_at=done,
                completed_at=done,
            )
        )
    return rows
