"""The steps of a deployment as one command, against any environment: docs/verification.md."""

import argparse
import json
import re
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from observability.verification import expressions, watch
from observability.verification.client import Unreachable
from observability.verification.environment import Environment, Unset, from_variables
from observability.verification.prometheus import Prometheus
from observability.verification.result import FAILED, SKIPPED, Result, exit_code, table
from observability.verification.steps import STEPS, carry_out

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: str) -> float:
    """'24h' → 86400.0. Raises ArgumentTypeError."""
    found = re.fullmatch(r"(\d+)([smhd])", text)
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 90s, 10m or 24h.")
    return float(int(found[1]) * _UNITS[found[2]])


class Command(BaseCommand):
    help = (
        "Look at a running deployment from outside: targets, rules, dashboards, routes, test alerts, what is closed, "
        "health, Sentry and the log's store. Where they are, and with which credentials, VERIFY_… variables say. "
        "Exit codes: 0 all passed; else that of the first step that failed: "
        + ", ".join(f"{code} {name}" for name, (code, _) in STEPS.items())
        + f", {watch.CODE} watch; 2 wrong usage."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        names = ",".join(STEPS)
        parser.add_argument("--only", default="", metavar="STEPS", help=f"of {names}")
        parser.add_argument("--skip", default="", metavar="STEPS", help="shown as skipped, never as passed")
        parser.add_argument("--watch", type=duration, metavar="DURATION", help="then observe for this long, as in 24h")
        parser.add_argument(
            "--every", type=duration, default=15.0, metavar="DURATION", help="between looks; default 15s"
        )
        parser.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        only, skipped = self._steps(options["only"]), self._steps(options["skip"])
        environment = from_variables()
        results: list[Result] = []
        try:
            for name in STEPS:
                if only and name not in only:
                    continue
                if name in skipped:
                    results.append(Result(name, STEPS[name][0], SKIPPED))
                    continue
                self._say(f"{name} ...")
                results.append(carry_out(name, environment, self._say))
            if options["watch"]:
                results.append(self._watch(environment, options["watch"], options["every"]))
        except KeyboardInterrupt:
            self._say("interrupted")
            results.append(Result("interrupted", 130, FAILED, problems=("the steps after this were not carried out",)))
        if all(result.state == SKIPPED for result in results):
            raise CommandError("no step is left: --only and --skip exclude all of them.", returncode=2)
        code = exit_code(results)
        if options["json"]:
            document = {"exit_code": code, "steps": [result.as_dict() for result in results]}
            self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False))
        else:
            self.stdout.write(table(results))
            for result in results:
                if result.step == "watch" and result.facts:
                    self.stdout.write(json.dumps(result.facts, indent=2, ensure_ascii=False))
        if code:
            sys.exit(code)

    def _watch(self, environment: Environment, seconds: float, every: float) -> Result:
        try:
            prometheus = Prometheus.of(environment)
            seen = watch.observe(prometheus, seconds=seconds, every=every, say=self._say)
            return watch.report(seen, sorted(expressions.metrics_of_rules(environment.rules)))
        except (Unset, Unreachable) as error:
            return Result("watch", watch.CODE, FAILED, problems=(str(error),))

    def _steps(self, text: str) -> set[str]:
        names = {name.strip() for name in text.split(",") if name.strip()}
        if unknown := sorted(names - STEPS.keys()):
            raise CommandError(f"no step {', '.join(unknown)}; there are {', '.join(STEPS)}.", returncode=2)
        return names

    def _say(self, text: str) -> None:
        self.stderr.write(text)
        self.stderr.flush()
