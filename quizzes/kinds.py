"""The kinds of questions and how each may be scored."""

from enum import StrEnum


class Kind(StrEnum):
    SINGLE_CHOICE = "single_choice"
    MULTIPLE_CHOICE = "multiple_choice"
    TRUE_FALSE = "true_false"
    NUMERICAL = "numerical"
    SHORT_TEXT = "short_text"
    MATCHING = "matching"
    ORDERING = "ordering"
    FILL_IN = "fill_in"
    ESSAY = "essay"
    FILE_UPLOAD = "file_upload"


GRADED_BY_PEOPLE = frozenset({Kind.ESSAY, Kind.FILE_UPLOAD})


class ChoicePolicy(StrEnum):
    """How several choices become a fraction."""

    ALL_OR_NOTHING = "all_or_nothing"  # the right set, nothing else
    RIGHT_MINUS_WRONG = "right_minus_wrong"  # (right picked − wrong picked) / right ones, at least 0
    EACH_CHOICE = "each_choice"  # share of the choices decided rightly, picked or left
    WEIGHTS = "weights"  # sum of the picked weights, within 0..1


class OrderPolicy(StrEnum):
    ALL_OR_NOTHING = "all_or_nothing"
    POSITIONS = "positions"  # share of items in their place
    PAIRS = "pairs"  # share of pairs in the right relative order


class TextMatch(StrEnum):
    EXACT = "exact"
    IGNORE_CASE = "ignore_case"
    PATTERN = "pattern"  # RE2 syntax, the whole text, case-sensitive unless it says (?i)
