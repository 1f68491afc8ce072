"""Files handed in as answers."""

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from core.errors import Conflict, DomainError, NotFound, Unprocessable
from core.events import announce
from quizzes import clock, signals
from quizzes.kinds import Kind
from quizzes.models import Answer, AnswerFile, Attempt
from quizzes.services.attempts import lock_open

MEGABYTE = 1_000_000


def add_answer_file(*, attempt: Attempt, position: int, upload: UploadedFile) -> AnswerFile:
    """Raises as `save_answer`; Conflict `too_many_files`; Unprocessable `file_too_large`, `not_a_file_question`."""
    try:
        with transaction.atomic():
            file = _add(attempt, position, upload)
    except Exception as error:
        refused = isinstance(error, DomainError)
        announce(signals.answer_file_refused if refused else signals.answer_file_failed, AnswerFile)
        raise
    announce(signals.answer_file_received, AnswerFile, bytes=file.size)
    return file


def _add(attempt: Attempt, position: int, upload: UploadedFile) -> AnswerFile:
    lock_open(attempt)
    answer = _answer(attempt, position)
    content = answer.version.content
    if upload.size is None or upload.size > content["megabytes"] * MEGABYTE:
        raise Unprocessable(f"A file may have {content['megabytes']} MB.", code="file_too_large")
    if answer.files.count() >= content["files"]:
        raise Conflict("No more files can be added.", code="too_many_files", files=content["files"])
    name = "".join(character for character in (upload.name or "file") if character.isprintable())[-255:]
    return AnswerFile.objects.create(
        answer=answer, name=name or "file", content=upload, size=upload.size, created_at=clock.now()
    )


@transaction.atomic
def remove_answer_file(*, attempt: Attempt, position: int, file: AnswerFile) -> None:
    """Raises as `save_answer` does."""
    lock_open(attempt)
    _answer(attempt, position).files.filter(pk=file.pk).delete()


def _answer(attempt: Attempt, position: int) -> Answer:
    answer = Answer.objects.select_related("version").filter(attempt=attempt, position=position).first()
    if answer is None:
        raise NotFound("The attempt has no such question.")
    if answer.version.kind != Kind.FILE_UPLOAD:
        raise Unprocessable("This question isn't answered by files.", code="not_a_file_question")
    return answer
