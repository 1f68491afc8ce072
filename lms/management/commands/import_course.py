"""`manage.py import_course PATH`: an Open edX course export into the database."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from courses import services
from courses.models import Course
from courses.olx import OlxError, open_export, read_course


class Command(BaseCommand):
    help = "Import an Open edX course export (OLX): a directory or .tar.gz. Importing again updates."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="directory or .tar.gz")
        parser.add_argument("--publish", action="store_true", help="open the course to students")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write what was found and done as JSON")

    def handle(self, *args: Any, path: Path, publish: bool, report: Path | None, **options: Any) -> None:
        try:
            with open_export(path) as export, transaction.atomic():
                result = services.store_course(parsed=read_course(export))
                if publish:
                    services.publish_course(course=Course.objects.get(slug=result.slug))
                if report:
                    report.write_text(json.dumps(result.as_dict(), indent=2, ensure_ascii=False) + "\n")
        except OlxError as error:
            raise CommandError(f"Nothing was imported: {error}") from None
        except OSError as error:
            raise CommandError(f"Nothing was imported: {error.strerror}: {error.filename}") from None
        self._print(result)

    def _print(self, result: services.ImportReport) -> None:
        write = self.stdout.write
        outcome = "created" if result.created else "updated" if result.changed else "unchanged"
        write(f"{result.title} ({result.slug}): {outcome}")
        kept_as = {"chapter": "section", "sequential": "subsection", "vertical": "unit", "html": "lesson"}
        for title, counts in (("", result.found), ("draft ", result.drafts), ("", result.responses)):
            for kind, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
                kept = "inside of a kept item" if counts is result.responses else kept_as.get(kind, "kept item")
                write(f"{number:7} {title + kind:30} {kept}")
        for change, number in sorted(result.changes.items()):
            write(f"{number:7} {change}")
        for warning in result.warnings:
            self.stderr.write(f"warning: {warning}")
