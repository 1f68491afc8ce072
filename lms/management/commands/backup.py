"""`manage.py backup`: the database and the files, into a new directory."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.backup.archive import BackupError
from lms.backup.create import create


class Command(BaseCommand):
    help = "Write database, files and the names of secrets into a new directory below --to; prints its path."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", metavar="DIR", default=settings.BACKUP_DIR, help="default: LMS_BACKUP_DIR")

    def handle(self, *args: Any, to: str, **options: Any) -> None:
        if not to:
            raise CommandError("where to? Set LMS_BACKUP_DIR, or give --to DIR")
        try:
            made = create(Path(to).resolve(), self.stderr.write)
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(made))
