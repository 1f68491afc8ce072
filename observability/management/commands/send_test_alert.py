"""`manage.py send_test_alert`: a test alert through Alertmanager to its receivers."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from observability.verification import trial
from observability.verification.client import Unreachable
from observability.verification.environment import Unset, from_variables
from observability.verification.steps import channels, in_log


class Command(BaseCommand):
    help = (
        "Send a test alert to Alertmanager (VERIFY_ALERTMANAGER_URL) and wait until its receivers were told, and told "
        "that it is over. Exit codes: 0 told, 1 not."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--severity", action="append", choices=trial.SEVERITIES, help="may be repeated; default: all of them"
        )
        parser.add_argument("--no-resolve", action="store_true", help="don't wait for the message that it is over")
        parser.add_argument("--seconds", type=float, default=trial.DELIVERY_SECONDS, help="default: %(default)s")

    def handle(self, *args: Any, **options: Any) -> None:
        environment = from_variables()
        try:
            alertmanager = trial.Alertmanager(environment)
            trials = trial.run(
                alertmanager,
                options["severity"] or trial.SEVERITIES,
                channels=channels(alertmanager),
                in_log=in_log(environment),
                resolve=not options["no_resolve"],
                delivery_seconds=options["seconds"],
                say=self.stderr.write,
            )
        except (Unset, Unreachable) as error:
            raise CommandError(str(error)) from None
        for one in trials:
            delivered = (
                "not delivered" if one.delivered_after is None else f"delivered after {one.delivered_after:.0f} s"
            )
            ended = "" if one.resolved_after is None else f", its end after {one.resolved_after:.0f} s"
            self.stdout.write(f"{one.severity:8}  {', '.join(one.receivers) or '-'}: {delivered}{ended}")
        problems = [one.problem for one in trials if one.problem]
        if problems:
            for problem in problems:
                self.stderr.write(problem)
            sys.exit(1)
