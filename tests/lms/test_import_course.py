"""`manage.py import_course`: real exports in full, the same again without a change, and nothing of what is refused."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from accounts.models import User
from courses import services
from courses.models import Course, ImportedItem, Lesson, LessonFile, Section
from tests.at_once import at_once
from tests.lms.olx_files import SMALL, everything, run, write

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def student(db) -> User:
    return User.objects.create_user("student@example.com")


CONTAINERS = ("chapter", "sequential", "vertical")
EXPORTS = {
    "openedx-core-contributor": {
        "found": {"chapter": 5, "sequential": 9, "vertical": 34, "html": 31, "video": 5, "problem": 10},
        "drafts": {"vertical": 1},
        "responses": {"multiplechoiceresponse": 7, "choiceresponse": 7},
        "warnings": [],
        "files": 7,
        "links": 3,
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
        "warnings": [
            "'/static/images/placeholder-image.png' in 'problem@python_evaluated_input' leads to nothing in the export"
        ],
        "files": 4,
        "links": 0,
    },
    "openedx-intro": {
        "found": {"chapter": 6, "sequential": 14, "vertical": 43, "html": 55, "video": 3, "problem": 1},
        "drafts": {"vertical": 2, "html": 1},
        "responses": {"choiceresponse": 1},
        "warnings": ["'/static/curly_headshot.png' in the overview leads to nothing in the export"],
        "files": 19,
        "links": 15,
    },
}  # fmt: skip


@pytest.fixture(params=list(EXPORTS))
def export(request, shared_data) -> tuple[Path, dict]:
    return shared_data / f"{request.param}.olx.tar.gz", EXPORTS[request.param]


def test_a_real_export_is_imported_in_full_and_again_without_a_change(export, tmp_path):
    path, expected = export
    run(path, "--report", tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    same = ("found", "drafts", "responses", "warnings")
    assert {key: report[key] for key in same} == {key: expected[key] for key in same}
    assert set(report["files"].values()) == {"stored"}
    assert LessonFile.objects.count() == len(report["files"]) == expected["files"]
    html, drafts = expected["found"]["html"], expected["drafts"].get("html", 0)
    leaves = sum(number for kind, number in expected["found"].items() if kind not in CONTAINERS)
    assert len(report["items"]) == leaves + drafts
    assert Lesson.objects.filter(published=True, kind="text").count() == html
    assert (
        Lesson.objects.filter(published=True, kind="video").exclude(video_url="").count() == expected["found"]["video"]
    )
    assert Lesson.objects.filter(published=False).count() == drafts
    kept = {kind: number for kind, number in expected["found"].items() if kind not in (*CONTAINERS, "html", "video")}
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
    services.enroll(user=student, course=course, source="staff")
    client.force_login(student)
    outline = client.get(f"/api/v1/courses/{course.slug}/outline").json()["sections"]
    lessons = [lesson for section in outline for lesson in section["lessons"]]
    kinds = Counter(lesson["kind"] for lesson in lessons)
    assert kinds == {"text": expected["found"]["html"], "video": expected["found"]["video"]}
    links: set[str] = set()
    for lesson in lessons:
        answer = client.get(f"/api/v1/lessons/{lesson['id']}")
        assert answer.status_code == 200
        content = answer.json()["content"]
        assert content.strip() if lesson["kind"] == "text" else answer.json()["video_url"]
        assert "<script" not in content
        assert '="/jump_to_id/' not in content
        assert '="/static/' not in content
        links |= set(re.findall(r'="(/api/v1/[^"]+)"', content))
    assert len(links) == expected["links"]
    for link in links:
        assert client.get(link).status_code == 200, link


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
    reading = Lesson.objects.get(title="Reading").public_id
    assert [lesson.content for lesson in Lesson.objects.order_by("position")] == [
        f'<p>Hello <a href="/api/v1/lessons/{reading}" rel="noopener noreferrer">there</a></p>',
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


@pytest.mark.django_db(transaction=True)
def test_the_same_export_imported_twice_at_once_is_one_course(tmp_path):
    path = write(tmp_path / "export", SMALL)
    assert [done for done in at_once([lambda: run(path)] * 4) if isinstance(done, Exception)] == []
    assert (Course.objects.count(), Section.objects.count()) == (1, 1)
    assert (Lesson.objects.count(), ImportedItem.objects.count()) == (2, 1)
