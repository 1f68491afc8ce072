"""manage.py erase_person: remove who a person is from everything that is stored."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.management import find_person
from accounts.personal_data import erase_person
from core.errors import DomainError


class Command(BaseCommand):
    help = "Erase a person: address, name, sessions, factors, and what each app keeps. Can't be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("person", help="e-mail address or public id")
        parser.add_argument("--yes", action="store_true", help="do it without asking")

    def handle(self, *args: Any, **options: Any) -> None:
        person = find_person(options["person"])
        if not options["yes"] and input(f"Erase {person.public_id} for ever? Type 'erase': ") != "erase":
            raise CommandError("Nothing was erased.")
        try:
            removed = erase_person(person=person)
        except DomainError as error:
            raise CommandError(error.detail) from error
        self.stdout.write("Erased: " + ", ".join(f"{name} {count}" for name, count in removed.items()))
