"""Who may do what with a course. The one place that decides it; views, admin and services ask here.

Admins may do everything. Course staff see their courses in every state and everybody's work in them; of the staff only
instructors change the course. Students see published courses, and archived ones they are enrolled in; they read
lessons while their enrollment is active or completed.
"""

import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Forbidden
from courses.models import (
    Course,
    CourseStaff,
    CourseState,
    Enrollment,
    EnrollmentState,
    Lesson,
    LessonFile,
    StaffRole,
)

READING = (EnrollmentState.ACTIVE, EnrollmentState.COMPLETED)


def is_admin(user: User) -> bool:
    return user.is_staff


def visible_courses(user: User) -> QuerySet[Course]:
    courses = Course.objects.all()
    if is_admin(user):
        return courses
    teaches = CourseStaff.objects.filter(course=OuterRef("pk"), user=user)
    enrolled = Enrollment.objects.filter(course=OuterRef("pk"), user=user)
    return courses.filter(
        Q(state=CourseState.PUBLISHED) | Q(Exists(teaches)) | (Q(state=CourseState.ARCHIVED) & Q(Exists(enrolled)))
    )


def readable_lessons(user: User) -> QuerySet[Lesson]:
    lessons = Lesson.objects.select_related("section__course")
    if is_admin(user):
        return lessons
    teaches = CourseStaff.objects.filter(course=OuterRef("section__course"), user=user)
    enrolled = Enrollment.objects.filter(course=OuterRef("section__course"), user=user, state__in=READING)
    open_to_students = Q(published=True) & ~Q(section__course__state=CourseState.DRAFT) & Q(Exists(enrolled))
    return lessons.filter(Q(Exists(teaches)) | open_to_students)


def readable_files(user: User) -> QuerySet[LessonFile]:
    """Files of lessons the person may read now, and files of whole courses they read or teach."""
    files = LessonFile.objects.select_related("course", "lesson__section__course")
    if is_admin(user):
        return files
    now = timezone.now()
    teaches = CourseStaff.objects.filter(course=OuterRef("course"), user=user)
    enrolled = Enrollment.objects.filter(course=OuterRef("course"), user=user, state__in=READING)
    started = Q(course__starts_at__isnull=True) | Q(course__starts_at__lte=now)
    released = Q(lesson__available_at__isnull=True) | Q(lesson__available_at__lte=now)
    lesson_open = Q(lesson__isnull=True) | (Q(lesson__published=True) & released)
    open_to_students = ~Q(course__state=CourseState.DRAFT) & started & lesson_open & Q(Exists(enrolled))
    return files.filter(Q(Exists(teaches)) | open_to_students)


def opens_at(lesson: Lesson) -> datetime.datetime | None:
    """When a lesson opens to students: at its release, but not before its course starts."""
    moments = [moment for moment in (lesson.available_at, lesson.section.course.starts_at) if moment]
    return max(moments, default=None)


def teaches(user: User, course: Course) -> bool:
    """Sees everybody's work in the course."""
    return is_admin(user) or CourseStaff.objects.filter(course=course, user=user).exists()


def may_change(user: User, course: Course) -> bool:
    staff = CourseStaff.objects.filter(course=course, user=user, role=StaffRole.INSTRUCTOR)
    return is_admin(user) or staff.exists()


def require_teaching(user: User, course: Course) -> None:
    """Raises Forbidden."""
    if not teaches(user, course):
        raise Forbidden(_("Only staff of this course may do this."))


def require_change(user: User, course: Course) -> None:
    """Raises Forbidden."""
    if not may_change(user, course):
        raise Forbidden(_("Only instructors of this course may do this."))
