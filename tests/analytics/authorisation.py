"""Who may read which analytics. Columns: outsider, stranger, learner, other teacher, assistant, instructor, admin."""

from tests.authorisation import Row

COURSE = {"slug": "course"}

ROWS = {
    # a course's numbers are for its staff
    "courses_analytics_retrieve": Row("401 403 403 403 200 200 200", COURSE),
    "courses_engagement_list": Row("401 403 403 403 200 200 200", COURSE),
    "courses_learners_export": Row("401 403 403 403 200 200 200", COURSE),
    # one's own work for those who teach, everybody's and the site for admins
    "workload_retrieve": Row("401 403 403 200 403 200 200"),
    "workloads_list": Row("401 403 403 403 403 403 200"),
    "platform_retrieve": Row("401 403 403 403 403 403 200"),
}
