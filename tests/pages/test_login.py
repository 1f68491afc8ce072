"""The login of the pages: the same checks and limits as the API's and the admin's."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.test import Client

from tests.accounts.conftest import PASSWORD
from tests.accounts.test_limits import SECRET, totp_now

pytestmark = pytest.mark.usefixtures("fast_login")


def send(client: Client, password: str = PASSWORD, email: str = "ada@example.org", **fields: str):
    return client.post("/account/login", {"username": email, "password": password, **fields})


def test_the_right_password_leads_to_where_the_person_wanted_to_go(person, client):
    answer = send(client, next="/progress")
    assert (answer.status_code, answer["Location"]) == (302, "/progress")
    assert client.get("/progress").status_code == 200
    assert UserSession.objects.filter(user=person).count() == 1


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site(person, client, elsewhere):
    assert send(client, next=elsewhere)["Location"] == "/"


def test_a_wrong_password_and_an_unknown_address_look_the_same(person, client):
    wrong, unknown = send(client, "wrong"), send(client, "wrong", "nobody@example.org")
    assert (wrong.status_code, unknown.status_code) == (200, 200)
    assert wrong.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()
    assert len(wrong.context["form"].non_field_errors()) == 1


def test_the_sixth_wrong_password_is_refused_and_the_api_refuses_too(person, client):
    assert [send(client, "wrong").status_code for _ in range(6)] == [200] * 5 + [429]
    body = {"email": person.email, "password": PASSWORD}
    api = client.post("/api/v1/auth/app/v1/auth/login", body, content_type="application/json")
    assert api.status_code == 429


def test_a_second_factor_is_asked_for(person, client):
    TOTP.activate(person, SECRET)
    assert send(client).context["form"].errors["code"] == ["A code is needed."]
    assert send(client, code="000000").status_code == 200
    assert "_auth_user_id" not in client.session
    assert send(client, code=totp_now(SECRET)).status_code == 302


def test_an_unverified_address_does_not_log_in(person, client):
    person.emailaddress_set.update(verified=False)
    assert "Verify your e-mail address first." in send(client).text
    assert "_auth_user_id" not in client.session


def test_logging_out_ends_the_session(person, client):
    send(client)
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").status_code == 302
    assert client.get("/progress").status_code == 302
