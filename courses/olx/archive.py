"""Opening an export safely: a directory, or a .tar.gz unpacked into a temporary directory that is removed afterwards.

Only regular files and directories with plain relative names are accepted, within limits on decompressed bytes.
"""

import gzip
import os
import stat
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

from courses.olx.blocks import OlxError

MIB = 1024 * 1024
CHUNK = 64 * 1024
LONGEST_HEADER = 64 * 1024  # bytes of a long name or extended header, which tarfile reads whole
_PLAIN_TYPES = {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE}
_HEADER_TYPES = {
    tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
}  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """How much an export may hold. Sizes in bytes, decompressed."""

    members: int = 20_000
    member_bytes: int = 256 * MIB
    total_bytes: int = 1024 * MIB
    xml_bytes: int = 8 * MIB


class Export:
    """The files of an export by their path relative to the directory that holds course.xml."""

    def __init__(self, root: Path, files: dict[str, int], limits: Limits) -> None:
        self.root = root
        self.files = files
        self.limits = limits

    def __contains__(self, name: str) -> bool:
        return name in self.files

    def read(self, name: str) -> bytes:
        """The file's bytes. Raises OlxError when there is no such file or it is too large to parse."""
        if name not in self.files:
            raise OlxError(f"{name!r} is missing from the export")
        if self.files[name] > self.limits.xml_bytes:
            raise OlxError(f"{name!r} is larger than {self.limits.xml_bytes} bytes")
        return (self.root / name).read_bytes()

    def text(self, name: str) -> str:
        """The file as text. Raises OlxError as `read` does, and when it is not UTF-8."""
        try:
            return self.read(name).decode("utf-8-sig").replace("\x00", "")
        except UnicodeDecodeError:
            raise OlxError(f"{name!r} is not UTF-8 text") from None

    def under(self, folder: str, suffix: str = "") -> list[str]:
        """Sorted names of the files below `folder`, those that end with `suffix`."""
        return sorted(name for name in self.files if name.startswith(folder + "/") and name.endswith(suffix))


@contextmanager
def open_export(path: Path, *, limits: Limits | None = None) -> Iterator[Export]:
    """Open a directory or .tar.gz. Raises OlxError for everything that isn't an acceptable export."""
    limits = limits or Limits()
    try:
        if path.is_dir():
            yield _located(path, _scan(path, limits), limits)
            return
        if not path.is_file():
            raise OlxError(f"there is no export at {str(path)!r}")
        with tempfile.TemporaryDirectory(prefix="lms-import-") as directory:
            root = Path(directory)
            _unpack(path, root, limits)
            yield _located(root, _scan(root, limits), limits)
    except OSError as error:
        raise OlxError(f"{str(path)!r} can't be read: {error.strerror or type(error).__name__}") from error


def _located(root: Path, files: dict[str, int], limits: Limits) -> Export:
    """The export inside of `root`: course.xml is there or in the one directory below it that has one."""
    homes = [PurePosixPath(name).parent for name in files if PurePosixPath(name).name == "course.xml"]
    homes = [home for home in homes if len(home.parts) <= 1]
    if PurePosixPath(".") in homes:
        return Export(root, files, limits)
    if len(homes) != 1:
        raise OlxError("no course.xml found" if not homes else "more than one course.xml found")
    folder = homes[0].name
    inside = {name[len(folder) + 1 :]: size for name, size in files.items() if name.startswith(folder + "/")}
    return Export(root / folder, inside, limits)


def _scan(root: Path, limits: Limits) -> dict[str, int]:
    files: dict[str, int] = {}
    entries = total = 0
    pending = [root]
    while pending:
        for entry in os.scandir(pending.pop()):
            entries += 1
            name = Path(entry.path).relative_to(root).as_posix()
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                pending.append(Path(entry.path))
            elif stat.S_ISREG(mode):
                files[name] = entry.stat(follow_symlinks=False).st_size
                total += files[name]
                _check_size(name, files[name], limits)
            else:
                raise OlxError(f"{name!r} is neither a file nor a directory")
            _check_totals(entries, total, limits)
    return files


def _check_size(name: str, size: int, limits: Limits) -> None:
    if size > limits.member_bytes:
        raise OlxError(f"{name!r} is larger than {limits.member_bytes} bytes")


def _check_totals(entries: int, total: int, limits: Limits) -> None:
    if entries > limits.members:
        raise OlxError(f"the export has more than {limits.members} members")
    if total > limits.total_bytes:
        raise OlxError(f"the export is larger than {limits.total_bytes} bytes")


class _PlainInfo(tarfile.TarInfo):
    """Refuses what tarfile would act on by itself: other kinds, negative sizes, headers that it reads whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        info = super().frombuf(buf, encoding, errors)
        if info.type not in _PLAIN_TYPES | _HEADER_TYPES:
            raise OlxError(f"{info.name!r} is neither a file nor a directory")
        if info.size < 0 or (info.type in _HEADER_TYPES and info.size > LONGEST_HEADER):
            raise OlxError(f"the archive has a header of {info.size} bytes")
        return info


def _unpack(path: Path, root: Path, limits: Limits) -> None:
    try:
        # "r|" reads once and forwards: no member can point back into another.
        with gzip.open(path, "rb") as stream, tarfile.open(fileobj=stream, mode="r|", tarinfo=_PlainInfo) as archive:
            _unpack_members(archive, root, limits)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, UnicodeError, RecursionError):
        raise OlxError(f"{path.name!r} is not a readable .tar.gz") from None


def _unpack_members(archive: tarfile.TarFile, root: Path, limits: Limits) -> None:
    total = 0
    for entries, member in enumerate(archive, start=1):
        target = root / _safe_name(member.name)
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
        elif member.issparse():
            raise OlxError(f"{member.name!r} is a sparse file")
        else:
            _check_size(member.name, member.size, limits)
            target.parent.mkdir(parents=True, exist_ok=True)
            total += _copy(archive, member, target)
        _check_totals(entries, total, limits)


def _safe_name(name: str) -> str:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\\" in name or not name.isprintable():
        raise OlxError(f"{name!r} is not a plain relative name")
    return "/".join(parts)


def _copy(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> int:
    source = archive.extractfile(member)
    assert source is not None
    copied = 0
    try:
        with target.open("xb") as sink:
            while chunk := source.read(CHUNK):
                copied += len(chunk)
                sink.write(chunk)
    except FileExistsError:
        raise OlxError(f"{member.name!r} is in the archive twice") from None
    return copied
