"""The README's tour shows every picture of the table, and each says to those who don't see it what is on it."""

import re

from PIL import Image

from tests.system import ROOT
from tests.tour.pictures import DIRECTORY, EVERY, MOST_BYTES

SHOWN = dict(re.findall(r"!\[([^\]]+)\]\(docs/tour/(\w+)\.png\)", (ROOT / "README.md").read_text()))


def test_every_picture_is_shown_once_with_words_and_none_is_left_over():
    names = {picture.name for picture in EVERY}
    assert sorted(SHOWN.values()) == sorted(names)
    assert {path.stem for path in DIRECTORY.iterdir()} == names
    assert all(len(words) > 20 for words in SHOWN)


def test_each_is_small_and_a_picture():
    for picture in EVERY:
        assert picture.file.stat().st_size <= MOST_BYTES
        assert Image.open(picture.file).size[0] >= 1000
