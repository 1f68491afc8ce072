"""Reads the data set's CSV files, plain or gzipped. Days count from the start of the presentation; `?` is missing."""

import csv
import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lms.oulad.calendar import opening

Presentation = tuple[str, str]  # module and presentation, such as AAA and 2013J
FILES = {
    "courses": ("code_module", "code_presentation", "module_presentation_length"),
    "assessments": ("code_module", "code_presentation", "id_assessment", "assessment_type", "date"),
    "studentInfo": ("code_module", "code_presentation", "id_student", "final_result"),
    "studentRegistration": (
        "code_module", "code_presentation", "id_student", "date_registration", "date_unregistration",
    ),
    "studentAssessment": ("id_assessment", "id_student", "date_submitted", "is_banked", "score"),
}  # fmt: skip


MISSING = ("?", "")
RESULTS = ("Pass", "Distinction", "Fail", "Withdrawn")


class OuladError(Exception):
    """The directory is not the data set; the message is one line that says where."""


@dataclass(frozen=True)
class Assessment:
    """`due` is None for exams without a date."""

    key: str
    presentation: Presentation
    kind: str
    due: int | None


@dataclass(frozen=True)
class Submission:
    """`score` is a percentage. Banked work was handed in at an earlier presentation."""

    day: int
    banked: bool
    score: float | None


@dataclass
class Learner:
    """One registration. `left` is the day of withdrawing."""

    presentation: Presentation
    student: str
    result: str
    registered: int | None = None
    left: int | None = None
    submissions: dict[str, Submission] = field(default_factory=dict)


@dataclass
class Dataset:
    lengths: dict[Presentation, int]
    assessments: dict[str, Assessment]
    learners: dict[tuple[Presentation, str], Learner]


def read(directory: Path) -> Dataset:
    """Raises OuladError."""
    data = Dataset({}, {}, {})
    for name, take in (
        ("courses", _course),
        ("assessments", _assessment),
        ("studentInfo", _learner),
        ("studentRegistration", _registration),
        ("studentAssessment", _submission),
    ):
        _each(directory, name, partial(take, data))
    return data


def _each(directory: Path, name: str, take: Callable[[dict[str, str]], None]) -> None:
    """What `take` finds wrong with a row, it says by ValueError."""
    path = next((path for suffix in (".csv", ".csv.gz") if (path := directory / (name + suffix)).is_file()), None)
    if path is None:
        raise OuladError(f"{directory} has no {name}.csv and no {name}.csv.gz")
    number = 1
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = [column for column in FILES[name] if column not in (reader.fieldnames or [])]
            if missing:
                raise OuladError(f"{path.name} has no column {missing[0]}")
            for row in reader:
                number = reader.line_num
                if any(row[column] is None for column in FILES[name]):
                    raise ValueError("too few columns")
                take(row)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as error:
        raise OuladError(f"{path.name} cannot be read: {error}") from error
    except ValueError as error:
        raise OuladError(f"{path.name}, line {number}: {error}") from error


def _course(data: Dataset, row: dict[str, str]) -> None:
    days = int(row["module_presentation_length"])
    if days <= 0:
        raise ValueError(f"a length of {days} days")
    opening(row["code_presentation"])
    data.lengths[_presentation(row)] = days


def _assessment(data: Dataset, row: dict[str, str]) -> None:
    key = row["id_assessment"]
    _known(data, row)
    data.assessments[key] = Assessment(key, _presentation(row), row["assessment_type"], _day(row["date"]))


def _learner(data: Dataset, row: dict[str, str]) -> None:
    presentation, student = _presentation(row), row["id_student"]
    _known(data, row)
    if row["final_result"] not in RESULTS:
        raise ValueError(f"{row['final_result']!r} is no result")
    if (presentation, student) in data.learners:
        raise ValueError(f"student {student} a second time")
    data.learners[presentation, student] = Learner(presentation, student, row["final_result"])


def _registration(data: Dataset, row: dict[str, str]) -> None:
    learner = data.learners.get((_presentation(row), row["id_student"]))
    if learner is None:
        raise ValueError(f"studentInfo lacks student {row['id_student']}")
    learner.registered, learner.left = _day(row["date_registration"]), _day(row["date_unregistration"])


def _submission(data: Dataset, row: dict[str, str]) -> None:
    assessment = data.assessments.get(row["id_assessment"])
    if assessment is None:
        raise ValueError(f"assessments lacks {row['id_assessment']}")
    learner = data.learners.get((assessment.presentation, row["id_student"]))
    if learner is None:
        raise ValueError(f"studentInfo lacks student {row['id_student']}")
    score = None if row["score"] in MISSING else float(row["score"])
    if score is not None and not 0 <= score <= 100:
        raise ValueError(f"a score of {row['score']}")
    learner.submissions[assessment.key] = Submission(int(row["date_submitted"]), row["is_banked"] == "1", score)


def _known(data: Dataset, row: dict[str, str]) -> None:
    if _presentation(row) not in data.lengths:
        raise ValueError(f"courses lacks {' '.join(_presentation(row))}")


def _presentation(row: dict[str, str]) -> Presentation:
    return row["code_module"], row["code_presentation"]


def _day(text: str) -> int | None:
    return None if text in MISSING else int(text)
