"""`manage.py import_oulad DIR`: what learners of the Open University really did, into the database."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from lms.oulad.reader import OuladError, read
from lms.oulad.store import store


class Command(BaseCommand):
    help = "Import the OULAD data set: courses, registrations, dated assessments, submissions, withdrawals."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, help="the data set's CSV files, plain or gzipped")

    def handle(self, *args: Any, directory: Path, **options: Any) -> None:
        try:
            data = read(directory)
            with tqdm(total=len(data.learners), unit="enrollment", disable=None) as bar:
                stored = store(data, bar.update)
        except OuladError as error:
            raise CommandError(f"Nothing was imported: {error}") from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted: what is done is kept; run it again to go on.", returncode=130) from None
        self.stdout.write(
            f"Imported {stored.courses} courses, {stored.people} people, {stored.enrollments} enrollments, "
            f"{stored.submissions} submissions."
            + (f" {stored.there_already} courses were there already." if stored.there_already else "")
        )
