"""Everything that changes courses, enrollments and progress."""

from courses.services.authoring import add_lesson, add_section, archive_course, create_course, publish_course
from courses.services.enrolling import BulkResult, approve, drop, enroll, enroll_many, expire_enrollments
from courses.services.importing import ImportReport, store_course
from courses.services.learning import complete_lesson, open_lesson, record_lesson_result, record_watching
from courses.services.progress import drifted, recount_course

__all__ = [
    "BulkResult",
    "ImportReport",
    "add_lesson",
    "add_section",
    "approve",
    "archive_course",
    "complete_lesson",
    "create_course",
    "drifted",
    "drop",
    "enroll",
    "enroll_many",
    "expire_enrollments",
    "open_lesson",
    "publish_course",
    "record_lesson_result",
    "record_watching",
    "recount_course",
    "store_course",
]
