"""The `health` command for hosts whose manage.py doesn't call observability.health.command before Django starts."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from observability.health import command


class Command(BaseCommand):
    help = "Ask the running web server whether it is ready. Exit codes: 0 yes, 1 no, 2 usage, 3 no answer."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        command.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(
            command.ask(kind=options["kind"], host=options["host"], port=options["port"], seconds=options["seconds"])
        )
