"""`manage.py import_questions FILE --quiz ID`: questions of others into a quiz, or a course's imported problems."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from courses.models import Course
from quizzes import services
from quizzes.importers import Parsed, QuestionFileError, read_questions
from quizzes.models import Quiz


class Command(BaseCommand):
    help = (
        "Import questions: GIFT (.gift, .txt), Moodle XML, QTI 2.1/2.2 (.xml, .zip or a directory), an OLX problem, "
        "trivia text or our own JSON. With --course, quizzes are made of the problems that came with its import."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="a file or directory")
        parser.add_argument("--quiz", metavar="ID", help="the quiz that gets the questions")
        parser.add_argument("--course", metavar="SLUG", help="instead of a file: the course's imported problems")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write every item and its fate as JSON")

    def handle(
        self,
        *args: Any,
        file: Path | None,
        quiz: str | None,
        course: str | None,
        report: Path | None,
        **options: Any,
    ) -> None:
        if bool(file and quiz) == bool(course) or (course and (file or quiz)):
            raise CommandError("Name a file and --quiz, or --course alone.")
        try:
            with transaction.atomic():
                found = self._from_file(file, quiz) if file and quiz else self._from_course(str(course))
                if report:
                    text = json.dumps({name: parsed.as_dict() for name, parsed in found.items()}, indent=2)
                    report.write_text(text + "\n")
        except QuestionFileError as error:
            raise CommandError(f"Nothing was imported: {error}") from None
        except OSError as error:
            raise CommandError(f"Nothing was imported: {error.strerror}: {error.filename}") from None
        self._print(found)

    def _from_file(self, file: Path, quiz_id: str) -> dict[str, Parsed]:
        try:
            quiz = Quiz.objects.get(public_id=UUID(quiz_id))
        except (Quiz.DoesNotExist, ValueError):
            raise CommandError(f"Nothing was imported: there is no quiz {quiz_id}") from None
        parsed = read_questions(file)
        services.store_questions(quiz=quiz, parsed=parsed)
        return {file.name: parsed}

    def _from_course(self, slug: str) -> dict[str, Parsed]:
        course = Course.objects.filter(slug=slug).first()
        if course is None:
            raise CommandError(f"Nothing was imported: there is no course {slug}")
        return services.adopt_problems(course=course)

    def _print(self, found: dict[str, Parsed]) -> None:
        imported: dict[str, int] = {}
        others: dict[str, int] = {}
        for parsed in found.values():
            summary = parsed.as_dict()
            for totals, part in ((imported, summary["imported"]), (others, summary["not_imported"])):
                for kind, number in part.items():
                    totals[kind] = totals.get(kind, 0) + number
            for note in parsed.notes:
                self.stderr.write(f"note: {note}")
        write = self.stdout.write
        write(f"{sum(imported.values()) + sum(others.values())} items found, {sum(imported.values())} imported")
        for kind, number in sorted(imported.items()):
            write(f"{number:7} {kind}")
        for kind, number in sorted(others.items()):
            write(f"{number:7} {kind} (not imported)")
