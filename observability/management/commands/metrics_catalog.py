"""Prints every metric that can be exported."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from observability import catalog
from observability.metrics import absent_parts, http

HEADER = """# Metrics

Every metric that this project can export. Written by `manage.py metrics_catalog`; do not edit.

The budget is the most series that a metric may have in one exposition. A label value in ⟨angle brackets⟩ is known at
run time only; anything else that a label does not list is counted as `other`.
"""


def rows() -> list[dict[str, Any]]:
    declared = [
        {
            "name": entry.name,
            "type": entry.type,
            "labels": {label: list(values) for label, values in entry.labels.items()},
            "budget": entry.series,
            "help": entry.documentation,
        }
        for entry in catalog.entries()
    ]
    return sorted(declared + http.derived_rows(), key=lambda row: str(row["name"]))


def markdown(found: list[dict[str, Any]]) -> str:
    lines = [HEADER, "| metric | type | labels | budget | meaning |", "|---|---|---|---|---|"]
    for row in found:
        labels = "<br>".join(f"`{label}`: {', '.join(values)}" for label, values in row["labels"].items())
        text = row["help"].replace("|", "\\|")
        labels = (
            labels.replace("<br>", "\0").replace("<", "⟨").replace(">", "⟩").replace("|", "\\|").replace("\0", "<br>")
        )
        lines.append(f"| `{row['name']}` | {row['type']} | {labels} | {row['budget']} | {text} |")
    return "\n".join(lines) + "\n"


def plain(found: list[dict[str, Any]]) -> str:
    lines = []
    for row in found:
        lines.append(f"{row['name']}  {row['type']}, at most {row['budget']} series\n    {row['help']}")
        lines += [f"    {label}: {', '.join(values)}" for label, values in row["labels"].items()]
    if absent := absent_parts():
        lines.append(f"Not installed: {', '.join(absent)}")
    return "\n".join(lines) + "\n"


class Command(BaseCommand):
    help = "Print every metric that can be exported: name, type, labels, values, series budget, help."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=("text", "json", "markdown"), default="text")
        parser.add_argument("--check", type=Path, metavar="FILE", help="fail unless FILE holds just this")

    def handle(self, *args: Any, **options: Any) -> None:
        found = rows()
        text = {
            "text": plain,
            "json": lambda found: json.dumps(found, indent=2, ensure_ascii=False) + "\n",
            "markdown": markdown,
        }[options["format"]](found)
        if options["check"] is None:
            self.stdout.write(text, ending="")
            return
        try:
            present = options["check"].read_text()
        except OSError as error:
            raise CommandError(f"{options['check']}: {error.strerror}") from None
        if present != text:
            raise CommandError(f"{options['check']} is out of date: write it again with `manage.py metrics_catalog`.")
