"""`manage.py backup`: the database and the files, into a new directory."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.backup.archive import BackupError
from lms.backup.create import create, prune


class Command(BaseCommand):
    help = "Write database, files and the names of secrets into a new directory below --to; prints its path."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", metavar="DIR", default=settings.BACKUP_DIR, help="default: LMS_BACKUP_DIR")

        parser.add_argument("--keep", metavar="N", type=int, help="remove all but the newest N afterwards")

    def handle(self, *args: Any, to: str, keep: int | None, **options: Any) -> None:
        if not to:
            raise CommandError("where to? Set LMS_BACKUP_DIR, or give --to DIR")
        if keep is not None and keep < 1:
            raise CommandError("--keep needs at least 1")
        try:
            made = create(Path(to).resolve(), self.stderr.write)
            removed = prune(Path(to).resolve(), keep) if keep is not None else []
        except BackupError as error:
            raise CommandError(str(error)) from error
        for path in removed:
            self.stderr.write(f"removed {path}")
        self.stdout.write(str(made))
