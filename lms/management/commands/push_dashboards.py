import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.grafana import Grafana, GrafanaError, push, read_dashboards

DASHBOARDS = Path(settings.BASE_DIR) / "deploy" / "grafana" / "dashboards"


class Command(BaseCommand):
    help = (
        "Write the dashboards into a Grafana that exists already; again changes nothing. The token of a service "
        "account that may write dashboards and folders comes from a file or from GRAFANA_TOKEN, never from the "
        "command line."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, help="dashboards; default: the four of this project")
        parser.add_argument("--url", default=os.environ.get("GRAFANA_URL", ""), help="default: GRAFANA_URL")
        parser.add_argument("--token-file", type=Path, help="a file with the token; default: GRAFANA_TOKEN")
        parser.add_argument("--folder", default="lms", help="uid of the folder; default: %(default)s")
        parser.add_argument("--folder-title", default="LMS", help="if it has to be made; default: %(default)s")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            dashboards = read_dashboards(options["files"] or sorted(DASHBOARDS.glob("*.json")))
            grafana = Grafana(options["url"], self._token(options["token_file"]))
            outcomes = push(grafana, dashboards, folder=options["folder"], title=options["folder_title"])
        except GrafanaError as error:
            raise CommandError(str(error)) from None
        for uid, outcome in outcomes.items():
            self.stdout.write(f"{uid}: {outcome}")

    def _token(self, file: Path | None) -> str:
        if file is None:
            return os.environ.get("GRAFANA_TOKEN", "")
        try:
            return file.read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise GrafanaError(f"The token's file {file} can't be read.") from None
