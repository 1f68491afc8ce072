"""`manage.py restore`: a backup in the place of what is there."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.backup.archive import BackupError
from lms.backup.restore import restore


class Command(BaseCommand):
    help = "Restore a backup's database and files. Stop the LMS first, and migrate afterwards."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, help="what `manage.py backup` printed")
        parser.add_argument("--replace", action="store_true", help="discard what is in the database and the files")

    def handle(self, *args: Any, directory: Path, replace: bool, **options: Any) -> None:
        try:
            manifest = restore(directory.resolve(), replace=replace, say=self.stderr.write)
        except BackupError as error:
            raise CommandError(str(error)) from error
        rows = sum(manifest.rows.values())
        self.stdout.write(
            f"restored {rows} rows and {manifest.files} files as of {manifest.taken_at:%Y-%m-%d %H:%M} UTC"
        )
        if manifest.secrets:
            self.stdout.write(f"secrets that the system had: {', '.join(manifest.secrets)}")
