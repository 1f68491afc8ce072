"""What a backup is: a directory with the database, the files and a manifest that says what belongs to it.

A backup gets its name when it is complete; while it is written, it is called otherwise.
"""

import dataclasses
import datetime
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

FORMAT = "lms-backup"
VERSION = 1
MANIFEST = "manifest.json"
DATABASE = "database.dump"
FILES = "files.tar"
PARTS = {DATABASE, FILES}
UNFINISHED = ".unfinished-"
BLOCK_BYTES = 1 << 20
Say = Callable[[str], None]


class BackupError(Exception):
    """A backup can't be made, read or restored; the text is one line for a person."""


@dataclasses.dataclass(frozen=True)
class Part:
    bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Manifest:
    """`rows` counts each table (schema.table) and `files` the files; of the secrets there are the names alone."""

    taken_at: datetime.datetime
    release: str
    server: str
    rows: dict[str, int]
    files: int
    secrets: list[str]
    parts: dict[str, Part]

    def written(self) -> str:
        content = dataclasses.asdict(self) | {"taken_at": self.taken_at.isoformat()}
        return json.dumps({"format": FORMAT, "version": VERSION} | content, indent=1, sort_keys=True) + "\n"


def read(directory: Path) -> Manifest:
    """Raises BackupError for what is no backup of this product, or of a version that isn't known."""
    try:
        content: dict[str, Any] = json.loads((directory / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise BackupError(f"{directory} is no backup: its {MANIFEST} can't be read") from error
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise BackupError(f"{directory} is no backup of the LMS")
    if (version := content.pop("version", None)) != VERSION:
        raise BackupError(f"{directory} has version {version!r} of the format; this release reads version {VERSION}")
    try:
        parts = {name: Part(**part) for name, part in content.pop("parts").items()}
        taken_at = datetime.datetime.fromisoformat(content.pop("taken_at"))
        manifest = Manifest(taken_at=taken_at, parts=parts, **content)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BackupError(f"{directory} is damaged: its {MANIFEST} is incomplete") from error
    if set(parts) != PARTS or taken_at.tzinfo is None:
        raise BackupError(f"{directory} is damaged: its {MANIFEST} is incomplete")
    return manifest


def verify(directory: Path, manifest: Manifest, say: Say) -> None:
    """Read every part and compare size and checksum with the manifest. Raises BackupError."""
    for name, part in manifest.parts.items():
        say(f"checking {name} ({part.bytes / 1e6:.1f} MB)")
        if measured(directory / name) != part:
            raise BackupError(f"{directory} is damaged: {name} isn't what was written")


def measured(path: Path) -> Part:
    """Size in bytes and checksum of a file. Raises BackupError when it can't be read."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as source:
            while block := source.read(BLOCK_BYTES):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise BackupError(f"{path} can't be read: {error.strerror}") from error
    return Part(size, digest.hexdigest())


def complete(below: Path) -> list[tuple[datetime.datetime, Path]]:
    """The complete backups below a directory and when they were taken, the newest first."""
    found = []
    for path in (manifest.parent for manifest in below.glob(f"*/{MANIFEST}")):
        if path.name.startswith(UNFINISHED):
            continue
        try:
            manifest = read(path)
            whole = all((path / name).stat().st_size == part.bytes for name, part in manifest.parts.items())
        except (BackupError, OSError):
            continue
        if whole:
            found.append((manifest.taken_at, path))
    return sorted(found, reverse=True)


def newest(below: Path) -> datetime.datetime | None:
    """When the newest complete backup below a directory was taken."""
    return next((taken_at for taken_at, _ in complete(below)), None)
