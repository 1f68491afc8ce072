"""What every importer returns: each item of a file either as a question or named as something that isn't imported."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from courses.html import sanitise
from quizzes.content import ContentError, normalise
from quizzes.content.schema import opaque_ids


class QuestionFileError(ValueError):
    """The file as a whole can't be imported; nothing of it is."""


@dataclass(frozen=True)
class ParsedQuestion:
    """One question, its content already in the shape of its kind. `source` says where in the file it stood."""

    kind: str
    prompt: str
    content: dict[str, Any]
    title: str = ""
    points: Decimal = Decimal(1)
    explanation: str = ""
    source: str = ""
    pool: str = ""


@dataclass(frozen=True)
class Skipped:
    """An item that isn't imported: its kind by the format's own name, where it stood, and why."""

    kind: str
    source: str
    reason: str


@dataclass
class Parsed:
    """Everything a file held. `found` counts the items; questions and skipped together are as many."""

    format: str
    questions: list[ParsedQuestion] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    pools: dict[str, int] = field(default_factory=dict)

    @property
    def found(self) -> int:
        return len(self.questions) + len(self.skipped)

    def skip(self, kind: str, source: str, reason: str) -> None:
        self.skipped.append(Skipped(kind, source, reason))

    def add(self, native_kind: str, source: str, make: Callable[[], ParsedQuestion]) -> None:
        """Take the question that `make` returns, or report the item when its content doesn't fit."""
        try:
            self.questions.append(make())
        except ContentError as error:
            self.skip(native_kind, source, str(error))

    def as_dict(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "found": self.found,
            "imported": dict(sorted(Counter(str(question.kind) for question in self.questions).items())),
            "not_imported": dict(sorted(Counter(item.kind for item in self.skipped).items())),
            "reasons": [{"kind": item.kind, "source": item.source, "reason": item.reason} for item in self.skipped],
            "notes": self.notes,
        }


LONGEST_TITLE = 250


def question(kind: str, prompt: str, content: dict[str, Any], **fields: Any) -> ParsedQuestion:
    """A ParsedQuestion with sanitised texts and normalised content. Raises ContentError."""
    prompt = sanitise(prompt).strip()
    if not prompt:
        raise ContentError("the item asks nothing")
    shape = opaque_ids(kind, normalise(kind, content, prompt))
    fields["title"] = " ".join(fields.get("title", "").split())[:LONGEST_TITLE]
    fields["explanation"] = sanitise(fields.get("explanation", "")).strip()
    return ParsedQuestion(kind, prompt, shape, **fields)


def letters(count: int) -> list[str]:
    """Ids of choices: c1, c2, …"""
    return [f"c{number}" for number in range(1, count + 1)]
