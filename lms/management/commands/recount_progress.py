"""`manage.py recount_progress`: is the stored progress what counting gives?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from courses import services
from courses.models import Course


class Command(BaseCommand):
    help = "Compare stored with recounted progress; exit 1 when they differ. With --fix, store what was counted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--course", metavar="SLUG", help="only this course")
        parser.add_argument("--fix", action="store_true", help="store what was counted")

    def handle(self, *args: Any, course: str | None, fix: bool, **options: Any) -> None:
        only = None
        if course and (only := Course.objects.filter(slug=course).first()) is None:
            raise CommandError(f"there is no course {course!r}")
        drift = services.drifted(course=only)
        for enrollment, counted in drift:
            self.stdout.write(
                f"{enrollment.course.slug} {enrollment.public_id} stored {enrollment.progress} counted {counted}"
            )
        if fix:
            for row in {enrollment.course for enrollment, _ in drift}:
                services.recount_course(course=row)
            self.stdout.write(f"{len(drift)} enrollments corrected")
        elif drift:
            raise CommandError(f"{len(drift)} enrollments have drifted; --fix corrects them")
        else:
            self.stdout.write("no drift")
