"""Who may do what with quizzes. Columns: outsider, stranger, learner, other teacher, assistant, instructor, admin."""

from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile

from courses import services as courses
from courses.models import Section
from outbox import services as outbox
from quizzes import services
from tests.authorisation import Row, World
from tests.quizzes.conftest import SHORT

QUIZ, QUESTION, ATTEMPT = {"public_id": "quiz"}, {"public_id": "question"}, {"public_id": "attempt"}
ANSWER, WAITING = {**ATTEMPT, "position": "first"}, {"public_id": "waiting_attempt", "position": "second"}
RUNNING = {"public_id": "running_attempt"}
ASSIGNMENT, SUBMISSION = {"public_id": "assignment"}, {"public_id": "submission"}
KEY = {"Idempotency-Key": "matrix"}
NEW = {"kind": "short_text", "prompt": "New", "content": SHORT}
NOBODY = "00000000-0000-4000-8000-000000000000"
REVISED = {"prompt": "New", "content": SHORT}

ROWS = {
    # quizzes show to those who may read their lesson
    "quizzes_list": Row("401 200 200 200 200 200 200"),
    "quizzes_retrieve": Row("401 404 200 404 200 200 200", QUIZ),
    "quizzes_create": Row("401 400 400 400 400 400 400", body={}),
    "quizzes_partial_update": Row("401 404 403 404 403 200 200", QUIZ, {"max_attempts": 5}),
    "quizzes_destroy": Row("401 404 403 404 403 409 409", QUIZ),
    # questions with their answers are for those who teach; changing them is for instructors
    "quizzes_questions_list": Row("401 404 403 404 200 200 200", QUIZ),
    "quizzes_questions_create": Row("401 404 403 404 403 201 201", QUIZ, NEW),
    "quizzes_pools_update": Row("401 404 403 404 403 200 200", QUIZ, {"name": "hard", "draw": 2}),
    "quizzes_export_retrieve": Row("401 404 403 404 200 200 200", QUIZ),
    "questions_retrieve": Row("401 404 404 404 403 200 200", QUESTION),
    "questions_update": Row("401 404 404 404 403 200 200", QUESTION, REVISED),
    "questions_destroy": Row("401 404 404 404 403 204 204", QUESTION),
    "questions_regrade_preview": Row("401 404 404 404 403 200 200", QUESTION),
    "questions_regrade_create": Row("401 404 404 404 403 200 200", QUESTION, {"reason": "Wrong key"}),
    "quizzes_statistics_list": Row("401 404 403 404 200 200 200", QUIZ),
    "quizzes_statistics_create": Row("401 404 403 404 202 202 202", QUIZ),
    "quizzes_accommodations_list": Row("401 404 403 404 403 200 200", QUIZ),
    "quizzes_accommodations_update": Row("401 404 403 404 403 404 404", QUIZ, {"person": NOBODY, "extra_seconds": 60}),
    # taking is for the enrolled
    "quizzes_attempts_list": Row("401 404 200 404 200 200 200", QUIZ),
    "quizzes_attempts_create": Row("401 404 200 404 404 404 404", {"public_id": "running_quiz"}, headers=KEY),
    "attempts_retrieve": Row("401 404 200 404 200 200 200", ATTEMPT),
    "attempts_answers_update": Row(
        "401 404 200 404 404 404 404", {**RUNNING, "position": "first"}, {"response": "my text"}
    ),
    "attempts_answers_files_create": Row(
        "401 404 400 404 404 404 404", {**RUNNING, "position": "third"}, {}, format="multipart"
    ),
    "answer_files_retrieve": Row("401 404 200 404 200 200 200", {"public_id": "answer_file"}),
    "answer_files_destroy": Row("401 404 204 404 404 404 404", {"public_id": "answer_file"}),
    "attempts_submission_create": Row("401 404 200 404 404 404 404", RUNNING, headers=KEY),
    # grading is for all staff of the course, overriding for its instructors
    "grading_queue_list": Row("401 200 200 200 200 200 200"),
    "grading_queue_create": Row("401 204 204 204 200 200 200"),
    "attempts_answers_claim_create": Row("401 404 404 404 200 200 200", WAITING),
    "attempts_answers_claim_destroy": Row("401 404 404 404 204 204 204", WAITING),
    "attempts_answers_grade_create": Row("401 404 404 404 409 409 409", WAITING, {"points": "1"}),
    "attempts_answers_grade_update": Row("401 404 404 404 403 204 204", ANSWER, {"points": "0.5", "reason": "Nearly"}),
    # assignments show to those who may read their lesson; handing in is for the enrolled, grading for staff
    "assignments_list": Row("401 200 200 200 200 200 200"),
    "assignments_create": Row("401 400 400 400 400 400 400", body={}),
    "assignments_retrieve": Row("401 404 200 404 200 200 200", ASSIGNMENT),
    "assignments_partial_update": Row("401 404 403 404 403 200 200", ASSIGNMENT, {"max_versions": 5}),
    "assignments_submissions_list": Row("401 404 200 404 200 200 200", ASSIGNMENT),
    "assignments_submissions_create": Row(
        "401 404 201 404 404 404 404", ASSIGNMENT, {"text": "mine"}, headers=KEY, format="multipart"
    ),
    "submissions_retrieve": Row("401 404 200 404 200 200 200", SUBMISSION),
    "submissions_claim_create": Row("401 404 404 404 200 200 200", SUBMISSION),
    "submissions_claim_destroy": Row("401 404 404 404 204 204 204", SUBMISSION),
    "submissions_grade_create": Row("401 404 404 404 409 409 409", SUBMISSION, {"points": "1"}),
    "submissions_grade_update": Row("401 404 404 404 403 409 409", SUBMISSION, {"points": "1", "reason": "Nearly"}),
    "submission_files_retrieve": Row("401 404 200 404 200 200 200", {"public_id": "submission_file"}),
    "exam_day_retrieve": Row("401 403 403 403 403 403 200"),
}


def extend(world: World) -> None:
    """A quiz that the learner has been graded in, one with an essay that waits, one that the learner is taking."""
    section = Section.objects.get(course=world.course)
    learner = world.people["learner"]
    quizzes = {}
    for name in ("quiz", "waiting_quiz", "running_quiz"):
        lesson = courses.add_lesson(section=section, title=name, kind="quiz")
        quizzes[name] = services.create_quiz(lesson=lesson, max_attempts=2)
        question = services.add_question(quiz=quizzes[name], kind="short_text", prompt="Type", content=SHORT)
        if name == "quiz":
            world.ids["question"] = str(question.public_id)
        else:
            services.add_question(quiz=quizzes[name], kind="essay", prompt="Write", content={}, points=Decimal(4))
        world.ids[name] = str(quizzes[name].public_id)
    services.add_question(quiz=quizzes["running_quiz"], kind="file_upload", prompt="Hand in", content={})
    attempts = {name: services.start_attempt(user=learner, quiz=quiz)[0] for name, quiz in quizzes.items()}
    services.save_answer(attempt=attempts["waiting_quiz"], position=2, response="my text")
    for name in ("quiz", "waiting_quiz"):
        services.submit_attempt(attempt=attempts[name])
    outbox.relay()
    upload = SimpleUploadedFile("a.txt", b"text")
    file = services.add_answer_file(attempt=attempts["running_quiz"], position=3, upload=upload)
    lesson = courses.add_lesson(section=section, title="assignment", kind="assignment")
    assignment = services.create_assignment(lesson=lesson)
    report = SimpleUploadedFile("report.txt", b"text")
    submission = services.submit_assignment(user=learner, assignment=assignment, text="mine", files=[report])
    world.ids |= {
        "assignment": str(assignment.public_id),
        "submission": str(submission.public_id),
        "submission_file": str(submission.files.get().public_id),
        "attempt": str(attempts["quiz"].public_id),
        "waiting_attempt": str(attempts["waiting_quiz"].public_id),
        "running_attempt": str(attempts["running_quiz"].public_id),
        "answer_file": str(file.public_id),
        "first": "1",
        "second": "2",
        "third": "3",
    }
