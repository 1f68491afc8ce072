"""Roles, state and who may change them."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from drf_spectacular.generators import SchemaGenerator

from accounts import services, signals
from accounts.models import Role, User
from core.errors import Conflict, Unprocessable
from tests.accounts.conftest import PASSWORD, ApiClient
from tests.at_once import at_once


def logged_in(user: User) -> ApiClient:
    client = ApiClient("app")
    assert client.login(user.email).status_code == 200
    return client


@pytest.mark.parametrize("fixture", ["person", "instructor"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/{id}"),
        ("PATCH", "/{id}"),
        ("POST", "/{id}/deactivate"),
        ("POST", "/{id}/activate"),
    ],
)
def test_only_admins_reach_people(request, fixture, method, path):
    user = request.getfixturevalue(fixture)
    path = "/api/v1/people" + path.format(id=user.public_id)
    assert logged_in(user).call(method, path, {}).status_code == 403
    assert ApiClient("app").call(method, path, {}).status_code == 401
    user.refresh_from_db()
    assert user.is_active


def test_an_admin_lists_filters_and_searches(administrator, person, instructor):
    admin = logged_in(administrator)
    found = admin.call("GET", "/api/v1/people").json()
    assert [p["email"] for p in found["results"]] == ["ina@example.org", "ada@example.org", "root@example.org"]
    by_role = admin.call("GET", "/api/v1/people?role=instructor").json()["results"]
    assert [p["id"] for p in by_role] == [str(instructor.public_id)]
    assert admin.call("GET", "/api/v1/people?search=ada").json()["count"] == 1
    assert admin.call("GET", "/api/v1/people?is_active=false").json()["count"] == 0
    assert admin.call("GET", "/api/v1/people?role=emperor").status_code == 400


def test_listing_people_takes_the_same_queries_for_few_and_many(administrator, django_assert_num_queries):
    for number in range(30):
        services.create_person(email=f"p{number}@example.org", name="P")
    admin = logged_in(administrator)
    admin.call("GET", "/api/v1/people?page_size=2")
    with django_assert_num_queries(3) as few:  # user, count, page
        admin.call("GET", "/api/v1/people?page_size=2")
    with django_assert_num_queries(len(few.captured_queries)):
        admin.call("GET", "/api/v1/people?page_size=30")


def test_an_admin_changes_a_role_and_it_takes_effect_at_once(administrator, person):
    theirs = logged_in(person)
    admin = logged_in(administrator)
    answer = admin.call("PATCH", f"/api/v1/people/{person.public_id}", {"role": "instructor"})
    assert (answer.status_code, answer.json()["role"]) == (200, "instructor")
    assert theirs.call("GET", "/api/v1/me").status_code == 401
    assert logged_in(person).call("GET", "/api/v1/me").json()["role"] == "instructor"


def test_nobody_gives_themselves_a_role(person):
    answer = logged_in(person).call("PATCH", "/api/v1/me", {"name": "Ada L.", "role": "admin", "is_superuser": True})
    assert answer.status_code == 400
    assert sorted(answer.json()["errors"]) == ["is_superuser", "role"]
    person.refresh_from_db()
    assert (person.name, person.role, person.is_superuser) == ("Ada", "student", False)


def test_an_admin_cannot_reach_other_fields_either(administrator, person):
    answer = logged_in(administrator).call("PATCH", f"/api/v1/people/{person.public_id}", {"email": "x@example.org"})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_deactivation_ends_sessions_and_refuses_new_ones(administrator, person):
    theirs = logged_in(person)
    admin = logged_in(administrator)
    assert admin.call("POST", f"/api/v1/people/{person.public_id}/deactivate").json()["is_active"] is False
    assert theirs.call("GET", "/api/v1/me").status_code == 401
    assert ApiClient("app").login(person.email).status_code == 401
    admin.call("POST", f"/api/v1/people/{person.public_id}/activate")
    assert theirs.call("GET", "/api/v1/me").status_code == 401
    assert logged_in(person).call("GET", "/api/v1/me").status_code == 200


def test_an_admin_adds_a_person(administrator):
    admin = logged_in(administrator)
    new = {"email": "New@Example.org", "name": "New", "role": "instructor"}
    answer = admin.call("POST", "/api/v1/people", new)
    assert (answer.status_code, answer.json()["email"], answer.json()["role"]) == (201, "new@example.org", "instructor")
    assert not User.objects.get(email="new@example.org").has_usable_password()
    again = admin.call("POST", "/api/v1/people", new | {"email": "NEW@example.org"})
    assert (again.status_code, again.json()["code"]) == (409, "email_taken")


def test_an_unknown_person_is_a_problem_body(administrator):
    answer = logged_in(administrator).call("GET", "/api/v1/people/00000000-0000-0000-0000-000000000000")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_last_admin_stays(administrator, person):
    admin = logged_in(administrator)
    for answer in (
        admin.call("PATCH", f"/api/v1/people/{administrator.public_id}", {"role": "student"}),
        admin.call("POST", f"/api/v1/people/{administrator.public_id}/deactivate"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    services.change_role(person=person, role=Role.ADMIN)
    services.deactivate(person=administrator, by=person)
    with pytest.raises(Conflict):
        services.deactivate(person=person)


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_demote_each_other_leave_one():
    people = [services.create_person(email=f"a{n}@example.org", name="A", role=Role.ADMIN) for n in range(2)]
    calls = [lambda person=person: services.change_role(person=person, role=Role.STUDENT) for person in people]
    errors = [error for error in at_once(calls) if isinstance(error, Exception)]
    assert [(type(error), error.code) for error in errors] == [(Conflict, "last_admin")]
    assert User.objects.filter(role=Role.ADMIN).count() == 1


def test_a_role_change_is_announced_once_with_who_did_it(administrator, person, django_capture_on_commit_callbacks):
    heard = []

    def hear(sender, *, user, previous, by, **kwargs):
        heard.append((user.pk, user.role, previous, by.pk))

    signals.role_changed.connect(hear)
    with django_capture_on_commit_callbacks(execute=True):
        services.change_role(person=person, role=Role.INSTRUCTOR, by=administrator)
        services.change_role(person=person, role=Role.INSTRUCTOR, by=administrator)
    signals.role_changed.disconnect(hear)
    assert heard == [(person.pk, "instructor", Role.STUDENT, administrator.pk)]


def test_an_unknown_role_is_refused(person):
    with pytest.raises(Unprocessable):
        services.change_role(person=person, role="emperor")


def test_a_demoted_superuser_is_no_superuser(person):
    boss = User.objects.create_superuser("boss@example.org", PASSWORD)
    services.change_role(person=person, role=Role.ADMIN)
    services.change_role(person=boss, role=Role.STUDENT)
    boss.refresh_from_db()
    assert (boss.is_superuser, boss.is_staff, boss.has_perm("accounts.change_user")) == (False, False, False)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=boss.pk).update(is_superuser=True)


def test_createsuperuser_makes_an_admin_who_can_log_in(db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--noinput", "--email", "Boss@Example.org", verbosity=0)
    boss = User.objects.get()
    assert (boss.email, boss.role, boss.is_staff) == ("boss@example.org", "admin", True)
    assert logged_in(boss).call("GET", "/api/v1/people").status_code == 200


def test_the_database_keeps_addresses_unique_in_any_case(person):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="ADA@example.org")


def test_the_schema_shows_every_way_to_authenticate(capsys):
    schema = SchemaGenerator(api_version="v1").get_schema(request=None, public=True)
    assert {"name": "X-Session-Token", "in": "header", "type": "apiKey"}.items() <= schema["components"][
        "securitySchemes"
    ]["sessionToken"].items()
    operation = schema["paths"]["/api/v1/people"]["get"]
    assert operation["security"] == [{"sessionToken": []}, {"serviceToken": []}, {"cookieAuth": []}]
    assert [line for line in capsys.readouterr().err.splitlines() if "accounts" in line] == []
