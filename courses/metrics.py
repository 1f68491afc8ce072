"""Counters of what happens in courses. Labels are closed; nothing here names a person or a course."""

from typing import Any

from django.dispatch import receiver

from courses import signals
from courses.files.transfer import Outcome
from courses.models import EnrollmentSource, Lesson, LessonKind
from observability import business

enrollments = business.Counter(
    "lms_enrollments_total",
    "Enrollments created, by how the person came into the course.",
    labels={"source": EnrollmentSource.values},
)
enrollment_changes = business.Counter(
    "lms_enrollment_changes_total",
    "Changes to existing enrollments other than completion.",
    labels={"change": ("requested", "declined", "dropped", "expired", "resumed")},
)
course_completions = business.Counter("lms_course_completions_total", "Enrollments that completed their course.")
lessons_completed = business.Counter(
    "lms_lessons_completed_total", "Lessons completed, by kind.", labels={"kind": LessonKind.values}
)
course_imports = business.Counter(
    "lms_course_imports_total",
    "Course imports carried out, by what they did.",
    labels={"outcome": ("created", "updated", "unchanged")},
)

file_transfers = business.Counter(
    "lms_file_transfers_total",
    "Transfers of files of courses, by direction and how they ended.",
    labels={"direction": ("up", "down"), "outcome": Outcome.values},
)
file_bytes = business.Counter(
    "lms_file_bytes_total",
    "Bytes of files of courses that arrived, were sent, or were handed to the proxy to send.",
    labels={"direction": ("up", "down")},
)


@receiver(signals.enrollment_created)
def count_enrollment(sender: Any, *, source: str, **kwargs: Any) -> None:
    enrollments.inc(source=source)


@receiver(signals.enrollment_requested)
def count_request(sender: Any, **kwargs: Any) -> None:
    enrollment_changes.inc(change="requested")


@receiver(signals.enrollment_declined)
def count_decline(sender: Any, **kwargs: Any) -> None:
    enrollment_changes.inc(change="declined")


@receiver(signals.enrollment_expired)
def count_expiry(sender: Any, **kwargs: Any) -> None:
    enrollment_changes.inc(change="expired")


@receiver(signals.enrollment_dropped)
def count_drop(sender: Any, **kwargs: Any) -> None:
    enrollment_changes.inc(change="dropped")


@receiver(signals.enrollment_resumed)
def count_return(sender: Any, **kwargs: Any) -> None:
    enrollment_changes.inc(change="resumed")


@receiver(signals.course_completed)
def count_course_completion(sender: Any, **kwargs: Any) -> None:
    course_completions.inc()


@receiver(signals.lesson_completed)
def count_lesson(sender: Any, *, lesson: Lesson, **kwargs: Any) -> None:
    lessons_completed.inc(kind=lesson.kind)


@receiver(signals.course_imported)
def count_import(sender: Any, *, created: bool, changed: bool, **kwargs: Any) -> None:
    course_imports.inc(outcome="created" if created else "updated" if changed else "unchanged")


@receiver(signals.file_uploaded)
def count_upload(sender: Any, *, bytes: int, outcome: str, **kwargs: Any) -> None:
    file_transfers.inc(direction="up", outcome=outcome)
    file_bytes.inc(bytes, direction="up")


@receiver(signals.file_downloaded)
def count_download(sender: Any, *, bytes: int, outcome: str, **kwargs: Any) -> None:
    file_transfers.inc(direction="down", outcome=outcome)
    file_bytes.inc(bytes, direction="down")
