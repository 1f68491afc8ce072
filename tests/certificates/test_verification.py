"""The public page and its JSON: the truth of now, nothing private, and not too often."""

import hashlib
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from certificates import services
from certificates.models import ReissueReason, RevocationReason

pytestmark = pytest.mark.django_db


def look(client, serial: str, **query: str) -> tuple[int, dict]:
    answer = client.get(f"/certificates/{serial}", query, headers={"Accept": "application/json"})
    return answer.status_code, answer.json()


def test_a_valid_certificate_says_who_what_and_when(client, rendered):
    status, body = look(client, rendered.serial)
    assert status == 200
    assert body == {
        "valid": True,
        "outcome": "valid",
        "serial": rendered.serial,
        "person": "Zoë Łukasz",
        "course": "Biology",
        "issuer": "Example School",
        "issued_at": body["issued_at"],
        "completed_at": body["completed_at"],
        "pdf": {"state": "intact", "sha256": rendered.pdf_sha256},
    }


def test_the_page_shows_the_same_to_people_and_keeps_robots_and_caches_out(client, rendered):
    answer = client.get(f"/certificates/{rendered.serial}", headers={"Accept": "text/html"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    for text in ("Valid.", "<bdi>Zoë Łukasz</bdi>", "<bdi>Biology</bdi>", rendered.serial, '<html lang="en">'):
        assert text in page
    assert 'name="robots" content="noindex, nofollow"' in page
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_neither_page_nor_json_holds_an_address_or_an_internal_id(client, rendered):
    answers = [
        client.get(f"/certificates/{rendered.serial}", headers={"Accept": kind}).content.decode()
        for kind in ("text/html", "application/json")
    ]
    for text in answers:
        assert "@" not in text.replace("@media", "")
        assert str(rendered.user.public_id) not in text
        assert "student" not in text
    names = set(json.loads(answers[1]))
    assert not names & {"id", "pk", "user", "email", "reason", "note"}


def test_a_revoked_certificate_says_so_at_once_without_name_or_reason(client, rendered, admin_user):
    assert look(client, rendered.serial)[1]["valid"] is True
    services.revoke(certificate=rendered, reason=RevocationReason.MISCONDUCT, actor=admin_user, note="Copied it")
    status, body = look(client, rendered.serial)
    assert (status, body["valid"], body["outcome"]) == (200, False, "revoked")
    assert "ended_at" in body
    assert "person" not in body
    page = client.get(f"/certificates/{rendered.serial}", headers={"Accept": "text/html"}).content.decode()
    assert "Revoked" in page
    for hidden in ("misconduct", "Copied", "Zoë"):
        assert hidden not in page + json.dumps(body)


def test_a_replaced_certificate_does_not_lead_to_the_new_name(client, rendered, admin_user):
    new = services.reissue(certificate=rendered, reason=ReissueReason.NAME_CHANGED, actor=admin_user)
    status, body = look(client, rendered.serial)
    assert (status, body["valid"], body["outcome"]) == (200, False, "replaced")
    assert new.serial not in json.dumps(body)
    assert look(client, new.serial)[1]["valid"] is True


def test_another_serial_is_unknown(client, rendered):
    last = "0" if rendered.serial[-1] != "0" else "1"
    for serial in (rendered.serial[:-1] + last, "x", "%00", "a" * 500, "١٢٣"):
        status, body = look(client, serial)
        assert (status, body["valid"], body["outcome"]) == (404, False, "unknown")


def test_a_serial_may_be_typed_in_small_letters_without_hyphens(client, rendered):
    assert look(client, rendered.serial.lower().replace("-", ""))[1]["serial"] == rendered.serial


def flip(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def test_a_flipped_byte_in_the_stored_pdf_is_noticed_at_once(client, rendered, as_user, student):
    path = rendered.pdf.path
    with open(path, "rb") as file:
        data = file.read()
    for position in (0, len(data) // 2, len(data) - 1):
        with open(path, "wb") as file:
            file.write(flip(data, position))
        body = look(client, rendered.serial)[1]
        assert (body["valid"], body["outcome"], body["pdf"]["state"]) == (False, "changed", "changed")
        download = as_user(student).get(f"/api/v1/certificates/{rendered.serial}/pdf")
        assert (download.status_code, download.json()["code"]) == (409, "file_changed")
    with open(path, "wb") as file:
        file.write(data)
    assert look(client, rendered.serial)[1]["valid"] is True


def test_a_pdf_in_somebodys_hands_is_compared_by_digest_or_upload(client, rendered):
    with open(rendered.pdf.path, "rb") as file:
        data = file.read()
    digest = hashlib.sha256(data).hexdigest()
    assert look(client, rendered.serial, sha256=digest.upper())[1]["outcome"] == "valid"
    for other in (hashlib.sha256(flip(data, 99)).hexdigest(), "", "zz", "é" * 64):
        assert look(client, rendered.serial, sha256=other)[1]["outcome"] == "changed"
    for content, outcome in ((data, "valid"), (flip(data, 99), "changed")):
        upload = SimpleUploadedFile("c.pdf", content, content_type="application/pdf")
        answer = client.post(
            f"/certificates/{rendered.serial}", {"file": upload}, headers={"Accept": "application/json"}
        )
        assert (answer.status_code, answer.json()["outcome"]) == (200, outcome)


def test_an_upload_too_large_to_be_a_certificate_is_not_read(client, rendered):
    upload = SimpleUploadedFile("c.pdf", b"x" * (4 * 1024 * 1024 + 1))
    assert client.post(f"/certificates/{rendered.serial}", {"file": upload}).status_code == 413


def test_a_missing_file_does_not_make_the_certificate_invalid(client, rendered):
    rendered.pdf.storage.delete(rendered.pdf.name)
    body = look(client, rendered.serial)[1]
    assert (body["valid"], body["pdf"]["state"]) == (True, "missing")


def test_before_the_pdf_exists_the_certificate_is_valid_already(client, certificate):
    body = look(client, certificate.serial)[1]
    assert (body["valid"], body["pdf"]["state"]) == (True, "pending")


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
def test_guessing_is_limited_by_source(client, settings, kind):
    settings.LIMITS = {**settings.LIMITS, "verification_page": "5/60"}
    answers = [client.get(f"/certificates/{number}", headers={"Accept": kind}) for number in range(7)]
    assert [answer.status_code for answer in answers] == [404] * 5 + [429] * 2
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    assert answers[-1]["X-Robots-Tag"] == "noindex, nofollow"
    elsewhere = client.get("/certificates/1", headers={"Accept": kind}, REMOTE_ADDR="198.51.100.7")
    assert elsewhere.status_code == 404


def test_a_check_costs_one_query_for_a_valid_certificate(client, rendered, django_assert_num_queries):
    with django_assert_num_queries(1):
        look(client, rendered.serial)


def test_a_hostile_name_is_shown_as_text(client, rendered):
    type(rendered).objects.filter(pk=rendered.pk).update(person_name="<script>alert(1)</script>")
    page = client.get(f"/certificates/{rendered.serial}", headers={"Accept": "text/html"}).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not re.search(r"<script", page)
