"""Tables for spreadsheets."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse

from core.spreadsheets import csv_lines


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A CSV file with a header line, as a download."""
    return HttpResponse(
        "".join(csv_lines(columns, rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
