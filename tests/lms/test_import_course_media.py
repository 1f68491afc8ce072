"""Videos, static files, links, dates and policies of imported courses."""

import datetime
import json
import re
import tempfile
from functools import partial
from pathlib import Path

import pytest

from courses.models import Course, ImportedItem, Lesson, LessonFile
from tests.lms.olx_files import SMALL, everything, run, write


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
RICH = {
    **SMALL,
    "vertical/v1.xml": (
        '<vertical><html url_name="h1"/><video url_name="y1"/><video url_name="y2"/><video url_name="y3"/>'
        '<problem url_name="p1"/></vertical>'
    ),
    "html/h1.html": (
        '<p><img src="/static/a_picture__1_.png"><img src="/asset-v1:Org+C1+run1+type@asset+block@a_picture__1_.png">'
        '<a href="/static/lost.pdf">lost</a><a href="/courses/x/jump_to_id/p1">sum</a>'
        '<a href="/jump_to_id/nowhere">nowhere</a><a href="/elsewhere">elsewhere</a></p>'
    ),
    "video/y1.xml": (
        '<video display_name="Film" youtube="0.75:slowslow,1.00:abcdefghijk" start_time="00:01:00" end_time="00:03:30"'
        ' transcripts="{&quot;de&quot;: &quot;film de.srt&quot;}"><transcript language="en" src="film.srt"/></video>'
    ),
    "video/y2.xml": (
        '<video html5_sources="[&quot;/static/own.mp4&quot;]"><video_asset duration="61.5"/></video>'
    ),
    "video/y3.xml": '<video display_name="Nowhere to be found"/>',
    "static/a picture (1).png": PNG,
    "static/film.srt": "1\n00:00:01 --> 00:00:02\nHello\n",
    "static/film de.srt": "1\n00:00:01 --> 00:00:02\nHallo\n",
    "static/own.mp4": b"\x00\x00\x00\x18ftypisom" + bytes(50),
    "static/page.html": "<script>alert(1)</script>",
    "static/fake.png": "<script>alert(1)</script>",
    "static/.!1!junk.png": PNG,
}  # fmt: skip


def stored(media: Path) -> int:
    return sum(path.is_file() for path in media.rglob("*"))


def imported(tmp_path: Path, files: dict) -> dict:
    where = Path(tempfile.mkdtemp(dir=tmp_path))
    run(write(where / "export", files), "--report", where / "report.json")
    return json.loads((where / "report.json").read_text())


def test_static_files_are_stored_and_links_lead_to_them_or_are_reported(tmp_path, media):
    report = imported(tmp_path, RICH)
    assert report["files"] == {
        "static/a picture (1).png": "stored",
        "static/film.srt": "stored",
        "static/film de.srt": "stored",
        "static/own.mp4": "stored",
        "static/page.html": "refused: type not accepted",
        "static/fake.png": "refused: type not accepted",
    }
    assert report["warnings"] == [
        "'/static/lost.pdf' in 'html@h1' leads to nothing in the export",
        "'/jump_to_id/nowhere' in 'html@h1' leads to nothing in the export",
    ]
    picture = LessonFile.objects.get(name="a picture (1).png")
    lesson = Lesson.objects.get(source_key="html@h1")
    assert re.findall(r'(?:src|href)="([^"]+)"', lesson.content) == [
        f"/api/v1/files/{picture.public_id}",
        f"/api/v1/files/{picture.public_id}",
        "/static/lost.pdf",
        f"/api/v1/lessons/{lesson.public_id}",
        "/jump_to_id/nowhere",
        "/elsewhere",
    ]
    assert (picture.content_type, picture.content.read()) == ("image/png", PNG)
    assert stored(media) == 6, "four static files and two transcripts"


def test_a_video_has_its_address_its_duration_and_its_transcripts(tmp_path):
    imported(tmp_path, RICH)
    film, own = Lesson.objects.filter(kind="video").order_by("position")
    assert (film.title, film.video_url, film.duration_seconds) == (
        "Film", "https://www.youtube.com/watch?v=abcdefghijk", 150.0,
    )  # fmt: skip
    rows = film.files.order_by("language")
    assert [(row.language, row.role, row.name) for row in rows] == [
        ("de", "transcript", "film de.srt"),
        ("en", "transcript", "film.srt"),
    ]
    address = f"/api/v1/files/{LessonFile.objects.get(name='own.mp4').public_id}"
    assert (own.video_url, own.duration_seconds) == (address, 61.5)
    assert ImportedItem.objects.get(kind="video").title == "Nowhere to be found"


def test_a_changed_file_keeps_its_address_and_a_missing_one_goes(tmp_path, media):
    imported(tmp_path, RICH)
    before = LessonFile.objects.get(name="a picture (1).png")
    assert imported(tmp_path, RICH)["changed"] is False
    files = {**RICH, "static/a picture (1).png": PNG + b"more"}
    del files["static/own.mp4"]
    report = imported(tmp_path, files)
    assert {key: number for key, number in report["changes"].items() if "file" in key} == {
        "lesson file updated": 1,
        "lesson file deleted": 1,
    }
    after = LessonFile.objects.get(name="a picture (1).png")
    assert (after.public_id, after.content.read()) == (before.public_id, PNG + b"more")


@pytest.mark.django_db(transaction=True)
def test_a_replaced_file_leaves_no_old_bytes(tmp_path, media):
    imported(tmp_path, RICH)
    imported(tmp_path, {**RICH, "static/a picture (1).png": PNG + b"more"})
    assert stored(media) == 6
    imported(tmp_path, SMALL)
    assert (LessonFile.objects.count(), stored(media)) == (0, 0)


def test_an_import_that_fails_after_storing_files_leaves_no_bytes(tmp_path, media, monkeypatch):
    def fail(**kwargs):
        raise RuntimeError("the database went away")

    monkeypatch.setattr("courses.importing.store.recount_course", fail)
    with pytest.raises(RuntimeError):
        run(write(tmp_path / "x", RICH))
    assert (Course.objects.count(), LessonFile.objects.count(), stored(media)) == (0, 0, 0)


def test_dates_and_policies_become_those_of_the_course_and_its_lessons(tmp_path):
    policy = {
        "course/run1": {
            "display_name": "Named by policy", "start": "2026-01-01T00:00:00Z", "end": "2026-06-01T00:00:00Z",
            "enrollment_start": '"2025-12-01T00:00"', "enrollment_end": "2025-11-01T00:00:00Z", "self_paced": False,
            "invitation_only": True, "lti_passports": ["key:secret"],
        }
    }  # fmt: skip
    grading = {"GRADER": [{"type": "Homework", "weight": 1.0}], "GRADE_CUTOFFS": {"Pass": 0.5}}
    files = {
        **SMALL,
        "policies/run1/policy.json": json.dumps(policy),
        "policies/run1/grading_policy.json": json.dumps(grading),
        "chapter/ch1.xml": '<chapter start="2026-02-01T00:00:00Z"><sequential url_name="s1"/></chapter>',
        "sequential/s1.xml": (
            '<sequential due="2026-03-01T00:00:00Z" graded="true" format="Homework">'
            '<vertical url_name="v1"/></sequential>'
        ),
    }
    imported(tmp_path, files)
    course = Course.objects.get()
    at = partial(datetime.datetime, tzinfo=datetime.UTC)
    assert course.title == "Named by policy"
    assert (course.starts_at, course.ends_at) == (at(2026, 1, 1), at(2026, 6, 1))
    assert (course.enrollment_opens_at, course.enrollment_closes_at) == (at(2025, 12, 1), None), "it closed too early"
    assert (course.self_paced, course.requires_approval) == (False, True)
    assert course.grading_policy == {"graders": grading["GRADER"], "cutoffs": {"Pass": 0.5}}
    lesson, item = Lesson.objects.first(), ImportedItem.objects.get()
    for row in (lesson, item):
        assert (row.available_at, row.due_at) == (at(2026, 2, 1), at(2026, 3, 1))
    assert item.assignment_type == "Homework"
    assert "secret" not in everything()


def test_no_date_stays_no_date(tmp_path):
    files = {
        **SMALL,
        "course/run1.xml": '<course start="2030-01-01T00:00:00Z" end="null"><chapter url_name="ch1"/></course>',
        "sequential/s1.xml": '<sequential due="null" start="rubbish"><vertical url_name="v1"/></sequential>',
    }
    imported(tmp_path, files)
    assert Course.objects.values_list("starts_at", "ends_at").get() == (None, None)
    assert set(Lesson.objects.values_list("available_at", "due_at")) == {(None, None)}
