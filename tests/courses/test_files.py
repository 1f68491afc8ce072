"""Files: what is accepted, who may have them, ranges, and every byte counted."""

import hashlib

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from accounts.models import Role
from core.errors import DomainError
from courses import services
from courses.files.transfer import send
from courses.models import Course, CourseStaff, LessonFile
from tests.courses.conftest import lessons_of

pytestmark = pytest.mark.django_db(transaction=True)

PDF = b"%PDF-1.7 " + bytes(range(256)) * 1000


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def lesson(course):
    return lessons_of(course)[0]


@pytest.fixture
def file(course, lesson) -> LessonFile:
    return services.add_file(course=course, lesson=lesson, name="Handout 1.pdf", content=ContentFile(PDF))


def stored(media) -> list[str]:
    return sorted(str(path.relative_to(media)) for path in media.rglob("*") if path.is_file())


# --- what is accepted ----------------------------------------------------------------------------------------------
def test_a_stored_file_knows_its_size_digest_and_type(file, media):
    assert (file.name, file.content_type, file.size) == ("Handout 1.pdf", "application/pdf", len(PDF))
    assert file.sha256 == hashlib.sha256(PDF).hexdigest()
    assert stored(media) == [f"courses/{file.course.public_id}/{file.public_id}-{file.sha256[:16]}"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"", "file_empty"),
        ("a.pdf", b"<html>", "file_type_refused"),
        ("a.exe", b"MZ", "file_type_refused"),
        ("a.pdf", b"%PDF-" + bytes(2000), "file_too_large"),
    ],
)
def test_what_is_refused_leaves_no_row_and_no_bytes(course, settings, media, names, announced, name, content, code):
    settings.MAX_FILE_BYTES = 1000
    with pytest.raises(DomainError) as refused:
        services.add_file(course=course, name=name, content=ContentFile(content))
    assert refused.value.code == code
    assert LessonFile.objects.count() == 0
    assert stored(media) == []
    assert [facts["outcome"] for name, facts in announced if name == "file_uploaded"] == ["refused"]


def test_a_name_is_only_ever_a_name(course):
    file = services.add_file(course=course, name="../../..\\etc/x/passwd.txt", content=ContentFile(b"x"))
    assert file.name == "passwd.txt"
    assert ".." not in file.content.name


def test_the_bytes_go_with_the_row_but_only_after_the_commit(file, lesson, media):
    with pytest.raises(RuntimeError), transaction.atomic():
        services.delete_file(file=LessonFile.objects.get())
        raise RuntimeError
    assert len(stored(media)) == 1
    services.delete_lesson(lesson=lesson)
    assert LessonFile.objects.count() == 0
    assert stored(media) == []


# --- ranges --------------------------------------------------------------------------------------------------------
@pytest.fixture
def get(client, file, student, course):
    services.enroll(user=student, course=course)
    client.force_login(student)
    return lambda method="get", **headers: getattr(client, method)(f"/api/v1/files/{file.public_id}", headers=headers)


def body(answer) -> bytes:
    content = b"".join(answer.streaming_content)
    answer.close()
    return content


def downloads(announced) -> list[tuple[int, str]]:
    return [(facts["bytes"], facts["outcome"]) for name, facts in announced if name == "file_downloaded"]


def test_a_download_is_whole_private_and_sandboxed(get, file, announced):
    answer = get()
    assert body(answer) == PDF
    assert {name: answer.headers[name] for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control")} == {
        "Content-Type": "application/pdf",
        "Content-Length": str(len(PDF)),
        "ETag": f'"{file.sha256}"',
        "Cache-Control": "private, no-cache",
    }
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["Content-Disposition"] == 'inline; filename="Handout 1.pdf"'
    assert downloads(announced) == [(len(PDF), "complete")]


@pytest.mark.parametrize(("first", "last"), [(0, 0), (100_000, 200_000), (len(PDF) - 1, len(PDF) - 1)])
def test_a_range_is_exactly_its_bytes(get, announced, first, last):
    answer = get(range=f"bytes={first}-{last}")
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(PDF)}"
    assert body(answer) == PDF[first : last + 1]
    assert downloads(announced) == [(last - first + 1, "complete")]


def test_a_range_outside_is_416_and_a_stale_if_range_gives_everything(get, file):
    answer = get(range=f"bytes={len(PDF)}-")
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(PDF)}")
    assert get(range="bytes=0-1", if_range='"other"').status_code == 200
    assert get(range="bytes=0-1", if_range=f'"{file.sha256}"').status_code == 206


def test_head_and_an_unchanged_file_send_no_body_and_count_nothing(get, file, announced):
    answer = get("head")
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", str(len(PDF)))
    assert get(if_none_match=f'"{file.sha256}"').status_code == 304
    assert downloads(announced) == []


def test_a_client_that_goes_away_is_counted_as_aborted_with_what_was_sent(get, announced):
    answer = get()
    sent = next(iter(answer.streaming_content))
    answer.close()
    assert 0 < len(sent) < len(PDF)
    assert downloads(announced) == [(len(sent), "aborted")]


def test_a_file_handed_to_the_proxy_is_counted_and_not_read(get, file, announced, settings):
    settings.FILES_PROXY_PREFIX = "/private"
    answer = get()
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["X-Accel-Redirect"] == f"/private/{file.content.name}"
    assert downloads(announced) == [(len(PDF), "delegated")]


def test_a_type_that_browsers_would_not_show_safely_is_saved(rf, course):
    file = services.add_file(course=course, name="naïve.py", content=ContentFile(b"print()"))
    answer = send(rf.get("/"), file)
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''na%C3%AFve.py"
    answer.close()


def test_any_accept_header_gets_the_file(get):
    assert get(accept="image/avif").status_code == 200


# --- who -----------------------------------------------------------------------------------------------------------
def test_who_may_have_a_file(client, file, course, make_user):
    teacher, enrolled = make_user("teacher", Role.INSTRUCTOR), make_user("enrolled")
    CourseStaff.objects.create(course=course, user=teacher)
    enrollment = services.enroll(user=enrolled, course=course)
    people = [make_user("stranger"), enrolled, teacher, make_user("admin", Role.ADMIN)]

    def statuses() -> list[int]:
        answers = []
        for person in people:
            client.force_login(person)
            answers.append(client.get(f"/api/v1/files/{file.public_id}").status_code)
        return answers

    assert statuses() == [404, 200, 200, 200]
    LessonFile.objects.update(lesson=None)
    assert statuses() == [404, 200, 200, 200]
    Course.objects.update(state="draft")
    assert statuses() == [404, 404, 200, 200]
    Course.objects.update(state="published")
    services.drop(enrollment=enrollment)
    assert statuses() == [404, 404, 200, 200]


def test_a_file_of_a_hidden_lesson_is_hidden(get, lesson):
    type(lesson).objects.filter(pk=lesson.pk).update(published=False)
    assert get().status_code == 404


def test_an_instructor_uploads_and_deletes_over_the_api(client, course, lesson, make_user, student, media):
    teacher = make_user("teacher", Role.INSTRUCTOR)
    CourseStaff.objects.create(course=course, user=teacher)
    services.enroll(user=student, course=course)
    path = f"/api/v1/lessons/{lesson.public_id}/files"
    client.force_login(student)
    assert client.post(path, {"file": SimpleUploadedFile("a.pdf", PDF)}).status_code == 403
    client.force_login(teacher)
    answer = client.post(path, {"file": SimpleUploadedFile("a.pdf", PDF, "text/html"), "role": "transcript"})
    assert answer.status_code == 201
    assert {key: answer.json()[key] for key in ("name", "role", "content_type", "size")} == {
        "name": "a.pdf",
        "role": "transcript",
        "content_type": "application/pdf",
        "size": len(PDF),
    }
    assert [row["id"] for row in client.get(f"/api/v1/lessons/{lesson.public_id}").json()["files"]] == [
        answer.json()["id"]
    ]
    refused = client.post(path, {"file": SimpleUploadedFile("a.pdf", b"MZ")})
    assert (refused.status_code, refused.json()["code"]) == (422, "file_type_refused")
    assert client.post(path, {}).status_code == 400
    assert client.delete(f"/api/v1/files/{answer.json()['id']}").status_code == 204
    assert stored(media) == []


@pytest.mark.skipif(not django_settings.OBSERVABILITY_ENABLED, reason="nothing is counted without observability")
def test_bytes_are_counted_in_both_directions(course, get):
    from prometheus_client import REGISTRY

    def value(direction: str) -> float:
        return REGISTRY.get_sample_value("lms_file_bytes_total", {"direction": direction}) or 0.0

    up, down = value("up"), value("down")
    services.add_file(course=course, name="b.pdf", content=ContentFile(PDF))
    body(get(range="bytes=0-999"))
    assert (value("up") - up, value("down") - down) == (len(PDF), 1000)
