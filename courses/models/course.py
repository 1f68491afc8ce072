"""What is taught: a course, its sections, their lessons, and who teaches it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
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


class FileRole(models.TextChoices):
    ASSET = "asset", "Part of the text"
    ATTACHMENT = "attachment", "To download"
    TRANSCRIPT = "transcript", "Transcript of a video"


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
    self_paced = models.BooleanField(default=True, help_text="Without: enrollments expire when the course ends.")
    starts_at = models.DateTimeField(null=True, blank=True, help_text="Lessons open to students then.")
    ends_at = models.DateTimeField(null=True, blank=True)
    enrollment_opens_at = models.DateTimeField(null=True, blank=True)
    enrollment_closes_at = models.DateTimeField(null=True, blank=True)
    capacity = models.PositiveIntegerField(
        null=True, blank=True, help_text="Most people active or through; empty: any."
    )
    requires_approval = models.BooleanField(default=False, help_text="Who enrols waits until staff approve.")
    prerequisites = models.ManyToManyField(
        "self", symmetrical=False, blank=True, related_name="required_for", help_text="To be completed before."
    )
    grading_policy = models.JSONField(default=dict, blank=True, editable=False, help_text="As imported.")
    source_key = models.CharField(max_length=250, null=True, blank=True, unique=True, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["title", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CourseState.values), name="courses_course_state_known"),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="courses_course_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(enrollment_opens_at__isnull=True)
                | Q(enrollment_closes_at__isnull=True)
                | Q(enrollment_closes_at__gt=F("enrollment_opens_at")),
                name="courses_course_closes_after_opening",
            ),
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
    available_at = models.DateTimeField(null=True, blank=True, help_text="Open to students from then on.")
    due_at = models.DateTimeField(null=True, blank=True, help_text="Completed later counts, and shows as late.")
    minimum_seconds = models.PositiveIntegerField(
        default=0, help_text="Text and files: shortest time from opening the lesson to completing it."
    )
    video_url = models.URLField(max_length=500, blank=True)
    duration_seconds = models.FloatField(null=True, blank=True, help_text="Video: empty when its source doesn't say.")
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
            models.CheckConstraint(
                condition=Q(duration_seconds__isnull=True) | Q(duration_seconds__gt=0),
                name="courses_lesson_duration_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.title


def _storage_name(file: "LessonFile", name: str) -> str:
    return f"courses/{file.course.public_id}/{file.public_id}-{file.sha256[:16]}"


class LessonFile(models.Model):
    """A file in private storage: of one lesson, or without one of the whole course. Sent only by courses.api.files."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="files")
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, null=True, blank=True, related_name="files")
    role = models.CharField(max_length=20, choices=FileRole, default=FileRole.ATTACHMENT)
    name = models.CharField(max_length=255)
    content = models.FileField(upload_to=_storage_name, max_length=255)
    content_type = models.CharField(max_length=100, help_text="As found in the content, not as claimed.")
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    language = models.CharField(max_length=20, blank=True)
    source_key = models.CharField(max_length=250, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "source_key"], condition=~Q(source_key=""), name="courses_file_source_once"
            ),
            models.CheckConstraint(condition=Q(role__in=FileRole.values), name="courses_file_role_known"),
        ]

    def __str__(self) -> str:
        return self.name
