"""The bare project's suite, run where observability was installed from its wheel and nothing else of ours is."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).resolve().parents[2]
PROJECT = Path(__file__).resolve().parent


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "SSL_CERT_FILE")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, (result.stdout + result.stderr)[-6000:]
    return result.stdout + result.stderr


def index_answers(pip: list[str | Path], cwd: Path) -> bool:
    probe = [*pip, "download", "-q", "--no-deps", "-d", cwd / "probe", "asgiref"]
    return subprocess.run(probe, cwd=cwd, check=False).returncode == 0


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel, and a copy of the project beside it."""
    directory = tmp_path_factory.mktemp("bare")
    source = directory / "source"
    shutil.copytree(ROOT / "observability", source / "observability", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", source)
    environment = directory / "venv"
    venv.create(environment)
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    if not index_answers(pip, directory):
        pytest.skip("no package index can be reached")
    run(*pip, "wheel", "-q", "--no-deps", "-w", directory, source, cwd=directory)
    (wheel,) = directory.glob("*.whl")
    shutil.rmtree(source)
    run(*pip, "--python", environment / "bin" / "python", "install", "-q", wheel, "gunicorn", cwd=directory)
    copy = directory / "project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("__pycache__", "test_*.py", "__init__.py"))
    for package in ("bare", "shop"):
        shutil.copy(PROJECT / package / "__init__.py", copy / package)
    return directory


@pytest.mark.processes
def test_the_suite_of_a_foreign_project_passes_with_the_built_wheel(clean: Path):
    output = run(clean / "venv/bin/python", "manage.py", "test", cwd=clean / "project")
    assert "\nOK" in output
    assert f"Python {sys.version.split()[0]}" in output


@pytest.mark.processes
def test_the_wheel_holds_observability_alone(clean: Path):
    listed = run(clean / "venv/bin/python", "-m", "zipfile", "-l", next(clean.glob("*.whl")), cwd=clean)
    names = {line.split()[0] for line in listed.splitlines()[1:]}
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"observability", "django_lms_observability"}
