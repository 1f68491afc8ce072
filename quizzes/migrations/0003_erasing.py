"""The one change that a closed attempt takes: emptying a response, while a person is being erased."""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION quizzes_attempt_must_be_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    attempt_state text;
BEGIN
    IF TG_TABLE_NAME = 'quizzes_answerfile' THEN
        SELECT attempt.state INTO attempt_state
        FROM quizzes_attempt attempt JOIN quizzes_answer answer ON answer.attempt_id = attempt.id
        WHERE answer.id = NEW.answer_id FOR SHARE OF attempt;
    ELSE
        %s
        SELECT state INTO attempt_state FROM quizzes_attempt WHERE id = NEW.attempt_id FOR SHARE;
    END IF;
    IF attempt_state IS DISTINCT FROM 'in_progress' THEN
        RAISE EXCEPTION 'the attempt takes no more answers'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'quizzes_answer_attempt_open';
    END IF;
    RETURN NEW;
END $$;
"""
ERASING = """IF TG_OP = 'UPDATE' AND NEW.response IS NULL AND current_setting('quizzes.erasing', true) = 'on' THEN
            RETURN NEW;
        END IF;"""


class Migration(migrations.Migration):
    dependencies = [("quizzes", "0002_guards")]
    operations = [migrations.RunSQL(FUNCTION % ERASING, FUNCTION % "")]
