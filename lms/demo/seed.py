"""Writes a term (lms.demo.term) into the database, in bulk and in one transaction."""

import datetime
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import Role, User
from core.errors import Conflict
from courses.models import (
    Course,
    CourseStaff,
    CourseState,
    Enrollment,
    EnrollmentChange,
    Lesson,
    LessonKind,
    LessonProgress,
    Section,
)
from lms.demo import catalogue, term
from lms.demo.people import DOMAIN, PASSWORD, address

WEEKS = 10
BATCH = 5000
SLUG_PREFIX = "demo-"


@dataclass
class Seeded:
    students: int
    instructors: int
    courses: int
    enrollments: int
    progress_rows: int


def seeded() -> bool:
    return User.objects.filter(email__endswith="@" + DOMAIN).exists()


def remove() -> int:
    """Delete the demo's people and courses, with all that hangs on them. Returns how many people went."""
    with transaction.atomic():
        people = User.objects.filter(email__endswith="@" + DOMAIN)
        courses = Course.objects.filter(slug__startswith=SLUG_PREFIX)
        EnrollmentChange.objects.filter(enrollment__user__in=people).delete()
        LessonProgress.objects.filter(enrollment__user__in=people).delete()
        Enrollment.objects.filter(user__in=people).delete()
        count = people.count()
        people.delete()
        courses.delete()
    return count


def seed(
    *, students: int, instructors: int, seed: int, until: datetime.datetime, progress: Callable[[int], object]
) -> Seeded:
    """A term of WEEKS weeks that is in its last third at `until`. `progress` is called with the students done so far.

    Raises Conflict when demo people exist. Nothing is written unless everything is.
    """
    if seeded():
        raise Conflict("demo people exist already; remove them first (--remove)")
    chooser = random.Random(seed)
    start = (until - datetime.timedelta(weeks=WEEKS * 0.8)).replace(hour=0, minute=0, second=0, microsecond=0)
    with transaction.atomic():
        teachers, learners = _people(chooser, seed, students, instructors, until)
        courses = _courses(chooser, teachers, start)
        result = _term(chooser, learners, courses, start, until, progress, instructors)
        _analyze(User, EmailAddress, Enrollment, EnrollmentChange, LessonProgress)
        return result


def _analyze(*tables: type[Model]) -> None:
    """Without statistics of rows this new, the planner takes the tables for empty and joins them row by row."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE " + ", ".join(connection.ops.quote_name(table._meta.db_table) for table in tables))


def _uuid(chooser: random.Random) -> uuid.UUID:
    return uuid.UUID(int=chooser.getrandbits(128), version=4)


def _people(
    chooser: random.Random, seed: int, students: int, instructors: int, until: datetime.datetime
) -> tuple[list[User], list[User]]:
    try:
        from faker import Faker  # a development package; production never seeds
    except ImportError as error:
        raise Conflict("the package Faker is missing: install requirements-dev.txt") from error
    fake = Faker(["en_GB", "de_DE", "es_ES", "fr_FR", "pl_PL"])
    fake.seed_instance(seed)
    # One hash for all: hashing is slow on purpose, and the password is the same public one.
    password = make_password(PASSWORD, salt=f"{chooser.getrandbits(64):016x}")
    joined = until - datetime.timedelta(weeks=WEEKS)
    people = [
        User(
            email=address(role, number),
            public_id=_uuid(chooser),
            name=fake.name(),
            role=role,
            password=password,
            date_joined=joined,
        )
        for role, count in ((Role.ADMIN, 1), (Role.INSTRUCTOR, instructors), (Role.STUDENT, students))
        for number in range(1, count + 1)
    ]
    User.objects.bulk_create(people, batch_size=BATCH)
    EmailAddress.objects.bulk_create(
        [EmailAddress(user=person, email=person.email, verified=True, primary=True) for person in people],
        batch_size=BATCH,
    )
    return people[1 : 1 + instructors], people[1 + instructors :]


def _courses(
    chooser: random.Random, teachers: list[User], start: datetime.datetime
) -> list[tuple[Course, list[Lesson]]]:
    """Every published course with its required lessons; those of the catalogue are made, due evenly over the term."""
    for title, sections in catalogue.COURSES.items():
        course = Course.objects.create(
            public_id=_uuid(chooser),
            slug=SLUG_PREFIX + slugify(title),
            title=title,
            summary=f"{len(sections)} sections: {', '.join(sections).lower()}.",
            language="en",
            state=CourseState.PUBLISHED,
            published_at=timezone.now(),
        )
        parts = len(catalogue.PARTS)
        for position, name in enumerate(sections):
            section = Section.objects.create(course=course, title=name, position=position, public_id=_uuid(chooser))
            Lesson.objects.bulk_create(
                Lesson(
                    section=section,
                    public_id=_uuid(chooser),
                    kind=LessonKind.TEXT,
                    title=part,
                    content=catalogue.lesson_text(title, name, part),
                    position=index,
                    due_at=_due(start, (position * parts + index + 1) / (len(sections) * parts)),
                )
                for index, part in enumerate(catalogue.PARTS)
            )
    courses = []
    for course in Course.objects.filter(state=CourseState.PUBLISHED).order_by("slug"):
        lessons = list(
            Lesson.objects.filter(section__course=course, published=True, required=True).order_by(
                "section__position", "position", "pk"
            )
        )
        if lessons:
            courses.append((course, lessons))
        CourseStaff.objects.bulk_create(
            [CourseStaff(course=course, user=teacher) for teacher in chooser.sample(teachers, min(2, len(teachers)))],
            ignore_conflicts=True,
        )
    return courses


def _due(start: datetime.datetime, share: float) -> datetime.datetime:
    """The last minute of the day on which `share` of the term that began at `start` (a midnight) is over."""
    return start + datetime.timedelta(days=round(7 * WEEKS * share)) - datetime.timedelta(minutes=1)


def _term(
    chooser: random.Random,
    learners: list[User],
    courses: list[tuple[Course, list[Lesson]]],
    start: datetime.datetime,
    until: datetime.datetime,
    progress: Callable[[int], object],
    instructors: int,
) -> Seeded:
    enrollments = rows = 0
    for first in range(0, len(learners), 500):
        batch = learners[first : first + 500]
        new: list[tuple[Enrollment, term.History, list[Lesson]]] = []
        for user in batch:
            who = term.learner(chooser)
            count = min(chooser.choices([1, 2, 3, 4, 5], weights=[1, 3, 4, 2, 1])[0], len(courses))
            for course, lessons in chooser.sample(courses, count):
                history = term.study(chooser, who, lessons=len(lessons), start=start, now=until, weeks=WEEKS)
                new.append((_enrollment(chooser, user, course, lessons, history), history, lessons))
                user.last_activity_at = max(user.last_activity_at or history.enrolled, history.last_activity)
        Enrollment.objects.bulk_create([enrollment for enrollment, _, _ in new], batch_size=BATCH)
        EnrollmentChange.objects.bulk_create(_changes(new), batch_size=BATCH)
        done = _progress(new)
        LessonProgress.objects.bulk_create(done, batch_size=BATCH)
        User.objects.bulk_update(batch, ["last_activity_at"], batch_size=BATCH)
        enrollments, rows = enrollments + len(new), rows + len(done)
        progress(first + len(batch))
    return Seeded(len(learners), instructors, len(courses), enrollments, rows)


def _enrollment(
    chooser: random.Random, user: User, course: Course, lessons: list[Lesson], history: term.History
) -> Enrollment:
    return Enrollment(
        public_id=_uuid(chooser),
        user=user,
        course=course,
        state=history.state,
        progress=round(100 * len(history.done) / len(lessons), 2),
        enrolled_at=history.enrolled,
        completed_at=history.changes[-1][1] if history.state == "completed" else None,
        last_activity_at=history.last_activity,
    )


def _changes(new: list[tuple[Enrollment, term.History, list[Lesson]]]) -> list[EnrollmentChange]:
    changes = []
    for enrollment, history, _ in new:
        before = ""
        for state, at in [("active", history.enrolled), *history.changes]:
            changes.append(EnrollmentChange(enrollment=enrollment, from_state=before, to_state=state, at=at))
            before = state
    return changes


def _progress(new: list[tuple[Enrollment, term.History, list[Lesson]]]) -> list[LessonProgress]:
    return [
        LessonProgress(
            enrollment=enrollment,
            lesson=lessons[index],
            fraction=None if lessons[index].kind == LessonKind.TEXT else 1.0,
            started_at=started,
            completed_at=completed,
        )
        for enrollment, history, lessons in new
        for index, started, completed in history.done
    ]
