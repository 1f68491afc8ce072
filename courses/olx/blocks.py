"""What an export says, as plain data."""

import datetime
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class OlxError(ValueError):
    """An export can't be read; the text is one line for a person."""

    def __str__(self) -> str:
        return " ".join(super().__str__().split())


@dataclass(frozen=True)
class Place:
    """Where in a section a block stands: its subsection (sequential) and unit (vertical), and what they set for it.

    `assignment_type` names the grader of the course's grading policy that a graded subsection counts for.
    """

    subsection_key: str = ""
    subsection_title: str = ""
    unit_key: str = ""
    unit_title: str = ""
    available_at: datetime.datetime | None = None
    due_at: datetime.datetime | None = None
    assignment_type: str = ""


@dataclass(frozen=True)
class ParsedFile:
    """A file below static/. `source_key` is its name in the export."""

    source_key: str
    path: Path

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True)
class ParsedVideo:
    """`url` may be a /static/ address. `transcripts` maps languages to files."""

    url: str
    duration_seconds: float | None = None
    transcripts: dict[str, ParsedFile] = field(default_factory=dict)


@dataclass(frozen=True)
class ParsedLesson:
    """An html block, or a video block with `video`. `html` is as in the export, not sanitised."""

    source_key: str
    title: str
    html: str
    place: Place
    published: bool = True
    video: ParsedVideo | None = None

    @property
    def tag(self) -> str:
        return "video" if self.video else "html"


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
    """`settings` are fields of a course from its attributes and policy, those that the export has.

    `counts` and `draft_counts` are numbers of blocks by tag, `responses` of problem responses by tag."""

    source_key: str
    title: str
    summary: str = ""
    description: str = ""
    language: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    sections: list[ParsedSection] = field(default_factory=list)
    files: list[ParsedFile] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    draft_counts: Counter[str] = field(default_factory=Counter)
    responses: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
