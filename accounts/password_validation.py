"""Passwords that an attacker would try: guessable ones by estimation, leaked ones by list. Neither asks a network.

What is on board are two short lists of leaked passwords, Django's (20,000) and zxcvbn's (30,000), of which few have
ten characters or more; the estimation catches their variations. An installation that wants the whole of Have I Been
Pwned names a file of it by LMS_BREACHED_PASSWORDS.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

ESTIMATED_LENGTH = 72  # the estimation takes quadratic time; what follows can only make it harder to guess
LONGEST = 256
HASH_DIGITS = 40


class GuessablePasswordValidator:
    """Refuses what zxcvbn gives less than `min_score` (0 to 4; 3: at least 10^8 guesses), knowing who chooses it."""

    def __init__(self, min_score: int = 3) -> None:
        self.min_score = min_score

    def validate(self, password: str, user: Any = None) -> None:
        from zxcvbn import zxcvbn  # its word lists take a while to load

        if len(password) > LONGEST:
            raise ValidationError(f"A password has at most {LONGEST} characters.", code="password_too_long")
        known = [value for value in (getattr(user, "email", ""), getattr(user, "name", "")) if value]
        result = zxcvbn(password[:ESTIMATED_LENGTH], user_inputs=known, max_length=ESTIMATED_LENGTH)
        if result["score"] < self.min_score:
            reason = result["feedback"]["warning"] or "It is too easy to guess."
            raise ValidationError(f"Choose another password. {reason}", code="password_guessable")

    def get_help_text(self) -> str:
        return "Your password must not be easy to guess: several unrelated words are better than one with digits."


class BreachedPasswordValidator:
    """Refuses what is in the file named by settings.BREACHED_PASSWORDS.

    The file is the one that Have I Been Pwned's downloader writes: a line `SHA1:count` each, ordered by hash. It is
    searched where it lies, in about 35 reads for a billion lines. A file that can't be read is an error, not a pass.
    Raises OSError then.
    """

    def validate(self, password: str, user: Any = None) -> None:
        path = settings.BREACHED_PASSWORDS
        if path and contains(Path(path), hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest()):
            raise ValidationError("This password has been leaked. Choose another one.", code="password_breached")

    def get_help_text(self) -> str:
        return "Your password must not be a known leaked one."


def contains(path: Path, digest: str) -> bool:
    """Whether a file of lines that begin with hashes, in order, has this one. `digest` in hexadecimal."""
    wanted = digest.upper().encode()
    with path.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        # Invariant: the wanted line, if there is one, begins at `low` or after it and before `high`.
        while low < high:
            middle = (low + high) // 2
            file.seek(middle)
            if middle:
                file.seek(middle - 1)
                file.readline()
            begin = file.tell()
            line = file.readline()[:HASH_DIGITS].upper()
            if not line or begin >= high or line > wanted:
                high = middle
            elif line < wanted:
                low = file.tell()
            else:
                return True
    return False
