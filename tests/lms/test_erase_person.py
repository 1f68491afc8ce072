"""After erasing, nothing in any table, file or metric names the person: over all apps at once."""

import os
import subprocess
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from accounts import mail, personal_data
from accounts.services import create_person
from certificates.models import Certificate
from courses import services as courses
from lms.embedded import postgres_programs
from outbox import services as outbox
from quizzes import services as quizzes

EMAIL, NAME = "zelda.quux@example.org", "Zelda Quuxington"
TRACES = (EMAIL, NAME, "zelda", "quuxington")


@pytest.fixture
def person(settings, tmp_path):
    """Somebody with a certificate, an essay, a file that was handed in, a waiting mail and a history."""
    settings.MEDIA_ROOT = tmp_path / "media"
    user = create_person(email=EMAIL, name=NAME)
    course = courses.create_course(title="Traces", instructors=[])
    section = courses.add_section(course=course, title="One")
    lesson = courses.add_lesson(section=section, title="Read", kind="text", content="<p>x</p>")
    exam = courses.add_lesson(section=section, title="Exam", kind="quiz", required=False)
    quiz = quizzes.create_quiz(lesson=exam, max_attempts=1)
    quizzes.add_question(quiz=quiz, kind="essay", prompt="Write", content={})
    quizzes.add_question(quiz=quiz, kind="file_upload", prompt="Hand in", content={})
    courses.publish_course(course=course)
    enrollment = courses.enroll(user=user, course=course)
    attempt, _ = quizzes.start_attempt(user=user, quiz=quiz)
    quizzes.save_answer(attempt=attempt, position=1, response=f"I, {NAME}, wrote this.")
    upload = SimpleUploadedFile("zelda.txt", NAME.encode(), content_type="text/plain")
    quizzes.add_answer_file(attempt=attempt, position=2, upload=upload)
    quizzes.submit_attempt(attempt=attempt)
    courses.complete_lesson(enrollment=enrollment, lesson=lesson)
    outbox.relay()
    mail.publish(to=EMAIL, subject="Hello", text=f"Dear {NAME}")
    return user


def everything(media: Path) -> str:
    """The database as SQL by the real pg_dump, every stored file with its name, and the exposition."""
    binaries = postgres_programs()
    settings = connection.settings_dict
    server = ["-h", settings["HOST"], "-p", str(settings["PORT"]), "-U", settings["USER"]]
    dump = subprocess.run(
        [binaries / "pg_dump", *server, "--inserts", settings["NAME"]],
        env=os.environ | {"PGPASSWORD": settings["PASSWORD"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    files = [f"{path} {path.read_bytes().decode('latin-1')}" for path in media.rglob("*") if path.is_file()]
    exposition = Client().get("/metrics").content.decode(errors="replace")
    return "\n".join([dump, *files, exposition]).lower()


@pytest.mark.django_db(transaction=True)
def test_no_table_file_or_metric_names_an_erased_person(person, settings):
    media = Path(settings.MEDIA_ROOT)
    public_id = str(person.public_id)
    before = everything(media)
    assert all(trace.lower() in before for trace in TRACES)
    assert public_id in before
    assert Certificate.objects.get(user=person).pdf
    assert len([path for path in media.rglob("*") if path.is_file()]) == 2
    personal_data.erase_person(person=person)
    after = everything(media)
    assert [trace for trace in (*TRACES, public_id) if trace.lower() in after] == []
    assert [path for path in media.rglob("*") if path.is_file()] == []
