"""The API of certificates; who may do what is in the matrix (authorisation.py)."""

import hashlib

import pytest

from certificates import services
from certificates.models import Certificate, IssueCause, RevocationReason
from courses import services as courses
from tests.certificates.conftest import carry_out, complete_silently

pytestmark = pytest.mark.django_db


def test_a_student_claims_lists_and_downloads(as_user, student, course, completed):
    api = as_user(student)
    claimed = api.post(f"/api/v1/courses/{course.slug}/certificate")
    assert claimed.status_code == 200
    body = claimed.json()
    assert (body["state"], body["course"], body["person_name"], body["pdf_ready"]) == (
        "issued", "biology", "Zoë Łukasz", False,
    )  # fmt: skip
    assert body["verification_url"] == f"https://lms.example.com/certificates/{body['serial']}"
    early = api.get(f"/api/v1/certificates/{body['serial']}/pdf")
    assert (early.status_code, early.json()["code"], early.json()["retry_after"]) == (409, "not_ready", 5)
    carry_out()
    (mine,) = api.get("/api/v1/certificates").json()["results"]
    download = api.get(f"/api/v1/certificates/{body['serial']}/pdf")
    assert (download.status_code, download["Content-Type"]) == (200, "application/pdf")
    assert download["Cache-Control"] == "private, no-store"
    assert hashlib.sha256(download.content).hexdigest() == mine["pdf_sha256"]
    assert api.get(f"/api/v1/certificates/{body['serial'].lower()}").json() == mine


def test_claiming_too_early_says_what_is_missing(as_user, student, course):
    courses.enroll(user=student, course=course)
    answer = as_user(student).post(f"/api/v1/courses/{course.slug}/certificate")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_completed")
    assert not Certificate.objects.exists()


def test_granting_needs_a_reason(as_user, teacher, student, course):
    enrollment = courses.enroll(user=student, course=course)
    api, path = as_user(teacher), f"/api/v1/enrollments/{enrollment.public_id}/certificate"
    assert api.post(path, {}, format="json").json()["errors"] == {"reason": ["This field is required."]}
    assert api.post(path, {"reason": "x" * 501}, format="json").status_code == 400
    assert not Certificate.objects.exists()
    granted = api.post(path, {"reason": "Oral exam"}, format="json")
    assert (granted.status_code, granted.json()["state"]) == (200, "issued")


def test_a_revoked_certificate_can_not_be_downloaded(as_user, student, rendered, admin_user):
    services.revoke(certificate=rendered, reason=RevocationReason.REQUESTED, actor=admin_user)
    answer = as_user(student).get(f"/api/v1/certificates/{rendered.serial}/pdf")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_valid")


@pytest.mark.parametrize("path", ["/api/v1/certificates", "/api/v1/courses/biology/certificates"])
def test_lists_cost_the_same_for_one_and_for_twenty(
    as_user, make_user, teacher, course, path, django_assert_max_num_queries
):
    reader = teacher
    for number in range(20):
        person = make_user(f"p{number}")
        certificate = services.issue(enrollment=complete_silently(person, course), cause=IssueCause.CLAIMED)
        if path == "/api/v1/certificates":
            other = courses.publish_course(course=courses.create_course(title=f"Course {number}"))
            Certificate.objects.filter(pk=certificate.pk).update(user=reader, course=other)
    with django_assert_max_num_queries(4):
        results = as_user(reader).get(path).json()["results"]
    assert len(results) == 20
