"""Every conclusion from several events follows from what people do over HTTP, once, and from nothing ordinary."""

import re
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.test import Client

from accounts import services as accounts
from accounts.models import Role, User
from courses import services as courses
from quizzes import services as quizzes
from tests.accounts.conftest import PASSWORD, ApiClient

pytestmark = [pytest.mark.django_db, pytest.mark.observability]
SHORT = {"answers": [{"text": "secret answer"}]}
CAMPUS, HOME = "192.0.2.1", "198.51.100.7"


@pytest.fixture(autouse=True)
def _surroundings(settings, tmp_path):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.AUTH_ANSWER_SECONDS = 0.0
    settings.MEDIA_ROOT = tmp_path
    settings.LIMITS = dict.fromkeys(settings.LIMITS, "1000000/60")


@pytest.fixture
def found():
    """How often each suspicion was reported since the test began."""
    import redis

    from observability.security import background, records, windows
    from observability.security.events import SUSPICIONS
    from observability.testing import metric_value

    def forget():
        background.queue.waiting.clear()
        windows._Pause.until = 0.0
        records._local._seen.clear()
        client = redis.Redis.from_url(settings.REDIS_URL)
        for key in client.scan_iter("security:*"):
            client.delete(key)

    def counts():
        background.flush()
        return Counter({str(event): metric_value("security_events_total", event=str(event)) for event in SUSPICIONS})

    forget()
    before = counts()
    yield lambda: {event: number for event, number in (counts() - before).items() if number}
    forget()


@pytest.fixture
def thresholds(settings):
    def lower(**rules):
        settings.OBSERVABILITY = settings.OBSERVABILITY | {"SECURITY_DETECTION": rules}

    return lower


@pytest.fixture
def make_person():
    def make(name="ada", role=Role.STUDENT):
        return accounts.create_person(email=f"{name}@example.org", name=name.title(), role=role, password=PASSWORD)

    return make


@pytest.fixture
def logged_in(make_person):
    def log_in(name="ada", address=CAMPUS):
        person = make_person(name)
        client = ApiClient("app", address)
        assert client.login(person.email).status_code == 200
        return person, client

    return log_in


@pytest.fixture
def course(make_person):
    return courses.create_course(title="Biology", instructors=[make_person("teacher", Role.INSTRUCTOR)])


@pytest.mark.django_db(transaction=True)
def test_wrong_passwords_for_one_account_from_many_sources_are_brute_force(make_person, thresholds, found):
    thresholds(brute_force="4/600")
    person = make_person()
    for number in range(3):
        assert ApiClient("app", f"203.0.113.{number}").login(person.email, "wrong").status_code == 400
    assert found() == {}
    for number in range(3, 8):
        ApiClient("app", f"203.0.113.{number}").login(person.email, "wrong")
    assert found() == {"brute_force": 1}


@pytest.mark.django_db(transaction=True)
def test_one_source_that_tries_many_accounts_is_password_spraying(make_person, thresholds, found):
    thresholds(password_spraying="4/600")
    for name in ("ada", "bob"):
        person = make_person(name)
        for _ in range(3):
            ApiClient("app").login(person.email, "wrong")
    assert found() == {}
    for number in range(4):
        ApiClient("app").login(f"unknown{number}@example.org", "wrong")
    assert found() == {"password_spraying": 1}


def test_looking_for_what_one_may_not_see_is_enumeration(logged_in, thresholds, found):
    thresholds(enumeration="5/300")
    _, client = logged_in()
    for _ in range(10):
        assert client.call("GET", "/api/v1/courses/none").status_code == 404
    assert found() == {}
    for number in range(6):
        assert client.call("GET", f"/api/v1/courses/secret-{number}").status_code == 404
    assert found() == {"enumeration": 1}


def test_fetching_file_after_file_is_a_bulk_download(logged_in, course, thresholds, found):
    thresholds(bulk_download="4/600")
    section = courses.add_section(course=course, title="Week 1")
    lesson = courses.add_lesson(section=section, title="Reading", kind="text")
    files = [
        courses.add_file(course=course, lesson=lesson, name=f"{n}.pdf", content=ContentFile(f"%PDF-1.7 {n}".encode()))
        for n in range(5)
    ]
    courses.publish_course(course=course)
    person, client = logged_in()
    courses.enroll(user=person, course=course)
    for _ in range(5):
        assert client.call("GET", f"/api/v1/files/{files[0].public_id}").status_code == 200
    assert found() == {}
    for file in files[1:]:
        assert client.call("GET", f"/api/v1/files/{file.public_id}").status_code == 200
    assert found() == {"bulk_download": 1}


@pytest.fixture
def attempt(course, logged_in):
    """A started attempt at a quiz of two questions, and the client of whoever takes it."""
    section = courses.add_section(course=course, title="Week 1")
    quiz = quizzes.create_quiz(lesson=courses.add_lesson(section=section, title="Exam", kind="quiz"), max_attempts=1)
    for prompt in ("One", "Two"):
        quizzes.add_question(quiz=quiz, kind="short_text", prompt=prompt, content=SHORT)
    courses.publish_course(course=course)
    person, client = logged_in()
    courses.enroll(user=person, course=course)
    started = client.call("POST", f"/api/v1/quizzes/{quiz.public_id}/attempts", {}, **{"Idempotency-Key": "start"})
    assert started.status_code == 201
    return f"/api/v1/attempts/{started.json()['id']}", client


def answer(client, path, position):
    response = client.call("PUT", f"{path}/answers/{position}", {"response": "something"})
    assert response.status_code == 200


def test_one_attempt_from_two_networks_is_told(attempt, thresholds, found):
    thresholds()
    path, client = attempt
    answer(client, path, 1)
    answer(client, path, 2)
    assert found() == {}
    client.address = HOME
    answer(client, path, 1)
    answer(client, path, 2)
    assert found() == {"quiz_from_two_addresses": 1}


def test_one_attempt_on_the_pages_from_two_networks_is_told(attempt, thresholds, found):
    thresholds()
    path, client = attempt
    page = path.removeprefix("/api/v1")
    browser = Client()
    browser.force_login(User.objects.get(email="ada@example.org"))
    answer(client, path, 1)
    assert browser.post(f"{page}/save", REMOTE_ADDR=CAMPUS).status_code == 302
    assert found() == {}
    assert browser.post(f"{page}/save", REMOTE_ADDR=HOME).status_code == 302
    assert found() == {"quiz_from_two_addresses": 1}


@pytest.mark.django_db(transaction=True)  # told once the submission is committed
@pytest.mark.parametrize(("reading_seconds", "expected"), [(60.0, {"quiz_too_fast": 1}), (0.0, {})])
def test_answers_given_faster_than_read_are_told(attempt, settings, thresholds, found, reading_seconds, expected):
    thresholds()
    settings.QUIZ_READING_SECONDS = reading_seconds
    path, client = attempt
    answer(client, path, 1)
    answer(client, path, 2)
    assert found() == {}
    client.call("POST", f"{path}/submission", {}, **{"Idempotency-Key": "end"})
    assert found() == expected


def test_an_ordinary_day_is_no_suspicion(attempt, found):
    path, client = attempt
    for _ in range(30):
        assert client.call("GET", "/api/v1/me").status_code == 200
        assert client.call("GET", path).status_code == 200
    ApiClient("app").login("ada@example.org", "typo")
    assert found() == {}


def test_the_views_that_rules_watch_exist_and_every_view_of_a_file_is_watched():
    from django.urls import get_resolver

    resolver = get_resolver()
    own = {str(name) for name in resolver.reverse_dict if isinstance(name, str)}
    names = own | {
        f"pages:{name}" for name in resolver.namespace_dict["pages"][1].reverse_dict if isinstance(name, str)
    }
    watched = settings.OBSERVABILITY["SECURITY_DOWNLOADS"]
    assert {*watched, *settings.OBSERVABILITY["SECURITY_ONE_NETWORK"]} <= names
    assert {name for name in names if re.fullmatch(r"(\w+-)?file|\w+-pdf", name)} == set(watched)


def test_every_event_is_produced_by_some_flow_of_a_test():
    """Named where flows are played over HTTP; each such test says exactly what it expects."""
    from observability.security.events import SecurityEvent

    here = Path(__file__).parent
    played = (here / "test_suspicions.py").read_text() + (
        here.parent / "accounts" / "test_security_events.py"
    ).read_text()
    assert [str(event) for event in SecurityEvent if not re.search(rf'(\b{event}=\d|"{event}": 1)', played)] == []
