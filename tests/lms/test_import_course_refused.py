"""What `import_course` refuses: one line on standard error, a non-zero exit, nothing stored, nothing written."""

import gzip
import tarfile
from pathlib import Path
from unittest import mock

import pytest
from django.core.management import CommandError
from django.db import connections

from courses.models import Course, Lesson, Section
from courses.olx import Limits
from courses.olx import archive as olx_archive
from lms.management.commands.import_course import Command
from tests.lms.olx_files import SMALL, member, pack, run, write

pytestmark = pytest.mark.django_db

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
            archive.extractall(tmp_path / "x")  # ours; `filter=` came with Python 3.11.4
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
