"""Bringing rows up to date by their source keys, touching nothing that is as it should be."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from courses.importing.report import ImportReport

BATCH = 500


def by_key(rows: Iterable[Any]) -> dict[str, Any]:
    return {row.source_key: row for row in rows if row.source_key}


def apply(row: Any, values: dict[str, Any]) -> bool:
    """Set what differs; True when anything did."""
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)


def write(
    model: Any, existing: dict[str, Any], wanted: dict[str, dict[str, Any]], report: ImportReport
) -> dict[str, str]:
    """Create what is new, update what differs; what happened to each key. All `wanted` have the same fields."""
    new = [model(source_key=key, **values) for key, values in wanted.items() if key not in existing]
    model.objects.bulk_create(new, batch_size=BATCH)
    known = [(existing[key], values) for key, values in wanted.items() if key in existing]
    different = [row for row, values in known if apply(row, values)]
    if different:
        fields = [field.name for field in model._meta.fields if field.attname in next(iter(wanted.values()))]
        if hasattr(model, "updated_at"):
            fields.append("updated_at")
            for row in different:
                row.updated_at = timezone.now()
        model.objects.bulk_update(different, fields, batch_size=BATCH)
    name = model._meta.verbose_name
    report.count(name, "created", len(new))
    report.count(name, "updated", len(different))
    outcomes = dict.fromkeys(wanted, "unchanged")
    return outcomes | {row.source_key: "updated" for row in different} | {row.source_key: "created" for row in new}


def delete(model: Any, rows: list[Any], report: ImportReport) -> None:
    if rows:
        model.objects.filter(pk__in=[row.pk for row in rows]).delete()
    report.count(model._meta.verbose_name, "deleted", len(rows))
