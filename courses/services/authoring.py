"""Making courses and opening them to students."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import User
from core.errors import Conflict
from core.events import announce
from courses import signals
from courses.html import sanitise
from courses.models import Course, CourseStaff, CourseState, Lesson, LessonKind, Section
from courses.services.progress import recount_course


@transaction.atomic
def create_course(
    *,
    title: str,
    slug: str = "",
    summary: str = "",
    description: str = "",
    language: str = "",
    instructors: Iterable[User] = (),
    source_key: str | None = None,
) -> Course:
    """A draft. Without a slug one is made of the title.

    Raises Conflict (`slug_taken`) when a given slug is in use.
    """
    if slug and Course.objects.filter(slug=slug).exists():
        raise Conflict("Another course has this slug.", code="slug_taken")
    course = Course.objects.create(
        title=title,
        slug=slug or free_slug(title),
        summary=summary,
        description=sanitise(description),
        language=language,
        source_key=source_key,
    )
    CourseStaff.objects.bulk_create([CourseStaff(course=course, user=user) for user in instructors])
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


def add_section(*, course: Course, title: str) -> Section:
    """A section after the course's last one."""
    last = course.sections.aggregate(last=Max("position"))["last"]
    return Section.objects.create(course=course, title=title, position=0 if last is None else last + 1)


@transaction.atomic
def add_lesson(
    *,
    section: Section,
    title: str,
    kind: str = LessonKind.TEXT,
    content: str = "",
    required: bool = True,
    published: bool = True,
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
        position=0 if last is None else last + 1,
    )
    if required and published:
        recount_course(course=section.course)
    return lesson


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
