"""`manage.py issue_missing_certificates`: what the beat task does every few minutes, at once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from certificates import services


class Command(BaseCommand):
    help = "Issue certificates of completed courses that were never issued; ask for PDFs that are overdue."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=10_000, help="at most this many at a time")

    def handle(self, *args: Any, limit: int, **options: Any) -> None:
        if limit < 1:
            raise CommandError("--limit must be at least 1")
        swept = services.issue_missing(limit=limit)
        self.stdout.write(f"{swept.issued} certificates issued, {swept.rendering} PDFs asked for again")
