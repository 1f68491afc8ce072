"""Writes the data set through the models, in bulk and in one transaction.

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
from core.errors import Conflict
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
from lms.oulad.reader import Dataset, Learner, Presentation

SLUG_PREFIX = "oulad-"
DOMAIN = "oulad.invalid"  # reserved: no mail can go there
BATCH = 2000
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
    courses: int
    people: int
    enrollments: int
    submissions: int


def store(data: Dataset, progress: Callable[[int], object]) -> Stored:
    """`progress` is called with the enrollments done so far. Raises Conflict when the data set is there already."""
    if Course.objects.filter(slug__startswith=SLUG_PREFIX).exists():
        raise Conflict("the data set was imported before; nothing was changed")
    with transaction.atomic():
        courses = {presentation: _course(presentation, data.lengths[presentation]) for presentation in data.lengths}
        lessons = _lessons(data, courses)
        people = _people(data)
        required = dict.fromkeys(data.lengths, 0)
        for assessment in data.assessments.values():
            required[assessment.presentation] += assessment.due is not None
        learners, rows = list(data.learners.values()), 0
        for first in range(0, len(learners), BATCH):
            batch = learners[first : first + BATCH]
            new = [
                _enrollment(learner, people[learner.student], courses[learner.presentation], data, required)
                for learner in batch
            ]
            Enrollment.objects.bulk_create(new)
            EnrollmentChange.objects.bulk_create(
                change
                for learner, enrollment in zip(batch, new, strict=True)
                for change in _changes(learner, enrollment, data.lengths[learner.presentation])
            )
            rows += len(
                LessonProgress.objects.bulk_create(
                    row
                    for learner, enrollment in zip(batch, new, strict=True)
                    for row in _rows(learner, enrollment, lessons)
                )
            )
            progress(len(batch))
        with connection.cursor() as cursor:
            # Within the transaction: without statistics the first readers plan as if the tables were empty.
            cursor.execute(
                "ANALYZE accounts_user, courses_enrollment, courses_enrollmentchange, courses_lessonprogress"
            )
    return Stored(len(courses), len(people), len(learners), rows)


def _course(presentation: Presentation, days: int) -> Course:
    module, name = presentation
    start = opening(name)
    return Course.objects.create(
        slug=f"{SLUG_PREFIX}{module}-{name}".lower(),
        title=f"Module {module}, {name}",
        language="en",
        state=CourseState.PUBLISHED,
        self_paced=False,
        starts_at=start,
        ends_at=due_time(start, days),
        published_at=start,
    )


def _lessons(data: Dataset, courses: dict[Presentation, Course]) -> dict[str, Lesson]:
    """By assessment. Exams without a date are not required: who sat them is not in the data."""
    sections = {key: Section.objects.create(course=course, title="Assessments") for key, course in courses.items()}
    ordered = sorted(data.assessments.values(), key=lambda one: (one.due is None, one.due or 0, one.key))
    lessons = {
        assessment.key: Lesson(
            section=sections[assessment.presentation],
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


def _people(data: Dataset) -> dict[str, User]:
    nobody = make_password(None)
    students = sorted({learner.student for learner in data.learners.values()})
    people = [
        User(email=f"student{student}@{DOMAIN}", name=f"Student {student}", password=nobody) for student in students
    ]
    User.objects.bulk_create(people, batch_size=BATCH)
    return dict(zip(students, people, strict=True))


def _enrollment(
    learner: Learner, user: User, course: Course, data: Dataset, required: dict[Presentation, int]
) -> Enrollment:
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
        progress=round(100 * done / required[learner.presentation], 2) if required[learner.presentation] else 0,
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
