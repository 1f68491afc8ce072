"""What is taught: a course, its sections, their lessons, and who teaches it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class CourseState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    ARCHIVED = "archived", "Archived"


class LessonKind(models.TextChoices):
    TEXT = "text", "Text"
    VIDEO = "video", "Video"
    FILE = "file", "File"
    QUIZ = "quiz", "Quiz"
    ASSIGNMENT = "assignment", "Assignment"


class StaffRole(models.TextChoices):
    INSTRUCTOR = "instructor", "Instructor"
    TEACHING_ASSISTANT = "teaching_assistant", "Teaching assistant"


class Course(models.Model):
    """`slug` names the course in addresses, logs and metrics; `source_key` is its identity in an export."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=100, unique=True)
    title = models.CharField(max_length=250)
    summary = models.TextField(blank=True, help_text="Plain text, shown in lists.")
    description = models.TextField(blank=True, help_text="Sanitised HTML.")
    language = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=20, choices=CourseState, default=CourseState.DRAFT)
    staff = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="CourseStaff", related_name="taught_courses", blank=True
    )
    source_key = models.CharField(max_length=250, null=True, blank=True, unique=True, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["title", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CourseState.values), name="courses_course_state_known"),
        ]

    def __str__(self) -> str:
        return self.title


class CourseStaff(models.Model):
    """Who teaches a course. Both roles see and grade; only instructors change the course."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="staff_entries")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="staff_entries")
    role = models.CharField(max_length=20, choices=StaffRole, default=StaffRole.INSTRUCTOR)

    class Meta:
        verbose_name_plural = "course staff"
        constraints = [
            models.UniqueConstraint(fields=["course", "user"], name="courses_staff_once"),
            models.CheckConstraint(condition=Q(role__in=StaffRole.values), name="courses_staff_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.role}"


class Section(models.Model):
    """A chapter of a course."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="sections")
    title = models.CharField(max_length=250)
    position = models.PositiveIntegerField(default=0)
    source_key = models.CharField(max_length=250, blank=True, editable=False)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "source_key"], condition=~Q(source_key=""), name="courses_section_source_once"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Lesson(models.Model):
    """One thing to read, watch, download or do. Positions count through the section, across subsections and units.

    A lesson that its source no longer has stays, unpublished, while somebody has progress in it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    section = models.ForeignKey(Section, on_delete=models.CASCADE, related_name="lessons")
    kind = models.CharField(max_length=20, choices=LessonKind, default=LessonKind.TEXT)
    title = models.CharField(max_length=250)
    content = models.TextField(blank=True, help_text="Sanitised HTML.")
    position = models.PositiveIntegerField(default=0)
    required = models.BooleanField(default=True, help_text="Counts towards progress and completion.")
    published = models.BooleanField(default=True)
    subsection_key = models.CharField(max_length=250, blank=True, editable=False)
    subsection_title = models.CharField(max_length=250, blank=True)
    unit_key = models.CharField(max_length=250, blank=True, editable=False)
    unit_title = models.CharField(max_length=250, blank=True)
    source_key = models.CharField(max_length=250, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["section", "source_key"], condition=~Q(source_key=""), name="courses_lesson_source_once"
            ),
            models.CheckConstraint(condition=Q(kind__in=LessonKind.values), name="courses_lesson_kind_known"),
        ]

    def __str__(self) -> str:
        return self.title
