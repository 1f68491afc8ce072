"""One's own certificates in the browser: earned, asked for, read, printed and checked."""

import pytest

from certificates import services
from certificates.models import Certificate, RevocationReason
from courses.models import Enrollment
from outbox import services as outbox
from tests.authorisation import ACTORS
from tests.certificates.conftest import SEED
from tests.pages.test_learning import INLINE

# One status per actor, as in the matrix of the API: outsider, stranger, learner, other teacher, assistant, ...
MATRIX = {
    "GET certificate": "302 404 200 404 200 200 200",
    "POST claim-certificate": "302 409 302 409 409 409 409",
}


@pytest.fixture
def completed(world) -> Enrollment:
    enrollment = Enrollment.objects.get(user=world.people["learner"])
    Enrollment.objects.filter(pk=enrollment.pk).update(state="completed", completed_at=enrollment.enrolled_at)
    enrollment.refresh_from_db()
    return enrollment


@pytest.fixture
def certificate(completed, settings) -> Certificate:
    settings.BASE_URL = "https://lms.example.com"
    return services.issue(enrollment=completed, cause="claimed")


@pytest.fixture
def client(world, as_user):
    return as_user(world.people["learner"])


@pytest.mark.parametrize("row", MATRIX)
def test_who_may_use_a_page(world, as_user, completed, certificate, row):
    method, name = row.split()
    paths = {"certificate": f"/progress/certificates/{certificate.serial}"}
    paths["claim-certificate"] = f"/courses/{world.course.slug}/certificate"
    answers = {actor: as_user(world.people[actor]).generic(method, paths[name]) for actor in ACTORS}
    expected = dict(zip(ACTORS, map(int, MATRIX[row].split()), strict=True))
    assert {actor: answer.status_code for actor, answer in answers.items()} == expected
    for answer in answers.values():
        if answer.status_code != 302:
            assert "unsafe" not in answer["Content-Security-Policy"]
            assert INLINE.findall(answer.text) == []


def test_who_has_completed_the_course_asks_for_it_once_or_often(world, client, completed):
    form = f'action="/courses/{world.course.slug}/certificate"'
    assert form in client.get(f"/courses/{world.course.slug}").text
    answers = [client.post(f"/courses/{world.course.slug}/certificate") for _ in range(2)]
    serial = Certificate.objects.get().serial
    assert [answer["Location"] for answer in answers] == [f"/progress/certificates/{serial}"] * 2
    assert f'href="/progress/certificates/{serial}"' in client.get("/progress").text


def test_before_the_course_is_completed_there_is_nothing_to_ask_for(world, client):
    assert "/certificate" not in client.get(f"/courses/{world.course.slug}").text
    assert client.post(f"/courses/{world.course.slug}/certificate").status_code == 409
    assert not Certificate.objects.exists()


def test_the_page_says_what_the_pdf_says_and_offers_it_once_it_is_there(client, certificate, settings):
    settings.BADGE_KEYS = [SEED]
    path = f"/progress/certificates/{certificate.serial}"
    before = client.get(path).text
    assert "The PDF is being made" in before
    assert f"/api/v1/certificates/{certificate.serial}/pdf" not in before
    outbox.relay()
    text = client.get(path).text
    for words in (
        "<bdi>learner</bdi>",
        "<bdi>Biology</bdi>",
        f"https://lms.example.com/certificates/{certificate.serial}",
    ):
        assert words in text
    assert f'href="/certificates/{certificate.serial}"' in text
    assert f'href="/api/v1/certificates/{certificate.serial}/badge"' in text
    pdf = client.get(f"/api/v1/certificates/{certificate.serial}/pdf")
    assert f'href="/api/v1/certificates/{certificate.serial}/pdf"' in text
    assert (pdf.status_code, pdf.content[:5]) == (200, b"%PDF-")


def test_a_revoked_one_says_so_and_offers_no_file(world, client, certificate):
    reason = RevocationReason.ISSUED_IN_ERROR
    services.revoke(certificate=certificate, reason=reason, actor=world.people["admin"])
    text = client.get(f"/progress/certificates/{certificate.serial}").text
    assert "This certificate is no longer valid." in text
    assert "/pdf" not in text


def test_the_public_page_speaks_german_and_has_nothing_inline(client, certificate):
    answer = client.get(f"/certificates/{certificate.serial}", headers={"Accept": "text/html", "Accept-Language": "de"})
    assert '<html lang="de">' in answer.text
    assert "Gültig." in answer.text
    assert INLINE.findall(answer.text) == []
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert {part.strip() for part in answer["Vary"].split(",")} >= {"Accept", "Accept-Language"}
