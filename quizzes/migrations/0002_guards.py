"""Triggers for what constraints can't say: no answer after an attempt has closed, no rewriting of what was asked."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION quizzes_attempt_must_be_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    attempt_state text;
BEGIN
    IF TG_TABLE_NAME = 'quizzes_answerfile' THEN
        SELECT attempt.state INTO attempt_state
        FROM quizzes_attempt attempt JOIN quizzes_answer answer ON answer.attempt_id = attempt.id
        WHERE answer.id = NEW.answer_id FOR SHARE OF attempt;
    ELSE
        SELECT state INTO attempt_state FROM quizzes_attempt WHERE id = NEW.attempt_id FOR SHARE;
    END IF;
    IF attempt_state IS DISTINCT FROM 'in_progress' THEN
        RAISE EXCEPTION 'the attempt takes no more answers'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'quizzes_answer_attempt_open';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER quizzes_answer_attempt_open
    BEFORE INSERT OR UPDATE OF response, revision, saved_at, version_id, position, attempt_id ON quizzes_answer
    FOR EACH ROW EXECUTE FUNCTION quizzes_attempt_must_be_open();
CREATE TRIGGER quizzes_answerfile_attempt_open
    BEFORE INSERT OR UPDATE ON quizzes_answerfile
    FOR EACH ROW EXECUTE FUNCTION quizzes_attempt_must_be_open();

CREATE FUNCTION quizzes_version_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of a question never changes'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'quizzes_version_is_final';
END $$;

CREATE TRIGGER quizzes_version_is_final
    BEFORE UPDATE OF number, kind, title, prompt, content, explanation, points ON quizzes_questionversion
    FOR EACH ROW EXECUTE FUNCTION quizzes_version_is_final();
"""
BACKWARD = """
DROP TRIGGER quizzes_version_is_final ON quizzes_questionversion;
DROP FUNCTION quizzes_version_is_final();
DROP TRIGGER quizzes_answerfile_attempt_open ON quizzes_answerfile;
DROP TRIGGER quizzes_answer_attempt_open ON quizzes_answer;
DROP FUNCTION quizzes_attempt_must_be_open();
"""


class Migration(migrations.Migration):
    dependencies = [("quizzes", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
