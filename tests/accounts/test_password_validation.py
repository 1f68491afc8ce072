"""Which passwords are refused."""

import hashlib
import random

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.password_validation import contains
from tests.accounts.conftest import ApiClient
from tests.accounts.test_flows import SIGNUP


def refusal(password: str, **person: str) -> list[str]:
    try:
        validate_password(password, User(**person))
    except ValidationError as error:
        return sorted(problem.code for problem in error.error_list)
    return []


@pytest.mark.parametrize(
    "password",
    [
        "password123456",
        "Passw0rd!Passw0rd!",
        "qwertyuiop[]",
        "1q2w3e4r5t6y7u8i",
        "iloveyou2026!",
        "aaaaaaaaaaaaaaaa",
        "abcdefghijklmnop",
    ],
)
def test_guessable_passwords_are_refused(password):
    assert "password_guessable" in refusal(password)


@pytest.mark.parametrize(
    "password", ["charlemagne fills the kettle", "v9$kQz!mW2#pLx", "猫が鍵盤の上を歩いている朝です"]
)
def test_others_are_not(password):
    assert refusal(password) == []


def test_ones_own_name_and_address_are_guessable():
    password = "wolfgang.amadeus.mozart"
    assert refusal(password) == []
    assert refusal(password, email="wolfgang.amadeus.mozart@example.org") != []


def test_an_endless_password_is_refused_at_once():
    assert "password_too_long" in refusal("v9$kQz!m" * 100_000)


def test_sign_up_asks_for_a_better_one(db):
    answer = ApiClient("app").auth("POST", "auth/signup", SIGNUP | {"password": "password123456"})
    assert answer.status_code == 400
    assert "password_guessable" in {error["code"] for error in answer.json()["errors"]}
    assert User.objects.count() == 0


@pytest.mark.parametrize("size", [0, 1, 2, 3, 500])
def test_every_line_of_a_leak_is_found_and_nothing_else(tmp_path, size):
    rng = random.Random(size)
    hashes = sorted({hashlib.sha1(str(rng.random()).encode()).hexdigest().upper() for _ in range(size)})
    path = tmp_path / "leak.txt"
    path.write_text("".join(f"{digest}:{rng.randrange(1, 10 ** rng.randrange(1, 9))}\r\n" for digest in hashes))
    assert all(contains(path, digest.lower()) for digest in hashes)
    others = [hashlib.sha1(f"other {n}".encode()).hexdigest() for n in range(500)] + ["0" * 40, "f" * 40]
    assert not any(contains(path, digest) for digest in others)


def test_a_leaked_password_is_refused(tmp_path, settings):
    password = "charlemagne fills the kettle"
    path = tmp_path / "leak.txt"
    path.write_text(hashlib.sha1(password.encode()).hexdigest().upper() + ":7\n")
    assert refusal(password) == []
    settings.BREACHED_PASSWORDS = str(path)
    assert refusal(password) == ["password_breached"]
    settings.BREACHED_PASSWORDS = str(tmp_path / "absent.txt")
    with pytest.raises(FileNotFoundError):
        refusal(password)
