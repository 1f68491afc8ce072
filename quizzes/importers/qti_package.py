"""QTI content packages: a zip file or a directory of items, tests and a manifest, opened within limits."""

import posixpath
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from lxml import etree

from quizzes.importers.items import Parsed, QuestionFileError
from quizzes.importers.qti import add_item
from quizzes.importers.xml import parse_xml

MOST_MEMBERS = 5_000
LARGEST_MEMBER = 8 * 1024 * 1024
LARGEST_TOTAL = 128 * 1024 * 1024  # bytes of XML, decompressed


def parse_directory(path: Path) -> Parsed:
    """Every XML file below a directory. Raises QuestionFileError."""
    files: dict[str, bytes] = {}
    names: set[str] = set()
    for file in sorted(path.rglob("*")):
        if file.is_symlink() or not file.is_file():
            continue
        name = file.relative_to(path).as_posix()
        names.add(name)
        if len(names) > MOST_MEMBERS:
            raise QuestionFileError(f"more than {MOST_MEMBERS} files")
        if name.lower().endswith(".xml"):
            if file.stat().st_size > LARGEST_MEMBER:
                raise QuestionFileError(f"{name}: larger than {LARGEST_MEMBER} bytes")
            files[name] = file.read_bytes()
    return _parse(files, names)


def parse_zip(path: Path) -> Parsed:
    """Every XML file in a zip. Raises QuestionFileError for what isn't a zip or passes the limits."""
    files: dict[str, bytes] = {}
    names: set[str] = set()
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                raise QuestionFileError(f"more than {MOST_MEMBERS} files")
            for member in members:
                name = member.filename
                if name.startswith("/") or ".." in PurePosixPath(name).parts or "\\" in name:
                    raise QuestionFileError(f"{name!r} is not a plain relative name")
                if name in names:
                    raise QuestionFileError(f"{name!r} is in the archive twice")
                if member.is_dir():
                    continue
                names.add(name)
                if not name.lower().endswith(".xml"):
                    continue
                with archive.open(member) as stream:  # the sizes in the directory are claims
                    files[name] = stream.read(LARGEST_MEMBER + 1)
                total += len(files[name])
                if len(files[name]) > LARGEST_MEMBER or total > LARGEST_TOTAL:
                    raise QuestionFileError(f"{name}: too large")
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError) as error:
        raise QuestionFileError(f"{path.name}: not a readable zip file ({type(error).__name__})") from None
    return _parse(files, names)


def parse_document(root: etree._Element, name: str) -> Parsed:
    """One item, test or manifest by itself."""
    parsed = Parsed("qti")
    _add_document(parsed, root, name, set())
    return parsed


def _parse(files: dict[str, bytes], names: set[str]) -> Parsed:
    if not files:
        raise QuestionFileError("holds no XML")
    parsed = Parsed("qti")
    for name in sorted(files):
        _add_document(parsed, parse_xml(files[name], name), name, names)
    return parsed


def _add_document(parsed: Parsed, root: etree._Element, name: str, names: set[str]) -> None:
    match root.tag:
        case "assessmentItem":
            add_item(parsed, root, name)
        case "assessmentTest":
            parsed.skip("assessmentTest", name, "a test's order and weights are not kept; its items are")
            _report_missing(parsed, root, "assessmentItemRef", "href", name, names)
        case "manifest":
            parsed.skip("manifest", name, "a list of the package's files")
            _report_missing(parsed, root, "resource", "href", name, names)
        case tag:
            parsed.skip(str(tag), name, "not a QTI 2.1 or 2.2 document")


def _report_missing(parsed: Parsed, root: etree._Element, tag: str, attribute: str, name: str, names: set[str]) -> None:
    folder = posixpath.dirname(name)
    for node in root.iter(tag):
        href = node.get(attribute)
        if href and posixpath.normpath(posixpath.join(folder, href)) not in names:
            parsed.skip("missing file", f"{name}: {href}", "named here, but not in the package")
