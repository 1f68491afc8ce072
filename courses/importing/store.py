"""From a ParsedCourse to rows and files."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from core.events import announce
from courses import signals
from courses.html import sanitise
from courses.importing.files import FileStore, Track
from courses.importing.report import ImportReport
from courses.importing.rows import apply, by_key, delete, write
from courses.models import Course, ImportedItem, Lesson, LessonFile, LessonKind, LessonProgress, Section
from courses.olx import ParsedCourse, ParsedItem, ParsedLesson
from courses.olx.links import file_named, normalised, rewrite
from courses.services.authoring import free_slug
from courses.services.progress import recount_course


def _untracked(things: Iterable[Any], title: str) -> Iterable[Any]:
    return things


def store_course(*, parsed: ParsedCourse, track: Track = _untracked) -> ImportReport:
    """Store an export while it is open. A new course is a draft. The same export again changes no row.

    `track` wraps what takes time, with its title, for a progress bar. Once the import's transaction has ended, so
    must the caller's: bytes can't be rolled back.
    """
    files: FileStore | None = None
    try:
        with transaction.atomic():
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
            files = FileStore(course, report)
            _Store(course, parsed, report, files, track).run()
            if report.changed:
                recount_course(course=course)
            announce(signals.course_imported, Course, course=course, created=created, changed=report.changed)
    except BaseException:
        if files:
            files.remove_written()
        raise
    return report


class _Store:
    def __init__(
        self, course: Course, parsed: ParsedCourse, report: ImportReport, files: FileStore, track: Track
    ) -> None:
        self.course = course
        self.parsed = parsed
        self.report = report
        self.files = files
        self.track = track

    def run(self) -> None:
        static = self.files.store_static(self.parsed.files, self.track)
        self.static = {normalised(name.removeprefix("static/")): file for name, file in static.items()}
        self.old_lessons = by_key(Lesson.objects.filter(section__course=self.course))
        self.public_ids = {
            block.source_key: self.old_lessons[block.source_key].public_id
            if block.source_key in self.old_lessons
            else uuid4()
            for block in self._blocks()
            if isinstance(block, ParsedLesson)
        }
        self.targets = self._jump_targets()
        self._course()
        sections = self._sections()
        lessons, items = self._wanted(sections)
        outcomes = self._lessons(lessons, also_alive=items)
        old_items = by_key(self.course.imported_items.all())
        outcomes |= write(ImportedItem, old_items, items, self.report)
        delete(ImportedItem, [row for key, row in old_items.items() if key not in items], self.report)
        self._transcripts()
        self.files.delete_gone()
        self._delete_gone_sections(sections)
        self._report_items(outcomes)

    def _blocks(self) -> list[ParsedLesson | ParsedItem]:
        return [block for section in self.parsed.sections for block in section.blocks]

    def _jump_targets(self) -> dict[str, UUID]:
        """The lesson that a jump to a block arrives at: its own, else the first one inside of it or beside it."""
        targets: dict[str, UUID] = {}
        for section in self.parsed.sections:
            for block in section.blocks:
                if block.source_key not in self.public_ids or not block.published:
                    continue
                places = (block.source_key, block.place.unit_key, block.place.subsection_key, section.source_key)
                for key in filter(None, places):
                    targets.setdefault(key.split("@", 1)[-1], self.public_ids[block.source_key])
        for block in self._blocks():
            unit = targets.get(block.place.unit_key.split("@", 1)[-1])
            if unit:
                targets.setdefault(block.source_key.split("@", 1)[-1], unit)
        return targets

    def _course(self) -> None:
        wanted = {
            "title": self.parsed.title,
            "summary": self.parsed.summary,
            "description": self._html(self.parsed.description, "the overview"),
            "language": self.parsed.language,
            "starts_at": None,
            "ends_at": None,
            "enrollment_opens_at": None,
            "enrollment_closes_at": None,
            **self.parsed.settings,
        }
        if apply(self.course, wanted):
            self.course.save()
            self.report.count("course", "updated", 1)

    def _sections(self) -> dict[str, Section]:
        wanted = {
            parsed.source_key: {"course_id": self.course.pk, "title": parsed.title, "position": position}
            for position, parsed in enumerate(self.parsed.sections)
        }
        write(Section, by_key(self.course.sections.all()), wanted, self.report)
        return by_key(self.course.sections.all())

    def _wanted(self, sections: dict[str, Section]) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
        lessons: dict[str, dict[str, Any]] = {}
        items: dict[str, dict[str, Any]] = {}
        for parsed in self.track(self.parsed.sections, "sections"):
            for position, block in enumerate(parsed.blocks):
                values = {
                    "section_id": sections[parsed.source_key].pk,
                    "title": block.title,
                    "position": position,
                    "published": block.published,
                    **asdict(block.place),
                }
                if isinstance(block, ParsedLesson):
                    del values["assignment_type"]
                    lessons[block.source_key] = values | self._lesson_values(block)
                else:
                    items[block.source_key] = values | self._item_values(block)
        return lessons, items

    def _lesson_values(self, block: ParsedLesson) -> dict[str, Any]:
        video = block.video
        return {
            "public_id": self.public_ids[block.source_key],
            "kind": LessonKind.VIDEO if video else LessonKind.TEXT,
            "content": self._html(block.html, repr(block.source_key)),
            "video_url": self._video_url(block) if video else "",
            "duration_seconds": video.duration_seconds if video else None,
        }

    def _video_url(self, block: ParsedLesson) -> str:
        assert block.video
        name = file_named(block.video.url)
        if name is None:
            return block.video.url[:500]
        address = self._file_address(name)
        if address is None:
            self.report.warnings.append(f"{block.video.url!r} in {block.source_key!r} is not in the export")
        return address or ""

    def _item_values(self, block: ParsedItem) -> dict[str, Any]:
        _, missing = rewrite(block.raw_xml, self._file_address, self._lesson_address)
        self._warn(missing, repr(block.source_key))
        return {"course_id": self.course.pk, "kind": block.kind, "raw_xml": block.raw_xml, "data": block.data}

    def _html(self, html: str, where: str) -> str:
        rewritten, missing = rewrite(sanitise(html), self._file_address, self._lesson_address)
        self._warn(missing, where)
        return rewritten

    def _warn(self, missing: list[str], where: str) -> None:
        self.report.warnings += [f"{address!r} in {where} leads to nothing in the export" for address in missing]

    def _file_address(self, name: str) -> str | None:
        file: LessonFile | None = self.static.get(name)
        return reverse("file", args=[file.public_id]) if file else None

    def _lesson_address(self, url_name: str) -> str | None:
        public_id = self.targets.get(url_name)
        return reverse("lesson", args=[public_id]) if public_id else None

    def _lessons(self, wanted: dict[str, dict[str, Any]], also_alive: Iterable[str]) -> dict[str, str]:
        """A lesson made from a kept item (a quiz from a problem) has the item's key and lives as long as the item."""
        outcomes = write(Lesson, self.old_lessons, wanted, self.report)
        alive = {*wanted, *also_alive}
        gone = [lesson for key, lesson in self.old_lessons.items() if key not in alive]
        begun = set(LessonProgress.objects.filter(lesson__in=gone).values_list("lesson", flat=True))
        delete(Lesson, [lesson for lesson in gone if lesson.pk not in begun], self.report)
        retired = [lesson.pk for lesson in gone if lesson.pk in begun and lesson.published]
        Lesson.objects.filter(pk__in=retired).update(published=False, updated_at=timezone.now())
        self.report.count("lesson", "unpublished", len(retired))
        return outcomes

    def _transcripts(self) -> None:
        videos = {block.source_key: block.video for block in self._blocks() if isinstance(block, ParsedLesson)}
        with_transcripts = {key: video.transcripts for key, video in videos.items() if video and video.transcripts}
        rows = Lesson.objects.filter(section__course=self.course, source_key__in=with_transcripts)
        for lesson in rows:
            self.files.store_transcripts(lesson, with_transcripts[lesson.source_key])

    def _delete_gone_sections(self, sections: dict[str, Section]) -> None:
        alive = {parsed.source_key for parsed in self.parsed.sections}
        gone = [section.pk for key, section in sections.items() if key not in alive]
        empty = Section.objects.filter(pk__in=gone, lessons__isnull=True, imported_items__isnull=True)
        delete(Section, list(empty), self.report)

    def _report_items(self, outcomes: dict[str, str]) -> None:
        for block in self._blocks():
            is_lesson = isinstance(block, ParsedLesson)
            self.report.items.append(
                {
                    "source_key": block.source_key,
                    "kind": block.tag if isinstance(block, ParsedLesson) else block.kind,
                    "title": block.title,
                    "kept_as": "lesson" if is_lesson else "item",
                    "published": block.published,
                    "outcome": outcomes[block.source_key],
                }
            )
