"""The SQL of panels, asked by the reporting role: each answers, and answers for what was chosen."""

import pytest
from django.db import connection
from django.db.utils import ProgrammingError

from deploy.statements import filled_in, statements
from tests.analytics.test_reporting import learned, reader
from tests.quizzes.conftest import finish, instructor, make_quiz, make_user, start, student

__all__ = ["finish", "instructor", "learned", "make_quiz", "make_user", "reader", "start", "student"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.observability]


def test_every_statement_answers_with_what_was_learned_and_is_empty_for_others(reader, learned):
    found = dict(statements())
    assert len(found) >= 8
    everybody = {"course": "'biology'", "learner": "''"}
    one = everybody | {"learner": f"'{learned.public_id}'"}
    nobody = everybody | {"learner": "'somebody else'"}
    for where, statement in found.items():
        assert len(reader.execute(filled_in(statement, everybody).encode()).fetchall()) == 1, where
        assert len(reader.execute(filled_in(statement, one).encode()).fetchall()) == 1, where
        if "${learner" in statement:
            assert reader.execute(filled_in(statement, nobody).encode()).fetchall() == [], where
        if "${course" in statement:
            other = everybody | {"course": "'geology'"}
            assert reader.execute(filled_in(statement, other).encode()).fetchall() == [], where


def test_a_learner_is_never_part_of_the_statement(reader, learned):
    attack = {"course": "'biology'", "learner": "''') OR true --'"}
    for _, statement in statements():
        if "${learner" in statement:
            assert reader.execute(filled_in(statement, attack).encode()).fetchall() == []


def test_a_renamed_column_is_told():
    broken = []
    with connection.cursor() as cursor:
        cursor.execute("ALTER VIEW reporting.quiz_performance RENAME COLUMN percent TO share")
        try:
            for where, statement in statements():
                try:
                    cursor.execute(filled_in(statement))
                except ProgrammingError:
                    broken.append(where)
        finally:
            cursor.execute("ALTER VIEW reporting.quiz_performance RENAME COLUMN share TO percent")
    assert broken == ["panel Student Progress: Quiz performance"]
