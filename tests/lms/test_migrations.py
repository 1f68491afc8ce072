"""Migrations let the release before go on working: its code runs on the new schema while a deployment is under way."""

from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django_migration_linter.sql_analyser import analyse_sql_statements, get_sql_analyser_class

ROOT = Path(settings.BASE_DIR)
ANALYSER = get_sql_analyser_class(settings.DATABASES["default"]["ENGINE"], "postgresql")
# Nobody ran a release before these.
BEFORE_THE_FIRST_RELEASE: dict[str, set[str]] = {
    "accounts.0002_session_generation": {"NOT_NULL"},
    "courses.0002_dates_seats_files": {"CREATE_INDEX", "NOT_NULL"},
    "courses.0003_imported_policies": {"NOT_NULL"},
    "courses.0004_recent_changes": {"CREATE_INDEX"},
    "outbox.0001_initial": {"CREATE_INDEX"},
    "quizzes.0001_initial": {"CREATE_INDEX"},
    "quizzes.0005_grade_changes_of_submissions": {"CREATE_INDEX"},
}


def statements(migration, state) -> list[str]:
    """What the migration does to the schema; `state` is the one before it, and becomes the one after it."""
    with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
        migration.apply(state, editor, collect_sql=True)
    return [line for line in editor.collected_sql if not line.startswith("--")]


def findings(sql: list[str]) -> set[str]:
    errors, _, warnings = analyse_sql_statements(ANALYSER, sql)
    return {issue.code for issue in (*errors, *warnings)}


@pytest.mark.django_db
def test_no_migration_since_the_first_release_breaks_the_release_before_it():
    loader = MigrationLoader(connection)
    own = {
        config.label for config in apps.get_app_configs() if Path(config.path).parent in (ROOT, ROOT / "observability")
    }
    found = {}
    for label, name in sorted(key for key in loader.graph.nodes if key[0] in own):
        state = loader.project_state((label, name), at_end=False)
        if codes := findings(statements(loader.graph.nodes[label, name], state)):
            found[f"{label}.{name}"] = codes
    assert found == BEFORE_THE_FIRST_RELEASE


BOOK = migrations.CreateModel(
    "Book",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("title", models.CharField(max_length=50)),
        ("pages", models.IntegerField(null=True)),
    ],
)
BREAKING = {
    "a column goes": (migrations.RemoveField("book", "pages"), "DROP_COLUMN"),
    "a table goes": (migrations.DeleteModel("book"), "DROP_TABLE"),
    "a column gets another name": (migrations.RenameField("book", "title", "name"), "RENAME_COLUMN"),
    "a table gets another name": (migrations.AlterModelTable("book", "books"), "RENAME_TABLE"),
    "a column gets another type": (
        migrations.AlterField("book", "pages", models.CharField(max_length=9)),
        "ALTER_COLUMN",
    ),
    "a column must be filled": (migrations.AddField("book", "year", models.IntegerField(default=1)), "NOT_NULL"),
    "a column must be filled from now on": (
        migrations.AlterField("book", "pages", models.IntegerField(default=1)),
        "NOT_NULL",
    ),
    "values must differ": (
        migrations.AddConstraint("book", models.UniqueConstraint(fields=["title"], name="one_title")),
        "ADD_UNIQUE",
    ),
    "an index keeps writers out": (
        migrations.AddIndex("book", models.Index(fields=["title"], name="by_title")),
        "CREATE_INDEX",
    ),
}
HARMLESS = {
    "a table": migrations.CreateModel("Page", [("id", models.BigAutoField(primary_key=True))]),
    "a column that may be empty": migrations.AddField("book", "year", models.IntegerField(null=True)),
    "a column with a default of the database's": migrations.AddField("book", "year", models.IntegerField(db_default=1)),
    "an index made beside the writers": AddIndexConcurrently("book", models.Index(fields=["title"], name="by_title")),
}


def findings_of(operation) -> set[str]:
    state = ProjectState()
    BOOK.state_forwards("library", state)
    migration = migrations.Migration("0002", "library")
    migration.operations, migration.atomic = [operation], not isinstance(operation, AddIndexConcurrently)
    return findings(statements(migration, state))


@pytest.mark.django_db
@pytest.mark.parametrize("change", BREAKING)
def test_what_breaks_the_release_before_is_found(change):
    operation, code = BREAKING[change]
    assert code in findings_of(operation)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", HARMLESS)
def test_what_the_release_before_does_not_notice_passes(change):
    assert findings_of(HARMLESS[change]) == set()
