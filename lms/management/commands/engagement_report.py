"""`manage.py engagement_report DIR`: does the engagement score tell who will pass?"""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.oulad.reader import OuladError, read
from lms.oulad.report import report


class Command(BaseCommand):
    help = "Area under the ROC curve of the engagement score, and success by band, on the OULAD data set."
    requires_system_checks: list[str] = []  # reads files only

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, help="the data set's CSV files, plain or gzipped")
        parser.add_argument("--year", default="2014", help="of the presentations (default: 2014; made on 2013)")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, directory: Path, year: str, **options: Any) -> None:
        try:
            result = report(read(directory), year=year)
        except (OuladError, ValueError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"year": year, "moments": result}, indent=2))
            return
        self.stdout.write(f"{year} presentations; success is a pass or a distinction; learners not yet withdrawn")
        self.stdout.write("at     learners  AUC score  AUC draft  AUC submitted")
        for moment in result:
            auc = moment["auc"]
            self.stdout.write(
                f"{moment['share']:4.0%} {moment['learners']:10,} {auc['score']:10.3f} {auc['draft']:10.3f} "
                f"{auc['submitted']:14.3f}"
            )
        self.stdout.write("\nat    band      learners  success")
        for moment in result:
            for band, found in moment["bands"].items():
                success = "-" if found["success"] is None else f"{found['success']:.1%}"
                self.stdout.write(f"{moment['share']:4.0%}  {band:8} {found['learners']:9,} {success:>8}")
