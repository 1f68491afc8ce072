"""The table of docs/outages.md, row by row: a part really fails, and people get what the table says."""

import contextlib
import http.client
import re
import socket
import subprocess
import time
from email import message_from_string
from urllib.parse import unquote

import psutil
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from lms.embedded import free_port
from tests.faults import MailServer, Proxy, frozen, proxied
from tests.system import Answer, System, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
PASSWORD = "correct-horse-battery"
COURSE = "reliable-services"
QUERY_SECONDS = 2
POOL_SECONDS = 1
# A query's own limit, the pool's wait and its check of a dead connection.
DATABASE_WAIT_SECONDS = QUERY_SECONDS + 1 + POOL_SECONDS + 1
SCRAPE_SECONDS = 2
REQUESTS = "django_http_responses_total_by_status_view_method_total"
ROOM_KIB = 256
PEOPLE = f"""
from django.core.management import call_command
call_command("import_course", "lms/demo/sample_course", "--publish")
from allauth.account.models import EmailAddress
from accounts.models import Role, User
for name, role in (("student", Role.STUDENT), ("other", Role.STUDENT), ("teacher", Role.ADMIN)):
    user = User.objects.create_user(email=name + "@example.org", password="{PASSWORD}", name=name, role=role)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
"""


class School:
    """Web, worker and beat with every server behind a proxy, a student who reads a lesson, and a mail server."""

    def __init__(self, directory, stack):
        self.stack = stack
        self.mail = MailServer(free_port())
        self.media = directory / "media"
        self.media.mkdir()
        variables = {
            "LMS_EMAIL_URL": f"smtp://127.0.0.1:{self.mail.port}",
            "LMS_DB_STATEMENT_TIMEOUT": str(QUERY_SECONDS),
            "LMS_DB_POOL_TIMEOUT": str(POOL_SECONDS),
            "LMS_MEDIA_ROOT": str(self.media),
        }
        self.system = stack.enter_context(
            System(directory, processes=("web", "worker", "beat"), variables=variables, through=self._through)
        )
        self.system.manage("shell", "-c", PEOPLE)
        self.student = self.log_in("student")
        assert self.enrol(self.student).status == 201
        outline = self.system.get(f"/api/v1/courses/{COURSE}/outline", **self.student).json
        self.lessons = [lesson["id"] for section in outline["sections"] for lesson in section["lessons"]]

    def _through(self, urls):
        sentry = self.stack.enter_context(Proxy(("127.0.0.1", 1)))
        named = urls | {"LMS_BROKER_URL": urls["REDIS_URL"].removesuffix("/0") + "/1"}
        self.proxies, routed = proxied(self.stack, named)
        self.database, self.redis, self.broker = (
            self.proxies[name] for name in ("DATABASE_URL", "REDIS_URL", "LMS_BROKER_URL")
        )
        self.sentry = sentry
        sentry.swallow()
        return routed | {"SENTRY_DSN": f"http://{'0' * 32}@127.0.0.1:{sentry.port}/1"}

    def login(self, name, password=PASSWORD):
        body = {"email": f"{name}@example.org", "password": password}
        return self.system.post("/api/v1/auth/app/v1/auth/login", body)

    def log_in(self, name):
        answer = self.login(name)
        assert answer.status == 200, answer.text
        return {"X_Session_Token": answer.json["meta"]["session_token"]}

    def read(self, number=0):
        return self.system.get(f"/api/v1/lessons/{self.lessons[number]}", **self.student)

    def complete(self, number=0):
        return self.system.post(f"/api/v1/lessons/{self.lessons[number]}/completion", {}, **self.student)

    def enrol(self, token):
        return self.system.post(f"/api/v1/courses/{COURSE}/enrollment", {}, **token)

    def leave(self, token):
        found = self.system.get("/api/v1/enrollments", **token).json["results"]
        for row in found:
            self.system.request("DELETE", f"/api/v1/enrollments/{row['id']}", **token)

    def psql(self):
        return psycopg.connect(self.system.servers.database_url, autocommit=True)

    def works(self):
        """Often enough that both workers were asked: each has a pool of its own to open again."""
        return self.system.get("/api/v1/ready").status == 200 and all(self.read().status == 200 for _ in range(8))


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield School(tmp_path_factory.mktemp("outages"), stack)


@pytest.fixture(autouse=True)
def _everything_works_before_and_after(school):
    wait_for(school.works, what="a working site")
    yield
    wait_for(school.works, what="a working site after the outage")


def timed(use):
    started = time.monotonic()
    answer = use()
    return answer, time.monotonic() - started


def assert_problem(answer, code, status=503):
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
    assert answer.json["code"] == code
    assert int(answer.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in answer.text
    assert "rror:" not in answer.text


@pytest.mark.parametrize("fault", ["refuse", "swallow"])
def test_without_redis_people_read_learn_log_in_and_enrol(school, fault):
    with school.redis.fault(fault):
        for number in range(3):
            assert school.read(number).status == 200
        assert school.system.get("/api/v1/courses", **school.student).status == 200
        assert school.complete().status in (200, 201)
        other = school.log_in("other")
        assert school.enrol(other).status in (200, 201)
        assert school.login("other", "not-the-password").status == 400
    school.leave(other)


def test_with_a_slow_redis_people_read_as_before(school):
    with school.redis.fault("slow", 0.3):
        assert [school.read(number).status for number in range(3)] == [200] * 3
        assert school.login("student").status == 200


@pytest.mark.parametrize("fault", ["refuse", "swallow"])
def test_without_the_database_everything_that_needs_it_can_be_tried_again(school, fault):
    with school.database.fault(fault):
        for use in (school.read, school.complete, lambda: school.login("student")):
            answer, seconds = timed(use)
            assert_problem(answer, "database_unavailable")
            assert seconds < DATABASE_WAIT_SECONDS + 1
        page = school.system.get("/admin/login/", Accept="text/html")
        assert page.status in (200, 503)
        assert school.system.get("/health").status == 200


def test_a_frozen_database_holds_nobody_for_ever(school):
    with frozen(school.system.servers.postgres):
        answer, seconds = timed(school.read)
        assert_problem(answer, "database_unavailable")
        assert seconds < DATABASE_WAIT_SECONDS + 1


def test_with_a_slow_database_people_wait_but_read(school):
    with school.database.fault("slow", 0.05):
        assert school.read().status == 200
        assert school.login("student").status == 200


def test_with_a_read_only_database_people_read_and_changes_can_be_tried_again(school):
    with school.psql() as session:
        session.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        session.execute("SELECT pg_reload_conf()")
        try:
            wait_for(lambda: school.system.get("/api/v1/ready").status == 503, what="readiness to notice")
            assert school.read().status == 200
            assert school.read(5).status == 200, "also a lesson never opened before"
            assert_problem(school.complete(1), "read_only")
            assert_problem(school.login("student"), "read_only")
        finally:
            session.execute("SET default_transaction_read_only = off")
            session.execute("ALTER SYSTEM RESET default_transaction_read_only")
            session.execute("SELECT pg_reload_conf()")


def test_without_a_free_connection_requests_can_be_tried_again(school):
    with school.psql() as session, contextlib.ExitStack() as slots:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lms-%'"
        count = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'lms-%'"
        deadline = time.monotonic() + 20
        while True:
            session.execute(cut)
            with contextlib.suppress(psycopg.OperationalError):
                while True:
                    slots.enter_context(school.psql())
            if session.execute(count).fetchone() == (0,):
                break
            assert time.monotonic() < deadline, "the site always won the race for a slot"
        answer, seconds = timed(school.read)
        assert_problem(answer, "database_unavailable")
        assert seconds < 5


def test_a_black_holed_broker_delays_nobody_and_loses_nothing(school):
    name = "broker"
    with school.mail, school.broker.fault("swallow"):
        answer, seconds = timed(
            lambda: school.system.post(
                "/api/v1/auth/app/v1/auth/signup",
                {"email": f"{name}@example.org", "password": PASSWORD, "name": name},
            )
        )
        assert answer.status == 401, "verification is pending"
        assert seconds < 2
        other = school.log_in("other")
        answer, seconds = timed(lambda: school.enrol(other))
        assert answer.status in (200, 201)
        assert seconds < 2
        mine = school.system.get("/api/v1/enrollments", **other).json["results"]
        assert [row["course"] for row in mine] == [COURSE]
        time.sleep(6)
        del school.mail.mails[:]  # what beat had sent before the hole swallowed it
    with school.mail:
        verify = wait_for(lambda: mails_to(school, name), seconds=90, what="the mail held back by the broker")[0]
        body = message_from_string(verify).get_payload(decode=True).decode()
        key = unquote(re.search(r"verify-email/([^\s/]+)", body)[1])
        assert school.system.post("/api/v1/auth/app/v1/auth/email/verify", {"key": key}).status in (200, 401)
        wait_for(lambda: [mail for mail in mails_to(school, name) if "elcome" in mail], what="the welcome mail")
        wait_for(lambda: undelivered(school) == 0, what="an empty outbox")
        assert len(mails_to(school, name)) == 2, "one to verify, one to welcome"
    school.leave(other)


def undelivered(school):
    with school.psql() as session:
        return session.execute("SELECT count(*) FROM outbox_message WHERE delivered_at IS NULL").fetchone()[0]


def mails_to(school, name):
    return [mail for mail in school.mail.mails if f"{name}@example.org" in mail]


def test_a_mail_server_that_is_away_delays_mail_only(school):
    answer, seconds = timed(
        lambda: school.system.post(
            "/api/v1/auth/app/v1/auth/signup",
            {"email": "post@example.org", "password": PASSWORD, "name": "post"},
        )
    )
    assert answer.status == 401, "verification is pending"
    assert seconds < 2
    time.sleep(2)
    with school.mail:
        wait_for(lambda: mails_to(school, "post"), seconds=60, what="the mail, at a later attempt")
        time.sleep(2)
        assert len(mails_to(school, "post")) == 1


def test_a_full_disk_refuses_uploads_only(school):
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM_KIB}k", "tmpfs", str(school.media)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("only root may mount the small disk that gets full")
    try:
        teacher = school.log_in("teacher")
        answer = upload(school, teacher, b"%PDF-1.4\n" + b"x" * ROOM_KIB * 1024 * 2)
        assert_problem(answer, "storage_full", status=507)
        assert list(school.media.rglob("*.pdf")) == []
        assert school.read().status == 200
        assert school.complete(2).status in (200, 201)
    finally:
        subprocess.run(["umount", "-l", str(school.media)], check=True)


def upload(school, token, content):
    boundary = "boundary"
    body = (
        (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="notes.pdf"\r\n'
            "Content-Type: application/pdf\r\n\r\n"
        ).encode()
        + content
        + f"\r\n--{boundary}--\r\n".encode()
    )
    connection = http.client.HTTPConnection("127.0.0.1", school.system.ports["web"], timeout=20)
    connection.request(
        "POST",
        f"/api/v1/lessons/{school.lessons[0]}/files",
        body,
        {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "X-Session-Token": token["X_Session_Token"],
        },
    )
    response = connection.getresponse()
    return Answer(response.status, dict(response.getheaders()), response.read().decode(errors="replace"))


def test_a_sentry_that_swallows_everything_costs_nobody(school):
    with school.database.fault("refuse"):
        assert school.read().status == 503
    wait_for(lambda: school.sentry.accepted > 0, what="Sentry to be told of the outage")
    wait_for(school.works, what="a working site")
    assert [school.read(number).status for number in range(3)] == [200] * 3


def exporter(school):
    """The process beside the web workers that watches over the one that shows their metrics, and that one."""
    children = psutil.Process(school.system.running["web"].pid).children()
    (found,) = [child for child in children if "observability.exporter" in child.cmdline()]
    return [found, *found.children(recursive=True)]


def lessons_read(school):
    """How often a lesson was read so far, as one scrape tells it. Raises OSError without an answer in time."""
    address = ("127.0.0.1", school.system.ports["web_metrics"])
    with socket.create_connection(address, timeout=SCRAPE_SECONDS) as scraper:
        scraper.sendall(b"GET /metrics HTTP/1.1\r\nHost: prometheus\r\nConnection: close\r\n\r\n")
        head, _, text = scraper.makefile("rb").read().partition(b"\r\n\r\n")
    if b" 200 " not in head:
        raise OSError(head)
    return sum(
        sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if sample.name == REQUESTS and sample.labels["view"].endswith("lesson") and sample.labels["status"] == "200"
    )


def test_without_anybody_to_scrape_metrics_people_read_and_nothing_is_missing_afterwards(school):
    assert school.read().status == 200
    before = wait_for(lambda: lessons_read(school), what="a scrape")
    away = exporter(school)
    for process in away:
        process.suspend()
    try:
        with pytest.raises(OSError):
            lessons_read(school)
        assert [school.read().status for _ in range(20)] == [200] * 20
        assert school.complete(3).status in (200, 201)
    finally:
        for process in reversed(away):
            process.resume()
    assert wait_for(lambda: lessons_read(school), what="a scrape") - before == 20


def test_without_the_process_that_shows_metrics_people_read_and_nothing_is_missing_afterwards(school):
    assert school.read().status == 200
    before = wait_for(lambda: lessons_read(school), what="a scrape")
    *_, serving = exporter(school)
    serving.kill()
    assert [school.read().status for _ in range(20)] == [200] * 20
    assert wait_for(lambda: lessons_read(school), what="a scrape by its successor") - before == 20
