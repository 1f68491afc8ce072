"""manage.py seed_demo: a believable term for the demo, deterministic by seed."""

import datetime
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date
from tqdm import tqdm

from core.errors import DomainError
from lms.demo import seed
from lms.demo.people import PASSWORD, address


class Command(BaseCommand):
    help = "Fill an empty database with a believable term. Refused with DEBUG off: the password is public."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--students", type=int, default=300)
        parser.add_argument("--instructors", type=int, default=12)
        parser.add_argument("--seed", type=int, default=1, help="same seed, same term (default: 1)")
        parser.add_argument("--until", metavar="DATE", help="the term's last day so far (default: today)")
        parser.add_argument("--if-empty", action="store_true", help="do nothing when demo people exist")
        parser.add_argument("--remove", action="store_true", help="delete the demo's people and courses")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"]:
            self.stdout.write(f"Removed {seed.remove()} people of the demo.")
            return
        if not settings.DEBUG:
            raise CommandError("refused: LMS_DEBUG is off, and the demo's password is public.")
        if options["students"] < 1 or options["instructors"] < 1:
            raise CommandError("--students and --instructors take a number of at least 1.")
        if options["if_empty"] and seed.seeded():
            self.stdout.write("Demo people exist; left as they are.")
            return
        until = self._until(options["until"])
        try:
            with tqdm(total=options["students"], unit="student", disable=None) as bar:
                result = seed.seed(
                    students=options["students"],
                    instructors=options["instructors"],
                    seed=options["seed"],
                    until=until,
                    progress=lambda done: bar.update(done - bar.n),
                )
        except DomainError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(
            f"Seeded {result.students} students, {result.instructors} instructors, {result.courses} courses, "
            f"{result.enrollments} enrollments, {result.progress_rows} completed lessons."
        )
        self.stdout.write(f"Logins: {address('admin', 1)}, {address('student', 1)} …; password: {PASSWORD}")

    def _until(self, text: str | None) -> datetime.datetime:
        if text is None:
            return timezone.now()
        try:
            day = parse_date(text)
        except ValueError:
            day = None
        if day is None:
            raise CommandError(f"--until: {text!r} is not a date (YYYY-MM-DD).")
        return datetime.datetime.combine(day, datetime.time(12), tzinfo=datetime.UTC)
