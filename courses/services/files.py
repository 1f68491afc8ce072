"""Taking files in and letting them go."""

import hashlib
from collections.abc import Iterable

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Conflict, DomainError, Unprocessable
from core.events import announce
from courses import signals
from courses.errors import TooLarge
from courses.files.sniff import HEAD_BYTES, content_type_of
from courses.files.transfer import Outcome
from courses.models import Course, FileRole, Lesson, LessonFile

MOST_FILES_PER_LESSON = 100


def add_file(
    *,
    course: Course,
    name: str,
    content: File,
    lesson: Lesson | None = None,
    role: str = FileRole.ATTACHMENT,
    language: str = "",
    source_key: str = "",
) -> LessonFile:
    """Store a file of a course or one of its lessons.

    Raises TooLarge, Unprocessable (`file_empty`, `file_type_refused`), Conflict (`too_many_files`).
    """
    try:
        with transaction.atomic():
            file = _store(course, lesson, name, content, role, language, source_key)
    except DomainError:
        announce(signals.file_uploaded, LessonFile, file=None, bytes=0, outcome=Outcome.REFUSED)
        raise
    announce(signals.file_uploaded, LessonFile, file=file, bytes=file.size, outcome=Outcome.COMPLETE)
    return file


def _store(
    course: Course, lesson: Lesson | None, name: str, content: File, role: str, language: str, source_key: str
) -> LessonFile:
    name = name.replace("\\", "/").rsplit("/", 1)[-1][-255:]
    size, digest, head = measure(content.chunks())
    if size > settings.MAX_FILE_BYTES:
        raise TooLarge(_("At most %(most)s bytes are accepted.") % {"most": settings.MAX_FILE_BYTES})
    if size == 0:
        raise Unprocessable(_("The file is empty."), code="file_empty")
    content_type = content_type_of(name, head)
    if content_type is None:
        raise Unprocessable(
            _("Files of this type are not accepted, or it isn't what its name says."), code="file_type_refused"
        )
    if lesson is not None:
        Lesson.objects.select_for_update(no_key=True).get(pk=lesson.pk)
        if lesson.files.count() >= MOST_FILES_PER_LESSON:
            raise Conflict(
                _("A lesson holds at most %(most)s files.") % {"most": MOST_FILES_PER_LESSON}, code="too_many_files"
            )
    file = LessonFile(
        course=course,
        lesson=lesson,
        role=role,
        name=name,
        content_type=content_type,
        size=size,
        sha256=digest,
        language=language,
        source_key=source_key,
    )
    content.seek(0)
    file.content.save(name, content, save=False)
    try:
        file.save()
    except BaseException:
        file.content.delete(save=False)
        raise
    return file


def measure(chunks: Iterable[bytes]) -> tuple[int, str, bytes]:
    """Size, SHA-256 and first bytes; stops counting once the size is past the limit."""
    size, digest, head = 0, hashlib.sha256(), b""
    for chunk in chunks:
        size += len(chunk)
        digest.update(chunk)
        head = head if len(head) >= HEAD_BYTES else (head + chunk)[:HEAD_BYTES]
        if size > settings.MAX_FILE_BYTES:
            break
    return size, digest.hexdigest(), head


def delete_file(*, file: LessonFile) -> None:
    """Delete a file; its bytes go after the commit (courses.receivers)."""
    file.delete()
