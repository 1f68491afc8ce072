"""`manage.py import_questions`."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from courses import services as courses
from courses.models import Course, ImportedItem, Lesson
from quizzes import services
from quizzes.importers import own_json
from quizzes.models import Question, QuestionVersion, Quiz

pytestmark = pytest.mark.django_db


def run(*args, **options):
    out = StringIO()
    call_command("import_questions", *args, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def test_every_item_of_a_file_is_printed_and_reported(quiz, tmp_path):
    file, report = tmp_path / "a.gift", tmp_path / "report.json"
    file.write_text("$CATEGORY: x\n\nYes?{T}\n\nJust text\n\nPick {=a ~b}\n")
    printed = run(str(file), quiz=str(quiz.public_id), report=report)
    assert printed.splitlines() == [
        "4 items found, 2 imported",
        "      1 single_choice",
        "      1 true_false",
        "      1 category (not imported)",
        "      1 description (not imported)",
    ]
    assert json.loads(report.read_text())["a.gift"]["found"] == 4
    assert [q.current.kind for q in Question.objects.filter(quiz=quiz).select_related("current")][2:] == [
        "true_false",
        "single_choice",
    ]


@pytest.mark.parametrize("content", ["<quiz", "<quiz></quiz>", "<!DOCTYPE quiz [<!ENTITY a 'b'>]><quiz>&a;</quiz>"])
def test_bad_files_change_nothing(quiz, tmp_path, content):
    (tmp_path / "a.xml").write_text(content)
    with pytest.raises(CommandError, match="Nothing was imported"):
        run(str(tmp_path / "a.xml"), quiz=str(quiz.public_id))
    assert QuestionVersion.objects.count() == 2


def test_a_report_that_cannot_be_written_changes_nothing(quiz, tmp_path):
    (tmp_path / "a.gift").write_text("Yes?{T}")
    with pytest.raises(CommandError, match="Nothing was imported"):
        run(str(tmp_path / "a.gift"), quiz=str(quiz.public_id), report=tmp_path / "no" / "report.json")
    assert QuestionVersion.objects.count() == 2


@pytest.mark.parametrize("quiz_id", ["x", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_quiz_is_said(db, tmp_path, quiz_id):
    (tmp_path / "a.gift").write_text("Yes?{T}")
    with pytest.raises(CommandError, match="there is no quiz"):
        run(str(tmp_path / "a.gift"), quiz=quiz_id)


def test_export_and_import_give_the_same_questions(quiz, make_quiz, tmp_path):
    services.set_pool(quiz=quiz, name="hard", draw=2)
    text = services.export_questions(quiz=quiz)
    (tmp_path / "q.json").write_text(text)
    other = make_quiz(title="Other", questions=False)
    run(str(tmp_path / "q.json"), quiz=str(other.public_id))
    assert services.export_questions(quiz=other) == text
    assert own_json.parse(text.encode()).found == 2


@pytest.mark.parametrize("name", ["olx-example", "openedx-core-contributor", "openedx-intro"])
def test_the_problems_of_an_imported_course_become_quizzes(shared_data, name):
    call_command("import_course", str(shared_data / f"{name}.olx.tar.gz"), publish=True, stdout=StringIO())
    course = Course.objects.get()
    problems = ImportedItem.objects.filter(kind="problem").count()
    expected = {"olx-example": (20, 9), "openedx-core-contributor": (14, 14), "openedx-intro": (1, 1)}[name]
    printed = run(course=course.slug)
    assert printed.splitlines()[0] == f"{expected[0]} items found, {expected[1]} imported"
    assert Question.objects.count() == expected[1]
    assert Lesson.objects.filter(kind="quiz").count() == Quiz.objects.count() <= problems
    again = run(course=course.slug)
    assert Question.objects.count() == expected[1]
    assert " 0 imported" in again


def test_an_adopted_problem_can_be_taken(shared_data, student):
    call_command("import_course", str(shared_data / "openedx-intro.olx.tar.gz"), publish=True, stdout=StringIO())
    course = Course.objects.get()
    run(course=course.slug)
    courses.enroll(user=student, course=course)
    quiz = Quiz.objects.get()
    attempt, created = services.start_attempt(user=student, quiz=quiz)
    assert created
    right = [c["id"] for c in attempt.answers.get().version.content["choices"] if c["weight"] != "0"]
    services.save_answer(attempt=attempt, position=1, response=right)
    services.submit_attempt(attempt=attempt)
    services.grade_attempt(attempt_id=attempt.pk)
    attempt.refresh_from_db()
    assert attempt.passed
