"""manage.py export_person: everything that is stored about a person, as JSON."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts.management import find_person
from accounts.personal_data import export_person


class Command(BaseCommand):
    help = "Print everything that is stored about a person, as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("person", help="e-mail address or public id")

    def handle(self, *args: Any, **options: Any) -> None:
        data = export_person(person=find_person(options["person"]))
        self.stdout.write(json.dumps(data, indent=2, ensure_ascii=False, default=str))
