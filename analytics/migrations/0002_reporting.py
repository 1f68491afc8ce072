"""The SQL views of the schema `reporting`: what may be shown about learning, to a role that reads nothing else.

People appear by their public id only: the admin's search resolves it. Certificates come without their serial: whoever
knows one may read the name on the certificate. The views read with the rights of their owner, so that a reader needs
none on any table. deploy/postgres/reporting_role.sql makes the role.
"""

from django.db import migrations

VIEWS = """
CREATE SCHEMA IF NOT EXISTS reporting;

CREATE OR REPLACE VIEW reporting.learner_progress AS
SELECT learner.public_id AS learner, course.slug AS course, enrollment.state, enrollment.progress,
    enrollment.enrolled_at, enrollment.completed_at, enrollment.last_activity_at
FROM courses_enrollment enrollment
JOIN accounts_user learner ON learner.id = enrollment.user_id
JOIN courses_course course ON course.id = enrollment.course_id;

CREATE OR REPLACE VIEW reporting.lesson_completion AS
SELECT course.slug AS course, lesson.kind, count(DISTINCT lesson.id) AS lessons,
    count(progress.id) AS opened, count(progress.completed_at) AS completed
FROM courses_lesson lesson
JOIN courses_section section ON section.id = lesson.section_id
JOIN courses_course course ON course.id = section.course_id
LEFT JOIN courses_lessonprogress progress ON progress.lesson_id = lesson.id
WHERE lesson.published
GROUP BY course.slug, lesson.kind;

CREATE OR REPLACE VIEW reporting.quiz_performance AS
SELECT learner.public_id AS learner, course.slug AS course, quiz.public_id AS quiz, lesson.title AS quiz_title,
    attempt.number AS attempt, attempt.state, attempt.percent, attempt.passed,
    attempt.started_at, attempt.closed_at, attempt.graded_at
FROM quizzes_attempt attempt
JOIN courses_enrollment enrollment ON enrollment.id = attempt.enrollment_id
JOIN accounts_user learner ON learner.id = enrollment.user_id
JOIN quizzes_quiz quiz ON quiz.id = attempt.quiz_id
JOIN courses_lesson lesson ON lesson.id = quiz.lesson_id
JOIN courses_course course ON course.id = enrollment.course_id;

CREATE OR REPLACE VIEW reporting.certificates AS
SELECT learner.public_id AS learner, course.slug AS course, certificate.state, certificate.cause,
    certificate.completed_at, certificate.issued_at
FROM certificates_certificate certificate
JOIN accounts_user learner ON learner.id = certificate.user_id
JOIN courses_course course ON course.id = certificate.course_id;

CREATE OR REPLACE VIEW reporting.instructor_workload AS
SELECT instructor.public_id AS instructor, workload.courses, workload.active_students, workload.ungraded_items,
    workload.oldest_ungraded_at, workload.median_seconds_to_grade, workload.p90_seconds_to_grade,
    workload.graded_per_week, workload.computed_at
FROM analytics_instructorworkload workload
JOIN accounts_user instructor ON instructor.id = workload.user_id;

CREATE OR REPLACE VIEW reporting.consistency AS
SELECT kind, found, checked_at FROM analytics_consistencycheck;
"""

DROP = """
DROP VIEW IF EXISTS reporting.learner_progress, reporting.lesson_completion, reporting.quiz_performance,
    reporting.certificates, reporting.instructor_workload, reporting.consistency;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("analytics", "0001_workload_and_consistency"),
        ("accounts", "0003_service_tokens"),
        ("courses", "0003_imported_policies"),
        ("quizzes", "0003_erasing"),
        ("certificates", "0001_initial"),
    ]

    operations = [migrations.RunSQL(VIEWS, DROP)]
