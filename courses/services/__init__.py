"""Everything that changes courses, enrollments and progress."""

from courses.services.authoring import (
    add_lesson,
    add_section,
    add_staff,
    archive_course,
    create_course,
    delete_lesson,
    delete_section,
    publish_course,
    remove_staff,
    update_course,
    update_lesson,
    update_section,
)
from courses.services.enrolling import BulkResult, approve, drop, enroll, enroll_many, expire_enrollments
from courses.services.files import add_file, delete_file
from courses.services.learning import complete_lesson, open_lesson, record_lesson_result, record_watching
from courses.services.progress import drifted, recount_course

__all__ = [
    "BulkResult",
    "add_file",
    "add_lesson",
    "add_section",
    "add_staff",
    "approve",
    "archive_course",
    "complete_lesson",
    "create_course",
    "delete_file",
    "delete_lesson",
    "delete_section",
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
    "remove_staff",
    "update_course",
    "update_lesson",
    "update_section",
]
