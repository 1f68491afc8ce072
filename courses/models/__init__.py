"""The tables of courses: what is taught, who learns it and how far they are, what an import kept."""

from courses.models.course import Course, CourseStaff, CourseState, Lesson, LessonKind, Section, StaffRole
from courses.models.enrollment import (
    Enrollment,
    EnrollmentChange,
    EnrollmentSource,
    EnrollmentState,
    LessonProgress,
)
from courses.models.imported import ImportedItem

__all__ = [
    "Course",
    "CourseStaff",
    "CourseState",
    "Enrollment",
    "EnrollmentChange",
    "EnrollmentSource",
    "EnrollmentState",
    "ImportedItem",
    "Lesson",
    "LessonKind",
    "LessonProgress",
    "Section",
    "StaffRole",
]
