"""The Django admin: the same way in as everywhere, and people changed through the services."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts import services
from accounts.models import Role, User
from tests.accounts.conftest import PASSWORD, ApiClient
from tests.accounts.test_flows import totp_now

LOGIN = "/admin/login/"


def enter(email: str, password: str = PASSWORD, code: str = "", client: Client | None = None, **extra):
    client = client or Client()
    return client, client.post(
        LOGIN, {"username": email, "password": password, "code": code, "next": "/admin/"}, **extra
    )


@pytest.fixture
def site(administrator) -> Client:
    client, response = enter(administrator.email)
    assert response.status_code == 302
    return client


def test_an_admin_logs_in_and_others_do_not(administrator, person, instructor):
    client, response = enter(administrator.email.upper())
    assert (response.status_code, response["Location"]) == (302, "/admin/")
    assert client.get("/admin/").status_code == 200
    for user in (person, instructor):
        client, response = enter(user.email)
        assert response.status_code == 200
        assert client.get("/admin/").status_code == 302


def test_an_unverified_admin_does_not_log_in(administrator):
    administrator.emailaddress_set.update(verified=False)
    client, _ = enter(administrator.email)
    assert client.get("/admin/").status_code == 302


def test_the_second_factor_is_needed_here_too(administrator):
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    TOTP.activate(administrator, secret)
    for code in ("", "000000"):
        client, response = enter(administrator.email, code=code)
        assert response.status_code == 200
        assert client.get("/admin/").status_code == 302
    client, response = enter(administrator.email, code=totp_now(secret))
    assert response.status_code == 302
    assert client.get("/admin/").status_code == 200


def test_failures_here_and_at_the_api_share_one_limit(administrator):
    for number in range(3):
        enter(administrator.email, "wrong", REMOTE_ADDR=f"192.0.2.{number}")
    for number in range(2):
        ApiClient("app", address=f"192.0.2.{10 + number}").login(administrator.email, "wrong password")
    client, _ = enter(administrator.email, REMOTE_ADDR="192.0.2.77")
    assert client.get("/admin/").status_code == 302
    cache.clear()
    client, _ = enter(administrator.email, REMOTE_ADDR="192.0.2.77")
    assert client.get("/admin/").status_code == 200


def test_guessing_the_old_password_in_here_is_limited_too(site, administrator):
    new = "charlemagne fills the kettle"
    form = {"old_password": "wrong", "new_password1": new, "new_password2": new}
    statuses = [site.post("/admin/password_change/", form).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    cache.clear()
    assert site.post("/admin/password_change/", form | {"old_password": PASSWORD}).status_code == 302


def test_a_login_here_is_in_the_session_list(site, administrator):
    assert administrator.usersession_set.count() == 1


def test_people_are_found_by_address_name_and_public_id(site, person, instructor):
    url = reverse("admin:accounts_user_changelist")
    for query in ("ada@", "Ada", str(person.public_id)):
        page = site.get(url, {"q": query}).content.decode()
        assert "ada@example.org" in page
        assert "ina@example.org" not in page
    assert "ada@example.org" not in site.get(url, {"role__exact": "instructor"}).content.decode()


def test_the_list_of_people_takes_the_same_queries_for_few_and_many(site, django_assert_num_queries):
    url = reverse("admin:accounts_user_changelist")
    site.get(url)
    with django_assert_num_queries(3) as few:
        site.get(url)
    for number in range(20):
        services.create_person(email=f"p{number}@example.org", name="P")
    with django_assert_num_queries(len(few.captured_queries)):
        site.get(url)


def change(site: Client, person: User, **fields):
    page = site.get(reverse("admin:accounts_user_change", args=[person.pk]))
    form = page.context["adminform"].form
    data = {"name": person.name, "role": person.role, "is_active": "on"}
    for formset in page.context["inline_admin_formsets"]:
        prefix = formset.formset.prefix
        count = formset.formset.initial_form_count()
        data |= {f"{prefix}-TOTAL_FORMS": count, f"{prefix}-INITIAL_FORMS": count}
        for number, inline in enumerate(formset.formset.forms):
            data |= {f"{prefix}-{number}-id": inline.instance.pk, f"{prefix}-{number}-user": person.pk}
    assert form is not None
    data |= fields
    return site.post(
        reverse("admin:accounts_user_change", args=[person.pk]), {k: v for k, v in data.items() if v is not None}
    )


def test_a_role_is_changed_on_the_page_and_ends_sessions(site, person):
    theirs = ApiClient("app")
    theirs.login(person.email)
    assert change(site, person, role="instructor", name="Ada L.").status_code == 302
    person.refresh_from_db()
    assert (person.role, person.name, person.session_generation) == ("instructor", "Ada L.", 1)
    assert theirs.call("GET", "/api/v1/me").status_code == 401


def test_a_person_is_deactivated_on_the_page(site, person):
    assert change(site, person, is_active=None).status_code == 302
    person.refresh_from_db()
    assert person.is_active is False


def test_the_last_admin_cannot_demote_themselves_here(site, administrator):
    response = change(site, administrator, role="student")
    assert response.status_code == 200
    assert "last active admin" in response.content.decode()
    administrator.refresh_from_db()
    assert administrator.role == "admin"


def test_roles_are_changed_for_many_at_once(site, person, instructor):
    response = site.post(
        reverse("admin:accounts_user_changelist"),
        {"action": "make_instructor", "_selected_action": [person.pk, instructor.pk]},
        follow=True,
    )
    assert "2 people: role instructor." in response.content.decode()
    assert set(User.objects.exclude(role=Role.ADMIN).values_list("role", flat=True)) == {"instructor"}


def test_a_password_is_set_on_the_page(site, person):
    url = f"/admin/accounts/user/{person.pk}/password/"
    new = "chosen at the help desk"
    response = site.post(url, {"password1": new, "password2": new, "usable_password": "true", "set-password": "1"})
    assert response.status_code == 302
    assert ApiClient("app").login(person.email, new).status_code == 200


def test_a_person_is_added_and_can_ask_for_a_password(site):
    url = reverse("admin:accounts_user_add")
    page = {"email": "New@Example.org", "name": "New", "role": "instructor", "usable_password": "false"}
    response = site.post(url, page)
    assert response.status_code == 302, response.context["adminform"].form.errors
    new = User.objects.get(email="new@example.org")
    assert (new.role, new.has_usable_password()) == ("instructor", False)
    assert new.emailaddress_set.get().verified
    assert site.post(url, page | {"email": "NEW@example.org"}).status_code == 200
