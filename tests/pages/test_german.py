"""German, the language beside English: of the pages, and of the refusals that they show."""

import ast
import re
from gettext import GNUTranslations
from pathlib import Path

import pytest
from django.utils.translation import override

from accounts.limits import LimitExceeded, Refusal
from core.errors import Conflict, DomainError
from core.problems import problem_body
from quizzes.models import Quiz
from tests.quizzes.authorisation import extend

PROJECT = Path(__file__).parents[2]
PAGES = PROJECT / "pages"
GERMAN = {"Accept-Language": "de"}
# Everything that pages may call. Above them is only lms, whose refusals are those of commands.
APPS = ("core", "outbox", "maintenance", "accounts", "courses", "quizzes", "certificates", "analytics", "pages")
NOT_SHOWN = {
    "accounts/service_tokens.py": "only the admin makes tokens",
    "pages/beacons.py": "browsers report by themselves and show no answer",
    "pages/vitals.py": "likewise",
    "quizzes/api/assignments.py": "pages call the service, with a form that is always right",
    "quizzes/api/teaching.py": "no page changes questions",
}
BESIDE = [
    PROJECT / "accounts/pages.py",
    PROJECT / "accounts/permissions.py",
    PROJECT / "certificates/templates/certificates/verification.html",
]


def marked(path: Path) -> set[str]:
    """What is marked for translation."""
    text = path.read_text()
    if path.suffix == ".html":
        return set(re.findall(r'(?:translate |\b_\()"([^"]+)"', text))
    return {
        node.args[0].value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("_", "ngettext")
        and isinstance(node.args[0], ast.Constant)
    }


def kinds(kind: type[DomainError] = DomainError) -> set[type[DomainError]]:
    return {kind, *(each for one in kind.__subclasses__() for each in kinds(one))}


def refusals(path: Path) -> list[ast.Call]:
    names = {kind.__name__ for kind in kinds()}
    if path.name == "responses.py":
        names.add("ContentError")  # of answers; elsewhere it is about questions, which no page writes
    return [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rsplit(".", 1)[-1] in names
    ]


def is_unmarked(node: ast.AST) -> bool:
    """Whether it says something in words that are not marked for translation."""
    match node:
        case ast.Call(func=ast.Name(id="_" | "ngettext"), args=[text, *_]):
            return not isinstance(text, ast.Constant)
        case ast.BinOp(op=ast.Mod(), left=text) | ast.FormattedValue(value=text):
            return is_unmarked(text)
        case ast.Constant(value=str() as text):
            return any(character.isalpha() for character in text)
    return any(is_unmarked(part) for part in ast.iter_child_nodes(node))


def unmarked(path: Path) -> list[str]:
    return [
        f"{path.relative_to(PROJECT)}:{call.lineno}"
        for call in refusals(path)
        if any(map(is_unmarked, [*call.args[:1], *(word.value for word in call.keywords if word.arg == "detail")]))
    ]


MODULES = [path for app in APPS for path in sorted((PROJECT / app).rglob("*.py"))]
SHOWN = [path for path in MODULES if str(path.relative_to(PROJECT)) not in NOT_SHOWN]


def compiled() -> dict[str | tuple[str, int], str]:
    """Translations by source, or by source and number of the plural."""
    with open(PAGES / "locale/de/LC_MESSAGES/django.mo", "rb") as file:
        return GNUTranslations(file)._catalog  # type: ignore[attr-defined]


def written() -> dict[str | tuple[str, int], str]:
    """The same from the file that people write."""
    found: dict[str | tuple[str, int], str] = {}
    for block in (PAGES / "locale/de/LC_MESSAGES/django.po").read_text().strip().split("\n\n"):
        entry: dict[str, str] = {}
        for line in block.splitlines():
            if line.startswith("msg"):
                name, _blank, line = line.partition(" ")
            if not line.startswith("#"):
                entry[name] = entry.get(name, "") + ast.literal_eval(line)
        for name, text in entry.items():
            if name == "msgstr":
                found[entry["msgid"]] = text
            elif name.startswith("msgstr["):
                found[entry["msgid"], int(name[7:-1])] = text
    return found


def test_every_string_of_the_pages_and_of_what_refuses_there_is_in_the_compiled_german():
    sources = (*PAGES.glob("templates/**/*.html"), *PAGES.glob("*.py"), *BESIDE, *filter(refusals, SHOWN))
    wanted = {text for path in sources for text in marked(path)}
    assert len(wanted) > 300
    german = {source if isinstance(source, str) else source[0] for source, target in compiled().items() if target}
    assert sorted(wanted - german) == []


def test_the_compiled_german_is_what_was_written_and_holds_the_same_values():
    german = compiled()
    assert german == written()
    for source, target in german.items():
        values = [set(re.findall(r"%\(\w+\)\w|{\w+}", text)) for text in (source, target) if isinstance(text, str)]
        assert all(one == values[0] for one in values), source


def test_no_refusal_that_a_page_may_show_is_left_in_one_language():
    assert [place for path in SHOWN for place in unmarked(path)] == []
    assert [name for name in NOT_SHOWN if not unmarked(PROJECT / name)] == []


@pytest.mark.parametrize(
    ("code", "left"),
    [
        ('Conflict("It is full.")', True),
        ('Conflict(f"It has {places} places.")', True),
        ('Conflict(_(f"It has {places} places."))', True),
        ('Conflict("It has %s places." % places)', True),
        ('Conflict(detail="It is full.")', True),
        ('errors.Conflict(_("It is full.") if full else "It is closed.")', True),
        ('Conflict(_("It has %(places)s places.") % {"places": f"{places:d}"}, code="full")', False),
        ('Conflict(ngettext("%(n)s place", "%(n)s places", n) % {"n": n})', False),
        ('Conflict(f"{text}.")', False),
        ("Conflict()", False),
    ],
)
def test_what_counts_as_left_in_one_language(tmp_path, monkeypatch, code, left):
    monkeypatch.setattr(f"{__name__}.PROJECT", tmp_path)
    (tmp_path / "services.py").write_text(f"raise {code}")
    assert unmarked(tmp_path / "services.py") == (["services.py:1"] if left else [])


def test_what_kinds_of_refusals_say_without_words_of_their_own_is_german_too():
    for kind in kinds():
        if f"{kind.__module__.replace('.', '/')}.py" not in NOT_SHOWN and not kind.__module__.startswith("tests."):
            with override("de"):
                german = str(kind.title)
            assert german != str(kind.title), kind


def test_a_refusal_is_plain_text_in_the_language_in_which_it_was_made():
    with override("de"):
        refusal = Conflict()
    said = "Der gegenwärtige Stand lässt das nicht zu"
    assert (refusal.detail, str(refusal), refusal.args) == (said, said, (said,))
    assert {type(text) for text in (refusal.detail, *refusal.args)} == {str}
    assert type(problem_body(status=409, code="conflict", title=Conflict.title)["title"]) is str


@pytest.mark.parametrize(
    ("language", "seconds", "said"),
    [
        ("de", 1, "Versuchen Sie es in 1 Sekunde wieder."),
        ("de", 2, "Versuchen Sie es in 2 Sekunden wieder."),
        ("en", 1, "Try again in 1 seconds."),
        ("fr", 2, "Try again in 2 seconds."),
    ],
)
def test_waiting_times_are_counted_as_the_language_counts(language, seconds, said):
    with override(language):
        assert LimitExceeded(Refusal("submits", seconds)).detail == said


def test_the_pages_speak_german(world, as_user):
    answer = as_user(world.people["learner"]).get("/", headers=GERMAN)
    assert '<html lang="de">' in answer.text
    assert "<h1>Kurse</h1>" in answer.text


SPOKEN = [
    (GERMAN, "Alle Versuche sind verbraucht.", "Der gegenwärtige Stand lässt das nicht zu"),
    ({}, "All attempts are used up.", "The present state doesn't allow this"),
]


@pytest.mark.parametrize(("headers", "said", "title"), SPOKEN)
def test_a_refusal_speaks_the_readers_language_on_the_page_and_in_the_api(world, as_user, headers, said, title):
    extend(world)
    Quiz.objects.update(max_attempts=1)
    quiz = Quiz.objects.get(public_id=world.ids["quiz"])
    client = as_user(world.people["learner"])
    page = client.post(f"/quizzes/{quiz.public_id}/start", headers=headers)
    assert page.status_code == 409
    assert [text for _headers, text, _title in SPOKEN if text in page.text] == [said]
    path, sent = f"/api/v1/quizzes/{quiz.public_id}/attempts", {"Idempotency-Key": "once more", **headers}
    refused = client.post(path, {}, "application/json", headers=sent).json()
    assert (refused["detail"], refused["title"], refused["code"]) == (said, title, "attempts_used_up")


@pytest.mark.parametrize(("headers", "german", "english"), [(GERMAN, True, False), ({}, False, True)])
def test_a_limit_speaks_the_readers_language(world, as_user, settings, headers, german, english):
    settings.LIMITS = settings.LIMITS | {"submits": "1/600"}
    extend(world)
    client = as_user(world.people["learner"])
    pages = [client.post(f"/attempts/{world.ids['attempt']}/hand-in", headers=headers) for _ in range(2)]
    assert pages[1].status_code == 429
    assert bool(re.search(r"Versuchen Sie es in \d+ Sekunden wieder\.", pages[1].text)) == german
    assert bool(re.search(r"Try again in \d+ seconds\.", pages[1].text)) == english
