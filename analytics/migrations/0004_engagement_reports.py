"""Engagement and the tallies of courses in the schema `reporting`: by public id and slug, never by name."""

from django.db import migrations

VIEWS = """
CREATE OR REPLACE VIEW reporting.engagement AS
SELECT learner.public_id AS learner, course.slug AS course, enrollment.state, engagement.score, engagement.band,
    engagement.items_due, engagement.submitted, engagement.on_time, engagement.prompt, engagement.recency,
    engagement.formula_version, engagement.computed_at
FROM analytics_engagement engagement
JOIN courses_enrollment enrollment ON enrollment.id = engagement.enrollment_id
JOIN accounts_user learner ON learner.id = enrollment.user_id
JOIN courses_course course ON course.id = enrollment.course_id;

CREATE OR REPLACE VIEW reporting.course_tallies AS
SELECT course.slug AS course, tally.measure, tally.value, tally.count
FROM analytics_coursetally tally
JOIN courses_course course ON course.id = tally.course_id;
"""
DROP = "DROP VIEW IF EXISTS reporting.engagement, reporting.course_tallies;"


class Migration(migrations.Migration):

    dependencies = [("analytics", "0003_engagement")]

    operations = [migrations.RunSQL(VIEWS, DROP)]
