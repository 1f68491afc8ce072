"""Making courses and opening them to students."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Max, ProtectedError
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, NotFound
from core.events import announce
from courses import signals
from courses.html import sanitise
from courses.models import Course, CourseStaff, CourseState, Lesson, LessonKind, Section, StaffRole
from courses.services.progress import recount_course
from courses.versions import check_version


@transaction.atomic
def create_course(
    *,
    title: str,
    slug: str = "",
    summary: str = "",
    description: str = "",
    instructors: Iterable[User] = (),
    prerequisites: Iterable[Course] = (),
    **fields: Any,
) -> Course:
    """A draft. Without a slug one is made of the title.

    Raises Conflict (`slug_taken`) when a given slug is in use.
    """
    if slug and Course.objects.filter(slug=slug).exists():
        raise Conflict(_("Another course has this slug."), code="slug_taken")
    course = Course.objects.create(
        title=title,
        slug=slug or free_slug(title),
        summary=summary,
        description=sanitise(description),
        **fields,
    )
    CourseStaff.objects.bulk_create([CourseStaff(course=course, user=user) for user in instructors])
    course.prerequisites.set(prerequisites)
    return course


def free_slug(title: str) -> str:
    """A slug of the title that no course has: `biology`, then `biology-2`, `biology-3` …"""
    base = slugify(title)[:90] or "course"
    taken = set(Course.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    number = 1
    slug = base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug


def add_section(*, course: Course, title: str, position: int | None = None) -> Section:
    """A section, after the course's last one unless a position is given."""
    if position is None:
        last = course.sections.aggregate(last=Max("position"))["last"]
        position = 0 if last is None else last + 1
    return Section.objects.create(course=course, title=title, position=position)


@transaction.atomic
def add_lesson(
    *,
    section: Section,
    title: str,
    kind: str = LessonKind.TEXT,
    content: str = "",
    required: bool = True,
    published: bool = True,
    **fields: Any,
) -> Lesson:
    """A lesson after the section's last one; everybody's progress in the course is recounted."""
    last = section.lessons.aggregate(last=Max("position"))["last"]
    lesson = Lesson.objects.create(
        section=section,
        title=title,
        kind=kind,
        content=sanitise(content),
        required=required,
        published=published,
        **{"position": 0 if last is None else last + 1} | fields,
    )
    if required and published:
        recount_course(course=section.course)
    return lesson


@transaction.atomic
def update_course(*, course: Course, changes: dict[str, Any], if_match: str | None) -> Course:
    """Change fields of a course; `prerequisites` as courses. State has services of its own.

    Raises PreconditionRequired, PreconditionFailed, Conflict (`slug_taken`, `prerequisites_circular`).
    """
    course = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    check_version(course, if_match)
    slug = changes.get("slug", course.slug)
    if slug != course.slug and Course.objects.filter(slug=slug).exists():
        raise Conflict(_("Another course has this slug."), code="slug_taken")
    prerequisites = changes.pop("prerequisites", None)
    _set(course, changes, html="description")
    if prerequisites is not None:
        if any(_requires(before, course) for before in prerequisites):
            raise Conflict(_("A course can't come before itself."), code="prerequisites_circular")
        course.prerequisites.set(prerequisites)
    return course


def update_section(*, section: Section, changes: dict[str, Any]) -> Section:
    return _set(section, changes)


@transaction.atomic
def update_lesson(*, lesson: Lesson, changes: dict[str, Any], if_match: str | None) -> Lesson:
    """Change fields of a lesson; everybody's progress is recounted when it begins or ceases to count.

    Raises PreconditionRequired, PreconditionFailed.
    """
    lesson = (
        Lesson.objects.select_for_update(of=("self",), no_key=True).select_related("section__course").get(pk=lesson.pk)
    )
    check_version(lesson, if_match)
    counted = lesson.required and lesson.published
    _set(lesson, changes, html="content")
    if counted != (lesson.required and lesson.published):
        recount_course(course=lesson.section.course)
    return lesson


@transaction.atomic
def delete_lesson(*, lesson: Lesson) -> None:
    """Raises Conflict (`lesson_has_progress`) once somebody began it: unpublish it instead."""
    course = lesson.section.course
    try:
        lesson.delete()
    except ProtectedError:
        raise Conflict(_("People began this lesson; unpublish it instead."), code="lesson_has_progress") from None
    recount_course(course=course)


def delete_section(*, section: Section) -> None:
    """Raises Conflict (`section_not_empty`) while it holds lessons or imported items."""
    if section.lessons.exists() or section.imported_items.exists():
        raise Conflict(_("The section is not empty."), code="section_not_empty")
    section.delete()


def add_staff(*, course: Course, user: User, role: str) -> CourseStaff:
    """Make somebody staff of a course, or give them another role."""
    return CourseStaff.objects.update_or_create(course=course, user=user, defaults={"role": role})[0]


@transaction.atomic
def remove_staff(*, course: Course, user: User) -> None:
    """Raises NotFound for somebody who isn't staff, Conflict (`last_instructor`) for the last instructor."""
    staff = list(CourseStaff.objects.select_for_update().filter(course=course).order_by("pk"))
    entry = next((row for row in staff if row.user_id == user.pk), None)
    if entry is None:
        raise NotFound(_("They are not staff of this course."))
    if [row.pk for row in staff if row.role == StaffRole.INSTRUCTOR] == [entry.pk]:
        raise Conflict(_("A course keeps at least one instructor."), code="last_instructor")
    entry.delete()


def _set(row: Any, changes: dict[str, Any], html: str = "") -> Any:
    for name, value in changes.items():
        setattr(row, name, sanitise(value) if name == html else value)
    row.save()
    return row


def _requires(course: Course, other: Course) -> bool:
    """Whether `other` is `course` or comes, directly or not, before it."""
    seen, pending = set(), [course.pk]
    while pending:
        key = pending.pop()
        if key == other.pk:
            return True
        if key not in seen:
            seen.add(key)
            pending += Course.prerequisites.through.objects.filter(from_course=key).values_list("to_course", flat=True)
    return False


@transaction.atomic
def publish_course(*, course: Course) -> Course:
    """Open a draft, or reopen an archived course. Publishing twice changes nothing and is announced once."""
    changed = (
        Course.objects.filter(pk=course.pk)
        .exclude(state=CourseState.PUBLISHED)
        .update(state=CourseState.PUBLISHED, published_at=timezone.now(), updated_at=timezone.now())
    )
    course.refresh_from_db()
    if changed:
        announce(signals.course_published, Course, course=course)
    return course


@transaction.atomic
def archive_course(*, course: Course) -> Course:
    """Close a course to newcomers; those enrolled keep reading. Announced once."""
    changed = (
        Course.objects.filter(pk=course.pk)
        .exclude(state=CourseState.ARCHIVED)
        .update(state=CourseState.ARCHIVED, updated_at=timezone.now())
    )
    course.refresh_from_db()
    if changed:
        announce(signals.course_archived, Course, course=course)
    return course
