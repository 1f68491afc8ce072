"""Fixtures that every test may use."""

import os
import sys
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.system import System

OF_OBSERVABILITY = ("observability", "deploy", "bare_project", "docs", "drill", "panels", "preview")

# They take long, and what they ask of the LMS has nothing to do with who listens to its signals.
SAME_WITHOUT_OBSERVABILITY = (
    "accounts/test_fuzz.py",
    "certificates/test_killed_workers.py",
    "certificates/test_parallel.py",
    "lms/test_api_fuzz.py",
    "lms/test_api_stateful.py",
    "lms/test_authorisation.py",
    "lms/test_backup.py",
    "lms/test_mass_assignment.py",
    "lms/test_seed_demo.py",
    "quizzes/test_parallel.py",
)

# Whatever begins last holds up the end of a parallel run by files.
LONGEST_FIRST = (
    "drill/",
    "browser/test_operations.py",
    "lms/test_outages.py",
    "deploy/test_proxy.py",
    "lms/test_demo.py",
    "browser/test_quiz.py",
)

# Not even imported where the app is left out: importing it is half of installing it.
collect_ignore = list(OF_OBSERVABILITY) if os.environ.get("LMS_OBSERVABILITY") == "0" else []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever tests observability or what is deployed around it needs the app; the markers follow from the place."""
    root = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(root)
        if place.parts[0] in OF_OBSERVABILITY:
            item.add_marker("observability")
        if place.as_posix() in SAME_WITHOUT_OBSERVABILITY:
            item.add_marker("once")
    items.sort(key=lambda item: _turn(item.path.relative_to(root).as_posix()))


def _turn(place: str) -> int:
    return next((number for number, long in enumerate(LONGEST_FIRST) if place.startswith(long)), len(LONGEST_FIRST))


class ByFile(LoadFileScheduling):
    """A parallel run keeps a file's tests in one process, and all of the drills', which share one world."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/drill" if nodeid.startswith("tests/drill/") else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile | None:
    # Not by groups: xdist 3.8 writes them into node ids, where pytest 9.2 doesn't look for them.
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(autouse=True)
def _clean_cache():
    """Counters and limits of one test never reach the next, whatever it used them by."""
    yield
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(autouse=True)
def _no_measuring_between_tests():
    """Nor does the thread of the facts, which a scrape starts, use the database of the next."""
    yield
    if facts := sys.modules.get("observability.facts"):
        facts.stop()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real course exports and data sets that are not part of the repository."""
    path = Path(os.environ["LMS_SHARED_DATA"])
    if not path.is_dir():
        pytest.skip(f"no shared data at {path} (set LMS_SHARED_DATA)")
    return path


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory):
    """The real web, worker, beat and Flower processes, started once for all tests that ask."""
    with System(tmp_path_factory.mktemp("system")) as running:
        yield running
