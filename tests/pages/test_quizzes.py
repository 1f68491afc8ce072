"""Quizzes in the browser: who sees them, each kind of question from form to database and back, what they cost."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courses import services as courses
from outbox import services as outbox
from pages import learning, questions
from quizzes import services
from quizzes.api.fields import attempt_detail
from quizzes.kinds import Kind
from quizzes.models import Accommodation, Answer, Attempt, FeedbackPolicy
from quizzes.selectors import attempt_for
from tests.authorisation import ACTORS
from tests.pages.test_learning import INLINE
from tests.quizzes.authorisation import extend
from tests.quizzes.conftest import overdue

# One status per actor, as in the matrix of the API: outsider, stranger, learner, other teacher, assistant, ...
MATRIX = {
    "GET quiz": "302 404 200 404 200 200 200",
    "GET attempt": "302 404 200 404 200 200 200",
    "POST start": "302 404 302 404 404 404 404",
    "POST save-attempt": "302 404 302 404 404 404 404",
    "POST attempt-submission": "302 404 302 404 404 404 404",
}
QUESTIONS = {
    Kind.SINGLE_CHOICE: {
        "choices": [{"id": "a", "text": "<b>A</b>", "weight": "1", "feedback": "Well!"}, {"id": 'b"', "text": "B"}]
    },
    Kind.MULTIPLE_CHOICE: {
        "choices": [
            {"id": "x", "text": "X", "weight": "1"},
            {"id": "y", "text": "Y", "weight": "1"},
            {"id": "z", "text": "Z"},
        ]
    },
    Kind.TRUE_FALSE: {"correct": False},
    Kind.NUMERICAL: {
        "answers": [{"value": "1.5", "tolerance": "0.1"}],
        "units": [{"symbol": "m"}, {"symbol": "cm", "factor": "0.01"}],
    },
    Kind.SHORT_TEXT: {"answers": [{"text": "secret answer"}]},
    Kind.MATCHING: {
        "items": [{"id": "i1", "text": "Dog"}, {"id": "i2", "text": "Cow"}],
        "options": [{"id": "o1", "text": "barks"}, {"id": "o2", "text": "moos"}],
        "pairs": {"i1": "o1", "i2": "o2"},
    },
    Kind.ORDERING: {
        "items": [{"id": "n1", "text": "one"}, {"id": "n2", "text": "two"}, {"id": "n3", "text": "three"}],
        "order": ["n1", "n2", "n3"],
    },
    Kind.FILL_IN: {
        "gaps": [
            {"id": "g1", "answers": [{"text": "sea"}]},
            {"id": "g2", "answers": [{"text": "sky"}], "options": ["sky", "soil"]},
        ]
    },
    Kind.ESSAY: {"longest": 500, "rubric": [{"id": "form", "text": "Form", "points": "1"}]},
    Kind.FILE_UPLOAD: {"files": 2, "megabytes": 1},
}
RESPONSES = {
    Kind.SINGLE_CHOICE: 'b"',
    Kind.MULTIPLE_CHOICE: ["x", "z"],
    Kind.TRUE_FALSE: False,
    Kind.NUMERICAL: "1,5 m",
    Kind.SHORT_TEXT: "a <b>bold</b> guess",
    Kind.FILL_IN: {"g1": "sea", "g2": "soil"},
    Kind.ESSAY: "Line one\nLine two",
}


def make_quiz(course, *, kinds=tuple(Kind), title="Exam", **terms):
    section = course.sections.get()
    lesson = courses.add_lesson(section=section, title=title, kind="quiz")
    quiz = services.create_quiz(lesson=lesson, **{"max_attempts": 3, **terms})
    for kind in kinds:
        prompt = "Fish in the [[g1]], birds in the [[g2]]." if kind == Kind.FILL_IN else f"<p>About {kind}</p>"
        services.add_question(quiz=quiz, kind=kind, prompt=prompt, content=QUESTIONS[kind], explanation="Because.")
    return quiz


@pytest.fixture
def learner(world):
    return world.people["learner"]


@pytest.fixture
def client(as_user, learner):
    return as_user(learner)


@pytest.fixture
def attempt(world, learner) -> Attempt:
    return services.start_attempt(user=learner, quiz=make_quiz(world.course))[0]


def asked_of(attempt) -> dict[str, dict]:
    detail = attempt_detail(attempt_for(attempt.enrollment.user, attempt.public_id), staff=False)
    return {asked["kind"]: asked for asked in detail["answers"]}


def responses_for(asked) -> dict[str, object]:
    """RESPONSES, and answers to the kinds whose ids were drawn when the question was stored."""
    matching, ordering = asked[Kind.MATCHING]["parts"], asked[Kind.ORDERING]["parts"]
    pairs = {item["id"]: matching["options"][0]["id"] for item in matching["items"]}
    return RESPONSES | {Kind.MATCHING: pairs, Kind.ORDERING: [item["id"] for item in ordering["items"]]}


def form_of(asked, responses) -> dict[str, list[str]]:
    """What a browser sends when `responses` are chosen in the form of these questions."""
    form: dict[str, list[str]] = {}
    for kind, question in asked.items():
        form |= questions.typed_of(question | {"response": responses.get(kind)})
        form[f"q{question['position']}:shown"] = ["1"]
    return {name: [value.replace("\n", "\r\n") for value in values] for name, values in form.items()}


def stored(attempt) -> dict[str, object]:
    return dict(Answer.objects.filter(attempt=attempt).values_list("version__kind", "response"))


def path_of(attempt, name="") -> str:
    return f"/attempts/{attempt.public_id}{name and '/'}{name}"


def address(world, name: str) -> str:
    ids = world.ids
    return {
        "quiz": f"/quizzes/{ids['quiz']}",
        "attempt": f"/attempts/{ids['attempt']}",
        "start": f"/quizzes/{ids['running_quiz']}/start",
        "save-attempt": f"/attempts/{ids['running_attempt']}/save",
        "attempt-submission": f"/attempts/{ids['running_attempt']}/hand-in",
    }[name]


@pytest.mark.parametrize("row", MATRIX)
def test_who_may_use_a_page(world, as_user, row):
    extend(world)
    method, name = row.split()
    answers = {actor: as_user(world.people[actor]).generic(method, address(world, name)) for actor in ACTORS}
    expected = dict(zip(ACTORS, map(int, MATRIX[row].split()), strict=True))
    assert {actor: answer.status_code for actor, answer in answers.items()} == expected
    assert answers.pop("outsider")["Location"].startswith("/account/login?next=")
    for answer in answers.values():
        if answer.status_code != 302:
            assert "unsafe" not in answer["Content-Security-Policy"]
            assert INLINE.findall(answer.text) == []


def test_another_student_of_the_course_neither_sees_nor_changes_an_attempt(world, as_user, attempt):
    stranger = world.people["stranger"]
    courses.enroll(user=stranger, course=world.course)
    other = as_user(stranger)
    form = form_of(asked_of(attempt), RESPONSES)
    answers = [
        other.get(path_of(attempt)),
        other.post(path_of(attempt, "save"), form),
        other.post(path_of(attempt, "hand-in")),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert set(stored(attempt).values()) == {None}


def test_the_lesson_leads_to_its_quiz_and_says_so_where_there_is_none_yet(world, client, attempt):
    lesson = attempt.quiz.lesson
    assert f'href="/quizzes/{attempt.quiz.public_id}"' in client.get(f"/lessons/{lesson.public_id}").text
    empty = courses.add_lesson(section=world.course.sections.get(), title="Later", kind="quiz")
    assert "This lesson isn't ready yet." in client.get(f"/lessons/{empty.public_id}").text


def test_terms_hold_the_persons_extra_time_and_attempts(world, client, learner):
    quiz = make_quiz(world.course, kinds=[Kind.SHORT_TEXT], time_limit_seconds=3600, pass_mark=Decimal("62.5"))
    Accommodation.objects.create(quiz=quiz, user=learner, extra_seconds=1800, extra_attempts=2)
    text = client.get(f"/quizzes/{quiz.public_id}").text
    for words in ("1 h 30 min", "(your extra time: 30 min)", "0 of 5 used", "62.5 %", "is shown after grading"):
        assert words in text


def test_starting_twice_resumes(world, client):
    quiz = make_quiz(world.course)
    first, second = (client.post(f"/quizzes/{quiz.public_id}/start") for _ in range(2))
    assert first["Location"] == second["Location"] == path_of(Attempt.objects.get())
    assert "Go on with your attempt" in client.get(f"/quizzes/{quiz.public_id}").text


def test_every_kind_of_answer_goes_through_the_form_and_comes_back(client, attempt):
    asked = asked_of(attempt)
    assert set(asked) == set(Kind)
    responses = responses_for(asked)
    form = form_of(asked, responses)
    upload = {f"q{asked[Kind.FILE_UPLOAD]['position']}": SimpleUploadedFile("notes.txt", b"text")}
    answer = client.post(path_of(attempt, "save"), form | upload, follow=True)
    assert answer.status_code == 200
    assert "Saved." in answer.text
    assert stored(attempt) == responses | {Kind.FILE_UPLOAD: None}
    for name, values in form.items():
        assert name in answer.text.replace("&quot;", '"')
        assert all(
            value.split("\r\n")[0].replace("<", "&lt;").replace(">", "&gt;") in answer.text.replace("&quot;", '"')
            for value in values
        )
    assert "notes.txt" in answer.text
    # Sent again unchanged, nothing is written: no revision moves.
    before = list(Answer.objects.values_list("revision", flat=True))
    client.post(path_of(attempt, "save"), form_of(asked_of(attempt), stored(attempt)))
    assert list(Answer.objects.values_list("revision", flat=True)) == before


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.FILE_UPLOAD])
def test_an_emptied_answer_is_stored_as_none(client, attempt, kind):
    asked = asked_of(attempt)
    responses = responses_for(asked)
    client.post(path_of(attempt, "save"), form_of(asked, responses))
    client.post(path_of(attempt, "save"), form_of({kind: asked[kind]}, {}))
    assert stored(attempt) == responses | {kind: None, Kind.FILE_UPLOAD: None}


def test_what_no_form_shows_stays(client, attempt):
    services.save_answer(attempt=attempt, position=5, response="kept")
    client.post(path_of(attempt, "save"), {"q1:shown": "1", "q1": "a"})
    assert {kind: value for kind, value in stored(attempt).items() if value} == {
        Kind.SINGLE_CHOICE: "a",
        Kind.SHORT_TEXT: "kept",
    }


def test_what_is_wrong_comes_back_as_typed_and_the_rest_is_saved(client, attempt):
    asked = asked_of(attempt)
    form = form_of(asked, RESPONSES)
    position = asked[Kind.ORDERING]["position"]
    for item in asked[Kind.ORDERING]["parts"]["items"]:
        form[f"q{position}:{item['id']}"] = ["2"]
    answer = client.post(path_of(attempt, "hand-in"), form)
    assert answer.status_code == 422
    assert 'role="alert" tabindex="-1" autofocus' in answer.text
    assert f'<a href="#question-{position}">Question {position}</a>: Give each item a place of its own.' in answer.text
    assert answer.text.count('<option value="2" selected>') == 3
    assert stored(attempt) == RESPONSES | {Kind.ORDERING: None, Kind.MATCHING: None, Kind.FILE_UPLOAD: None}
    attempt.refresh_from_db()
    assert attempt.state == "in_progress"


@pytest.mark.parametrize(
    "sent", [{"q1": "nothing"}, {"q3": "maybe"}, {"q5": "a\x00b"}, {"q9": "x" * 501}, {"q2": ["x", "x"]}]
)
def test_what_is_no_answer_is_refused_and_not_stored(client, attempt, sent):
    answer = client.post(path_of(attempt, "save"), sent | {f"q{position}:shown": "1" for position in range(1, 11)})
    assert answer.status_code == 422
    assert set(stored(attempt).values()) == {None}


@pytest.mark.parametrize("place", ["x", "-1", "1e3", "٣", "9" * 50])
def test_a_place_is_a_number(client, attempt, place):
    asked = asked_of(attempt)[Kind.ORDERING]
    sent = {f"q{asked['position']}:{asked['parts']['items'][0]['id']}": place, f"q{asked['position']}:shown": "1"}
    assert client.post(path_of(attempt, "save"), sent).status_code == 422


def test_handing_in_saves_first_and_again_changes_nothing(client, attempt):
    form = form_of(asked_of(attempt), {Kind.SHORT_TEXT: "typed at last"})
    first, second = client.post(path_of(attempt, "hand-in"), form), client.post(path_of(attempt, "hand-in"), form)
    assert [(each.status_code, each["Location"]) for each in (first, second)] == [(302, path_of(attempt))] * 2
    attempt.refresh_from_db()
    assert (attempt.state, attempt.closed_as) == ("submitted", "submitted")
    assert stored(attempt)[Kind.SHORT_TEXT] == "typed at last"
    assert "being graded" in client.get(path_of(attempt)).text


def test_what_is_typed_after_the_deadline_does_not_count_and_the_page_says_so(client, attempt):
    services.save_answer(attempt=attempt, position=5, response="in time")
    overdue(attempt)
    page = client.get(path_of(attempt)).text
    assert "The time is up." in page
    assert page.count(" disabled>") == len(Kind)
    form = form_of(asked_of(attempt), {Kind.SHORT_TEXT: "too late"})
    assert client.post(path_of(attempt, "save"), form).status_code == 409
    answer = client.post(path_of(attempt, "hand-in"), form, follow=True)
    assert "The last changes came too late." in answer.text
    assert "expired: what was saved in time counts" in answer.text
    assert stored(attempt)[Kind.SHORT_TEXT] == "in time"


def test_without_a_script_the_page_says_what_is_left(world, client, learner):
    quiz = make_quiz(world.course, kinds=[Kind.SHORT_TEXT], time_limit_seconds=7200)
    attempt, _ = services.start_attempt(user=learner, quiz=quiz)
    text = client.get(path_of(attempt)).text
    assert "1 h 59 min left when this page was loaded" in text
    assert f'datetime="{attempt.deadline_at.isoformat()}"' in text


def test_a_file_is_taken_back_and_too_many_are_refused(client, attempt):
    position = asked_of(attempt)[Kind.FILE_UPLOAD]["position"]

    def send(*names):
        files = [SimpleUploadedFile(name, b"text") for name in names]
        return client.post(path_of(attempt, "save"), {f"q{position}": files, f"q{position}:shown": "1"})

    assert send("a.txt", "b.txt").status_code == 302
    assert send("c.txt").status_code == 422
    file = Answer.objects.get(position=position).files.first()
    assert client.post(path_of(attempt, "save"), {"remove": str(file.public_id)}).status_code == 302
    assert [each.name for each in Answer.objects.get(position=position).files.all()] == ["b.txt"]
    for nonsense in ("x", "", str(attempt.public_id)):
        assert client.post(path_of(attempt, "save"), {"remove": nonsense}).status_code in (400, 404)


def finish(attempt, learner, responses) -> str:
    for kind, asked in asked_of(attempt).items():
        if responses.get(kind) is not None:
            services.save_answer(attempt=attempt, position=asked["position"], response=responses[kind])
    services.submit_attempt(attempt=attempt)
    outbox.relay()
    return path_of(attempt)


GRADED_BY_MACHINE = [kind for kind in Kind if kind not in (Kind.ESSAY, Kind.FILE_UPLOAD)]


@pytest.mark.parametrize("policy", FeedbackPolicy.values)
def test_what_was_right_shows_only_where_the_policy_allows_it(world, client, learner, policy):
    quiz = make_quiz(world.course, kinds=GRADED_BY_MACHINE, feedback_policy=policy)
    attempt, _ = services.start_attempt(user=learner, quiz=quiz)
    asked = asked_of(attempt)
    assert "secret answer" not in client.get(path_of(attempt)).text
    text = client.get(finish(attempt, learner, {Kind.SINGLE_CHOICE: "a", Kind.SHORT_TEXT: "my guess"})).text
    assert "my guess" in text
    assert "1 of 8 (12.5 %)" in text
    allowed = policy == FeedbackPolicy.AFTER_SUBMIT
    for secret in ("secret answer", "Because.", "Well!", "1.5 ± 0.1", '<span class="tag right">', "Right:</span>"):
        assert (secret in text) is allowed, secret
    assert ("What was right is not shown" in text) is not allowed
    assert len(asked) == 8


def test_an_essay_waits_for_a_person_and_shows_the_comment_afterwards(world, client, learner):
    quiz = make_quiz(world.course, kinds=[Kind.ESSAY])
    attempt, _ = services.start_attempt(user=learner, quiz=quiz)
    path = finish(attempt, learner, {Kind.ESSAY: "<i>mine</i>"})
    page = client.get(path).text
    assert "waits for grading by a person" in page
    assert "&lt;i&gt;mine&lt;/i&gt;" in page
    answer = Answer.objects.select_related("attempt__enrollment").get(attempt=attempt)
    grader = world.people["instructor"]
    services.claim(answer=answer, by=grader)
    services.grade_answer(answer=answer, by=grader, rubric={"form": Decimal("0.5")}, comment="Nearly")
    text = client.get(path).text
    assert "Nearly" in text
    assert "Form: 0.5 / 1" in text


def test_staff_see_the_work_of_a_student_but_no_form(world, as_user, attempt):
    services.save_answer(attempt=attempt, position=5, response="my guess")
    text = as_user(world.people["instructor"]).get(path_of(attempt)).text
    assert "my guess" in text
    assert "secret answer" in text
    assert "<textarea" not in text


def test_pictures_among_the_options_get_a_letter(world, client, learner):
    quiz = make_quiz(world.course, kinds=[])
    content = QUESTIONS[Kind.MATCHING] | {
        "options": [
            {"id": "o1", "text": '<img src="https://x.example/a.png" alt="A dog">'},
            {"id": "o2", "text": "moos"},
        ]
    }
    services.add_question(quiz=quiz, kind=Kind.MATCHING, prompt="Match", content=content)
    attempt, _ = services.start_attempt(user=learner, quiz=quiz)
    answer = client.get(path_of(attempt))
    assert '<img src="https://x.example/a.png" alt="A dog">' in answer.text
    assert answer.text.count(">A: ") == 2
    assert answer["Content-Security-Policy"] == learning.LESSON_POLICY


def test_a_gap_in_an_attribute_stays_plain_text(world, client, learner):
    quiz = make_quiz(world.course, kinds=[])
    content = {"gaps": [{"id": "g1", "answers": [{"text": "sea"}]}]}
    services.add_question(
        quiz=quiz, kind=Kind.FILL_IN, prompt='<img alt="a [[g1]]" src="https://x.example/a.png">', content=content
    )
    attempt, _ = services.start_attempt(user=learner, quiz=quiz)
    text = client.get(path_of(attempt)).text
    assert 'alt="a ____ (1)"' in text
    assert '<label for="q1-1" class="text">Gap 1</label>' in text


def test_pages_cost_the_same_for_one_question_and_for_many(world, client, learner, django_assert_num_queries):
    small = make_quiz(world.course, kinds=[Kind.SHORT_TEXT], title="Small", max_attempts=None)
    large = make_quiz(world.course, kinds=[*GRADED_BY_MACHINE, *Kind, *Kind], title="Large", max_attempts=None)
    running = [services.start_attempt(user=learner, quiz=quiz)[0] for quiz in (small, large)]
    client.get("/")
    costs = {"form": _queries(client, path_of(running[0])), "quiz": _queries(client, f"/quizzes/{small.public_id}")}
    with django_assert_num_queries(costs["form"]):
        client.get(path_of(running[1]))
    for attempt in running:
        finish(attempt, learner, {})
    results = [_queries(client, path_of(attempt)) for attempt in running]
    assert results[0] == results[1]
    for _ in range(12):
        finish(services.start_attempt(user=learner, quiz=small)[0], learner, {})
    with django_assert_num_queries(costs["quiz"]):
        client.get(f"/quizzes/{small.public_id}")


def test_starting_and_handing_in_count_with_the_api(client, attempt, settings):
    settings.LIMITS = settings.LIMITS | {"submits": "2/60"}
    start = f"/quizzes/{attempt.quiz.public_id}/start"
    api = client.post(
        f"/api/v1/quizzes/{attempt.quiz.public_id}/attempts",
        content_type="application/json",
        headers={"Idempotency-Key": "one"},
    )
    assert (api.status_code, client.post(start).status_code) == (200, 302)
    assert client.post(path_of(attempt, "hand-in")).status_code == 429


def _queries(client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)
