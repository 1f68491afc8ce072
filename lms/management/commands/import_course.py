"""`manage.py import_course PATH`: an Open edX course export into the database."""

import contextlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from courses import services
from courses.importing import ImportReport, store_course
from courses.models import Course
from courses.olx import OlxError, open_export, read_course

KEPT_AS = {"chapter": "section", "sequential": "subsection", "vertical": "unit", "html": "lesson"}


class Command(BaseCommand):
    help = "Import an Open edX course export (OLX): a directory or .tar.gz. Importing again updates."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="directory or .tar.gz")
        parser.add_argument("--publish", action="store_true", help="open the course to students")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write what was found and done as JSON")

    def handle(self, *args: Any, path: Path, publish: bool, report: Path | None, **options: Any) -> None:
        try:
            # Opened first: a report that can't be written is no reason to find out after the import.
            with report.open("w") if report else contextlib.nullcontext() as sink, open_export(path) as export:
                result = store_course(parsed=read_course(export), track=self._track)
                if publish:
                    services.publish_course(course=Course.objects.get(slug=result.slug))
                if sink:
                    json.dump(result.as_dict(), sink, indent=2, ensure_ascii=False)
        except OlxError as error:
            raise CommandError(f"Nothing was imported: {error}") from None
        except OSError as error:
            raise CommandError(f"Nothing was imported: {error.strerror}: {error.filename}") from None
        self._print(result)

    def _track(self, things: Iterable[Any], title: str) -> Iterable[Any]:
        if not sys.stderr.isatty():
            return things
        from tqdm import tqdm

        return tqdm(things, desc=title, leave=False, file=sys.stderr)

    def _print(self, result: ImportReport) -> None:
        write = self.stdout.write
        outcome = "created" if result.created else "updated" if result.changed else "unchanged"
        write(f"{result.title} ({result.slug}): {outcome}")
        as_lessons = {item["kind"] for item in result.items if item["kept_as"] == "lesson"}
        for prefix, counts in (("", result.found), ("draft ", result.drafts), ("", result.responses)):
            for kind, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
                kept = "lesson" if kind in as_lessons else KEPT_AS.get(kind, "kept item")
                write(
                    f"{number:7} {prefix + kind:30} {'inside of a kept item' if counts is result.responses else kept}"
                )
        stored = sum(outcome == "stored" for outcome in result.files.values())
        write(f"{stored:7} {'static files':30} stored")
        for change, number in sorted(result.changes.items()):
            write(f"{number:7} {change}")
        for name, outcome in sorted(result.files.items()):
            if outcome != "stored":
                self.stderr.write(f"warning: {name!r} {outcome}")
        for warning in result.warnings:
            self.stderr.write(f"warning: {warning}")
