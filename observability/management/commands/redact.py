"""`manage.py redact`: stdin to stdout, line by line, without personal data."""

import sys
from argparse import ArgumentParser
from collections import Counter
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand

from observability.redaction import redact_lines
from observability.redaction_settings import policy_from_settings

_LONGEST_LINE = 1_048_576


class Command(BaseCommand):
    help = "Copy standard input to standard output with credentials and personal data hidden."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--report", action="store_true", help="write counts by kind instead of the lines")

    def handle(self, *, report: bool, **options: Any) -> None:
        policy = replace(policy_from_settings(), max_text=_LONGEST_LINE)
        counts: Counter[str] = Counter()
        lines = 0
        output = sys.stdout.buffer
        try:
            for line in redact_lines(sys.stdin.buffer, policy, counts):
                lines += 1
                if not report:
                    output.write(line)
            output.flush()
        except BrokenPipeError:
            # The reader has seen enough ("| head"); closing quietly is what it expects.
            sys.stdout = None
            return
        if report:
            self.stdout.write(f"{'lines':<14}{lines:>10}")
            for kind, count in sorted(counts.items()):
                self.stdout.write(f"{kind:<14}{count:>10}")
