"""The Django admin of courses: enough for a support person to find, see and correct."""

from courses.admin import courses, enrollments

__all__ = ["courses", "enrollments"]
