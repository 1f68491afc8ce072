"""Serial numbers."""

import pytest

from certificates.serials import ALPHABET, GROUP_LENGTH, GROUPS, new_serial, normalise


def test_a_serial_has_125_random_bits():
    assert len(set(ALPHABET)) == 32
    assert GROUPS * GROUP_LENGTH * 5 == 125
    serials = {new_serial() for _ in range(2000)}
    assert len(serials) == 2000
    letters = "".join(serials).replace("-", "")
    assert set(letters) == set(ALPHABET), "every letter occurs in 50,000"
    assert {normalise(serial) for serial in serials} == serials


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("abcde-fghjk-mnpqr-stvwx-yz012", "ABCDE-FGHJK-MNPQR-STVWX-YZ012"),
        ("ABCDEFGHJKMNPQRSTVWXYZ012", "ABCDE-FGHJK-MNPQR-STVWX-YZ012"),
        (" abcde fghjk mnpqr stvwx yzoil ", "ABCDE-FGHJK-MNPQR-STVWX-YZ011"),
        ("ABCDE-FGHJK-MNPQR-STVWX-YZ01", None),
        ("ABCDE-FGHJK-MNPQR-STVWX-YZ0U2", None),
        ("", None),
        ("../../etc/passwd", None),
        ("\x00" * 25, None),
    ],
)
def test_what_a_person_types_finds_the_stored_serial_or_nothing(typed, stored):
    assert normalise(typed) == stored
