"""German, the language beside English: of the pages, and of the refusals that they show."""

import ast
import re
from gettext import GNUTranslations
from pathlib import Path

import pytest

from core.errors import DomainError
from quizzes.models import Quiz
from tests.quizzes.authorisation import extend

PROJECT = Path(__file__).parents[2]
PAGES = PROJECT / "pages"
GERMAN = {"Accept-Language": "de"}
# What pages call, and what refuses there. Whoever reads vitals.py's and beacons.py's refusals is a script.
REFUSING = [
    path
    for pattern in (
        "accounts/adapter.py",
        "accounts/limits.py",
        "*/permissions.py",
        "*/selectors.py",
        "*/services.py",
        "*/services/*.py",
        "certificates/rendering.py",
        "quizzes/assignment_selectors.py",
        "quizzes/content/responses.py",
        "pages/*.py",
    )
    for path in sorted(PROJECT.glob(pattern))
    if path.name not in ("vitals.py", "beacons.py") and path.parts[-2] not in ("maintenance", "outbox")
]
BESIDE = [PROJECT / "accounts/pages.py", PROJECT / "certificates/templates/certificates/verification.html"]


def marked(path: Path) -> set[str]:
    """What is marked for translation."""
    text = path.read_text()
    if path.suffix == ".html":
        return set(re.findall(r'(?:translate |\b_\()"([^"]+)"', text))
    return {
        node.args[0].value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "_" and isinstance(node.args[0], ast.Constant)
    }


def unmarked(path: Path) -> list[str]:
    """Refusals that say something which is no variable and not marked for translation."""
    names = {kind.__name__ for kind in _kinds(DomainError)} | (
        {"ContentError"} if path.name == "responses.py" else set()
    )
    return [
        f"{path.relative_to(PROJECT)}:{node.lineno}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and ast.unparse(node.exc.func).rsplit(".", 1)[-1] in names
        and node.exc.args
        and isinstance(node.exc.args[0], ast.Constant | ast.JoinedStr)
        and any(isinstance(part, ast.Constant) and " " in str(part.value) for part in ast.walk(node.exc.args[0]))
    ]


def _kinds(kind: type) -> set[type]:
    return {kind, *(each for one in kind.__subclasses__() for each in _kinds(one))}


def test_every_string_of_the_pages_and_of_what_refuses_there_is_in_the_compiled_german():
    wanted = {text for path in (*PAGES.glob("templates/**/*.html"), *BESIDE, *REFUSING) for text in marked(path)}
    assert len(wanted) > 300
    with open(PAGES / "locale/de/LC_MESSAGES/django.mo", "rb") as compiled:
        german = GNUTranslations(compiled)._catalog  # type: ignore[attr-defined]
    assert sorted(wanted - {source for source, target in german.items() if target}) == []


def test_no_refusal_that_a_page_may_show_is_left_in_one_language():
    assert [place for path in REFUSING for place in unmarked(path)] == []


def test_the_pages_speak_german(world, as_user):
    answer = as_user(world.people["learner"]).get("/", headers=GERMAN)
    assert '<html lang="de">' in answer.text
    assert "<h1>Kurse</h1>" in answer.text


@pytest.mark.parametrize(
    ("headers", "said"), [(GERMAN, "Alle Versuche sind verbraucht."), ({}, "All attempts are used up.")]
)
def test_a_refusal_speaks_the_readers_language_on_the_page_and_in_the_api(world, as_user, headers, said):
    extend(world)
    Quiz.objects.update(max_attempts=1)
    quiz = Quiz.objects.get(public_id=world.ids["quiz"])
    client = as_user(world.people["learner"])
    page = client.post(f"/quizzes/{quiz.public_id}/start", headers=headers)
    assert page.status_code == 409
    assert said in page.text
    path, sent = f"/api/v1/quizzes/{quiz.public_id}/attempts", {"Idempotency-Key": "once more", **headers}
    refused = client.post(path, {}, "application/json", headers=sent).json()
    assert (refused["detail"], refused["code"]) == (said, "attempts_used_up")


def test_numbers_stand_where_the_language_wants_them(world, as_user, settings):
    settings.LIMITS = settings.LIMITS | {"submits": "1/60"}
    extend(world)
    client = as_user(world.people["learner"])
    answers = [client.post(f"/attempts/{world.ids['attempt']}/hand-in", headers=GERMAN) for _ in range(2)]
    assert answers[1].status_code == 429
    assert re.search(r"Versuchen Sie es in \d+ Sekunden wieder\.", answers[1].text)
