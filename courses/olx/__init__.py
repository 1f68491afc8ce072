"""Reading Open edX course exports (OLX): a directory or .tar.gz in, dataclasses out. Touches no database."""

from courses.olx.archive import Export, Limits, open_export
from courses.olx.blocks import OlxError, ParsedCourse, ParsedFile, ParsedItem, ParsedLesson, ParsedSection, Place
from courses.olx.reader import read_course

__all__ = [
    "Export",
    "Limits",
    "OlxError",
    "ParsedCourse",
    "ParsedFile",
    "ParsedItem",
    "ParsedLesson",
    "ParsedSection",
    "Place",
    "open_export",
    "read_course",
]
