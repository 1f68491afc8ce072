"""Merging the watched ranges of a video."""

import pytest

from courses.watching import merge, seconds


@pytest.mark.parametrize(
    ("groups", "merged", "total"),
    [
        ([], [], 0),
        ([[(0, 10)], [(20, 30)]], [(0, 10), (20, 30)], 20),
        ([[(20, 30)], [(0, 10)], [(10, 20)]], [(0, 30)], 30),
        ([[(0, 30)], [(5, 6)]], [(0, 30)], 30),
        ([[(0, 5.5)], [(5, 6)]], [(0, 6)], 6),
    ],
)
def test_ranges_are_merged_to_the_fewest(groups, merged, total):
    assert merge(*groups) == merged
    assert seconds(merge(*groups)) == total
