"""Question files of several formats, read by pure parsers into the same dataclasses."""

from pathlib import Path

from quizzes.importers import gift, moodle_xml, olx, own_json, qti_package, trivia
from quizzes.importers.items import Parsed, ParsedQuestion, QuestionFileError, Skipped
from quizzes.importers.xml import parse_xml

__all__ = ["Parsed", "ParsedQuestion", "QuestionFileError", "Skipped", "read_questions"]

LARGEST_FILE = 32 * 1024 * 1024  # bytes; zip files may be larger, their limits are on what they hold


def read_questions(path: Path) -> Parsed:
    """The questions of a file or directory; the format follows from its name and what it holds.

    Raises QuestionFileError when there is no such file or it is none of the formats.
    """
    if path.is_dir():
        return qti_package.parse_directory(path)
    if not path.is_file():
        raise QuestionFileError(f"there is no file {str(path)!r}")
    if path.suffix.lower() == ".zip":
        return qti_package.parse_zip(path)
    if path.stat().st_size > LARGEST_FILE:
        raise QuestionFileError(f"{path.name}: larger than {LARGEST_FILE} bytes")
    data = path.read_bytes()
    match path.suffix.lower():
        case ".xml":
            return _xml(data, path.name)
        case ".json":
            return own_json.parse(data)
        case ".gift":
            return gift.parse(_text(data, path.name))
        case ".txt":
            return trivia.parse(data) if b"#Q" in data else gift.parse(_text(data, path.name))
    raise QuestionFileError(f"{path.name}: the name must end with .gift, .txt, .xml, .zip or .json")


def _xml(data: bytes, name: str) -> Parsed:
    root = parse_xml(data, name)
    if root.tag == "quiz":
        return moodle_xml.parse(root)
    if root.tag == "problem":
        parsed = Parsed("olx")
        olx.add_problem(parsed, root, name)
        return parsed
    return qti_package.parse_document(root, name)


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig").replace("\x00", "")
    except UnicodeDecodeError:
        raise QuestionFileError(f"{name}: not UTF-8 text") from None
