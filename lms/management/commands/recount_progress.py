"""`manage.py recount_progress`: is the stored progress what counting gives?"""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from courses import services
from courses.models import Course


class Command(BaseCommand):
    help = "Compare stored with recounted progress; exit 1 when they differ. With --fix, store what was counted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--course", metavar="SLUG", help="only this course")
        parser.add_argument("--fix", action="store_true", help="store what was counted")
        parser.add_argument("--json", action="store_true", help="one document for machines on standard output")

    def handle(self, *args: Any, course: str | None, fix: bool, **options: Any) -> None:
        only = None
        if course and (only := Course.objects.filter(slug=course).first()) is None:
            raise CommandError(f"there is no course {course!r}")
        drift = services.drifted(course=only)
        rows = [
            {
                "course": enrollment.course.slug,
                "enrollment": str(enrollment.public_id),
                "stored": enrollment.progress,
                "counted": counted,
            }
            for enrollment, counted in drift
        ]
        for row in {enrollment.course for enrollment, _ in drift} if fix else ():
            services.recount_course(course=row)
        if options["json"]:
            self.stdout.write(json.dumps({"drifted": rows, "corrected": fix}, default=float))
        else:
            for line in rows:
                self.stdout.write("{course} {enrollment} stored {stored} counted {counted}".format(**line))
            if fix:
                self.stdout.write(f"{len(drift)} enrollments corrected")
            elif not drift:
                self.stdout.write("no drift")
        if drift and not fix:
            raise CommandError(f"{len(drift)} enrollments have drifted; --fix corrects them")
