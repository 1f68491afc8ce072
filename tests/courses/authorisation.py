"""Who may do what with courses. Columns: outsider, stranger, learner, other teacher, assistant, instructor, admin."""

from tests.authorisation import Row

COURSE, LESSON, SECTION = {"slug": "course"}, {"public_id": "lesson"}, {"public_id": "section"}
ENROLLMENT, FILE = {"public_id": "enrollment"}, {"public_id": "file"}
ANY_VERSION = {"If-Match": "*"}

ROWS = {
    # the catalogue is for everybody who is logged in
    "courses_list": Row("401 200 200 200 200 200 200"),
    "courses_retrieve": Row("401 200 200 200 200 200 200", COURSE),
    "courses_outline_retrieve": Row("401 200 200 200 200 200 200", COURSE),
    # making courses needs the role, changing one needs to be its instructor
    "courses_create": Row("401 403 403 201 403 201 201", body={"title": "New"}),
    "courses_update": Row("401 403 403 403 403 200 200", COURSE, {"title": "New"}, ANY_VERSION),
    "courses_publish": Row("401 403 403 403 403 200 200", COURSE),
    "courses_archive": Row("401 403 403 403 403 200 200", COURSE),
    "courses_staff_add": Row(
        "401 403 403 403 403 200 200", COURSE, {"email": "stranger@example.com", "role": "instructor"}
    ),
    "courses_staff_remove": Row("401 403 403 403 403 204 204", {"slug": "course", "public_id": "assistant"}),
    "courses_sections_create": Row("401 403 403 403 403 201 201", COURSE, {"title": "New"}),
    "sections_update": Row("401 403 403 403 403 200 200", SECTION, {"title": "New"}),
    "sections_delete": Row("401 403 403 403 403 409 409", SECTION),
    "sections_lessons_create": Row("401 403 403 403 403 201 201", SECTION, {"title": "New", "kind": "text"}),
    # lessons and files are for those who learn or teach there
    "lessons_retrieve": Row("401 404 200 404 200 200 200", LESSON),
    "lessons_update": Row("401 404 403 404 403 200 200", LESSON, {"title": "New"}, ANY_VERSION),
    "lessons_delete": Row("401 404 403 404 403 204 204", LESSON),
    "lessons_files_upload": Row("401 404 403 404 403 400 400", LESSON, {}, format="multipart"),
    "files_download": Row("401 404 200 404 200 200 200", FILE),
    "files_delete": Row("401 404 403 404 403 204 204", FILE),
    # learning is for the enrolled; staff who aren't enrolled have nothing to complete
    "lessons_completion_create": Row("401 404 200 404 409 409 409", LESSON),
    "lessons_watching": Row("401 404 200 404 409 409 409", {"public_id": "video"}, {"ranges": [[0, 1]]}),
    "courses_enrollment_create": Row("401 201 200 201 201 201 201", COURSE),
    "courses_enrollment_retrieve": Row("401 409 200 409 409 409 409", COURSE),
    "courses_enrollment_destroy": Row("401 409 200 409 409 409 409", COURSE),
    "enrollments_list": Row("401 200 200 200 200 200 200"),
    "enrollments_retrieve": Row("401 404 200 404 404 404 404", ENROLLMENT),
    # seeing learners is for all staff of the course, letting them in and out for its instructors
    "courses_learners_list": Row("401 403 403 403 200 200 200", COURSE),
    "courses_learners_enroll": Row("401 403 403 403 403 200 200", COURSE, {"emails": ["stranger@example.com"]}),
    "enrollments_approve": Row("401 404 404 404 403 200 200", ENROLLMENT),
    "enrollments_remove": Row("401 404 404 404 403 200 200", ENROLLMENT),
}
