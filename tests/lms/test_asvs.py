"""docs/asvs.md names tests that pytest would run, and every row is held by a test or by a reason in words."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

# The table names tests of observability too, and to import those is half of installing it.
pytestmark = pytest.mark.observability
ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "asvs.md").read_text()
ROWS = [
    tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
    for line in TEXT.splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| requirement"))
]
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
NAMED = sorted(set(NODE.findall(TEXT)))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda part: part.rsplit("/", 1)[-1])
def test_a_test_that_the_table_names_is_one_that_runs(path, name):
    assert Path(path).name.startswith("test_")
    assert name.startswith("test_")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    test = getattr(module, name)
    assert test.__module__ == module.__name__
    marks = {mark.name for mark in getattr(test, "pytestmark", [])}
    assert not marks & {"skip", "xfail"}
    source = inspect.getsource(test)
    helpers = [value for name, value in vars(module).items() if inspect.isfunction(value) and f"{name}(" in source]
    assert any(re.search(r"\bassert\b|pytest\.raises", inspect.getsource(found)) for found in (test, *helpers))


def test_what_looks_like_a_test_is_written_as_one():
    """Else it would pass for a reason."""
    loose = [text for text in re.findall(r"`([^`]*tests/[^`]*|[^`]*::[^`]*)`", TEXT) if not NODE.fullmatch(f"`{text}`")]
    assert loose == ["file::name", "tests/*/authorisation.py"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].split(" ")[0].rstrip(","))
def test_every_row_has_a_test_or_a_reason_in_words(row):
    requirement, held_by = row
    assert re.match(r"\d+\.\d+(\.\d+)?\b", requirement)
    reason = NODE.sub("", held_by)
    assert NODE.search(held_by) or len(re.findall(r"[A-Za-z]{2,}", reason)) >= 2


def test_no_requirement_has_two_rows():
    numbers = [number for requirement, _ in ROWS for number in re.findall(r"\d+\.\d+\.\d+", requirement)]
    assert len(ROWS) > 50
    assert sorted({number for number in numbers if numbers.count(number) > 1}) == []
