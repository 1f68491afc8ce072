"""What an import kept because no lesson kind holds it (yet)."""

from django.db import models
from django.db.models import Q

from courses.models.course import Course, Section


class ImportedItem(models.Model):
    """A block of a course export as it came, so that nothing is lost. Positions interleave with those of lessons."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="imported_items")
    section = models.ForeignKey(Section, on_delete=models.CASCADE, related_name="imported_items")
    kind = models.CharField(max_length=50, help_text="The block's tag in the export.")
    title = models.CharField(max_length=250, blank=True)
    position = models.PositiveIntegerField(default=0)
    published = models.BooleanField(default=True)
    subsection_key = models.CharField(max_length=250, blank=True, editable=False)
    subsection_title = models.CharField(max_length=250, blank=True)
    unit_key = models.CharField(max_length=250, blank=True, editable=False)
    unit_title = models.CharField(max_length=250, blank=True)
    available_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    assignment_type = models.CharField(max_length=100, blank=True, help_text="A grader of the course's grading policy.")
    source_key = models.CharField(max_length=250, editable=False)
    raw_xml = models.TextField()
    data = models.JSONField(default=dict, help_text="The same as attributes, response kinds and a tree of elements.")

    class Meta:
        ordering = ["section", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["course", "source_key"], name="courses_imported_once"),
            models.CheckConstraint(condition=~Q(source_key=""), name="courses_imported_has_source"),
        ]
        indexes = [models.Index(fields=["course", "kind"], name="courses_imported_by_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.title}".strip()
