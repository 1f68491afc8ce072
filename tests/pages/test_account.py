"""The account pages: each does what the API's endpoint does, and asks who it is before a sensitive step."""

import datetime
import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts import services, session_list
from accounts.models import Role, User
from accounts.time_zones import time_zones
from pages import urls
from pages.account_sessions import device
from tests.accounts.conftest import PASSWORD, delivered
from tests.accounts.test_flows import totp_now
from tests.accounts.test_limits import SECRET

pytestmark = pytest.mark.usefixtures("fast_login")
NEW = "charlemagne fills the kettle"
LINK = re.compile(r"https?://[^/\s]+(/account/\S+)")


def log_in(user: User, agent: str = "Firefox/142.0 Linux") -> Client:
    client = Client(headers={"User-Agent": agent})
    answer = client.post("/account/login", {"username": user.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.text
    return client


def prove(client: Client, password: str = PASSWORD) -> None:
    assert client.post("/account/confirm", {"password": password}).status_code == 302


@pytest.fixture
def member(person) -> Client:
    return log_in(person)


def sign_up(client: Client, email: str = "grace@example.org", **changes: str):
    return client.post("/account/signup", {"name": "Grace", "email": email, "password": NEW} | changes)


def test_signing_up_verifying_and_logging_in(db, client):
    assert "Look into your mailbox" in sign_up(client).text
    login = {"username": "grace@example.org", "password": NEW}
    assert "Verify your e-mail address first." in client.post("/account/login", login).text
    url = LINK.search(delivered()[-1].body).group(1)
    assert client.post(url).status_code == 200
    assert client.post("/account/login", login).status_code == 302
    assert User.objects.get().name == "Grace"


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "  "), ("name", "x\x00"), ("email", "nobody"), ("password", "short"), ("password", "password123456")],
)
def test_what_is_refused_is_said_beside_its_field_and_nobody_is_made(db, client, field, value):
    answer = sign_up(client, **{field: value})
    assert answer.status_code == 400
    assert f'<a href="#id_{field}">' in answer.text
    assert f'id="id_{field}_error"' in answer.text
    assert PASSWORD not in answer.text
    assert User.objects.count() == 0


def test_who_is_logged_in_signs_up_for_nothing(member):
    assert sign_up(member).status_code == 302
    assert User.objects.count() == 1


def test_everybody_gets_one_mail_who_asks_for_the_link_again(person, client):
    sign_up(client)
    subjects = {}
    for email in ("grace@example.org", person.email, "nobody@example.org"):
        client.post("/account/verify-again", {"email": email.upper()})
        mail = delivered()[-1]
        assert mail.to == [email]
        subjects[email] = mail.subject
        if email.startswith("grace"):
            assert client.post(LINK.search(mail.body).group(1)).status_code == 200
    assert len(set(subjects.values())) == 3


def test_a_name_and_a_time_zone_are_changed_and_times_are_shown_in_it(person, member):
    sent = {"name": " Ada  Lovelace ", "time_zone": "Pacific/Kiritimati"}
    assert member.post("/account", sent).status_code == 302
    person.refresh_from_db()
    assert (person.name, person.time_zone) == ("Ada Lovelace", "Pacific/Kiritimati")
    moment = datetime.datetime(2026, 3, 1, 12, 30, tzinfo=datetime.UTC)
    UserSession.objects.update(created_at=moment, last_seen_at=moment)
    assert "March 2, 2026, 2:30 a.m." in member.get("/account/sessions").text
    assert timezone.get_current_timezone_name() == "UTC"  # for the next request of this thread


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../etc/passwd", "posixrules", "x" * 70])
def test_a_time_zone_that_does_not_exist_changes_nothing(person, member, zone):
    assert member.post("/account", {"name": "Other", "time_zone": zone}).status_code == 400
    person.refresh_from_db()
    assert (person.name, person.time_zone) == ("Ada", "")


def test_the_api_takes_the_same_time_zones(person, member):
    def patch(zone: str):
        return member.patch("/api/v1/me", {"time_zone": zone}, content_type="application/json")

    assert patch("Europe/Atlantis").status_code == 400
    assert patch("Europe/Berlin").json()["time_zone"] == "Europe/Berlin"
    assert patch("").json()["time_zone"] == ""
    assert {"UTC", "Europe/Berlin", "Asia/Kolkata"} <= set(time_zones())


def test_a_zone_that_is_not_known_any_more_is_the_sites(person, member):
    User.objects.update(time_zone="Mars/Base")
    assert member.get("/account").status_code == 200


SENSITIVE = [
    ("GET", "email"),
    ("POST", "email"),
    ("GET", "app"),
    ("POST", "app"),
    ("POST", "app-remove"),
    ("POST", "new-codes"),
    ("GET", "passkey-add"),
    ("POST", "passkey-add"),
]


@pytest.mark.parametrize(("method", "name"), SENSITIVE)
def test_a_sensitive_step_asks_for_the_password_and_leads_back(person, member, method, name):
    if name in ("app-remove", "new-codes"):
        TOTP.activate(person, SECRET)
    before = _secrets(person)
    url = reverse(f"pages:{name}")
    answer = member.generic(method, url)
    assert answer.status_code == 302
    back = reverse("pages:two-factor") if name in POSTS else url
    assert answer["Location"] == reverse("pages:confirm", query={"next": back})
    form = member.get(answer["Location"])
    assert f'name="next" value="{back}"' in form.text
    assert member.post("/account/confirm", {"password": "wrong", "next": back}).status_code == 400
    assert _secrets(person) == before
    assert member.post("/account/confirm", {"password": PASSWORD, "next": back})["Location"] == back
    assert member.generic(method, url).status_code in (200, 302, 400)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_a_confirmation_leads_to_no_other_site(member, elsewhere):
    assert member.post("/account/confirm", {"password": PASSWORD, "next": elsewhere})["Location"] == "/"


def test_the_password_of_a_confirmation_is_the_accounts_own_allowance(person, member):
    statuses = [member.post("/account/confirm", {"password": "wrong"}).status_code for _ in range(6)]
    assert statuses == [400] * 5 + [429]
    assert member.get("/account").status_code == 200


def test_a_new_password_needs_the_old_one_and_ends_the_other_sessions(person, member):
    other = log_in(person)
    refused = member.post("/account/password", {"current_password": "wrong", "new_password": NEW})
    assert (refused.status_code, "id_current_password_error" in refused.text) == (400, True)
    weak = member.post("/account/password", {"current_password": PASSWORD, "new_password": "password123456"})
    assert weak.status_code == 400
    assert other.get("/progress").status_code == 200
    assert member.post("/account/password", {"current_password": PASSWORD, "new_password": NEW}).status_code == 302
    assert (member.get("/progress").status_code, other.get("/progress").status_code) == (200, 302)
    person.refresh_from_db()
    assert person.check_password(NEW)


def test_a_new_address_counts_once_its_link_is_followed(person, member):
    prove(member)
    assert member.post("/account/email", {"email": "new@example.org"}).status_code == 302
    assert "new@example.org" in member.get("/account/email").text
    person.refresh_from_db()
    assert person.email == "ada@example.org"
    assert member.post(LINK.search(delivered()[-1].body).group(1)).status_code == 200
    person.refresh_from_db()
    assert person.email == "new@example.org"
    assert EmailAddress.objects.filter(user=person).count() == 1


def test_an_authenticator_app_is_set_up_used_and_removed(person, member):
    prove(member)
    page = member.get("/account/two-factor/app").text
    secret = re.search(r'id="secret">(\w+)<', page).group(1)
    assert f"secret={secret}" in page
    assert "data:image/svg+xml;base64," in page
    wrong = member.post("/account/two-factor/app", {"code": "000000"})
    assert (wrong.status_code, secret in wrong.text) == (400, True)  # the same secret: it is in the app by now
    done = member.post("/account/two-factor/app", {"code": totp_now(secret)})
    assert done.status_code == 200
    codes = re.findall(r"<li><code>(\d+)</code>", done.text)
    assert codes == RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()
    overview = member.get("/account/two-factor").text
    assert "10 codes are left." in overview
    assert not any(code in overview for code in codes)
    assert member.get("/account/two-factor/app").status_code == 302
    login = {"username": person.email, "password": PASSWORD}
    assert Client().post("/account/login", login).status_code == 200
    assert Client().post("/account/login", login | {"code": codes[0]}).status_code == 302
    assert member.post("/account/two-factor/app/remove").status_code == 302
    assert not Authenticator.objects.exists()
    assert Client().post("/account/login", login).status_code == 302


def test_new_recovery_codes_end_the_old_ones(person, member):
    assert member.post("/account/two-factor/codes").status_code == 409  # there is no factor that they stand in for
    TOTP.activate(person, SECRET)
    old = RecoveryCodes.activate(person).get_unused_codes()
    prove(member)
    new = re.findall(r"<li><code>(\d+)</code>", member.post("/account/two-factor/codes").text)
    assert len(new) == 10
    assert not set(new) & set(old)
    login = {"username": person.email, "password": PASSWORD}
    assert Client().post("/account/login", login | {"code": old[0]}).status_code == 200
    assert Client().post("/account/login", login | {"code": new[0]}).status_code == 302


def test_sessions_are_listed_and_ended(person, member):
    phone = log_in(person, "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36")
    page = member.get("/account/sessions").text
    assert "Chrome, Android" in page
    assert page.count("This one") == 1
    number = UserSession.objects.get(user_agent__contains="Android").pk
    assert member.post(f"/account/sessions/{number}/end").status_code == 302
    assert (phone.get("/progress").status_code, member.get("/progress").status_code) == (302, 200)
    tablet, television = log_in(person), log_in(person)
    assert member.post("/account/sessions/end-others").status_code == 302
    assert [each.get("/progress").status_code for each in (member, tablet, television)] == [200, 302, 302]
    own = UserSession.objects.get(user=person).pk
    assert member.post(f"/account/sessions/{own}/end")["Location"] == "/account/login"


def test_nobody_ends_the_session_or_touches_the_passkey_of_another(person, member):
    other = services.create_person(email="alan@example.org", name="Alan", password=PASSWORD)
    theirs = log_in(other)
    session = UserSession.objects.get(user=other)
    passkey = Authenticator.objects.create(user=other, type="webauthn", data={"name": "Theirs", "credential": {}})
    prove(member)
    for path in (
        f"sessions/{session.pk}/end",
        f"passkeys/{passkey.pk}/remove",
        f"passkeys/{passkey.pk}/rename",
        f"sessions/{10**30}/end",
        f"passkeys/{10**30}/remove",
    ):
        assert member.post(f"/account/{path}", {"name": "Mine"}).status_code == 404, path
    member.post("/account/sessions/end-others")
    assert theirs.get("/progress").status_code == 200
    passkey.refresh_from_db()
    assert passkey.data["name"] == "Theirs"


def test_a_session_is_seen_and_costs_one_write_in_five_minutes(person, member, django_assert_num_queries):
    old = timezone.now() - datetime.timedelta(minutes=6)
    UserSession.objects.update(last_seen_at=old)
    session_list._told.clear()
    member.get("/account")
    assert timezone.now() - UserSession.objects.get().last_seen_at < datetime.timedelta(minutes=1)
    UserSession.objects.update(last_seen_at=old)
    member.get("/account")
    assert UserSession.objects.get().last_seen_at == old


OPEN = ["signup", "verify-again", "login", "login-passkey"]
OWN = ["account", "confirm", "password", "email", "two-factor", "app", "passkey-add", "sessions"]
POSTS = ["app-remove", "new-codes", "sessions-end-others"]
OF_ONE_THING = ["passkey-rename", "passkey-remove", "session-end"]


def test_every_account_page_is_looked_at_here():
    patterns = [each for each in urls.urlpatterns if str(each.pattern).startswith("account")]
    assert sorted(each.name for each in patterns) == sorted(OPEN + OWN + POSTS + OF_ONE_THING)


@pytest.mark.parametrize("name", OWN + POSTS)
def test_nobody_is_sent_to_the_login(db, client, name):
    url = reverse(f"pages:{name}")
    answer = client.get(url) if name in OWN else client.post(url)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login?next=")


@pytest.mark.parametrize("name", POSTS)
def test_a_link_changes_nothing(member, name):
    assert member.get(reverse(f"pages:{name}")).status_code == 405


@pytest.mark.parametrize("name", [*OPEN, *OWN])
def test_pages_are_not_kept_and_hold_no_inline_code(person, member, name):
    client = member if name in OWN else Client()
    answer = client.get(reverse(f"pages:{name}"), follow=True)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*(src=|application/json))| style=| on\w+=\"", answer.text)


@pytest.mark.parametrize("name", [*OPEN, *OWN])
def test_every_field_has_its_label(person, member, name):
    client = member if name in OWN else Client()
    page = client.get(reverse(f"pages:{name}"), follow=True).text
    for field in re.findall(r"<(?:input|select)[^>]*>", page):
        if 'type="hidden"' not in field and " hidden>" not in field:
            assert f'<label for="{re.search(r"id=.([^ ]+?).[ >]", field).group(1)}"' in page, field


def test_staff_without_the_factor_that_they_need_reach_only_where_they_set_it_up(db, settings):
    settings.STAFF_MFA_REQUIRED = True
    teacher = services.create_person(email="ina@example.org", name="Ina", role=Role.INSTRUCTOR, password=PASSWORD)
    client = Client()
    answer = client.post("/account/login", {"username": teacher.email, "password": PASSWORD})
    assert answer["Location"] == "/account/two-factor"
    refused = client.get("/")
    assert (refused.status_code, 'href="/account/two-factor"' in refused.text) == (403, True)
    prove(client)
    secret = re.search(r'id="secret">(\w+)<', client.get("/account/two-factor/app").text).group(1)
    assert client.post("/account/two-factor/app", {"code": totp_now(secret)}).status_code == 200
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari, iPhone"),
        ("curl/8.14", "curl/8.14"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_named_as_people_do(agent, shown):
    with translation.override("en"):
        assert device(agent) == shown


def test_the_pages_speak_german(member):
    page = member.get("/account/two-factor", headers={"Accept-Language": "de"}).text
    assert "<h1>Zweite Faktoren und Passkeys</h1>" in page


def _secrets(person: User) -> list[tuple[str, str]]:
    return [(each.type, str(each.data)) for each in Authenticator.objects.filter(user=person).order_by("pk")]
