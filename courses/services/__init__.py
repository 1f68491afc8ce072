"""Everything that changes courses, enrollments and progress."""

from courses.services.authoring import add_lesson, add_section, archive_course, create_course, publish_course
from courses.services.enrolling import drop, enroll
from courses.services.importing import ImportReport, store_course
from courses.services.learning import complete_lesson, record_lesson_result, recount_course

__all__ = [
    "ImportReport",
    "add_lesson",
    "add_section",
    "archive_course",
    "complete_lesson",
    "create_course",
    "drop",
    "enroll",
    "publish_course",
    "record_lesson_result",
    "recount_course",
    "store_course",
]
