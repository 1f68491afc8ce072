"""Real files of others: every item is accounted for, as a question or under its own kind's name."""

import tarfile
from collections import Counter

import pytest

from quizzes.importers import olx, read_questions
from quizzes.importers.items import Parsed

GIFT = {
    "category1.gift": ({}, {"category": 1}),
    "description1.gift": ({"true_false": 1}, {"description": 1}),
    "descriptionWithID.gift": ({"true_false": 1}, {"description": 1}),
    "escapeColon.gift": ({"single_choice": 1}, {}),
    "essay1.gift": ({"essay": 1}, {}),
    "giftFormatPhpExamples.gift": (
        {"matching": 1, "numerical": 2, "short_text": 2, "single_choice": 4, "true_false": 1},
        {},
    ),
    "matching1.gift": ({"matching": 2}, {}),
    "mc2.gift": ({"single_choice": 1}, {}),
    "mc5.gift": ({"single_choice": 4}, {}),
    "multiLineFeedback1.gift": ({"single_choice": 2}, {}),
    "newlineAndLaTeX.gift": ({"essay": 1}, {}),
    "options1.gift": (
        {"multiple_choice": 2, "numerical": 1, "short_text": 4, "single_choice": 6, "true_false": 1},
        {},
    ),
    "shortAnswer2.gift": ({"short_text": 2}, {}),
    "shortFirstEmbedded.gift": ({"short_text": 2}, {}),
    "shortFirstEmbeddedUnderlineHTML.gift": ({"short_text": 2}, {}),
    "tag_id.gift": ({"essay": 1}, {}),
    "tag_two_tags.gift": ({"essay": 1}, {}),
    "tf1_html.gift": ({"true_false": 1}, {}),
    "tf2.gift": ({"true_false": 2}, {}),
    "totara_moodle_essay.gift": ({"essay": 1}, {}),
    "totara_moodle_multichoice.gift": ({"single_choice": 1}, {}),
    "totara_moodle_numerical.gift": ({"numerical": 1}, {}),
    "totara_moodle_shortanswer.gift": ({"short_text": 1}, {}),
    "totara_moodle_truefalse.gift": ({"true_false": 1}, {}),
    "totara_moodle_truefalse_true_answer2.gift": ({"true_false": 1}, {}),
}
TRIVIA = {
    "geography.txt": {"single_choice": 783, "true_false": 59},
    "literature.txt": {"single_choice": 1163, "true_false": 125},
    "science-technology.txt": {"single_choice": 2148, "true_false": 338},
}


def counts(parsed: Parsed) -> tuple[dict, dict]:
    summary = parsed.as_dict()
    assert summary["found"] == sum(summary["imported"].values()) + sum(summary["not_imported"].values())
    return summary["imported"], summary["not_imported"]


def test_no_gift_file_is_left_out(shared_data):
    assert {path.name for path in (shared_data / "gift").iterdir()} == set(GIFT)


@pytest.mark.parametrize("name", GIFT)
def test_gift_files(shared_data, name):
    assert counts(read_questions(shared_data / "gift" / name)) == GIFT[name]


@pytest.mark.parametrize("name", TRIVIA)
def test_trivia_files(shared_data, name):
    data = (shared_data / "trivia" / name).read_bytes()
    parsed = read_questions(shared_data / "trivia" / name)
    assert counts(parsed) == (TRIVIA[name], {})
    assert parsed.found == sum(line.startswith(b"#Q") for line in data.split(b"\n"))


def test_all_qti_files_as_one_directory(shared_data):
    parsed = read_questions(shared_data / "qti")
    assert counts(parsed) == (
        {
            "essay": 4, "fill_in": 5, "matching": 2, "multiple_choice": 2, "ordering": 1, "single_choice": 3,
            "true_false": 3,
        },
        {"assessmentTest": 2, "associateInteraction": 1, "manifest": 2, "missing file": 16},
    )  # fmt: skip
    documents = {item.source for item in parsed.questions + parsed.skipped if item.source.endswith(".xml")}
    files = {path.relative_to(shared_data / "qti").as_posix() for path in (shared_data / "qti").rglob("*.xml")}
    assert files <= documents


@pytest.mark.parametrize(
    ("export", "imported", "not_imported"),
    [
        (
            "olx-example",
            {"multiple_choice": 2, "numerical": 2, "short_text": 1, "single_choice": 4},
            {"customresponse": 5, "formularesponse": 6},
        ),
        ("openedx-core-contributor", {"multiple_choice": 7, "single_choice": 7}, {}),
        ("openedx-intro", {"multiple_choice": 1}, {}),
    ],
)
def test_olx_problems(shared_data, export, imported, not_imported):
    found, skipped = Counter(), Counter()
    with tarfile.open(shared_data / f"{export}.olx.tar.gz") as archive:
        for member in archive:
            if "/problem/" in member.name and member.name.endswith(".xml"):
                kinds, others = counts(olx.parse(archive.extractfile(member).read(), member.name))
                found.update(kinds)
                skipped.update(others)
    assert (dict(found), dict(skipped)) == (imported, not_imported)


def test_damaged_lines_keep_what_can_be_read(shared_data):
    prompts = {q.prompt for q in read_questions(shared_data / "trivia" / "geography.txt").questions}
    assert "What is the capital of Afghanistan?" in prompts
    parsed = read_questions(shared_data / "trivia" / "literature.txt")
    assert parsed.notes == ["2 lines were not UTF-8 and were read as Windows-1252 where they weren't"]
    assert not any("\ufffd" in question.prompt for question in parsed.questions)
