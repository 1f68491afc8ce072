"""Nothing in the documents leads nowhere. Addresses outside of the repository are not asked."""

import re

import pytest

from tests.docs.documents import anchors, broken, documents, files_named, links
from tests.system import ROOT

ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
# Made where the product runs, not part of the repository.
MADE = ("deploy/secrets",)


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_every_named_file_is_there(path):
    assert [problem for link in links(path) if (problem := broken(path, link))] == []
    named = {name for name in files_named(path) if not name.startswith(MADE)}
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_every_alerts_runbook_is_a_heading():
    fragments = re.findall(r"runbook_url: .*/runbooks#(\S+?)\"?$", ALERTS.read_text(), re.MULTILINE)
    assert len(fragments) == ALERTS.read_text().count("- alert: ")
    assert set(fragments) - anchors(ROOT / "docs" / "runbooks.md") == set()


def test_a_link_to_no_file_and_one_to_no_heading_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.docs.documents.ROOT", tmp_path)
    document = tmp_path / "a.md"
    document.write_text(
        '# One thing: *this*\n[a](#one-thing-this) [b](b.md) [c](#two) ![d](../d.png) <img src="e.svg">\n'
    )
    assert [broken(document, link) for link in links(document)] == [
        "",
        "b.md: no such file",
        "#two: no such heading",
        "../d.png: no such file",
        "e.svg: no such file",
    ]
