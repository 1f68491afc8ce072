"""The dashboard of students: what the metrics count, and what the reporting schema knows of each by public id."""

from grafana_foundation_sdk.builders import dashboard

from deploy.grafana.look import courses, graph, learner, number, table, with_panels

RATE = "$__rate_interval"
PARTS = ("submitted", "on time", "prompt", "recency")
# Both variables of the dashboard; an empty learner means everybody.
CHOSEN = "course IN (${course:sqlstring}) AND ${learner:sqlstring} IN ('', learner::text)"
PROGRESS = f"""
    SELECT learner, course, state, progress, enrolled_at AS "enrolled", last_activity_at AS "last activity",
        completed_at AS "completed"
    FROM reporting.learner_progress WHERE {CHOSEN} ORDER BY last_activity_at DESC NULLS LAST LIMIT 500
"""
KINDS = """
    SELECT kind, sum(lessons) AS lessons, sum(opened) AS opened, sum(completed) AS completed,
        sum(completed)::float / nullif(sum(opened), 0) AS "completion rate"
    FROM reporting.lesson_completion WHERE course IN (${course:sqlstring}) GROUP BY kind ORDER BY kind
"""
QUIZZES = f"""
    SELECT learner, course, quiz_title AS quiz, count(*) AS attempts, max(percent) AS "best result",
        avg(percent) AS "mean result", bool_or(passed) AS passed, max(closed_at) AS "last attempt"
    FROM reporting.quiz_performance WHERE {CHOSEN} AND closed_at IS NOT NULL
    GROUP BY learner, course, quiz, quiz_title ORDER BY max(closed_at) DESC LIMIT 500
"""
ENGAGEMENT = f"""
    SELECT learner, course, state, score, band, items_due AS "items due", submitted, on_time AS "on time",
        prompt, recency, computed_at AS "counted"
    FROM reporting.engagement WHERE {CHOSEN} ORDER BY score NULLS LAST LIMIT 500
"""
CERTIFICATES = f"""
    SELECT learner, course, state, cause, completed_at AS "completed", issued_at AS "issued"
    FROM reporting.certificates WHERE {CHOSEN} ORDER BY issued_at DESC LIMIT 500
"""


def student_progress() -> dashboard.Dashboard:
    panels = [
        number("Lessons today", "sum(increase(lms_lessons_completed_total[24h]))", unit="short",
               about="Lessons completed in 24 hours."),
        number("Attempts passed today", 'sum(increase(lms_quiz_attempts_total{event="passed"}[24h]))', unit="short",
               about="Quiz attempts passed in 24 hours."),
        number("Waiting for a grade", 'max(lms_quiz_attempts_ungraded{by="person"})', unit="short",
               about="Closed attempts that wait for a person.", warning=50),
        graph("Lesson completion by kind", [("sum by (kind) (increase(lms_lessons_completed_total[1h]))", "{{kind}}")],
              unit="short", about="Lessons completed in an hour, by kind."),
        graph("Attempt duration", [("histogram_quantile(0.5, sum by (le, closed_as) "
              f"(rate(lms_quiz_attempt_duration_seconds_bucket[{RATE}])))", "{{closed_as}}")], unit="s",
              about="Median time from start to end of an attempt."),
        graph("Time to grade", [("histogram_quantile(0.95, sum by (le, by) "
              f"(rate(lms_quiz_time_to_grade_seconds_bucket[{RATE}])))", "{{by}}")], unit="s",
              about="95 % of grades arrive within this time after the attempt's end."),
        graph("Certificates issued", [("sum by (cause) (increase(lms_certificates_issued_total[1h]))", "{{cause}}")],
              unit="short", about="Certificates issued in an hour, by cause."),
        graph("Certificate checks", [("sum by (outcome) (increase(lms_certificate_verifications_total[1h]))",
              "{{outcome}}")], unit="short", about="Public verifications in an hour, by answer."),
        graph("Active people", [("role:active_users:count", "{{role}}")], unit="short",
              about="People who did something in the last 5 minutes, by role."),
        graph("Engagement", [("max by (band) (lms_enrollments_by_engagement)", "{{band}}")], unit="short",
              about="Enrollments by band of the engagement score; nobody is scored before something was due."),
        table("Individual progress", PROGRESS, about="Each enrollment, last active first. Learners appear by their "
              "public id; the admin's search finds the person.", units={"progress": "percent"}),
        table("Engagement scores", ENGAGEMENT, about="0 to 100 for each enrollment with its parts, the least engaged "
              "first; docs/engagement.md has the formula.", units=dict.fromkeys(PARTS, "percentunit")),
        table("Lesson completion", KINDS, about="Of the lessons of each kind that were opened, the share completed.",
              units={"completion rate": "percentunit"}, empty="no lesson yet"),
        table("Certificate issuance", CERTIFICATES, about="Certificates by public id, newest first.",
              empty="no certificate yet"),
        table("Quiz performance", QUIZZES, about="Closed attempts of each learner at each quiz.",
              units={"best result": "percent", "mean result": "percent"}, empty="no attempt yet"),
    ]  # fmt: skip
    return with_panels(
        "lms-student-progress",
        "Student Progress",
        "What students achieve, without naming anybody.",
        panels,
        variables=[courses(), learner()],
    )
