"""Assignments in the browser: who hands in, once per form, and what comes back with a grade."""

import datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses import services as courses
from quizzes import services
from quizzes.models import Submission
from tests.authorisation import ACTORS
from tests.pages.test_learning import INLINE
from tests.quizzes.authorisation import extend

# One status per actor, as in the matrix of the API: outsider, stranger, learner, other teacher, assistant, ...
MATRIX = {"GET assignment": "302 404 200 404 200 200 200", "POST assignment": "302 404 302 404 404 404 404"}


def make_assignment(course, **terms):
    lesson = courses.add_lesson(section=course.sections.get(), title="Report", kind="assignment")
    return services.create_assignment(lesson=lesson, **terms)


@pytest.fixture
def learner(world):
    return world.people["learner"]


@pytest.fixture
def client(as_user, learner):
    return as_user(learner)


def path_of(assignment) -> str:
    return f"/assignments/{assignment.public_id}"


def key_in(client, assignment) -> str:
    return client.get(path_of(assignment)).text.split('name="key" value="')[1].split('"')[0]


@pytest.mark.parametrize("row", MATRIX)
def test_who_may_use_a_page(world, as_user, row):
    extend(world)
    method, path = row.split()[0], f"/assignments/{world.ids['assignment']}"
    answers = {}
    for actor in ACTORS:
        client = as_user(world.people[actor])
        answers[actor] = client.post(path, {"text": "mine", "key": "one"}) if method == "POST" else client.get(path)
    expected = dict(zip(ACTORS, map(int, MATRIX[row].split()), strict=True))
    assert {actor: answer.status_code for actor, answer in answers.items()} == expected
    assert answers["outsider"]["Location"].startswith("/account/login?next=")
    for answer in answers.values():
        if answer.status_code != 302:
            assert "unsafe" not in answer["Content-Security-Policy"]
            assert INLINE.findall(answer.text) == []


def test_nobody_sees_what_somebody_else_handed_in(world, as_user):
    extend(world)
    for name in ("stranger", "instructor"):
        person = world.people[name]
        courses.enroll(user=person, course=world.course)
        assert "report.txt" not in as_user(person).get(f"/assignments/{world.ids['assignment']}").text


def test_text_and_files_are_handed_in_from_the_lesson_on(world, client):
    assignment = make_assignment(world.course)
    assert f'href="{path_of(assignment)}"' in client.get(f"/lessons/{assignment.lesson.public_id}").text
    files = [SimpleUploadedFile("a.txt", b"one"), SimpleUploadedFile("b.txt", b"two")]
    form = {"text": "First\r\nsecond <b>", "files": files, "key": key_in(client, assignment)}
    answer = client.post(path_of(assignment), form, follow=True)
    submission = Submission.objects.get()
    assert submission.text == "First\nsecond <b>"
    assert [file.name for file in submission.files.all()] == ["a.txt", "b.txt"]
    for words in ("Handed in.", "Version 1", "waits for a grade", "second &lt;b&gt;"):
        assert words in answer.text
    assert f'href="/api/v1/submission-files/{submission.files.first().public_id}"' in answer.text


def test_a_form_that_is_sent_twice_is_one_version(world, client):
    assignment = make_assignment(world.course)
    key = key_in(client, assignment)
    answers = [client.post(path_of(assignment), {"text": "mine", "key": key}).status_code for _ in range(3)]
    assert (answers, Submission.objects.count()) == ([302] * 3, 1)
    assert key_in(client, assignment) != key
    changed = client.post(path_of(assignment), {"text": "changed after going back", "key": key})
    assert changed.status_code == 422
    assert "changed after going back</textarea>" in changed.text
    assert "This form was handed in before." in changed.text
    assert key not in changed.text
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    ("terms", "form", "status", "words"),
    [
        ({}, {"text": " "}, 422, "There is neither text nor a file."),
        ({"accepts": "files"}, {"text": "mine"}, 422, "This assignment takes files only."),
        ({"due_at": timezone.now() - datetime.timedelta(days=1)}, {"text": "mine"}, 409, "The due date has passed."),
        (
            {"max_file_bytes": 3},
            {"text": "mine", "files": SimpleUploadedFile("a.txt", b"long")},
            422,
            "at most 3 bytes",
        ),
        ({"max_files": 0}, {"text": "mine", "files": SimpleUploadedFile("a.txt", b"long")}, 422, "At most 0 files."),
        ({}, {"files": SimpleUploadedFile("a.exe", b"MZ")}, 422, "Files with this ending are not accepted."),
        ({}, {"text": "x" * 100_001}, 422, "A text has at most 100000 characters."),
    ],
)
def test_what_is_refused_comes_back_with_the_reason_and_the_text(world, client, terms, form, status, words):
    assignment = make_assignment(world.course, **terms)
    if "files" in form:
        form["files"].seek(0)
    answer = client.post(path_of(assignment), form | {"key": key_in(client, assignment)})
    assert answer.status_code == status
    assert 'role="alert" tabindex="-1" autofocus' in answer.text
    assert words in answer.text
    assert f"\n{form.get('text', '')}</textarea>" in answer.text or terms.get("accepts") == "files"
    assert not Submission.objects.exists()


def test_a_form_without_its_key_hands_nothing_in(world, client):
    assert client.post(path_of(make_assignment(world.course)), {"text": "mine"}).status_code == 400
    assert not Submission.objects.exists()


def test_the_last_version_takes_the_form_away(world, client):
    assignment = make_assignment(world.course, max_versions=1)
    client.post(path_of(assignment), {"text": "mine", "key": "one"})
    text = client.get(path_of(assignment)).text
    assert "1 of 1 used" in text
    assert "<textarea" not in text
    assert client.post(path_of(assignment), {"text": "more", "key": "two"}).status_code == 409


def test_the_due_date_stands_in_the_zone_that_a_person_chose_and_no_script_changes_it(world, client, learner):
    due = datetime.datetime(2100, 1, 31, 20, 0, tzinfo=datetime.UTC)
    assignment = make_assignment(world.course, due_at=due)
    assert '<time class="moment" datetime="2100-01-31T20:00:00+00:00">' in client.get(path_of(assignment)).text
    learner.time_zone = "Asia/Tokyo"
    learner.save(update_fields=["time_zone"])
    page = client.get(path_of(assignment)).text
    assert '<time datetime="2100-02-01T05:00:00+09:00">Feb. 1, 2100, 5 a.m. JST</time>' in page


def test_a_grade_shows_with_penalty_rubric_and_comment_and_not_before(world, client, learner):
    rubric = [{"id": "form", "text": "Form", "points": "4"}, {"id": "fact", "text": "Facts", "points": "6"}]
    due = timezone.now() - datetime.timedelta(hours=30)
    terms = {"rubric": rubric, "max_points": Decimal(10), "due_at": due, "late_policy": "accept"}
    assignment = make_assignment(world.course, **terms)
    page = client.get(path_of(assignment)).text
    assert "each day begun costs 10 % of the points; 0 % always stay" in page
    assert f'<time class="moment" datetime="{due.isoformat()}">' in page
    submission = services.submit_assignment(user=learner, assignment=assignment, text="mine")
    grader = world.people["instructor"]
    services.claim_submission(submission=submission, by=grader)
    marks = {"form": Decimal(4), "fact": Decimal(5)}
    services.grade_submission(submission=submission, by=grader, rubric=marks, comment="Well <done>")
    text = client.get(path_of(assignment)).text
    for words in (
        "2 days late",
        "9 of 10",
        "72 %",
        "after the penalty",
        "Form: 4 / 4",
        "Well &lt;done&gt;",
        ">passed<",
    ):
        assert words in text


def test_handing_in_counts_with_the_api(world, client, settings):
    settings.LIMITS = settings.LIMITS | {"uploads": "1/60"}
    assignment = make_assignment(world.course)
    answers = [client.post(path_of(assignment), {"text": "mine", "key": key}).status_code for key in ("one", "two")]
    assert answers == [302, 429]


def test_the_page_costs_the_same_for_one_version_and_for_many(world, client, learner, django_assert_num_queries):
    assignment = make_assignment(world.course)

    def hand_in():
        services.submit_assignment(
            user=learner, assignment=assignment, text="mine", files=[SimpleUploadedFile("a.txt", b"text")]
        )

    hand_in()
    client.get("/")
    with CaptureQueriesContext(connection) as captured:
        client.get(path_of(assignment))
    for _ in range(8):
        hand_in()
    with django_assert_num_queries(len(captured)):
        client.get(path_of(assignment))
