"""What a file is by its bytes, and which bytes a Range header asks for."""

import pytest

from courses.files.sniff import content_type_of
from courses.files.transfer import NotSatisfiable, Span, requested_span


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\nrest", "image/png"),
        ("a.PNG", b"\x89PNG\r\n\x1a\nrest", "image/png"),
        ("a.png", b"\xff\xd8\xff", None),
        ("a.png", b"<html><script>", None),
        ("a.jpg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.webp", b"RIFF0000WEBPVP8 ", "image/webp"),
        ("a.pdf", b"%PDF-1.7", "application/pdf"),
        ("a.mp4", b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        ("a.docx", b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.docx", b"MZ\x90", None),
        ("a.srt", "1\n00:00 --> 00:01\nné".encode(), "application/x-subrip"),
        ("a.txt", "é".encode()[:1], "text/plain"),
        ("a.txt", b"\xff\xfe\x00", None),
        ("a.txt", b"a\x00b", None),
        ("a.svg", b"<svg xmlns='x'/>", "image/svg+xml"),
        ("a.html", b"<html>", None),
        ("a.js", b"alert(1)", None),
        ("a.exe", b"MZ", None),
        ("noending", b"text", None),
    ],
)
def test_a_type_is_what_the_content_says(name, head, expected):
    assert content_type_of(name, head) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-0", (0, 0)),
        ("bytes=0-9", (0, 9)),
        ("bytes=5-", (5, 99)),
        ("bytes=90-500", (90, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-500", (0, 99)),
        ("bytes=9-5", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=100-", NotSatisfiable),
        ("bytes=-0", NotSatisfiable),
    ],
)
def test_which_bytes_a_range_header_asks_for(header, expected):
    if expected is NotSatisfiable:
        with pytest.raises(NotSatisfiable):
            requested_span(header, 100)
    else:
        assert requested_span(header, 100) == (Span(*expected, 100) if expected else None)
