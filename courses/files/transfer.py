"""Sending a file: byte ranges (RFC 9110, one range), counted as the bytes leave, or handed to the proxy in front."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, models
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from core.events import announce
from courses import signals
from courses.files.sniff import SHOWN
from courses.models import LessonFile

CHUNK = 64 * 1024
# A file opened by itself gets no scripts, no forms and no origin, whatever it holds.
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'"


class Outcome(models.TextChoices):
    """How a transfer ended; also the label of its counter."""

    COMPLETE = "complete", "Complete"
    ABORTED = "aborted", "Aborted"
    DELEGATED = "delegated", "Handed to the proxy"
    REFUSED = "refused", "Refused"


@dataclass(frozen=True)
class Span:
    """Bytes `first` to `last`, both included, of `size`."""

    first: int
    last: int
    size: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class NotSatisfiable(ValueError):
    """The range lies outside of the file: 416."""


def requested_span(header: str | None, size: int) -> Span | None:
    """The one range that a Range header asks for; None to send everything (no header, several ranges, nonsense).

    Raises NotSatisfiable.
    """
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", (header or "").replace(" ", ""))
    if not match or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise NotSatisfiable
        return Span(size - length, size - 1, size)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise NotSatisfiable
    return Span(int(first), min(int(last), size - 1) if last else size - 1, size)


def send(request: HttpRequest, file: LessonFile, *, proxy_prefix: str = "") -> HttpResponseBase:
    """The answer to a GET or HEAD of a file the caller may have.

    With `proxy_prefix` the body is left to the web server (X-Accel-Redirect), which answers ranges itself; the whole
    size counts as handed over.
    """
    etag = f'"{file.sha256}"'
    answer = _answer(request, file, etag, proxy_prefix)
    shown = file.content_type.startswith(SHOWN)
    answer["ETag"] = etag
    answer["Accept-Ranges"] = "bytes"
    answer["Cache-Control"] = "private, no-cache"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = SANDBOX
    answer["Content-Disposition"] = content_disposition_header(not shown, file.name) or "attachment"
    return answer


def _answer(request: HttpRequest, file: LessonFile, etag: str, proxy_prefix: str) -> HttpResponseBase:
    if etag in (request.headers.get("If-None-Match") or ""):
        return HttpResponse(status=304)
    if proxy_prefix:
        delegated = HttpResponse(content_type=file.content_type)
        delegated["X-Accel-Redirect"] = f"{proxy_prefix}/{file.content.name}"
        if request.method == "GET":
            _announce(file, file.size, Outcome.DELEGATED)
        return delegated
    try:
        whole = request.headers.get("If-Range", etag) != etag
        span = None if whole else requested_span(request.headers.get("Range"), file.size)
    except NotSatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{file.size}"})
    part = span or Span(0, file.size - 1, file.size)
    answer: HttpResponseBase
    if request.method == "HEAD":
        answer = HttpResponse(content_type=file.content_type)
    else:
        answer = StreamingHttpResponse(_Body(file, part), content_type=file.content_type)
    answer["Content-Length"] = str(part.length)
    if span:
        answer.status_code = 206
        answer["Content-Range"] = f"bytes {span.first}-{span.last}/{span.size}"
    return answer


class _Body(Iterator[bytes]):
    """The bytes of one transfer. Closing it early, as the server does when the client goes away, counts as aborted."""

    def __init__(self, file: LessonFile, part: Span) -> None:
        self.file = file
        self.source = file.content.open("rb")
        self.source.seek(part.first)
        self.left = part.length
        self.sent = 0
        self.over = False

    def __next__(self) -> bytes:
        # A slow download would hold a connection of the pool for as long as it takes.
        if self.sent == 0 and not connection.in_atomic_block:
            connection.close()
        chunk = self.source.read(min(CHUNK, self.left))
        if not chunk:
            self._finish()
            raise StopIteration
        self.left -= len(chunk)
        self.sent += len(chunk)
        return chunk

    def close(self) -> None:
        self._finish()

    def _finish(self) -> None:
        if not self.over:
            self.over = True
            self.source.close()
            _announce(self.file, self.sent, Outcome.ABORTED if self.left else Outcome.COMPLETE)


def _announce(file: LessonFile, sent: int, outcome: Outcome) -> None:
    announce(signals.file_downloaded, LessonFile, file=file, bytes=sent, outcome=outcome)
