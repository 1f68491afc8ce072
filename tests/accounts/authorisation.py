"""Who may do what with people. Columns: outsider, stranger, learner, other teacher, assistant, instructor, admin."""

from tests.authorisation import Row

PERSON = {"public_id": "stranger"}

ROWS = {
    "me_retrieve": Row("401 200 200 200 200 200 200"),
    "me_partial_update": Row("401 200 200 200 200 200 200", body={"name": "New"}),
    "people_list": Row("401 403 403 403 403 403 200"),
    "people_create": Row("401 403 403 403 403 403 201", body={"email": "new@example.com", "name": "New"}),
    "people_retrieve": Row("401 403 403 403 403 403 200", PERSON),
    "people_partial_update": Row("401 403 403 403 403 403 200", PERSON, {"name": "New"}),
    "people_activate_create": Row("401 403 403 403 403 403 200", PERSON),
    "people_deactivate_create": Row("401 403 403 403 403 403 200", PERSON),
}
