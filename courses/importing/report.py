"""What an import found and did."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ImportReport:
    """`found` and `drafts` count blocks by tag, `responses` those of problems, `changes` rows by table and verb.

    `items` says of each block how it is kept and what happened to it; `files` maps the name of each static file to
    `stored` or why it was refused; `warnings` name what the content refers to and the export doesn't have.
    """

    slug: str
    title: str
    created: bool
    found: dict[str, int] = field(default_factory=dict)
    drafts: dict[str, int] = field(default_factory=dict)
    responses: dict[str, int] = field(default_factory=dict)
    changes: Counter[str] = field(default_factory=Counter)
    items: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.changes)

    def count(self, name: str, verb: str, number: int) -> None:
        if number:
            self.changes[f"{name} {verb}"] += number

    def as_dict(self) -> dict[str, Any]:
        return vars(self) | {"changed": self.changed}
