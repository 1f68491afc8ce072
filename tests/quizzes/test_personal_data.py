"""A person's quizzes in the export, and what is left after erasing."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from accounts import personal_data
from quizzes import services
from quizzes.models import Answer, AnswerFile, Attempt

pytestmark = pytest.mark.django_db


@pytest.fixture
def attempt(make_quiz, student, finish) -> Attempt:
    """A closed attempt: a choice, a short text and an essay that names its author."""
    return finish(student, make_quiz(essay=True), {1: "a", 2: "by Student", 3: "I, Student, wrote this."})


def test_the_export_holds_what_was_answered(attempt, student):
    (exported,) = personal_data.export_person(person=student)["quizzes"]
    assert [answer["response"] for answer in exported["answers"]] == ["a", "by Student", "I, Student, wrote this."]


def test_erasing_empties_what_was_written_and_keeps_choices_and_points(attempt, student):
    before = Answer.objects.get(attempt=attempt, position=1).points
    removed = personal_data.erase_person(person=student)
    responses = dict(Answer.objects.filter(attempt=attempt).values_list("position", "response"))
    assert responses == {1: "a", 2: None, 3: None}
    assert Answer.objects.get(attempt=attempt, position=1).points == before
    assert removed["quizzes"] >= 2


def test_files_that_were_handed_in_go_with_their_bytes(
    make_quiz, student, start, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.MEDIA_ROOT = tmp_path
    quiz = make_quiz(questions=False)
    services.add_question(quiz=quiz, kind="file_upload", prompt="Hand in", content={})
    attempt = start(student, quiz)
    upload = SimpleUploadedFile("student.txt", b"by Student", content_type="text/plain")
    services.add_answer_file(attempt=attempt, position=1, upload=upload)
    assert [path for path in tmp_path.rglob("*") if path.is_file()]
    with django_capture_on_commit_callbacks(execute=True):
        personal_data.erase_person(person=student)
    assert not AnswerFile.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_erasing_opens_no_door_for_other_changes(attempt, student):
    personal_data.erase_person(person=student)
    answer = Answer.objects.filter(attempt=attempt, position=1)
    for response in ("b", None):
        with pytest.raises(IntegrityError, match="takes no more answers"), transaction.atomic():
            answer.update(response=response)
