"""What an export says, as plain data."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


class OlxError(ValueError):
    """An export can't be read; the text is one line for a person."""

    def __str__(self) -> str:
        return " ".join(super().__str__().split())


@dataclass(frozen=True)
class Place:
    """Where in a section a block stands: its subsection (sequential) and unit (vertical)."""

    subsection_key: str = ""
    subsection_title: str = ""
    unit_key: str = ""
    unit_title: str = ""


@dataclass(frozen=True)
class ParsedLesson:
    """An html block. `html` is as in the export, not sanitised."""

    source_key: str
    title: str
    html: str
    place: Place
    published: bool = True


@dataclass(frozen=True)
class ParsedItem:
    """Any other block: its XML as text and the same as JSON."""

    source_key: str
    kind: str
    title: str
    raw_xml: str
    data: dict[str, Any]
    place: Place
    published: bool = True


@dataclass
class ParsedSection:
    """A chapter; its blocks in reading order."""

    source_key: str
    title: str
    blocks: list[ParsedLesson | ParsedItem] = field(default_factory=list)


@dataclass
class ParsedCourse:
    """`counts` and `draft_counts` are numbers of blocks by tag, `responses` of problem responses by tag."""

    source_key: str
    title: str
    summary: str = ""
    description: str = ""
    language: str = ""
    sections: list[ParsedSection] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    draft_counts: Counter[str] = field(default_factory=Counter)
    responses: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
