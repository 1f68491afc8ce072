"""Pushing dashboards: all of them or none, again changes nothing, and each refusal is one line."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from lms.embedded import free_port
from lms.management.commands.push_dashboards import DASHBOARDS
from tests.lms.grafana_server import TOKEN, running

FILES = {json.loads(path.read_text())["uid"]: json.loads(path.read_text()) for path in DASHBOARDS.glob("*.json")}


@pytest.fixture
def grafana():
    with running() as server:
        yield server


@pytest.fixture
def push(grafana, monkeypatch):
    monkeypatch.setenv("GRAFANA_TOKEN", TOKEN)

    def call(*arguments, **options):
        out = StringIO()
        call_command("push_dashboards", *arguments, stdout=out, **({"url": grafana.url} | options))
        return dict(line.split(": ") for line in out.getvalue().splitlines())

    return call


def refusal(push, *arguments, **options) -> str:
    with pytest.raises(CommandError) as caught:
        push(*arguments, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert TOKEN not in text
    return text


def test_the_four_dashboards_arrive_in_their_folder_as_committed(grafana, push):
    assert push() == dict.fromkeys(FILES, "created")
    assert grafana.folders == {"lms": "LMS"}
    assert grafana.content() == {uid: ("lms", board) for uid, board in FILES.items()}


def test_again_writes_nothing(grafana, push):
    push()
    grafana.writes.clear()
    assert push() == dict.fromkeys(FILES, "unchanged")
    assert grafana.writes == []


def test_one_that_was_changed_there_or_moved_is_overwritten(grafana, push):
    push()
    grafana.dashboards["lms-system-health"]["title"] = "Edited by hand"
    grafana.placed["lms-student-progress"] = ""
    expected = dict.fromkeys(FILES, "unchanged")
    assert push() == expected | {"lms-system-health": "updated", "lms-student-progress": "updated"}
    assert grafana.content() == {uid: ("lms", board) for uid, board in FILES.items()}


def test_the_token_may_come_from_a_file(grafana, push, tmp_path, monkeypatch):
    monkeypatch.delenv("GRAFANA_TOKEN")
    (tmp_path / "token").write_text(TOKEN + "\n")
    assert push(token_file=tmp_path / "token") == dict.fromkeys(FILES, "created")


def test_when_a_write_fails_all_before_it_are_taken_back(grafana, push):
    push()
    grafana.dashboards["lms-course-performance"]["title"] = "Edited by hand"
    del grafana.dashboards["lms-security-events"], grafana.dashboards["lms-student-progress"]
    before = grafana.content()
    grafana.failing["lms-student-progress"] = 1
    assert refusal(push) == "POST /api/dashboards/db: 500 database is locked"
    assert grafana.content() == before


def test_a_folder_that_was_made_for_nothing_goes_again(grafana, push):
    grafana.failing["lms-course-performance"] = 1
    refusal(push)
    assert (grafana.folders, grafana.dashboards) == ({}, {})


def test_a_write_whose_answer_was_lost_is_taken_back_too(grafana, push):
    grafana.answer_lost.add("lms-course-performance")
    assert refusal(push).endswith("no answer from Grafana.")
    assert (grafana.folders, grafana.dashboards) == ({}, {})


def test_what_could_not_be_taken_back_is_said(grafana, push):
    push()
    grafana.dashboards["lms-course-performance"]["title"] = "Edited by hand"
    grafana.failing["lms-course-performance"] = 2
    assert refusal(push) == "POST /api/dashboards/db: 500 database is locked; 1 of 1 writes could not be undone."


def test_a_provisioned_dashboard_stops_it_before_the_first_write(grafana, push):
    push()
    grafana.provisioned.add("lms-system-health")
    grafana.writes.clear()
    grafana.dashboards["lms-course-performance"]["title"] = "Edited by hand"
    assert refusal(push).startswith("lms-system-health is provisioned from a file")
    assert grafana.writes == []


def test_a_wrong_token_is_refused_without_being_shown(grafana, push, monkeypatch):
    monkeypatch.setenv("GRAFANA_TOKEN", "glsa_wrong")
    text = refusal(push)
    assert text == "GET /api/dashboards/uid/lms-course-performance: 401 Invalid API key"
    assert grafana.writes == []


def test_a_redirect_is_not_followed_with_the_token(grafana, push):
    with running() as elsewhere:
        grafana.redirect = f"{elsewhere.url}/api/dashboards/uid/lms-course-performance"
        assert "302" in refusal(push)
        assert elsewhere.authorisations == []


@pytest.mark.parametrize("url", ["", "grafana.example.org", "ftp://grafana.example.org", "https://me:pw@example.org"])
def test_what_is_no_address_is_refused(push, url):
    assert refusal(push, url=url).startswith("The address must be one like")


def test_without_a_token_nothing_is_asked(grafana, push, monkeypatch):
    monkeypatch.setenv("GRAFANA_TOKEN", "")
    assert refusal(push).startswith("The token is empty")
    assert grafana.authorisations == []


def test_nobody_at_the_address_is_one_line(push):
    assert refusal(push, url=f"http://127.0.0.1:{free_port()}").endswith("no answer from Grafana.")


def test_a_file_that_is_no_dashboard_stops_it_before_the_first_question(grafana, push, tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text('{"uid": "a", "title": "A"}')
    for text in ("{", "[]", '{"uid": "a/b", "title": "A"}', '{"uid": "x"}'):
        bad.write_text(text)
        assert refusal(push, good, bad).startswith(f"{bad}: ")
    assert refusal(push, good, good).endswith("the uid a is in another file, too.")
    assert refusal(push, tmp_path / "missing.json").endswith("No such file or directory.")
    assert grafana.authorisations == []
