"""Files handed in as answers."""

import hashlib

from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Conflict, DomainError, NotFound, Unprocessable
from core.events import announce
from quizzes import clock, signals
from quizzes.kinds import Kind
from quizzes.models import Answer, AnswerFile, Attempt
from quizzes.services.attempts import lock_open

MEGABYTE = 1_000_000


def file_name(upload: UploadedFile) -> str:
    """What a person called it, as far as that can be printed and stored."""
    name = (upload.name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(character for character in name if character.isprintable())[-255:] or "file"


def add_answer_file(*, attempt: Attempt, position: int, upload: UploadedFile) -> AnswerFile:
    """The file that came, or the same one (by name and content) that the answer already has.

    So whoever never heard back can send again. Raises as `save_answer`; Conflict `too_many_files`; Unprocessable
    `file_too_large`, `not_a_file_question`.
    """
    try:
        with transaction.atomic():
            file, new = _add(attempt, position, upload)
    except Exception as error:
        refused = isinstance(error, DomainError)
        announce(signals.answer_file_refused if refused else signals.answer_file_failed, AnswerFile)
        raise
    if new:
        announce(signals.answer_file_received, AnswerFile, bytes=file.size)
    return file


def _add(attempt: Attempt, position: int, upload: UploadedFile) -> tuple[AnswerFile, bool]:
    lock_open(attempt)
    answer = _answer(attempt, position)
    content = answer.version.content
    if upload.size is None or upload.size > content["megabytes"] * MEGABYTE:
        raise Unprocessable(
            _("A file may have %(megabytes)s MB.") % {"megabytes": content["megabytes"]}, code="file_too_large"
        )
    name = file_name(upload)
    if kept := _same(answer, name, upload):
        return kept, False
    if answer.files.count() >= content["files"]:
        raise Conflict(_("No more files can be added."), code="too_many_files", files=content["files"])
    file = AnswerFile.objects.create(answer=answer, name=name, content=upload, size=upload.size, created_at=clock.now())
    return file, True


def _same(answer: Answer, name: str, upload: UploadedFile) -> AnswerFile | None:
    sent = ""
    for file in answer.files.filter(name=name, size=upload.size or 0):
        sent = sent or _digest(upload)
        try:
            with file.content.open() as kept:
                if _digest(kept) == sent:
                    return file
        except FileNotFoundError:
            continue
    return None


def _digest(file: File) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


@transaction.atomic
def remove_answer_file(*, attempt: Attempt, position: int, file: AnswerFile) -> None:
    """Raises as `save_answer` does."""
    lock_open(attempt)
    _answer(attempt, position).files.filter(pk=file.pk).delete()


def _answer(attempt: Attempt, position: int) -> Answer:
    answer = Answer.objects.select_related("version").filter(attempt=attempt, position=position).first()
    if answer is None:
        raise NotFound(_("The attempt has no such question."))
    if answer.version.kind != Kind.FILE_UPLOAD:
        raise Unprocessable(_("This question isn't answered by files."), code="not_a_file_question")
    return answer
