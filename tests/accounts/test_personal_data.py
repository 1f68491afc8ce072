"""Handing out and erasing what is stored about a person."""

import json
import os
import subprocess
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from accounts import mail, personal_data, services
from accounts.models import Role, User
from courses.models import Enrollment, LessonProgress
from courses.services import add_lesson, add_section, complete_lesson, create_course, enroll, publish_course
from lms.embedded import postgres_programs

EMAIL, NAME = "zelda.quux@example.org", "Zelda Quuxington"


@pytest.fixture
def person(request):
    """Somebody who has left traces wherever the product keeps any."""
    user = services.create_person(email=EMAIL, name=NAME, password="correct-horse-battery")
    course = create_course(title="Traces", instructors=[])
    lesson = add_lesson(section=add_section(course=course, title="One"), title="Read", kind="text", content="<p>x</p>")
    publish_course(course=course)
    complete_lesson(enrollment=enroll(user=user, course=course), lesson=lesson)
    client = Client()
    answer = client.post(
        "/api/v1/auth/browser/v1/auth/login",
        json.dumps({"email": EMAIL, "password": "correct-horse-battery"}),
        content_type="application/json",
    )
    assert answer.status_code == 200
    user.session_key = client.session.session_key
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    mail.publish(to=EMAIL, subject="Hello", text=f"Dear {NAME}")
    return user


def dump() -> str:
    """The whole test database as SQL, made by the real pg_dump."""
    binaries = postgres_programs()
    settings = connection.settings_dict
    result = subprocess.run(
        [
            binaries / "pg_dump",
            "-h",
            settings["HOST"],
            "-p",
            str(settings["PORT"]),
            "-U",
            settings["USER"],
            "--inserts",
            settings["NAME"],
        ],
        env=os.environ | {"PGPASSWORD": settings["PASSWORD"]},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


@pytest.mark.django_db(transaction=True)
def test_after_erasing_no_table_names_the_person(person):
    old_id = str(person.public_id)
    before = dump()
    assert EMAIL in before
    assert NAME in before
    assert old_id in before
    removed = personal_data.erase_person(person=person)
    after = dump()
    for trace in (EMAIL, NAME, "zelda", "Quuxington", old_id):
        assert trace.lower() not in after.lower()
    assert removed["account"] > 4
    assert not SessionStore().exists(person.session_key)


@pytest.mark.django_db
def test_erasing_keeps_the_learning_that_courses_count(person):
    personal_data.erase_person(person=person)
    assert Enrollment.objects.filter(user=person.pk, state="completed").count() == 1
    assert LessonProgress.objects.filter(enrollment__user=person.pk).count() == 1
    erased = User.objects.get(pk=person.pk)
    assert (erased.name, erased.is_active, erased.has_usable_password()) == ("", False, False)


@pytest.mark.django_db
def test_erasing_twice_changes_nothing(person):
    personal_data.erase_person(person=person)
    once = User.objects.get(pk=person.pk)
    assert set(personal_data.erase_person(person=person).values()) == {0}
    assert User.objects.get(pk=person.pk).public_id == once.public_id


@pytest.mark.django_db
def test_the_last_admin_is_not_erased():
    admin = services.create_person(email="root@example.org", name="Root", role=Role.ADMIN)
    with pytest.raises(Exception, match="last active admin"):
        personal_data.erase_person(person=admin)
    admin.refresh_from_db()
    assert admin.email == "root@example.org"


@pytest.mark.django_db
def test_a_failing_part_leaves_the_person_whole(person, monkeypatch):
    def fail(user):
        raise RuntimeError

    monkeypatch.setitem(personal_data._parts, "zz", personal_data.Part("zz", lambda user: None, fail))
    with pytest.raises(RuntimeError), transaction.atomic():
        personal_data.erase_person(person=person)
    person.refresh_from_db()
    assert person.email == EMAIL
    assert SessionStore().exists(person.session_key)


@pytest.mark.django_db
def test_the_export_holds_account_and_learning_and_no_secret(person):
    out = StringIO()
    call_command("export_person", EMAIL, stdout=out)
    data = json.loads(out.getvalue())
    assert data["account"]["email"] == EMAIL
    assert data["account"]["second_factors"] == ["totp"]
    assert [row["course"] for row in data["courses"]["enrollments"]] == ["traces"]
    assert len(data["courses"]["enrollments"][0]["lessons"]) == 1
    assert person.password not in out.getvalue()
    assert '"secret"' not in out.getvalue()


@pytest.mark.django_db
def test_the_commands_refuse_whom_they_do_not_know():
    for who in ("nobody@example.org", "0b9f9d4e-6c49-4f0c-9d8c-000000000000", "nonsense"):
        with pytest.raises(CommandError):
            call_command("export_person", who, stdout=StringIO())
        with pytest.raises(CommandError):
            call_command("erase_person", who, "--yes", stdout=StringIO())


@pytest.mark.django_db
def test_the_command_asks_before_it_erases(person, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda prompt: "no")
    with pytest.raises(CommandError, match="Nothing was erased"):
        call_command("erase_person", EMAIL, stdout=StringIO())
    call_command("erase_person", EMAIL, "--yes", stdout=StringIO())
    assert not User.objects.filter(email=EMAIL).exists()


@pytest.mark.django_db
def test_the_admin_exports_and_asks_before_erasing(person):
    admin = services.create_person(email="root@example.org", name="Root", role=Role.ADMIN)
    client = Client()
    client.force_login(admin)
    action = {"action": "export_data", "_selected_action": [person.pk]}
    exported = client.post("/admin/accounts/user/", action)
    assert json.loads(exported.content)["account"]["name"] == NAME
    action["action"] = "erase"
    page = client.post("/admin/accounts/user/", action)
    assert b"Erase for ever" in page.content
    assert User.objects.filter(email=EMAIL).exists()
    client.post("/admin/accounts/user/", action | {"confirmed": "yes"})
    assert not User.objects.filter(email=EMAIL).exists()
