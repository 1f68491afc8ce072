"""Reading courses and enrollments, each with a fixed number of queries."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, Forbidden, NotFound
from courses.models import Course, CourseStaff, Enrollment, EnrollmentState, Lesson, LessonFile, LessonProgress, Section
from courses.permissions import is_admin, opens_at, readable_files, readable_lessons, teaches, visible_courses

PRESENT = (EnrollmentState.ACTIVE, EnrollmentState.COMPLETED)


def courses_for(user: User) -> QuerySet[Course]:
    """The courses that the person may see, with staff and the number of people in them."""
    staff = CourseStaff.objects.select_related("user").order_by("pk")
    # A subquery counts for the courses of one page; a join would count for all courses first.
    present = Enrollment.objects.filter(course=OuterRef("pk"), state__in=PRESENT).order_by().values("course")
    return (
        visible_courses(user)
        .prefetch_related(Prefetch("staff_entries", queryset=staff), "prerequisites")
        .annotate(students=Coalesce(Subquery(present.annotate(number=Count("pk")).values("number")), 0))
    )


def course_for(user: User, slug: str) -> Course:
    """Raises NotFound for a course that doesn't exist or isn't the person's to see."""
    course = courses_for(user).filter(slug=slug).first()
    if course is None:
        raise NotFound(_("There is no such course."))
    return course


def outline(user: User, course: Course) -> list[Section]:
    """Sections with their lessons (without content), each lesson with the person's progress in `mine`.

    Course staff see unpublished lessons too.
    """
    lessons = Lesson.objects.defer("content").order_by("position", "pk")
    if not teaches(user, course):
        lessons = lessons.filter(published=True)
    mine = LessonProgress.objects.filter(enrollment__user=user)
    lessons = lessons.prefetch_related(Prefetch("progress", queryset=mine, to_attr="mine"))
    return list(course.sections.prefetch_related(Prefetch("lessons", queryset=lessons)))


def lesson_for(user: User, public_id: UUID) -> Lesson:
    """Raises NotFound unless the person may read the lesson, Forbidden (`lesson_not_open`) before it opens."""
    lesson = readable_lessons(user).filter(public_id=public_id).first()
    if lesson is None:
        raise NotFound(_("There is no such lesson, or you are not enrolled in its course."))
    opening = opens_at(lesson)
    if opening and timezone.now() < opening and not teaches(user, lesson.section.course):
        raise Forbidden(_("This lesson opens later."), code="lesson_not_open", opens_at=opening.isoformat())
    return lesson


@dataclass(frozen=True)
class Neighbour:
    """What a link to a lesson needs."""

    public_id: UUID
    title: str


def neighbours(user: User, lesson: Lesson) -> tuple[Neighbour | None, Neighbour | None]:
    """The lessons before and after this one in its course's outline, as far as the person sees them there.

    Ids and titles alone are read: a course may have hundreds of lessons.
    """
    lessons = Lesson.objects.filter(section__course=lesson.section.course)
    if not is_admin(user):
        teaching = CourseStaff.objects.filter(course=lesson.section.course, user=user)
        lessons = lessons.filter(Q(published=True) | Q(Exists(teaching)))
    in_order = list(
        lessons.order_by("section__position", "section_id", "position", "pk").values_list("pk", "public_id", "title")
    )
    at = next((number for number, (key, *_) in enumerate(in_order) if key == lesson.pk), None)
    if at is None:
        return None, None
    before = Neighbour(*in_order[at - 1][1:]) if at else None
    return before, Neighbour(*in_order[at + 1][1:]) if at + 1 < len(in_order) else None


def has_completed(user: User, lesson: Lesson) -> bool:
    return LessonProgress.objects.filter(enrollment__user=user, lesson=lesson, completed_at__isnull=False).exists()


def enrollments_of(user: User) -> QuerySet[Enrollment]:
    return Enrollment.objects.filter(user=user).select_related("course", "user")


def enrollment_of(user: User, public_id: UUID) -> Enrollment:
    """Raises NotFound for an enrollment of somebody else."""
    enrollment = enrollments_of(user).filter(public_id=public_id).first()
    if enrollment is None:
        raise NotFound(_("You have no such enrollment."))
    return enrollment


def enrollment_in(user: User, course: Course) -> Enrollment:
    """Raises Conflict (`not_enrolled`) when the person never enrolled."""
    enrollment = enrollments_of(user).filter(course=course).first()
    if enrollment is None:
        raise Conflict(_("You are not enrolled in this course."), code="not_enrolled")
    return enrollment


def enrollments_in(course: Course) -> QuerySet[Enrollment]:
    return Enrollment.objects.filter(course=course).select_related("course", "user")


def taught_enrollment(user: User, public_id: UUID) -> Enrollment:
    """An enrollment in a course that the person teaches. Raises NotFound for every other."""
    enrollment = Enrollment.objects.select_related("course", "user").filter(public_id=public_id).first()
    if enrollment is None or not teaches(user, enrollment.course):
        raise NotFound(_("You teach no course with such an enrollment."))
    return enrollment


def section_for(user: User, public_id: UUID) -> Section:
    """Raises NotFound for a section of a course that the person may not see."""
    section = Section.objects.select_related("course").filter(public_id=public_id).first()
    if section is None or not visible_courses(user).filter(pk=section.course_id).exists():
        raise NotFound(_("There is no such section."))
    return section


def file_for(user: User, public_id: UUID) -> LessonFile:
    """Raises NotFound unless the person may have the file now."""
    file = readable_files(user).filter(public_id=public_id).first()
    if file is None:
        raise NotFound(_("There is no such file, or you are not enrolled in its course."))
    return file


def person_by_email(email: str) -> User:
    """Raises NotFound."""
    return _person(email=email.lower())


def person(public_id: UUID) -> User:
    """Raises NotFound."""
    return _person(public_id=public_id)


def _person(**by: Any) -> User:
    user = User.objects.filter(is_active=True, **by).first()
    if user is None:
        raise NotFound(_("There is no such person."))
    return user
