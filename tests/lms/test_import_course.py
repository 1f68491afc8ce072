"""`manage.py import_course`: real exports in full, the same again without a change, and nothing of what is refused."""

import gzip
import io
import json
import tarfile
from pathlib import Path
from unittest import mock

import pytest
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import connections

from accounts.models import User
from courses import services
from courses.models import Course, ImportedItem, Lesson, Section
from courses.olx import Limits
from courses.olx import archive as olx_archive
from lms.management.commands.import_course import Command
from tests.lms.olx_files import SMALL, member, pack, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def student(db) -> User:
    return User.objects.create_user("student@example.com")


EXPORTS = {
    "openedx-core-contributor": {
        "found": {"chapter": 5, "sequential": 9, "vertical": 34, "html": 31, "video": 5, "problem": 10},
        "drafts": {"vertical": 1},
        "responses": {"multiplechoiceresponse": 7, "choiceresponse": 7},
    },
    "olx-example": {
        "found": {
            "chapter": 2, "sequential": 4, "vertical": 15, "html": 4, "video": 1, "problem": 13, "poll": 1,
            "lti_consumer": 1, "edx_sga": 1,
        },
        "drafts": {},
        "responses": {
            "formularesponse": 6, "customresponse": 5, "multiplechoiceresponse": 3, "choiceresponse": 2,
            "numericalresponse": 2, "optionresponse": 1, "stringresponse": 1,
        },
    },
    "openedx-intro": {
        "found": {"chapter": 6, "sequential": 14, "vertical": 43, "html": 55, "video": 3, "problem": 1},
        "drafts": {"vertical": 2, "html": 1},
        "responses": {"choiceresponse": 1},
    },
}  # fmt: skip


def run(*args: object) -> str:
    out = io.StringIO()
    call_command("import_course", *map(str, args), stdout=out, stderr=io.StringIO())
    return out.getvalue()


def everything() -> str:
    """Every row of what an import may touch, timestamps included."""
    return "".join(
        serializers.serialize("json", model.objects.order_by("pk")) for model in (Course, Section, Lesson, ImportedItem)
    )


@pytest.fixture(params=list(EXPORTS))
def export(request, shared_data) -> tuple[Path, dict]:
    return shared_data / f"{request.param}.olx.tar.gz", EXPORTS[request.param]


def test_a_real_export_is_imported_in_full_and_again_without_a_change(export, tmp_path):
    path, expected = export
    run(path, "--report", tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    assert {key: report[key] for key in expected} == expected
    assert report["warnings"] == []
    html, drafts = expected["found"]["html"], expected["drafts"].get("html", 0)
    assert Lesson.objects.filter(published=True).count() == html
    assert Lesson.objects.filter(published=False).count() == drafts
    kept = {
        kind: number
        for kind, number in expected["found"].items()
        if kind not in ("chapter", "sequential", "vertical", "html")
    }
    by_kind = {kind: ImportedItem.objects.filter(kind=kind).count() for kind in kept}
    assert by_kind == kept
    assert ImportedItem.objects.count() == sum(kept.values())
    responses = [kind for item in ImportedItem.objects.filter(kind="problem") for kind in item.data["responses"]]
    assert {kind: responses.count(kind) for kind in expected["responses"]} == expected["responses"]

    before = everything()
    assert "unchanged" in run(path)
    assert everything() == before


def test_every_html_lesson_of_a_real_export_is_readable_through_the_api(export, student, client):
    path, expected = export
    run(path, "--publish")
    course = Course.objects.get()
    services.enroll(user=student, course=course)
    client.force_login(student)
    outline = client.get(f"/api/v1/courses/{course.slug}/outline").json()["sections"]
    ids = [lesson["id"] for section in outline for lesson in section["lessons"]]
    assert len(ids) == expected["found"]["html"]
    for public_id in ids:
        answer = client.get(f"/api/v1/lessons/{public_id}")
        assert answer.status_code == 200
        content = answer.json()["content"]
        assert content.strip()
        assert "<script" not in content


def test_a_block_keeps_its_place_its_xml_and_its_order(tmp_path):
    run(write(tmp_path / "export", SMALL))
    course = Course.objects.get()
    assert (course.title, course.slug, course.state) == ("Tiny", "tiny", "draft")
    assert course.source_key == "course-v1:Org+C1+run1"
    item = ImportedItem.objects.get()
    assert item.raw_xml == SMALL["problem/p1.xml"]
    assert item.data == {
        "attributes": {"display_name": "Sum"},
        "responses": ["numericalresponse"],
        "tree": {
            "tag": "problem",
            "attributes": {"display_name": "Sum"},
            "children": [{"tag": "numericalresponse", "attributes": {"answer": "4"}}],
        },
    }
    rows = [*Lesson.objects.all(), item]
    assert sorted(
        (row.position, row.title, row.section.title, row.subsection_title, row.unit_title) for row in rows
    ) == [
        (0, "Reading", "One", "Sub", "Unit"),
        (1, "Sum", "One", "Sub", "Unit"),
        (2, "Inline", "One", "Sub", "Unit"),
    ]
    assert [lesson.content for lesson in Lesson.objects.order_by("position")] == [
        '<p>Hello <a href="/jump_to_id/v1" rel="noopener noreferrer">there</a></p>',
        "<p>written <b>here</b></p>",
    ]


def test_drafts_are_imported_unpublished(tmp_path):
    parent = "block-v1:Org+C1+run1+type@sequential+block@s1"
    drafts = {
        "drafts/vertical/v2.xml": (
            f'<vertical display_name="Soon" parent_url="{parent}" index_in_children_list="1">'
            '<html url_name="h2"/><video url_name="y2"/></vertical>'
        ),
        "drafts/html/h2.xml": '<html filename="h2" display_name="Draft reading"/>',
        "drafts/html/h2.html": "<p>soon</p>",
        "drafts/video/y2.xml": '<video display_name="Draft film"/>',
        "drafts/html/h9.xml": '<html display_name="Lost" parent_url="block-v1:a+b+c+type@vertical+block@none"/>',
    }
    run(write(tmp_path, {**SMALL, **drafts}), "--report", tmp_path / "report.json")
    lesson = Lesson.objects.get(title="Draft reading")
    assert (lesson.published, lesson.content, lesson.unit_title, lesson.subsection_title) == (
        False, "<p>soon</p>", "Soon", "Sub",
    )  # fmt: skip
    assert ImportedItem.objects.get(kind="video").published is False
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["drafts"] == {"vertical": 1, "html": 1, "video": 1}
    assert report["warnings"] == ["'drafts/html/h9.xml' belongs to 'vertical@none', which the course doesn't have"]


def test_a_block_that_holds_blocks_is_kept_and_so_are_they(tmp_path):
    files = {
        **SMALL,
        "vertical/v1.xml": '<vertical><library_content url_name="lib"/></vertical>',
        "library_content/lib.xml": '<library_content><html url_name="h1"/><problem url_name="p1"/></library_content>',
    }
    run(write(tmp_path, files))
    assert set(ImportedItem.objects.values_list("source_key", flat=True)) == {"library_content@lib", "problem@p1"}
    assert Lesson.objects.get().source_key == "html@h1"


def test_after_a_change_at_the_source_the_same_rows_are_updated(tmp_path, student):
    run(write(tmp_path / "1", SMALL), "--publish")
    course = Course.objects.get()
    reading, inline = Lesson.objects.order_by("position")
    own = services.add_lesson(section=course.sections.get(), title="Made here")
    enrollment = services.enroll(user=student, course=course)
    services.complete_lesson(enrollment=enrollment, lesson=inline)
    files = {
        **SMALL,
        "course/run1.xml": '<course display_name="New"><chapter url_name="ch1"/><chapter url_name="ch2"/></course>',
        "chapter/ch1.xml": '<chapter display_name="Moved away"/>',
        "chapter/ch2.xml": '<chapter display_name="Two"><sequential url_name="s1"/></chapter>',
        "vertical/v1.xml": '<vertical display_name="Unit"><html url_name="h1"/></vertical>',
        "html/h1.html": "<p>Changed</p>",
    }
    run(write(tmp_path / "2", files), "--report", tmp_path / "report.json")
    course.refresh_from_db()
    assert (course.title, course.slug, course.state) == ("New", "tiny", "published")
    updated = Lesson.objects.get(pk=reading.pk)
    assert (updated.public_id, updated.content, updated.section.title) == (reading.public_id, "<p>Changed</p>", "Two")
    assert updated.updated_at > reading.updated_at
    assert Lesson.objects.get(pk=inline.pk).published is False, "somebody's progress hangs on it"
    assert Lesson.objects.get(pk=own.pk).published is True
    assert ImportedItem.objects.count() == 0
    enrollment.refresh_from_db()
    assert enrollment.progress == 0
    assert json.loads((tmp_path / "report.json").read_text())["changes"] == {
        "course updated": 1,
        "section created": 1,
        "section updated": 1,
        "lesson updated": 1,
        "lesson unpublished": 1,
        "imported item deleted": 1,
    }


def test_a_lesson_that_left_the_source_goes_when_nobody_began_it(tmp_path):
    run(write(tmp_path / "1", SMALL))
    run(write(tmp_path / "2", {**SMALL, "vertical/v1.xml": '<vertical><problem url_name="p1"/></vertical>'}))
    assert Lesson.objects.count() == 0
    assert ImportedItem.objects.count() == 1


# --- what is refused -----------------------------------------------------------------------------------------------
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/hostname">]>'
DEEP = "<a>" * 300 + "</a>" * 300

CONTENT = {
    "malformed XML": ({"problem/p1.xml": "<problem><p></problem>"}, "not well-formed"),
    "an empty file": ({"problem/p1.xml": ""}, "not well-formed"),
    "an entity bomb": ({"problem/p1.xml": f"{BOMB}<problem>&l9;</problem>"}, "document type|not well-formed"),
    "a bomb in an attribute": ({"problem/p1.xml": f'{BOMB}<problem a="&l9;"/>'}, "document type|not well-formed"),
    "an external entity": ({"problem/p1.xml": f"{EXTERNAL}<problem>&secret;</problem>"}, "document type"),
    "a hidden document type": (
        {"problem/p1.xml": f'<?xml version="1.0" encoding="UTF-16"?>{EXTERNAL}<problem/>'.encode("utf-16")},
        "not UTF-8",
    ),
    "a tree too deep": ({"problem/p1.xml": f"<problem>{DEEP}</problem>"}, "not well-formed"),
    "a file that is missing": ({"vertical/v1.xml": '<vertical><html url_name="h9"/></vertical>'}, "missing"),
    "a body that is missing": ({"html/h1.xml": '<html filename="h9"/>'}, "missing"),
    "a pointer out of the export": (
        {"vertical/v1.xml": '<vertical><problem url_name="../../../../../etc/passwd"/></vertical>'},
        "missing",
    ),
    "a block inside of itself": (
        {"vertical/v1.xml": '<vertical><vertical url_name="v1"/></vertical>'},
        "more than one place",
    ),
    "another block than was pointed to": ({"problem/p1.xml": "<poll/>"}, "holds a 'poll'"),
    "no course": ({"course.xml": "<library/>"}, "doesn't hold a course"),
    "text that isn't UTF-8": ({"html/h1.html": b"\xff\xfe\xfa"}, "not UTF-8"),
}


def refused(path: Path, capsys) -> str:
    """The one line on standard error of a refused import, after which nothing is stored."""
    # The command ends by closing the connections, and with them the test's own transaction.
    with mock.patch.object(connections, "close_all"), pytest.raises(SystemExit) as left:
        Command().run_from_argv(["manage.py", "import_course", str(path)])
    assert left.value.code == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1, captured.err
    assert (Course.objects.count(), Section.objects.count(), Lesson.objects.count()) == (0, 0, 0)
    return lines[0]


@pytest.mark.parametrize("case", list(CONTENT))
@pytest.mark.parametrize("as_archive", [False, True], ids=["directory", "archive"])
def test_unacceptable_content_is_refused(tmp_path, capsys, case, as_archive):
    files, reason = CONTENT[case]
    files = {**SMALL, **files}
    path = pack(tmp_path / "x.tar.gz", files) if as_archive else write(tmp_path / "x", files)
    line = refused(path, capsys)
    assert line.startswith("CommandError: Nothing was imported: ")
    assert any(part in line for part in reason.split("|")), line


MEMBERS = {
    "a path upwards": (member("course/../../escaped", size=3), "plain relative"),
    "an absolute path": (member("/tmp/escaped", size=3), "plain relative"),
    "a path with a newline": (member("course/a\nb", size=3), "plain relative"),
    "a backslash": (member("course\\..\\..\\escaped", size=3), "plain relative"),
    "a symlink": (member("course/static", tarfile.SYMTYPE, link="/etc"), "neither a file"),
    "a hard link": (member("course/x", tarfile.LNKTYPE, link="/etc/passwd"), "neither a file"),
    "a device": (member("course/x", tarfile.CHRTYPE), "neither a file"),
    "a sparse file": (member("course/x", tarfile.GNUTYPE_SPARSE), "neither a file"),
    "a pipe": (member("course/x", tarfile.FIFOTYPE), "neither a file"),
    "a name twice": (member("course/course.xml", size=1), "twice"),
    "a file where a directory is": (member("course", size=1), "can't be read"),
}


@pytest.mark.parametrize("case", list(MEMBERS))
def test_an_unacceptable_member_is_refused(tmp_path, capsys, case):
    info, reason = MEMBERS[case]
    assert reason in refused(pack(tmp_path / "x.tar.gz", SMALL, info), capsys)
    assert not (tmp_path / "escaped").exists()
    assert not Path("/tmp/escaped").exists()


def test_a_file_is_never_written_through_a_symlink(tmp_path, capsys):
    outside = tmp_path / "outside"
    outside.mkdir()
    link = member("course/static", tarfile.SYMTYPE, link=str(outside))
    refused(pack(tmp_path / "x.tar.gz", SMALL, link, member("course/static/escaped", size=3)), capsys)
    assert list(outside.iterdir()) == []


def test_a_symlink_in_a_directory_is_refused(tmp_path, capsys):
    write(tmp_path / "x", SMALL)
    (tmp_path / "x" / "static").symlink_to("/etc")
    assert "neither a file" in refused(tmp_path / "x", capsys)


LIMITS = {
    "member_bytes": (Limits(member_bytes=1000), member("course/big", size=1001), "larger than 1000 bytes"),
    "total_bytes": (Limits(total_bytes=5000), member("course/big", size=4900), "larger than 5000 bytes"),
    "members": (Limits(members=5), member("course/other"), "more than 5 members"),
    "xml_bytes": (Limits(xml_bytes=40), member("course/other"), "larger than 40 bytes"),
}


@pytest.mark.parametrize("case", list(LIMITS))
@pytest.mark.parametrize("as_archive", [False, True], ids=["directory", "archive"])
def test_more_than_the_limits_is_refused(tmp_path, capsys, monkeypatch, case, as_archive):
    limits, info, reason = LIMITS[case]
    path = pack(tmp_path / "x.tar.gz", SMALL, info)
    if not as_archive:
        with tarfile.open(path) as archive:
            archive.extractall(tmp_path / "x", filter="data")
        path = tmp_path / "x"
    monkeypatch.setattr(olx_archive, "Limits", lambda: limits)
    assert reason in refused(path, capsys)


def test_a_chain_of_headers_without_an_end_is_refused(tmp_path, capsys):
    header = member("h", tarfile.XHDTYPE, size=11).tobuf() + b"11 path=abc".ljust(512, b"\0")
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(header * 5000))
    assert "not a readable .tar.gz" in refused(path, capsys)


@pytest.mark.parametrize("size", [-512, -(2**40)])
def test_a_negative_size_is_refused(tmp_path, capsys, size):
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(member("course/x", size=size).tobuf(tarfile.GNU_FORMAT) + bytes(2048)))
    assert f"header of {size} bytes" in refused(path, capsys)


def test_an_oversized_header_is_refused_before_it_is_read(tmp_path, capsys):
    info = member("course/x", size=0)
    info.pax_headers = {"comment": "x" * 1_000_000}
    assert "header of 1000" in refused(pack(tmp_path / "x.tar.gz", SMALL, info), capsys)


@pytest.mark.parametrize("damage", ["cut short", "not gzip", "not tar"])
def test_a_damaged_archive_is_refused(tmp_path, capsys, damage):
    whole = pack(tmp_path / "whole.tar.gz", SMALL).read_bytes()
    path = tmp_path / "x.tar.gz"
    if damage == "cut short":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "not gzip":
        path.write_bytes(b"PK\x03\x04" * 100)
    else:
        path.write_bytes(gzip.compress(b"no tar here" * 100))
    assert "not a readable .tar.gz" in refused(path, capsys)


def test_a_path_that_does_not_exist_is_refused(tmp_path, capsys):
    assert "there is no export" in refused(tmp_path / "nowhere", capsys)


def test_a_report_that_cannot_be_written_imports_nothing(tmp_path):
    with pytest.raises(CommandError, match="No such file or directory"):
        run(write(tmp_path / "x", SMALL), "--report", tmp_path / "missing" / "report.json")
    assert Course.objects.count() == 0
