"""What the documents tell people to type works: it is run here, or for a stated reason only its words are checked."""

import functools
import importlib.util
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class

from accounts.models import User
from lms import monitoring
from tests.docs.documents import FENCE, commands, documents, simple_commands
from tests.lms.olx_files import SMALL, pack
from tests.system import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
EVERYTHING = [command for path in documents() for command in commands(path)]
TO_COPY = {command.text: command for command in EVERYTHING if command.block}
MODULES_OF_TARGETS = {"simulate": "simulation", "panels": "tests.panels", "preview": "tests.preview"}
TAKES_LONG = "takes minutes"
NEW_PROJECT = "in a new project: tests/bare_project/test_readme.py runs it there"
BY_HAND = "tests/docs/test_verification_commands.py runs it"
OUTSIDE = "needs a deployment of its own, or parts that no package brings"
# Not run here; their targets, commands, options and files are checked all the same.
NOT_RUN = {
    "make demo": "goes on until Ctrl-C; tests/lms/test_demo.py starts it",
    "make test": "this is a part of it",
    "make check": TAKES_LONG,
    "make drill ONLY=redis": TAKES_LONG,
    "make panels": TAKES_LONG,
    "make preview": TAKES_LONG,
    "make tour": TAKES_LONG,
    "make bench ONLY=redaction": TAKES_LONG,
    "make backup": "needs the demo; tests/lms/test_backup.py runs its command",
    "make manage CMD=verify_observability --skip dashboards,errors": "tests/observability/test_verification.py does",
    "manage.py verify_observability --watch 24h": OUTSIDE,
    "curl -fsS -H Authorization: Bearer $VERIFY_PROMETHEUS_TOKEN $VERIFY_PROMETHEUS_URL/api/v1/targets": BY_HAND,
    "curl -fsS -u $VERIFY_GRAFANA_USER:$VERIFY_GRAFANA_PASSWORD $VERIFY_GRAFANA_URL/api/search": BY_HAND,
    "psql $DATABASE_URL -f deploy/postgres/reporting_role.sql": "tests/analytics/test_reporting.py runs the script",
    "manage.py engagement_report DIR": "needs the data set; tests/lms/test_import_oulad.py runs it",
    "manage.py import_oulad DIR": "needs the data set; tests/lms/test_import_oulad.py runs it",
    "npx -y @spotlightjs/spotlight": "a program of others, fetched anew each time, that goes on until Ctrl-C",
    "pip install ../lms gunicorn": NEW_PROJECT,
    "python manage.py check": NEW_PROJECT,
    "python manage.py metrics_catalog": NEW_PROJECT,
    "gunicorn mysite.wsgi": NEW_PROJECT,
    "curl http://127.0.0.1:9101/metrics": NEW_PROJECT,
    "amtool alert add ScheduledMaintenance severity=info --end=2026-01-01T06:00:00Z "
    "--alertmanager.url=http://127.0.0.1:9093": "needs an Alertmanager; tests/drill has one and adds the same alert",
}


# --- words: checked for every command ---


def hidden(text: str) -> list[str]:
    """Lines of indented blocks that begin as a command does; only fenced blocks are read for commands."""
    names = "|".join(re.escape(name) for name in WORDS)
    return re.findall(rf"^ {{4,}}((?:[A-Z_]+=\S+ )*(?:{names}) .*)$", FENCE.sub("", text), re.MULTILINE)


def problem(words: tuple[str, ...]) -> str:
    """Why a command can't be what it says, or ""."""
    check = WORDS.get(words[0])
    return check(list(words[1:])) if check else f"nobody knows {words[0]} here"


def of_make(words: list[str]) -> str:
    target, *variables = words
    recipe = re.search(rf"^{re.escape(target)}:.*\n((?:\t.*\n|(?:ifneq|else|endif).*\n)*)", MAKEFILE, re.MULTILINE)
    if not recipe:
        return f"no target {target}"
    for name, _, value in (variable.partition("=") for variable in variables):
        if f"$({name})" not in recipe[1]:
            return f"{target} has no {name}"
        if target == "manage" and (wrong := of_manage(shlex.split(value))):
            return wrong
        if name == "ARGS" and target in MODULES_OF_TARGETS:
            return of_python(["-m", MODULES_OF_TARGETS[target], *shlex.split(value)])
    return ""


def of_manage(words: list[str]) -> str:
    name, *arguments = words
    if name == "help":
        return ""
    if name not in get_commands():
        return f"no command {name}"
    command = get_commands()[name]
    loaded = load_command_class(command, name) if isinstance(command, str) else command
    parser = loaded.create_parser("manage.py", name)
    known = {option for action in parser._actions for option in action.option_strings}
    wrong = [word for word in arguments if word.startswith("--") and word.split("=")[0] not in known]
    if wrong:
        return f"{name} has no {wrong[0]}"
    return ""


def of_python(words: list[str]) -> str:
    if words[0] != "-m":
        return "" if words[0] == "-c" else of_file(words[0])
    module, arguments = words[1], words[2:]
    if importlib.util.find_spec(module) is None:
        return f"no module {module}"
    options = [word.split("=")[0] for word in arguments if word.startswith("--")]
    wrong = [option for option in options if option not in re.findall(r"--[\w-]+", usage(module))]
    return f"{module} has no {wrong[0]}" if wrong else ""


@functools.cache
def usage(module: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def of_file(name: str) -> str:
    return "" if (ROOT / name).exists() else f"no file {name}"


def of_files(words: list[str]) -> str:
    return next(filter(None, map(of_file, (word for word in words if "/" in word and "://" not in word))), "")


WORDS: dict[str, Callable[[list[str]], str]] = {
    "make": of_make,
    "manage.py": of_manage,
    "python": of_python,
    "promtool": of_files,
    # Where they ask is looked at by the tests that run them; NOT_RUN names the others.
    "amtool": lambda words: "",
    "curl": lambda words: "",
    "pip": lambda words: "",
    "gunicorn": lambda words: "",
    "npx": lambda words: "",
    "psql": of_files,
}


@pytest.mark.parametrize(
    "command", dict.fromkeys(EVERYTHING), ids=lambda command: f"{command.document}: {command.text}"
)
def test_every_command_has_its_target_command_module_options_and_files(command):
    assert problem(command.words) == ""


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_command_hides_in_an_indented_block(path):
    assert hidden(path.read_text()) == []


def test_a_hidden_command_is_found():
    assert hidden("Text:\n\n    A=1 make demo\n    location / { }\n\n```sh\nmake test\n```\n") == ["A=1 make demo"]


def test_wrong_words_are_told():
    assert problem(("make", "demmo")) == "no target demmo"
    assert problem(("make", "check", "ONLY=redis")) == "check has no ONLY"
    assert problem(("make", "manage", "CMD=seed_demo --destroy")) == "seed_demo has no --destroy"
    assert problem(("make", "simulate", "ARGS=--peopel 4")) == "simulation has no --peopel"
    assert problem(("manage.py", "send_alert")) == "no command send_alert"
    assert problem(("python", "-m", "bench.sped")) == "no module bench.sped"
    assert problem(("promtool", "check", "rules", "deploy/alerts.yml")) == "no file deploy/alerts.yml"
    assert problem(("rm", "-rf", ".")) == "nobody knows rm here"


def test_a_script_falls_apart_into_its_commands():
    script = "A=1 B='x y' make a B=\"c d\" # not this\nexport C=1\n$ curl -s http://h/x?y=1 | b > file && \\\n  c\n"
    assert list(simple_commands(script)) == [
        ("make", "a", "B=c d"),
        ("curl", "-s", "http://h/x?y=1"),
        ("b",),
        ("c",),
    ]


# --- runs: every command of a block, unless there is a reason ---


def test_every_reason_not_to_run_something_belongs_to_a_command():
    assert set(NOT_RUN) - set(TO_COPY) == set()


@pytest.fixture
def stand_ins(tmp_path):
    """What a document names and a reader has."""
    person = User.objects.create_user(email="reader@example.org", password="correct-horse-battery", name="Reader")
    course = pack(tmp_path / "course.tar.gz", SMALL)
    return {"PERSON": person.email, "course.tar.gz": str(course)}


@pytest.mark.django_db
@pytest.mark.parametrize("text", sorted(TO_COPY.keys() - NOT_RUN.keys()))
def test_what_stands_in_a_block_runs(text, stand_ins, client, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "media")
    first, *words = TO_COPY[text].words
    if (first, words[0]) == ("make", "manage"):
        first, words = "manage.py", shlex.split(words[1].removeprefix("CMD="))
    if first == "manage.py":
        output = StringIO()
        call_command(*(stand_ins.get(word, word) for word in words), stdout=output)
        assert output.getvalue()
    elif first == "curl":
        address = urlsplit(next(word for word in words if "://" in word))
        assert address.netloc == "127.0.0.1:8000"
        assert client.get(address.path, REMOTE_ADDR="127.0.0.1").status_code == 200
    elif first == "promtool":
        monitoring.fetch()
        assert output_of([str(monitoring.find(first)), *words])
    else:
        assert (first, words) == ("make", ["help"]), "say how to run it, or why not"
        assert output_of([first, *words])


def output_of(words: list[str], directory: Path = ROOT) -> str:
    return subprocess.run(words, cwd=directory, capture_output=True, text=True, check=True, timeout=60).stdout


def test_help_lists_every_target():
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony
    listed = re.findall(r"^  make ([a-z-]+) ", output_of(["make", "help"]), re.MULTILINE)
    assert sorted(listed) == sorted(phony[1].split())


@pytest.mark.django_db
def test_a_command_that_fails_fails_here():
    with pytest.raises(CommandError):
        call_command("export_person", "nobody@example.org", stdout=StringIO())
