"""What observability/README.md says to do, done by the letter in a new project; only the ports are others."""

import os
import re
import subprocess
import sys
import textwrap
import urllib.request
import venv
from pathlib import Path

import pytest

from lms.embedded import end_with_parent, free_ports
from tests.bare_project.test_wheel import index_answers, run
from tests.docs.documents import simple_commands
from tests.faults import end
from tests.system import ROOT, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
README = (ROOT / "observability" / "README.md").read_text()
STEPS = README[README.index("## Install in five steps") : README.index("## Metrics of your own")]
BLOCKS = [
    (language, textwrap.dedent(body)) for language, body in re.findall(r"( *```\w+\n)(.*?)^ *```$", STEPS, re.M | re.S)
]
FILE = re.compile(r"# ([\w./]+\.py)(, at its end)?\n")


def of_language(name: str) -> list[str]:
    return [body for language, body in BLOCKS if language.strip() == f"```{name}"]


def shell() -> list[tuple[str, ...]]:
    return [words for body in of_language("sh") for words in simple_commands(body)]


def test_every_command_is_one_that_this_test_carries_out():
    assert [words[0] for words in shell()] == ["pip", "python", "python", "gunicorn", "curl", "curl", "curl", "curl"]
    assert [found[1] for body in of_language("python") if (found := FILE.match(body))] == [
        "mysite/settings.py",
        "mysite/urls.py",
        "gunicorn.conf.py",
        "mysite/settings.py",
    ]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """`django-admin startproject mysite` in a virtual environment of its own, with the checkout beside it."""
    if not index_answers([sys.executable, "-m", "pip", "--disable-pip-version-check"], tmp_path):
        pytest.skip("no package index can be reached")
    venv.create(tmp_path / "venv", with_pip=True)
    (tmp_path / "lms").mkdir()
    for name in ("observability", "pyproject.toml"):
        (tmp_path / "lms" / name).symlink_to(ROOT / name)
    run(tmp_path / "venv/bin/pip", "install", "-q", "django<6", cwd=tmp_path)
    run(tmp_path / "venv/bin/django-admin", "startproject", "mysite", cwd=tmp_path)
    return tmp_path / "mysite"


def test_a_new_project_is_observed_after_the_five_steps(project):
    web, metrics = free_ports(2)
    path = f"{project.parent / 'venv/bin'}:{os.environ['PATH']}"
    commands = shell()

    def carry_out(words: tuple[str, ...]) -> str:
        return run(project.parent / "venv/bin" / words[0], *words[1:], cwd=project, PATH=path)

    assert "Successfully installed" in carry_out(commands[0])
    for body in of_language("python"):
        if found := FILE.match(body):
            file = project / found[1]
            assert file.exists() == bool(found[2]), f"{found[1]} is there, or isn't"
            with file.open("a") as opened:
                opened.write("\n" + body)
    assert "no issues" in carry_out(commands[1])
    assert "django_http_responses_total_by_status_view_method" in carry_out(commands[2])
    server = subprocess.Popen(
        [project.parent / "venv/bin" / commands[3][0], *commands[3][1:], f"--bind=127.0.0.1:{web}"],
        cwd=project,
        env={"PATH": path, "METRICS_PORT": str(metrics)},
        stdin=subprocess.DEVNULL,
        preexec_fn=end_with_parent,
    )
    try:
        for _, address in commands[4:]:
            here = address.replace(":8000", f":{web}").replace(":9101", f":{metrics}")
            assert here != address
            text = wait_for(lambda here=here: urllib.request.urlopen(here, timeout=10).read().decode(), what=here)
            if here.endswith("/metrics"):
                assert "django_http_responses_total_by_status_view_method_total{" in text
    finally:
        end(server)
