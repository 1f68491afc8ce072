"""The static files of an export, into the private storage of its course."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction

from courses.files.sniff import content_type_of
from courses.importing.report import ImportReport
from courses.importing.rows import by_key, delete
from courses.models import Course, FileRole, Lesson, LessonFile
from courses.olx import ParsedFile
from courses.services.files import measure

Track = Callable[[Iterable[Any], str], Iterable[Any]]


class FileStore:
    """Writes what is new or changed. `written` are the names to remove when the import fails after all."""

    def __init__(self, course: Course, report: ImportReport) -> None:
        self.course = course
        self.report = report
        self.existing = by_key(course.files.all())
        self.kept: set[str] = set()
        self.written: list[str] = []

    def store(self, source_key: str, parsed: ParsedFile, **fields: Any) -> LessonFile | None:
        """None, and a line in the report, for a file that isn't accepted."""
        with parsed.path.open("rb") as source:
            content = File(source, name=parsed.name)
            size, digest, head = measure(content.chunks())
            content_type = content_type_of(parsed.name, head)
            refusal = (
                "too large" if size > settings.MAX_FILE_BYTES
                else "empty" if not size
                else "type not accepted" if content_type is None
                else ""
            )  # fmt: skip
            self.report.files[parsed.source_key] = f"refused: {refusal}" if refusal else "stored"
            if refusal:
                return None
            self.kept.add(source_key)
            return self._write(source_key, content, fields | {"content_type": content_type, "size": size}, digest)

    def _write(self, source_key: str, content: File, fields: dict[str, Any], digest: str) -> LessonFile:
        fields = {"name": (content.name or "")[-255:], "lesson": None, "language": "", **fields}
        file = self.existing.get(source_key)
        if file is None:
            file = LessonFile(course=self.course, source_key=source_key)
            verb = "created"
        elif file.sha256 == digest and all(getattr(file, name) == value for name, value in fields.items()):
            return file
        else:
            verb = "updated"
        for name, value in fields.items():
            setattr(file, name, value)
        if file.sha256 != digest:
            if file.content:
                transaction.on_commit(partial(default_storage.delete, str(file.content.name)), robust=True)
            file.sha256 = digest
            content.seek(0)
            file.content.save(file.name, content, save=False)
            self.written.append(str(file.content.name))
        file.save()
        self.report.count(LessonFile._meta.verbose_name, verb, 1)  # type: ignore[arg-type]
        return file

    def store_static(self, files: list[ParsedFile], track: Track) -> dict[str, LessonFile]:
        """Stored files by their name in the export."""
        stored = {
            file.source_key: self.store(file.source_key, file, role=FileRole.ASSET) for file in track(files, "files")
        }
        return {name: file for name, file in stored.items() if file}

    def store_transcripts(self, lesson: Lesson, transcripts: dict[str, ParsedFile]) -> None:
        for language, parsed in transcripts.items():
            key = f"{lesson.source_key}/{language}"
            self.store(key, parsed, role=FileRole.TRANSCRIPT, language=language, lesson=lesson)

    def delete_gone(self) -> None:
        delete(LessonFile, [file for key, file in self.existing.items() if key not in self.kept], self.report)

    def remove_written(self) -> None:
        for name in self.written:
            default_storage.delete(name)
