"""The tables of courses: what is taught, who learns it and how far they are, what an import kept."""

from courses.models.course import (
    Course,
    CourseStaff,
    CourseState,
    FileRole,
    Lesson,
    LessonFile,
    LessonKind,
    Section,
    StaffRole,
)
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
    "FileRole",
    "ImportedItem",
    "Lesson",
    "LessonFile",
    "LessonKind",
    "LessonProgress",
    "Section",
    "StaffRole",
]
