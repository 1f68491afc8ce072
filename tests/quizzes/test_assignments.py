"""Handing in and grading assignments."""

import datetime
from decimal import Decimal

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from accounts import personal_data
from core.errors import Conflict, Unprocessable
from courses import services as courses
from courses.models import Enrollment, EnrollmentState, LessonProgress
from observability.testing import assert_metric_delta
from quizzes import clock, services
from quizzes.models import AnswerFile, Assignment, GradeChange, Submission, SubmissionFile, SubmissionState

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\nreport"


def pdf(name: str = "report.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def assignment(make_assignment, student) -> Assignment:
    made = make_assignment()
    courses.enroll(user=student, course=made.lesson.section.course)
    return made


def stored(tmp_path) -> list[bytes]:
    return [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]


def test_a_new_version_takes_the_place_of_the_one_that_waits(assignment, student):
    first = services.submit_assignment(user=student, assignment=assignment, text="one")
    second = services.submit_assignment(user=student, assignment=assignment, text="two", files=[pdf()])
    states = dict(Submission.objects.values_list("number", "state"))
    assert states == {1: SubmissionState.SUPERSEDED, 2: SubmissionState.WAITING}
    assert (first.number, second.number) == (1, 2)


@pytest.mark.parametrize(
    ("terms", "text", "files", "code"),
    [
        ({}, " ", [], "nothing_submitted"),
        ({"accepts": "files"}, "text", [pdf()], "text_not_accepted"),
        ({"accepts": "text"}, "text", [pdf()], "files_not_accepted"),
        ({"max_files": 1}, "", [pdf(), pdf()], "too_many_files"),
        ({"max_file_bytes": len(PDF) - 1}, "", [pdf()], "file_too_large"),
        ({}, "", [pdf(content=b"")], "file_empty"),
        ({"endings": [".odt"]}, "", [pdf()], "file_type_refused"),
        ({}, "", [pdf(), pdf("run.exe", b"MZ")], "file_type_refused"),
        ({}, "x" * 100_001, [], "text_too_long"),
    ],
)
def test_what_the_terms_refuse_leaves_nothing_behind(
    assignment, student, tmp_path, django_capture_on_commit_callbacks, terms, text, files, code
):
    changed = services.update_assignment(assignment=assignment, **terms)
    with (
        assert_metric_delta("lms_assignment_files_total", len(files), event="refused"),
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(Unprocessable) as e,
    ):
        services.submit_assignment(user=student, assignment=changed, text=text, files=files)
    assert e.value.code == code
    assert (Submission.objects.count(), stored(tmp_path)) == (0, [])


def test_the_last_version_is_the_last(assignment, student):
    changed = services.update_assignment(assignment=assignment, max_versions=1)
    services.submit_assignment(user=student, assignment=changed, text="one")
    with pytest.raises(Conflict) as error:
        services.submit_assignment(user=student, assignment=changed, text="two")
    assert error.value.code == "versions_used_up"
    assert Submission.objects.get().state == SubmissionState.WAITING


def test_after_the_due_date_the_policy_decides(assignment, student, instructor):
    due = clock.now() - datetime.timedelta(hours=30)
    refusing = services.update_assignment(assignment=assignment, due_at=due)
    with pytest.raises(Conflict) as error:
        services.submit_assignment(user=student, assignment=refusing, text="late")
    assert error.value.code == "past_due"
    accepting = services.update_assignment(assignment=assignment, late_policy="accept")
    late = services.submit_assignment(user=student, assignment=accepting, text="late")
    assert (late.days_late, late.share_kept) == (2, Decimal("0.8"))
    services.claim_submission(submission=late, by=instructor)
    graded = services.grade_submission(submission=late, by=instructor, points=Decimal(50))
    assert (graded.points, graded.percent, graded.passed) == (Decimal(50), Decimal(40), False)


def test_a_grade_completes_the_lesson_and_the_course(assignment, student, instructor):
    submission = services.submit_assignment(user=student, assignment=assignment, text="done")
    with pytest.raises(Conflict, match="Claim"):
        services.grade_submission(submission=submission, by=instructor, points=Decimal(80))
    services.claim_submission(submission=submission, by=instructor)
    services.grade_submission(submission=submission, by=instructor, points=Decimal(80), comment="good")
    assert LessonProgress.objects.get(lesson=assignment.lesson).fraction == 0.8
    assert Enrollment.objects.get(user=student).state == EnrollmentState.COMPLETED
    with pytest.raises(Conflict):
        services.grade_submission(submission=submission, by=instructor, points=Decimal(90))


def test_a_rubric_adds_up_and_bounds_its_points(assignment, student, instructor):
    rubric = [{"id": "form", "text": "Form", "points": "40"}, {"id": "fact", "text": "Facts", "points": "60"}]
    changed = services.update_assignment(assignment=assignment, rubric=rubric)
    with pytest.raises(Unprocessable):
        services.update_assignment(assignment=assignment, rubric=rubric[:1])
    submission = services.submit_assignment(user=student, assignment=changed, text="done")
    services.claim_submission(submission=submission, by=instructor)
    for marks in ({"form": Decimal(41)}, {"other": Decimal(1)}, {"form": Decimal("-1")}):
        with pytest.raises(Unprocessable):
            services.grade_submission(submission=submission, by=instructor, rubric=marks)
    marks = {"form": Decimal(10), "fact": Decimal("55.5")}
    graded = services.grade_submission(submission=submission, by=instructor, rubric=marks)
    assert (graded.points, graded.percent, graded.passed) == (Decimal("65.5"), Decimal("65.5"), True)


@pytest.fixture
def graded(assignment, student, instructor) -> Submission:
    submission = services.submit_assignment(user=student, assignment=assignment, text="done")
    services.claim_submission(submission=submission, by=instructor)
    return services.grade_submission(submission=submission, by=instructor, points=Decimal(40), comment="thin")


def test_an_override_needs_a_reason_changes_the_result_and_is_on_record(
    graded, instructor, student, django_capture_on_commit_callbacks
):
    for points, reason, code in ((80, " ", "reason_needed"), (101, "Oral", "invalid_points")):
        with pytest.raises(Unprocessable) as error:
            services.override_submission(submission=graded, by=instructor, points=Decimal(points), reason=reason)
        assert error.value.code == code
    with pytest.raises(Conflict, match="own"):
        services.override_submission(submission=graded, by=student, points=Decimal(100), reason="I am good")
    assert Enrollment.objects.get(user=student).state == EnrollmentState.ACTIVE
    with (
        assert_metric_delta("lms_assignment_submissions_total", 1, event="regraded"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        changed = services.override_submission(
            submission=graded, by=instructor, points=Decimal(80), reason=" Oral exam "
        )
    assert (changed.state, changed.points, changed.percent, changed.passed) == ("graded", 80, 80, True)
    assert LessonProgress.objects.get(lesson=graded.assignment.lesson).fraction == 0.8
    assert Enrollment.objects.get(user=student).state == EnrollmentState.COMPLETED
    assert list(GradeChange.objects.values_list("submission", "kind", "by", "reason", "old_points", "new_points")) == [
        (graded.pk, "person", instructor.pk, "thin", None, 40),
        (graded.pk, "override", instructor.pk, "Oral exam", 40, 80),
    ]


def test_an_override_keeps_the_penalty_for_being_late(assignment, student, instructor):
    due = clock.now() - datetime.timedelta(hours=30)
    late = services.update_assignment(assignment=assignment, due_at=due, late_policy="accept")
    submission = services.submit_assignment(user=student, assignment=late, text="late")
    with pytest.raises(Conflict) as error:
        services.override_submission(submission=submission, by=instructor, points=Decimal(90), reason="Oral")
    assert error.value.code == "not_graded"
    services.claim_submission(submission=submission, by=instructor)
    services.grade_submission(submission=submission, by=instructor, points=Decimal(50))
    changed = services.override_submission(submission=submission, by=instructor, points=Decimal(90), reason="Oral")
    assert (changed.points, changed.percent, changed.passed) == (Decimal(90), Decimal(72), True)


def test_the_api_overrides_for_instructors(graded, instructor, client_of):
    path = f"/api/v1/submissions/{graded.public_id}/grade"
    assert client_of(instructor).put(path, {"points": "90"}).status_code == 400
    assert client_of(instructor).put(path, {"points": "90", "reason": "Oral"}).status_code == 204
    assert Submission.objects.get().points == 90


class _Full(FileSystemStorage):
    def _save(self, name, content):
        raise OSError(28, "No space left on device")


@pytest.fixture
def full_disk(monkeypatch):
    for model in (SubmissionFile, AnswerFile):
        monkeypatch.setattr(model._meta.get_field("content"), "storage", _Full())


def test_a_full_disk_counts_as_failed_not_as_refused(
    assignment, student, make_quiz, start, full_disk, django_capture_on_commit_callbacks
):
    quiz = make_quiz()
    services.add_question(quiz=quiz, kind="file_upload", prompt="Hand in", content={})
    attempt = start(student, quiz)
    with (
        assert_metric_delta("lms_assignment_files_total", 1, event="failed"),
        assert_metric_delta("lms_assignment_files_total", 0, event="refused"),
        assert_metric_delta("lms_answer_files_total", 1, event="failed"),
        assert_metric_delta("lms_answer_files_total", 0, event="uploaded"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        with pytest.raises(OSError, match="space"):
            services.submit_assignment(user=student, assignment=assignment, files=[pdf()])
        with pytest.raises(OSError, match="space"):
            services.add_answer_file(attempt=attempt, position=3, upload=pdf())
    assert (Submission.objects.count(), AnswerFile.objects.count()) == (0, 0)


def test_files_of_answers_are_counted_both_ways(
    student, make_quiz, start, client_of, django_capture_on_commit_callbacks
):
    quiz = make_quiz()
    services.add_question(quiz=quiz, kind="file_upload", prompt="Hand in", content={"files": 1})
    attempt = start(student, quiz)
    with (
        assert_metric_delta("lms_answer_files_total", 1, event="uploaded"),
        assert_metric_delta("lms_answer_files_total", 1, event="refused"),
        assert_metric_delta("lms_answer_file_bytes_total", len(PDF), direction="uploaded"),
        assert_metric_delta("lms_answer_files_total", 1, event="downloaded"),
        assert_metric_delta("lms_answer_file_bytes_total", len(PDF), direction="downloaded"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        file = services.add_answer_file(attempt=attempt, position=3, upload=pdf())
        assert services.add_answer_file(attempt=attempt, position=3, upload=pdf()) == file
        with pytest.raises(Conflict):
            services.add_answer_file(attempt=attempt, position=3, upload=pdf("other.pdf"))
        served = client_of(student).get(f"/api/v1/answer-files/{file.public_id}")
        assert b"".join(served.streaming_content) == PDF


def test_a_file_that_is_not_what_it_says_is_kept_and_given_to_nobody(
    assignment, student, instructor, client_of, tmp_path, django_capture_on_commit_callbacks
):
    submission = services.submit_assignment(
        user=student, assignment=assignment, files=[pdf(), pdf("other.pdf", b"MZ\x90\x00 not a pdf")]
    )
    good, bad = SubmissionFile.objects.filter(submission=submission)
    assert (good.quarantined, bad.quarantined, bad.content_type) == (False, True, "")
    assert len(stored(tmp_path)) == 2
    with (
        assert_metric_delta("lms_assignment_file_bytes_total", len(PDF), direction="downloaded"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        served = client_of(instructor).get(f"/api/v1/submission-files/{good.public_id}")
        assert b"".join(served.streaming_content) == PDF
    assert served["Content-Disposition"] == 'attachment; filename="report.pdf"'
    for person in (student, instructor):
        refused = client_of(person).get(f"/api/v1/submission-files/{bad.public_id}")
        assert (refused.status_code, refused.json()["code"]) == (409, "quarantined")
    services.quarantine_file(file=bad, quarantined=False)
    assert client_of(student).get(f"/api/v1/submission-files/{bad.public_id}").status_code == 200


def test_one_queue_holds_essays_and_submissions_oldest_first(
    make_quiz, assignment, make_user, student, instructor, finish, client_of
):
    older = services.submit_assignment(user=student, assignment=assignment, text="first")
    attempt = finish(student, make_quiz(essay=True), {3: "essay"})
    newer = make_user("second")
    courses.enroll(user=newer, course=assignment.lesson.section.course)
    last = services.submit_assignment(user=newer, assignment=assignment, text="last")
    client = client_of(instructor)
    listed = client.get("/api/v1/grading-queue").json()["results"]
    order = [str(older.public_id), str(attempt.public_id), str(last.public_id)]
    assert [entry["submission"] or entry["attempt"] for entry in listed] == order
    taken = [client.post("/api/v1/grading-queue").json() for _ in order]
    assert [entry["submission"] or entry["attempt"] for entry in taken] == order
    assert client.post("/api/v1/grading-queue").status_code == 204


def test_the_api_hands_in_once_per_key(assignment, student, client_of):
    path = f"/api/v1/assignments/{assignment.public_id}/submissions"
    client = client_of(student)
    headers = {"Idempotency-Key": "one"}
    answers = [client.post(path, {"text": "hello"}, format="multipart", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Submission.objects.count() == 1


def test_the_database_refuses_a_second_waiting_version_and_a_grade_without_points(assignment, student):
    submission = services.submit_assignment(user=student, assignment=assignment, text="one")
    with pytest.raises(IntegrityError, match="one_waiting"), transaction.atomic():
        Submission.objects.create(
            assignment=assignment, enrollment=submission.enrollment, number=2, submitted_at=clock.now()
        )
    with pytest.raises(IntegrityError, match="graded_with_result"), transaction.atomic():
        Submission.objects.filter(pk=submission.pk).update(state=SubmissionState.GRADED)


def test_a_persons_submissions_are_exported_and_erased_with_their_bytes(
    assignment, student, tmp_path, django_capture_on_commit_callbacks
):
    services.submit_assignment(user=student, assignment=assignment, text="by Student", files=[pdf()])
    (exported,) = personal_data.export_person(person=student)["assignments"]
    assert (exported["text"], exported["files"], exported["version"]) == ("by Student", ["report.pdf"], 1)
    with django_capture_on_commit_callbacks(execute=True):
        personal_data.erase_person(person=student)
    assert Submission.objects.get().text == ""
    assert stored(tmp_path) == []
