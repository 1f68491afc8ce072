"""The four dashboards. Each is a list of panels; rates are over `$__rate_interval` unless a rule records them."""

from grafana_foundation_sdk.builders import dashboard

from deploy.grafana.look import courses, graph, lines, number, table, with_panels
from deploy.grafana.students import student_progress

RATE = "$__rate_interval"
HTTP = "django_http_responses_total_by_status_view_method_total"
SUSPICIONS = (
    "brute_force|password_spraying|enumeration|bulk_download|token_reused|quiz_from_two_addresses|quiz_too_fast"
)
AUTHENTICATION = "login_succeeded|login_failed|lockout|mfa_failed|recovery_code_used"
CHANGES = (
    "password_reset_asked|password_reset_used|password_changed|email_verified|email_rejected|mfa_enabled|mfa_disabled"
    "|permission_changed|personal_data_exported"
)
PROGRESS = """
    SELECT course, count(*) AS enrolled, count(*) FILTER (WHERE state = 'active') AS active,
        count(*) FILTER (WHERE state = 'completed') AS completed, count(*) FILTER (WHERE state = 'dropped') AS dropped,
        avg((state = 'completed')::int) AS "completion rate", avg(progress) AS "mean progress"
    FROM reporting.learner_progress WHERE course IN (${course:sqlstring}) GROUP BY course
    ORDER BY enrolled DESC LIMIT 200
"""
WORKLOAD = """
    SELECT instructor, courses, active_students AS "active students", ungraded_items AS "waiting",
        oldest_ungraded_at AS "oldest since", median_seconds_to_grade AS "median time to grade",
        p90_seconds_to_grade AS "90 % graded within", graded_per_week AS "graded a week"
    FROM reporting.instructor_workload ORDER BY ungraded_items DESC LIMIT 200
"""
ERRORS = '{service_name="lms"} | json | level=~"ERROR|CRITICAL"'
SECURITY = '{service_name="lms"} | json | logger="observability.security"'
PROXY = '{service_name="proxy"} | level=~"(?i)(warn|error|crit|alert|emerg).*"'
RESETS = "headless:.*:request_password_reset|auth:account.reset_password.*"
LATENCY = "django_http_requests_latency_seconds_by_view_method"


def course_performance() -> dashboard.Dashboard:
    panels = [
        number("Active students", 'max(lms_active_users{role="student",window="5m"})', unit="short",
               about="Students who did something in the last 5 minutes."),
        number("Enrollments today", "sum(increase(lms_enrollments_total[24h]))", unit="short",
               about="New enrollments in 24 hours, from every source."),
        number("Courses completed today", "sum(increase(lms_course_completions_total[24h]))", unit="short",
               about="Enrollments that completed their course in 24 hours."),
        number("Quiz pass rate", "site:quiz_passes:ratio_rate1h", unit="percentunit",
               about="Passed share of attempts graded in the last hour."),
        number("Attempts in progress", "max(lms_quiz_attempts_in_progress)", unit="short",
               about="Quiz attempts that are open now."),
        number("Certificates today", "sum(increase(lms_certificates_issued_total[24h]))", unit="short",
               about="Certificates issued in 24 hours."),
        graph("API requests", [("api:http_responses:rate5m", "requests"), ("api:http_errors:rate5m", "server errors")],
              unit="reqps", about="Requests to the API and those that ended in a server error."),
        graph("API latency", [(f"api:http_request_duration_seconds:p{q}_rate5m", f"p{q}") for q in (50, 95, 99)],
              unit="s", about="Estimated from buckets; the alert uses the exact share above 2 s.", critical=2),
        graph("Requests above 2 s", [("api:http_requests_slow:ratio_rate5m", "share")], unit="percentunit",
              about="Exact share of requests slower than 2 s; 5 % pages.", critical=0.05),
        graph("Lessons completed", [(f"sum by (kind) (rate(lms_lessons_completed_total[{RATE}]))", "{{kind}}")],
              unit="ops", about="Lessons completed each second, by kind."),
        graph("Enrollments and completions", [("site:enrollments:rate1h * 3600", "enrolled"),
              ("site:course_completions:rate1h * 3600", "completed")], unit="short",
              about="People who enrolled, and who completed a course, in an hour."),
        graph("Enrollment changes", [(f"sum by (change) (rate(lms_enrollment_changes_total[{RATE}]))", "{{change}}")],
              unit="ops", about="Requested, declined, dropped, expired and resumed enrollments."),
        graph("Quiz attempts", [("event:quiz_attempts:rate5m", "{{event}}")], unit="ops",
              about="What happens to attempts, each second."),
        graph("Quiz scores", [(f"histogram_quantile(0.5, sum by (le) (rate(lms_quiz_score_ratio_bucket[{RATE}])))",
              "median")], unit="percentunit", about="Median share of points in graded attempts."),
        graph("Waiting for a grade", [("max by (by) (lms_quiz_attempts_ungraded)", "{{by}}")], unit="short",
              about="Closed attempts without a grade: the instructors' work (person) and the worker's (machine)."),
        graph("Instructors' queues", [("max(lms_instructor_ungraded_items_max)", "longest queue"),
              ("max(lms_instructors_with_ungraded_items)", "people with a queue")], unit="short",
              about="The most items that wait for one person, and how many people have something to grade."),
        graph("Slowest grading", [("max(lms_instructor_time_to_grade_median_max_seconds)", "slowest median")], unit="s",
              about="The longest median time to a grade, over those who graded in 90 days."),
        graph("Contradictions in the data", [("max by (kind) (lms_inconsistencies)", "{{kind}}")], unit="short",
              about="Findings of the last consistency check; each should be zero.", warning=1),
        graph("Error budgets", [("slo:errors:ratio_rate1h", "{{slo}}")], unit="percentunit",
              about="Failed share of each journey over one hour; the budget is 0.5 %.", warning=0.005, critical=0.072),
        graph("Active people", [("role:active_users:count", "{{role}}")], unit="short",
              about="People who did something in the last 5 minutes, by role."),
        graph("Certificates", [(f"sum by (cause) (rate(lms_certificates_issued_total[{RATE}])) * 3600", "{{cause}}")],
              unit="short", about="Certificates issued an hour, by cause."),
        graph("Completion of courses", [("max by (course) (lms_course_completion_ratio)", "{{course}}")],
              unit="percentunit", about="Completed of those who began, for the ten courses that most people began and "
              "the rest together."),
        graph("Drop-out", [("max by (course) (lms_course_drop_out_ratio)", "{{course}}")], unit="percentunit",
              about="Dropped and expired of those who began, for the same courses."),
        graph("Engagement", [("max by (band) (lms_enrollments_by_engagement)", "{{band}}")], unit="short",
              about="Enrollments by band of the engagement score, over all courses."),
        graph("Progress", [("max by (tenth) (lms_enrollments_by_progress)", "{{tenth}}")], unit="short",
              about="Enrollments that began, by tenth of the course completed: 0 has hardly begun, 9 is nearly done."),
        table("Progress overview", PROGRESS, about="Enrollments of each course by state, and how far they are.",
              units={"completion rate": "percentunit", "mean progress": "percent"}, empty="no course yet"),
        table("Instructors' workload", WORKLOAD, about="What waits for each instructor, by public id, longest queue "
              "first; the times are of the last 90 days.",
              units={"median time to grade": "s", "90 % graded within": "s"},
              empty="nobody has anything to grade"),
    ]  # fmt: skip
    return with_panels(
        "lms-course-performance",
        "Course Performance",
        "How learning goes, and how the API serves it.",
        panels,
        variables=[courses()],
    )


def system_health() -> dashboard.Dashboard:
    at = '{instance=~"$instance"}'
    panels = [
        number("Ready", 'min(probe_success{probe="readiness"})', unit="bool_yes_no",
               about="The database and Redis answer.", empty="not probed"),
        number("Targets down", "count(up == 0) or vector(0)", unit="short", about="Targets out of reach.",
               critical=1),
        number("Workers", "max(celery_workers)", unit="short", about="Celery workers that answer."),
        number("Queue", "max(celery_queue_messages)", unit="short", about="Messages that wait for a worker.",
               warning=100),
        number("Outbox", 'max(lms_outbox_messages{state="pending"})', unit="short",
               about="Messages that wait for delivery.", warning=100),
        number("Server errors", "api:http_errors:ratio_rate5m", unit="percentunit",
               about="Share of API requests that fail.", warning=0.02, critical=0.05),
        graph("Answers that failed", [("api:http_errors:ratio_rate5m", "API"), ("pages:http_errors:ratio_rate5m",
              "pages")], unit="percentunit", about="Share of answers that are errors of ours (5xx).",
              warning=0.02, critical=0.05),
        graph("Host CPU", [(f"instance:cpu:utilisation{at}", "{{instance}}")], unit="percentunit",
              about="Busy share of all CPUs.", warning=0.7),
        graph("Host memory", [(f"instance:memory:utilisation{at}", "{{instance}}")], unit="percentunit",
              about="Share of memory that isn't available.", warning=0.7),
        graph("Disks", [(f"instance:disk:utilisation{at}", "{{instance}} {{mountpoint}}")], unit="percentunit",
              about="Used share of each data disk.", warning=0.7),
        graph("Newest backup", [("max(lms_backup_age_seconds)", "age")], unit="s",
              about="Age of the newest complete backup.", warning=93600),
        graph("TLS certificates", [('min by (instance) (probe_ssl_earliest_cert_expiry{probe="tls"}) - time()',
              "{{instance}}")], unit="s", about="How long the certificate of each public address is still valid.",
              warning=14 * 86400, critical=2 * 86400, empty="no HTTPS address is probed"),
        graph("Requests by status", [(f"sum by (status) (rate({HTTP}[{RATE}]))", "{{status}}")], unit="reqps",
              about="All requests by status."),
        graph("Slowest views (p95)", [(f"topk(5, histogram_quantile(0.95, sum by (le, view) (rate({LATENCY}_bucket"
              f"[{RATE}]))))", "{{view}}")], unit="s", about="The five views with the highest p95.", critical=2),
        graph("API latency", [(f"api:http_request_duration_seconds:p{q}_rate5m", f"p{q}") for q in (95, 99)], unit="s",
              about="p95 and p99 over the API's views.", critical=2),
        graph("Database pools", [("pool:db_client_connections:utilisation", "{{job}} {{instance}}")],
              unit="percentunit", about="Fullest pool of each process tree.", warning=0.7, critical=0.9),
        graph("Waiting for a connection", [("sum by (job) (db_client_connection_pending_requests)", "{{job}}")],
              unit="short", about="Requests that wait for a connection: the earliest sign of a full pool.", warning=1),
        graph("PostgreSQL connections", [("server:postgres_connections:utilisation", "{{instance}}")],
              unit="percentunit", about="Share of max_connections.", warning=0.7),
        graph("Redis memory", [("redis_memory_used_bytes", "used"), ("redis_memory_max_bytes", "limit")], unit="bytes",
              about="Memory used by Redis and its limit."),
        graph("Redis connections", [("redis_connected_clients", "{{instance}}")], unit="short",
              about="Clients connected to Redis."),
        graph("Tasks", [(f"sum by (state) (rate(celery_tasks_total[{RATE}]))", "{{state}}")], unit="ops",
              about="Celery tasks by state."),
        graph("Queue over time", [("max by (queue) (celery_queue_messages)", "{{queue}}"),
              ("max(celery_unacknowledged_messages)", "being worked on")], unit="short",
              about="Messages waiting and messages held by workers.", warning=100),
        graph("Files", [(f"sum by (direction) (rate(lms_file_bytes_total[{RATE}]))", "{{direction}}")], unit="Bps",
              about="Uploaded and downloaded bytes."),
        graph("File transfers", [(f"sum by (direction, outcome) (rate(lms_file_transfers_total[{RATE}]))",
              "{{direction}} {{outcome}}")], unit="ops", about="Uploads and downloads by outcome."),
        graph("Memory by process", [("process_proportional_memory_bytes", "{{role}} {{slot}}")], unit="bytes",
              about="A slope over days is a leak.", width=12, since="7d"),
        graph("Open files by process", [("process_open_fds", "{{role}} {{slot}}")], unit="short",
              about="A slope over days is a leak.", width=12, since="7d"),
        graph("Growth of memory", [("delta(process_proportional_memory_bytes[6h])", "{{role}} {{slot}}")],
              unit="bytes", about="What each process gained within six hours; one that has warmed up stays near zero.",
              width=12, since="7d"),
        graph("Threads by process", [("process_threads", "{{role}} {{slot}}")], unit="short",
              about="A slope over days is a leak.", width=12, since="7d"),
        graph("Largest paint (p75)", [("page:web_vitals_lcp_seconds:p75_1h", "{{page}}")], unit="s", width=6,
              about="Three of four readers saw the largest thing of the page by then (LCP), over an hour: good to "
              "2.5 s, poor above 4 s.", warning=2.5, critical=4, empty="no browser reported yet"),
        graph("Response to a touch (p75)", [("page:web_vitals_inp_seconds:p75_1h", "{{page}}")], unit="s", width=6,
              about="Three of four readers waited at most so long for the page to react (INP): good to 0.2 s, "
              "poor above 0.5 s.", warning=0.2, critical=0.5, empty="no browser reported yet"),
        graph("Jumps of the layout (p75)", [("page:web_vitals_cls:p75_1h", "{{page}}")], unit="short", width=6,
              about="How much the page moved under three of four readers at most (CLS): good to 0.1, poor above 0.25.",
              warning=0.1, critical=0.25, empty="no browser reported yet"),
        graph("Errors in pages", [("kind:page_errors:rate1h * 3600", "{{kind}}")], unit="short", width=6,
              about="What browsers reported to have failed in an hour, by kind; Sentry has the scripts' errors."),
        lines("Errors", ERRORS, about="Lines of the LMS and its workers that somebody has to look at; a request's id "
              "leads to all its lines. May be empty: nothing failed.", empty="no errors"),
        lines("Proxy", PROXY, about="What went wrong before the application: upstreams, and handshakes that failed. "
              "May be empty: nothing failed.", empty="no errors"),
    ]  # fmt: skip
    return with_panels(
        "lms-system-health", "System Health", "Whether the parts work, and which one is short of what.", panels
    )


def security_events() -> dashboard.Dashboard:
    panels = [
        number("Login success", "site:logins:success_ratio_rate5m", unit="percentunit",
               about="Share of logins that succeed: below a half, most who try are not who they say.", warning=0.8,
               critical=0.5),
        number("Failed logins today", 'sum(increase(lms_logins_total{result!="succeeded"}[24h]))', unit="short",
               about="Failed logins in 24 hours."),
        number("Refused today", "sum(increase(lms_throttled_total[24h]))", unit="short",
               about="Requests refused by a limit in 24 hours."),
        number("Worst source", "max(security_failed_logins_per_source_max)", unit="short",
               about="Failed logins within a minute of the source that has the most; above 10 pages.", critical=10),
        number("Sources above the limit today", "sum(increase(security_failed_login_threshold_crossed_total[24h]))",
               unit="short", about="Times that one source failed more than 10 logins within a minute, in 24 hours.",
               warning=1),
        graph("Logins", [(f"sum by (result) (rate(lms_logins_total[{RATE}])) * 60", "{{result}}")], unit="short",
              about="Logins a minute, by result.", warning=30),
        graph("Limits hit", [("topk(5, limit:throttled:rate5m * 60)", "{{limit}}")], unit="short",
              about="Refused requests a minute, by limit: the five that refuse most.", warning=5),
        graph("401 and 403", [(f'sum by (status) (rate({HTTP}{{status=~"401|403"}}[{RATE}]))', "{{status}}")],
              unit="reqps", about="Requests without a login, and without the right."),
        graph("429", [(f'topk(5, sum by (view) (rate({HTTP}{{status="429"}}[{RATE}])) or 0 * sum by (view) '
              f"(rate({HTTP}[{RATE}])))", "{{view}}")], unit="reqps",
              about="Requests refused by a limit: the five views that refuse most."),
        graph("Suspicions", [(f'sum by (event) (increase(security_events_total{{event=~"{SUSPICIONS}"}}[1h]))',
              "{{event}}")], unit="short", about="Several events that together look like an attack, in an hour.",
              warning=1, empty="nothing was suspected"),
        graph("Authentication", [(f'sum by (event) (rate(security_events_total{{event=~"{AUTHENTICATION}"}}[{RATE}]))'
              " * 60", "{{event}}")], unit="short", about="Successes and failures of each step of a login, a minute."),
        graph("Account changes", [(f'sum by (event) (increase(security_events_total{{event=~"{CHANGES}"}}[1h]))',
              "{{event}}")], unit="short", about="Passwords, addresses, second factors and rights changed in an hour."),
        graph("Lost security records", [(f"sum by (reason) (rate(security_records_lost_total[{RATE}]))", "{{reason}}")],
              unit="ops", about="Events that were counted and logged but left no record.", warning=0.001),
        graph("Password resets", [(f'sum by (view) (rate({HTTP}{{view=~"{RESETS}"}}[{RATE}]))', "{{view}}")],
              unit="reqps", about="Resets asked for and carried out."),
        graph("Second factor", [(f'sum by (status) (rate({HTTP}{{view=~"auth:mfa.authenticate.*"}}[{RATE}]))',
              "{{status}}")], unit="reqps", about="Codes of second factors, by answer."),
        graph("Sign-ups and verifications", [("sum(increase(lms_signups_total[1h]))", "signed up"),
              ("sum(increase(lms_emails_verified_total[1h]))", "verified")], unit="short",
              about="Sign-ups and verified addresses in an hour."),
        graph("Role changes", [("sum by (role) (increase(lms_role_changes_total[1h]))", "{{role}}")], unit="short",
              about="Role changes in an hour, by the new role."),
        lines("Security log", SECURITY, about="Each security event, with its source."),
    ]  # fmt: skip
    return with_panels(
        "lms-security-events", "Security Events", "Who tries what; sources are in the security log.", panels
    )


DASHBOARDS = {
    "course-performance": course_performance,
    "student-progress": student_progress,
    "system-health": system_health,
    "security-events": security_events,
}
