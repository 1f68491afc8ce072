"""The reporting role, made by the committed script and logged in as: the views, and nothing else."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import User
from analytics import workload
from analytics.consistency import check
from analytics.engagement import refresh
from analytics.models import Inconsistency
from certificates import services as certificates
from certificates.models import IssueCause
from lms.embedded import postgres_programs
from tests.certificates.conftest import complete_silently

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "postgres" / "reporting_role.sql"
PSQL = postgres_programs() / "psql"
PASSWORD = "a long 'quoted' password"
VIEWS = {
    "certificates": "learner course state cause completed_at issued_at",
    "consistency": "kind found checked_at",
    "course_tallies": "course measure value count",
    "engagement": "learner course state score band items_due submitted on_time prompt recency formula_version "
    "computed_at",
    "instructor_workload": "instructor courses active_students ungraded_items oldest_ungraded_at "
    "median_seconds_to_grade p90_seconds_to_grade graded_per_week computed_at",
    "learner_progress": "learner course state progress enrolled_at completed_at last_activity_at",
    "lesson_completion": "course kind lessons opened completed",
    "quiz_performance": "learner course quiz quiz_title attempt state percent passed started_at closed_at graded_at",
}
pytestmark = pytest.mark.django_db(transaction=True)


def run_script(password: str | None = PASSWORD) -> subprocess.CompletedProcess[str]:
    given = connection.settings_dict
    environment = {
        "PATH": os.environ["PATH"],
        "PGHOST": given["HOST"],
        "PGPORT": str(given["PORT"]),
        "PGUSER": given["USER"],
        "PGPASSWORD": given["PASSWORD"],
        "PGDATABASE": given["NAME"],
    }
    if password is not None:
        environment["LMS_REPORTING_PASSWORD"] = password
    return subprocess.run(
        [PSQL, "-X", "-f", SCRIPT], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def log_in(password: str = PASSWORD) -> psycopg.Connection:
    given = connection.settings_dict
    return psycopg.connect(
        host=given["HOST"],
        port=given["PORT"],
        dbname=given["NAME"],
        user="lms_reporting",
        password=password,
        autocommit=True,
    )


@pytest.fixture
def reader() -> Iterator[psycopg.Connection]:
    done = run_script()
    assert (done.returncode, done.stderr) == (0, "")
    with log_in() as session:
        yield session
    with connection.cursor() as cursor:
        cursor.execute("DROP OWNED BY lms_reporting")
        cursor.execute("DROP ROLE lms_reporting")


@pytest.fixture
def learned(make_quiz, finish, student, instructor) -> User:
    """A student with a graded attempt, a completed course and a certificate."""
    finish(student, make_quiz(), {1: "a", 2: "secret answer"})
    enrollment = student.enrollments.get()
    if enrollment.state != "completed":
        complete_silently(student, enrollment.course)
    certificates.issue(enrollment=enrollment, cause=IssueCause.CLAIMED)
    workload.refresh()
    refresh.everybody()
    check([Inconsistency.ATTEMPTS_STUCK])
    return student


def test_it_reads_every_view_by_public_ids_and_finds_no_name_or_address(reader, learned, instructor):
    found = reader.execute(
        "SELECT table_name, string_agg(column_name, ' ' ORDER BY ordinal_position) FROM information_schema.columns "
        "WHERE table_schema = 'reporting' GROUP BY table_name"
    )
    assert dict(found.fetchall()) == VIEWS
    rows = {view: reader.execute(f"SELECT * FROM {view}").fetchall() for view in VIEWS}
    assert {view: len(row) for view, row in rows.items()} == dict.fromkeys(VIEWS, 1) | {"course_tallies": 4}
    assert rows["engagement"][0][:6] == (learned.public_id, "biology", "completed", None, "none", 0)
    assert sorted(rows["course_tallies"]) == [
        ("biology", "band", "none", 1),
        ("biology", "completed", "quiz", 1),
        ("biology", "state", "completed", 1),
        ("biology", "tenth", "9", 1),
    ]
    assert rows["learner_progress"][0][0] == learned.public_id
    assert rows["learner_progress"][0][1:4] == ("biology", "completed", 100)
    assert rows["lesson_completion"] == [("biology", "quiz", 1, 1, 1)]
    assert rows["quiz_performance"][0][4:8] == (1, "graded", 100, True)
    assert rows["instructor_workload"][0][:2] == (instructor.public_id, 1)
    everything = str(rows)
    for person in (learned, instructor):
        assert person.email not in everything
        assert repr(person.name) not in everything
    assert learned.certificates.get().serial not in everything


REFUSED = [
    "SELECT * FROM public.accounts_user",
    "SELECT * FROM public.courses_enrollment",
    "SELECT * FROM public.django_session",
    "SELECT * FROM public.certificates_certificate",
    "SELECT * FROM pg_catalog.pg_authid",
    "SELECT * FROM pg_catalog.pg_shadow",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "CREATE TEMPORARY TABLE t (a int)",
    "CREATE TABLE public.t (a int)",
    "CREATE TABLE reporting.t (a int)",
    "CREATE SCHEMA other",
    "CREATE FUNCTION reporting.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE ROLE other",
    "CREATE DATABASE other",
    "SELECT lo_create(0)",
    "INSERT INTO reporting.consistency VALUES ('progress_drift', 0, now())",
    "UPDATE reporting.consistency SET found = 0",
    "DELETE FROM reporting.consistency",
    "TRUNCATE public.courses_enrollment",
    "DROP VIEW reporting.consistency",
    "ALTER ROLE lms_reporting SUPERUSER",
    "SET ROLE lms",
]


def test_it_is_refused_everything_else(reader):
    reader.execute("SET default_transaction_read_only = off")  # a role may undo its own settings; rights must hold

    def answer(statement: str) -> str:
        try:
            reader.execute(statement)
        except psycopg.Error as error:
            return type(error).__name__
        return "allowed"

    answers = {statement: answer(statement) for statement in REFUSED}
    assert answers == dict.fromkeys(REFUSED, "InsufficientPrivilege")


def test_it_can_not_hand_on_what_it_may_read(reader):
    rights = "SELECT relacl::text FROM pg_class WHERE oid = 'reporting.consistency'::regclass"
    before = reader.execute(rights).fetchone()
    reader.execute("SET default_transaction_read_only = off")
    reader.execute("GRANT SELECT ON reporting.consistency TO PUBLIC")  # a warning: nothing was granted
    assert reader.execute(rights).fetchone() == before


def test_it_begins_read_only_with_a_deadline(reader):
    shown = [reader.execute(f"SHOW {name}").fetchone() for name in ("transaction_read_only", "statement_timeout")]
    assert shown == [("on",), ("15s",)]


def test_again_it_changes_the_password_and_nothing_else(reader):
    assert run_script("another password, as long").returncode == 0
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        log_in()
    with log_in("another password, as long") as session:
        assert session.execute("SELECT count(*) FROM consistency").fetchone() == (0,)


def test_without_a_password_it_refuses_and_makes_no_role():
    for password in (None, "", "short"):
        done = run_script(password)
        assert done.returncode != 0
        assert "LMS_REPORTING_PASSWORD is not set" in done.stderr
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = 'lms_reporting'")
        assert cursor.fetchone() == (0,)


def test_a_view_of_a_later_migration_is_readable_at_once(reader):
    with connection.cursor() as cursor:
        cursor.execute("CREATE VIEW reporting.later AS SELECT 1 AS one")
        try:
            assert reader.execute("SELECT one FROM later").fetchone() == (1,)
        finally:
            cursor.execute("DROP VIEW reporting.later")


def test_migrating_needs_no_right_to_make_roles(learned):
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE plain_owner NOCREATEROLE NOSUPERUSER")
        try:
            cursor.execute(
                "GRANT CREATE ON DATABASE "
                + connection.ops.quote_name(connection.settings_dict["NAME"])
                + " TO plain_owner"
            )
            cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain_owner")
            executor = MigrationExecutor(connection)
            migration = executor.loader.get_migration("analytics", "0002_reporting")
            statements = migration.operations[0].sql
            assert "ROLE" not in statements.upper().replace("PLAIN_OWNER", "")
            cursor.execute("SET ROLE plain_owner")
            cursor.execute(statements.replace("reporting", "reporting_of_plain_owner"))
            cursor.execute("SELECT count(*) FROM reporting_of_plain_owner.learner_progress")
            assert cursor.fetchone() == (1,)
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP SCHEMA IF EXISTS reporting_of_plain_owner CASCADE")
            cursor.execute("DROP OWNED BY plain_owner")
            cursor.execute("DROP ROLE plain_owner")


def test_the_admin_finds_a_person_by_the_id_that_a_view_shows(reader, learned, administrator, client):
    shown = reader.execute("SELECT learner FROM learner_progress").fetchone()[0]
    client.force_login(administrator)
    page = client.get("/admin/accounts/user/", {"q": str(shown)}).content.decode()
    assert learned.email in page
    assert administrator.email not in page.split("result_list", 1)[1]
