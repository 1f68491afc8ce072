"""What a file is, by its first bytes. A name may only narrow down what the content says, never replace it."""

import codecs
from pathlib import PurePosixPath

HEAD_BYTES = 64 * 1024
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ZIP_BASED = {
    ".zip": "application/zip",
    ".docx": _OFFICE + "wordprocessingml.document",
    ".xlsx": _OFFICE + "spreadsheetml.sheet",
    ".pptx": _OFFICE + "presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".epub": "application/epub+zip",
}
_TEXT = {
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".csv": "text/csv",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
    ".json": "application/json",
    ".sjson": "application/json",
    ".tex": "application/x-tex",
    ".py": "text/x-python",
}
_BINARY = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".m4a": "audio/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
}
_SIGNATURES = {
    "image/png": (0, (b"\x89PNG\r\n\x1a\n",)),
    "image/jpeg": (0, (b"\xff\xd8\xff",)),
    "image/gif": (0, (b"GIF87a", b"GIF89a")),
    "image/webp": (8, (b"WEBP",)),
    "application/pdf": (0, (b"%PDF-",)),
    "video/mp4": (4, (b"ftyp",)),
    "audio/mp4": (4, (b"ftyp",)),
    "video/quicktime": (4, (b"ftyp", b"moov", b"mdat", b"wide")),
    "video/webm": (0, (b"\x1a\x45\xdf\xa3",)),
    "audio/mpeg": (0, (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
    "audio/ogg": (0, (b"OggS",)),
    "audio/wav": (8, (b"WAVE",)),
}
# Browsers may show these by themselves; everything else is only ever saved. SVG is shown inside of a sandbox.
SHOWN = ("image/", "video/", "audio/", "application/pdf", "text/vtt")


def content_type_of(name: str, head: bytes) -> str | None:
    """The media type of a file named `name` that begins with `head`; None when it isn't accepted.

    Not accepted: unknown endings, content that isn't what the ending says, and what a browser would run as a page.
    """
    ending = PurePosixPath(name).suffix.lower()
    if ending in _BINARY:
        offset, starts = _SIGNATURES[_BINARY[ending]]
        return _BINARY[ending] if head[offset:].startswith(starts) else None
    if ending in _ZIP_BASED:
        return _ZIP_BASED[ending] if head.startswith((b"PK\x03\x04", b"PK\x05\x06")) else None
    if ending in _TEXT:
        return _TEXT[ending] if _is_text(head) else None
    if ending == ".svg":
        return "image/svg+xml" if _is_text(head) and b"<svg" in head else None
    return None


def _is_text(head: bytes) -> bool:
    try:
        # The head may end inside of a character.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return b"\x00" not in head
