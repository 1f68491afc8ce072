"""Storing a parsed export: created the first time, brought up to date afterwards, by the stable keys of its blocks.

The export is the truth for what it holds: a lesson edited here is overwritten by the next import. What was made here
(no source key) is left alone.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from core.events import announce
from courses import signals
from courses.html import sanitise
from courses.models import Course, ImportedItem, Lesson, LessonProgress, Section
from courses.olx import ParsedCourse, ParsedItem, ParsedLesson
from courses.services.authoring import free_slug
from courses.services.progress import recount_course

BATCH = 500


@dataclass
class ImportReport:
    """What an import found and did. `found` and `drafts` count blocks by tag, `changes` rows by table and verb."""

    slug: str
    title: str
    created: bool
    found: dict[str, int] = field(default_factory=dict)
    drafts: dict[str, int] = field(default_factory=dict)
    responses: dict[str, int] = field(default_factory=dict)
    changes: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.changes)

    def as_dict(self) -> dict[str, Any]:
        return vars(self) | {"changed": self.changed}


@transaction.atomic
def store_course(*, parsed: ParsedCourse) -> ImportReport:
    """Store an export. A new course is a draft. The same export again changes no row."""
    course, created = Course.objects.get_or_create(
        source_key=parsed.source_key,
        defaults={"slug": free_slug(parsed.title), "title": parsed.title},
    )
    course = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    report = ImportReport(
        slug=course.slug,
        title=parsed.title,
        created=created,
        found=dict(parsed.counts),
        drafts=dict(parsed.draft_counts),
        responses=dict(parsed.responses),
        warnings=list(parsed.warnings),
    )
    _Store(course, parsed, report).run()
    if report.changed:
        recount_course(course=course)
    announce(signals.course_imported, Course, course=course, created=created, changed=report.changed)
    return report


class _Store:
    def __init__(self, course: Course, parsed: ParsedCourse, report: ImportReport) -> None:
        self.course = course
        self.parsed = parsed
        self.report = report

    def run(self) -> None:
        self._course()
        sections = self._sections()
        lessons: dict[str, dict[str, Any]] = {}
        items: dict[str, dict[str, Any]] = {}
        for parsed in self.parsed.sections:
            for position, block in enumerate(parsed.blocks):
                values = {
                    "section_id": sections[parsed.source_key].pk,
                    "title": block.title,
                    "position": position,
                    "published": block.published,
                    **asdict(block.place),
                }
                if isinstance(block, ParsedLesson):
                    lessons[block.source_key] = values | {"content": sanitise(block.html)}
                else:
                    items[block.source_key] = values | _item_values(self.course, block)
        self._lessons(lessons, also_alive=items)
        existing_items = {item.source_key: item for item in self.course.imported_items.all()}
        self._write(ImportedItem, existing_items, items)
        self._delete(ImportedItem, [row for key, row in existing_items.items() if key not in items])
        self._drop_empty_sections(sections)

    def _course(self) -> None:
        wanted = {
            "title": self.parsed.title,
            "summary": self.parsed.summary,
            "description": sanitise(self.parsed.description),
            "language": self.parsed.language,
        }
        if _apply(self.course, wanted):
            self.course.save()
            self.report.changes["course updated"] += 1

    def _sections(self) -> dict[str, Section]:
        existing = {section.source_key: section for section in self.course.sections.exclude(source_key="")}
        wanted = {
            parsed.source_key: {"course_id": self.course.pk, "title": parsed.title, "position": position}
            for position, parsed in enumerate(self.parsed.sections)
        }
        self._write(Section, existing, wanted)
        return {section.source_key: section for section in self.course.sections.exclude(source_key="")}

    def _lessons(self, wanted: dict[str, dict[str, Any]], also_alive: Iterable[str]) -> None:
        """A lesson made from a kept item (a quiz from a problem) has the item's key and lives as long as the item."""
        existing = {
            lesson.source_key: lesson
            for lesson in Lesson.objects.filter(section__course=self.course).exclude(source_key="")
        }
        self._write(Lesson, existing, wanted)
        alive = {*wanted, *also_alive}
        gone = [lesson for key, lesson in existing.items() if key not in alive]
        begun = set(LessonProgress.objects.filter(lesson__in=gone).values_list("lesson", flat=True))
        self._delete(Lesson, [lesson for lesson in gone if lesson.pk not in begun])
        retired = [lesson for lesson in gone if lesson.pk in begun and lesson.published]
        if retired:
            keys = [lesson.pk for lesson in retired]
            Lesson.objects.filter(pk__in=keys).update(published=False, updated_at=timezone.now())
            self.report.changes["lesson unpublished"] += len(retired)

    def _drop_empty_sections(self, sections: dict[str, Section]) -> None:
        alive = {parsed.source_key for parsed in self.parsed.sections}
        gone = [section.pk for key, section in sections.items() if key not in alive]
        empty = Section.objects.filter(pk__in=gone, lessons__isnull=True, imported_items__isnull=True)
        self._delete(Section, list(empty))

    def _write(self, model: Any, existing: dict[str, Any], wanted: dict[str, dict[str, Any]]) -> None:
        """Create what is new, update what differs, touch nothing else."""
        name = model._meta.verbose_name
        new = [model(source_key=key, **values) for key, values in wanted.items() if key not in existing]
        model.objects.bulk_create(new, batch_size=BATCH)
        different = [
            existing[key] for key, values in wanted.items() if key in existing and _apply(existing[key], values)
        ]
        if different:
            fields = [field.name for field in model._meta.fields if field.attname in next(iter(wanted.values()))]
            if hasattr(model, "updated_at"):
                fields.append("updated_at")
                for row in different:
                    row.updated_at = timezone.now()
            model.objects.bulk_update(different, fields, batch_size=BATCH)
        self._count(name, "created", len(new))
        self._count(name, "updated", len(different))

    def _delete(self, model: Any, rows: list[Any]) -> None:
        if rows:
            model.objects.filter(pk__in=[row.pk for row in rows]).delete()
        self._count(model._meta.verbose_name, "deleted", len(rows))

    def _count(self, name: str, verb: str, number: int) -> None:
        if number:
            self.report.changes[f"{name} {verb}"] += number


def _apply(row: Any, values: dict[str, Any]) -> bool:
    """Set what differs; True when anything did."""
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)


def _item_values(course: Course, block: ParsedItem) -> dict[str, Any]:
    return {"course_id": course.pk, "kind": block.kind, "raw_xml": block.raw_xml, "data": block.data}
