"""A backup is complete or isn't there, and what is restored from it is what was there."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from lms.backup.archive import BackupError, measured, newest, read, verify
from lms.backup.create import prune
from tests.system import ROOT, wait_for

pytestmark = pytest.mark.timeout(180)
LESSON_FILE = b"a video of a lesson " * 4000


class Site:
    """A database of its own at the tests' server, a directory of files, and the command line."""

    def __init__(self, directory: Path, name: str) -> None:
        self.media, self.backups = directory / name, directory / "backups"
        self.name = name
        url = urlsplit(os.environ["DATABASE_URL"])
        self.server = url._replace(path="/postgres").geturl()
        self.url = url._replace(path=f"/{name}").geturl()
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', self.server)
        self.sql(f'CREATE DATABASE "{name}"', self.server)

    def drop(self) -> None:
        self.sql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)', self.server)

    def sql(self, statement: str, url: str = "") -> list[tuple]:
        with psycopg.connect(url or self.url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "manage.py", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        own = {"DATABASE_URL": self.url, "LMS_MEDIA_ROOT": str(self.media), "LMS_BACKUP_DIR": str(self.backups)}
        return os.environ | own

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )

    def refused(self, *arguments: str) -> str:
        """The one line that a command which fails says last."""
        result = self.manage(*arguments)
        assert result.returncode == 1, result.stderr
        assert "Traceback" not in result.stderr
        return result.stderr.strip().splitlines()[-1]

    def rows(self) -> dict[str, int]:
        tables = self.sql(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('public', 'reporting')"
        )
        return {table: self.sql(f"SELECT count(*) FROM {table}")[0][0] for (table,) in tables}

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.media)): path.read_bytes() for path in self.media.rglob("*") if path.is_file()
        }


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("backup"), "backup_original")
    assert site.manage("migrate", "--verbosity", "0").returncode == 0
    assert site.manage("import_course", "lms/demo/sample_course", "--publish").returncode == 0
    (site.media / "courses" / "deep").mkdir(parents=True)
    (site.media / "courses" / "deep" / "lesson.mp4").write_bytes(LESSON_FILE)
    yield site
    site.drop()


@pytest.fixture(scope="module")
def backup(original) -> Path:
    result = original.manage("backup")
    assert result.returncode == 0, result.stderr
    assert "dumping the database" in result.stderr
    return Path(result.stdout.strip())


@pytest.fixture
def empty(tmp_path):
    site = Site(tmp_path, "backup_restored")
    yield site
    site.drop()


def damaged(backup: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(backup, tmp_path / "damaged"))


def test_every_row_and_file_comes_back_and_the_schema_is_this_release_s(original, backup, empty):
    result = empty.manage("restore", str(backup))
    assert result.returncode == 0, result.stderr
    assert empty.rows() == original.rows()
    assert empty.rows()["public.courses_lesson"] > 0
    assert empty.files() == original.files()
    assert empty.files()["courses/deep/lesson.mp4"] == LESSON_FILE
    assert empty.sql("SELECT count(*) FROM pg_views WHERE schemaname = 'reporting'") == original.sql(
        "SELECT count(*) FROM pg_views WHERE schemaname = 'reporting'"
    )

    # What is there gives way only when that is said; a refused restore changes nothing.
    empty.sql("DELETE FROM django_session")
    empty.sql("CREATE TABLE left_over (id int)")
    (empty.media / "newer.txt").write_text("newer")
    assert "--replace discards" in empty.refused("restore", str(backup))
    assert "newer.txt" in empty.files()
    assert "public.left_over" in empty.rows()
    assert empty.manage("restore", str(backup), "--replace").returncode == 0
    assert (empty.rows(), empty.files()) == (original.rows(), original.files())
    assert [path.name for path in empty.media.iterdir() if path.name.startswith(".")] == []


def test_a_restore_that_fails_leaves_the_old_database_and_files(backup, empty, tmp_path):
    """A dump whose data break in the middle, with checksums that agree: what is discarded comes back."""
    broken = damaged(backup, tmp_path)
    content = (broken / "database.dump").read_bytes()
    (broken / "database.dump").write_bytes(content[: len(content) * 2 // 3])
    manifest = json.loads((broken / "manifest.json").read_text())
    part = measured(broken / "database.dump")
    manifest["parts"]["database.dump"] = {"bytes": part.bytes, "sha256": part.sha256}
    (broken / "manifest.json").write_text(json.dumps(manifest))
    empty.sql("CREATE TABLE precious AS SELECT 1 AS id")
    empty.media.mkdir()
    (empty.media / "precious.txt").write_text("precious")
    assert "failed" in empty.refused("restore", str(broken), "--replace")
    assert empty.rows() == {"public.precious": 1}
    assert empty.files() == {"precious.txt": b"precious"}


def test_a_damaged_backup_is_refused_before_anything_is_touched(backup, empty, tmp_path):
    broken = damaged(backup, tmp_path)
    with (broken / "files.tar").open("r+b") as part:
        part.seek(700)
        part.write(b"\x00\xff")
    assert "files.tar isn't what was written" in empty.refused("restore", str(broken))
    assert empty.rows() == {}
    (broken / "files.tar").unlink()
    with pytest.raises(BackupError, match=r"files\.tar can't be read"):
        verify(broken, read(broken), print)


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("no JSON", "can't be read"),
        ("[]", "no backup of the LMS"),
        ('{"format": "other"}', "no backup of the LMS"),
        ('{"format": "lms-backup", "version": 2}', "version 2"),
        ('{"format": "lms-backup", "version": 1}', "damaged"),
        ('{"format": "lms-backup", "version": 1, "parts": {"../x": {"bytes": 1, "sha256": ""}}}', "damaged"),
    ],
)
def test_a_foreign_backup_is_refused(manifest, reason, tmp_path):
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(BackupError, match=reason):
        read(tmp_path)


def test_a_backup_names_secrets_and_holds_none(original, backup):
    secrets = json.loads((backup / "manifest.json").read_text())["secrets"]
    assert {"DJANGO_SECRET_KEY", "DATABASE_URL", "LMS_BADGE_KEY"} <= set(secrets)
    assert os.environ["DJANGO_SECRET_KEY"].encode() not in b"".join(path.read_bytes() for path in backup.iterdir())
    assert {path.stat().st_mode & 0o077 for path in [backup, *backup.iterdir()]} == {0}


def test_a_killed_backup_never_looks_like_one_and_the_next_clears_it_away(original, tmp_path):
    """Killed while pg_dump waits for a table that somebody holds."""
    target = tmp_path / "killed"
    with psycopg.connect(original.url) as connection:
        connection.execute("LOCK TABLE courses_lesson IN ACCESS EXCLUSIVE MODE")
        running = subprocess.Popen(
            original.command("backup", "--to", str(target)),
            cwd=ROOT,
            env=original.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_for(lambda: list(target.glob(".unfinished-*/database.dump")), seconds=60, what="a dump that began")
            assert "another backup is being written" in original.refused("backup", "--to", str(target))
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    assert newest(target) is None
    assert [path.name[:12] for path in target.iterdir() if path.is_dir()] == [".unfinished-"]
    assert original.manage("backup", "--to", str(target)).returncode == 0
    assert [path.name[:4] for path in target.iterdir() if path.is_dir()] == ["lms-"]


def test_older_complete_backups_are_removed_and_nothing_else(backup, tmp_path):
    made = []
    for day in range(1, 5):
        copy = shutil.copytree(backup, tmp_path / f"lms-{day}")
        manifest = json.loads((copy / "manifest.json").read_text()) | {"taken_at": f"2026-01-0{day}T00:00:00+00:00"}
        (copy / "manifest.json").write_text(json.dumps(manifest))
        made.append(copy)
    (made[1] / "database.dump").write_bytes(b"damaged")
    (tmp_path / "notes").mkdir()
    assert prune(tmp_path, 2) == [made[0]]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["lms-2", "lms-3", "lms-4", "notes"]
    assert prune(tmp_path, 2) == []


def test_a_backup_without_a_database_says_so_in_one_line_and_leaves_nothing(original, tmp_path):
    target = tmp_path / "none"
    url = urlsplit(original.url)
    environment = original.environment | {"DATABASE_URL": url._replace(path="/backup_of_nothing").geturl()}
    result = subprocess.run(
        original.command("backup", "--to", str(target), "--skip-checks"),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.strip().splitlines()[-1].startswith("CommandError: the database doesn't answer")
    assert [path for path in target.iterdir() if path.is_dir()] == []


@pytest.mark.observability
def test_the_age_of_the_newest_complete_backup_is_measured(backup, settings, tmp_path):
    from lms.metrics import backup_age_seconds

    settings.BACKUP_DIR = ""
    assert math.isnan(backup_age_seconds())
    settings.BACKUP_DIR = str(tmp_path)
    assert backup_age_seconds() == math.inf
    older = Path(shutil.copytree(backup, tmp_path / "older"))
    manifest = json.loads((older / "manifest.json").read_text())
    (older / "manifest.json").write_text(json.dumps(manifest | {"taken_at": "2026-01-01T00:00:00+00:00"}))
    long_ago = backup_age_seconds()
    shutil.copytree(backup, tmp_path / "newer")
    assert 0 <= backup_age_seconds() < long_ago
    (tmp_path / "newer" / "files.tar").write_bytes(b"")
    assert backup_age_seconds() >= long_ago
