"""One INFO line for each thing that happens: the event's name, public ids and the course's slug, nothing personal."""

import logging
from typing import Any

from courses import signals
from courses.models import Course, Enrollment, Lesson, LessonFile

logger = logging.getLogger("courses.events")


def _write(event: str, **facts: Any) -> None:
    logger.info(event, extra={"event": event, **{name: str(value) for name, value in facts.items()}})


def _enrollment_facts(enrollment: Enrollment) -> dict[str, Any]:
    return {
        "course": enrollment.course.slug,
        "enrollment": enrollment.public_id,
        "person": enrollment.user.public_id,
    }


def on_course_published(sender: Any, *, course: Course, **kwargs: Any) -> None:
    _write("course.published", course=course.slug)


def on_course_archived(sender: Any, *, course: Course, **kwargs: Any) -> None:
    _write("course.archived", course=course.slug)


def on_course_imported(sender: Any, *, course: Course, created: bool, changed: bool, **kwargs: Any) -> None:
    outcome = "created" if created else "updated" if changed else "unchanged"
    _write("course.imported", course=course.slug, outcome=outcome)


def on_enrollment_created(sender: Any, *, enrollment: Enrollment, source: str, **kwargs: Any) -> None:
    _write("enrollment.created", **_enrollment_facts(enrollment), source=source)


def on_enrollment_requested(sender: Any, *, enrollment: Enrollment, **kwargs: Any) -> None:
    _write("enrollment.requested", **_enrollment_facts(enrollment))


def on_enrollment_declined(sender: Any, *, enrollment: Enrollment, **kwargs: Any) -> None:
    _write("enrollment.declined", **_enrollment_facts(enrollment))


def on_enrollment_expired(sender: Any, *, enrollment: Enrollment, **kwargs: Any) -> None:
    _write("enrollment.expired", **_enrollment_facts(enrollment))


def on_enrollment_dropped(sender: Any, *, enrollment: Enrollment, **kwargs: Any) -> None:
    _write("enrollment.dropped", **_enrollment_facts(enrollment))


def on_enrollment_resumed(sender: Any, *, enrollment: Enrollment, **kwargs: Any) -> None:
    _write("enrollment.resumed", **_enrollment_facts(enrollment))


def on_lesson_completed(sender: Any, *, enrollment: Enrollment, lesson: Lesson, **kwargs: Any) -> None:
    _write("lesson.completed", **_enrollment_facts(enrollment), lesson=lesson.public_id, kind=lesson.kind)


def on_course_completed(sender: Any, *, enrollment: Enrollment, **kwargs: Any) -> None:
    _write("course.completed", **_enrollment_facts(enrollment))


def _transfer(event: str, file: LessonFile | None, number: int, outcome: str) -> None:
    facts = {"course": file.course.slug, "file": file.public_id} if file else {}
    _write(event, **facts, bytes=number, outcome=outcome)


def on_file_uploaded(sender: Any, *, file: LessonFile | None, bytes: int, outcome: str, **kwargs: Any) -> None:
    _transfer("file.uploaded", file, bytes, outcome)


def on_file_downloaded(sender: Any, *, file: LessonFile, bytes: int, outcome: str, **kwargs: Any) -> None:
    _transfer("file.downloaded", file, bytes, outcome)


def connect() -> None:
    """Called once, when the app is ready."""
    signals.course_published.connect(on_course_published)
    signals.course_archived.connect(on_course_archived)
    signals.course_imported.connect(on_course_imported)
    signals.enrollment_created.connect(on_enrollment_created)
    signals.enrollment_requested.connect(on_enrollment_requested)
    signals.enrollment_declined.connect(on_enrollment_declined)
    signals.enrollment_expired.connect(on_enrollment_expired)
    signals.enrollment_dropped.connect(on_enrollment_dropped)
    signals.enrollment_resumed.connect(on_enrollment_resumed)
    signals.lesson_completed.connect(on_lesson_completed)
    signals.course_completed.connect(on_course_completed)
    signals.file_uploaded.connect(on_file_uploaded)
    signals.file_downloaded.connect(on_file_downloaded)
