"""Issuing, revoking, reissuing: what follows, what is refused, what is announced."""

from pathlib import Path

import pytest
from django.core import mail

from accounts.models import User
from accounts.personal_data import erase_person, export_person
from certificates import services
from certificates.models import Certificate, CertificateChange, IssueCause, ReissueReason, RevocationReason
from core.errors import Conflict, Unprocessable
from courses import services as courses
from courses.models import Lesson
from outbox.models import Message
from tests.certificates.conftest import carry_out, complete_silently

pytestmark = pytest.mark.django_db
commits = pytest.mark.django_db(transaction=True)  # what is announced or removed after a commit


def history(certificate: Certificate) -> list[tuple[str, str, str]]:
    return list(certificate.changes.values_list("from_state", "to_state", "reason"))


@commits
def test_completing_the_last_lesson_issues_renders_and_mails(student, course, announced):
    enrollment = courses.enroll(user=student, course=course)
    courses.complete_lesson(enrollment=enrollment, lesson=Lesson.objects.select_related("section").get())
    certificate = Certificate.objects.get()
    assert (certificate.user, certificate.course, certificate.cause) == (student, course, "completed")
    assert (certificate.person_name, certificate.course_title, certificate.state) == (
        "Zoë Łukasz",
        "Biology",
        "issued",
    )
    assert (certificate.pdf_sha256, len(mail.outbox)) == ("", 0), "neither is made in the request"
    assert carry_out() == 2
    certificate.refresh_from_db()
    assert len(certificate.pdf_sha256) == 64
    assert [message.to for message in mail.outbox] == [["student@example.com"]]
    assert certificate.serial in mail.outbox[0].body
    assert [name for name, _ in announced] == ["certificate_issued", "certificate_rendered"]
    assert history(certificate) == [("", "issued", "completed")]


@commits
def test_issuing_again_is_the_same_certificate(completed, announced):
    first = services.issue(enrollment=completed, cause=IssueCause.CLAIMED)
    again = services.issue(enrollment=completed, cause=IssueCause.SWEPT)
    assert (again.pk, again.serial) == (first.pk, first.serial)
    assert [name for name, _ in announced] == ["certificate_issued"]


def test_no_certificate_before_completion(student, course):
    enrollment = courses.enroll(user=student, course=course)
    with pytest.raises(Conflict) as refusal:
        services.issue(enrollment=enrollment, cause=IssueCause.CLAIMED)
    assert refusal.value.code == "not_completed"
    assert not Certificate.objects.exists()


def test_an_instructor_grants_one_with_a_reason_only(student, course, teacher):
    enrollment = courses.enroll(user=student, course=course)
    with pytest.raises(Unprocessable) as refusal:
        services.issue(enrollment=enrollment, cause=IssueCause.GRANTED, actor=teacher, note="  ")
    assert refusal.value.code == "reason_needed"
    certificate = services.issue(
        enrollment=enrollment, cause=IssueCause.GRANTED, actor=teacher, note="Passed the oral exam"
    )
    change = CertificateChange.objects.get(certificate=certificate)
    assert (change.reason, change.note, change.actor) == ("granted", "Passed the oral exam", teacher)


def test_without_a_name_there_is_no_certificate_until_there_is_one(make_user, course):
    nameless, blank = make_user("a", name=""), make_user("b", name=" \t")
    enrollment = complete_silently(nameless, course)
    complete_silently(blank, course)
    with pytest.raises(Conflict) as refusal:
        services.issue(enrollment=enrollment, cause=IssueCause.CLAIMED)
    assert refusal.value.code == "name_missing"
    named = complete_silently(make_user("c"), course)
    assert services.issue_missing().issued == 1, "the others keep nobody waiting"
    assert Certificate.objects.get().user == named.user
    User.objects.filter(pk=nameless.pk).update(name="Ada")
    assert services.issue_missing().issued == 1


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("  Ada \n Lovelace ", "Ada Lovelace"),
        ("Ada\u202eecalevoL", "AdaecalevoL"),
        ("\u2067Ada\u2069\x07", "Ada"),
        ("Zoe\u0308", "Zoë"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("#link(\"x\")[y] $1$", "#link(\"x\")[y] $1$"),
    ],
)  # fmt: skip
def test_names_are_printed_without_tricks_of_direction(name, printed):
    assert services.clean_name(name) == printed


@commits
def test_a_revoked_certificate_is_neither_issued_anew_nor_swept(certificate, completed, admin_user, announced):
    revoked = services.revoke(
        certificate=certificate, reason=RevocationReason.MISCONDUCT, actor=admin_user, note="Copied"
    )
    again = services.revoke(certificate=certificate, reason=RevocationReason.REQUESTED, actor=admin_user)
    assert (revoked.state, again.state) == ("revoked", "revoked")
    assert services.issue(enrollment=completed, cause=IssueCause.CLAIMED).pk == certificate.pk
    assert services.issue_missing().issued == 0
    assert history(certificate) == [("", "issued", "claimed"), ("issued", "revoked", "misconduct")]
    assert [name for name, _ in announced] == ["certificate_revoked"]


@commits
def test_a_reissue_bears_the_new_name_and_a_new_serial(rendered, admin_user, student, completed, announced):
    User.objects.filter(pk=student.pk).update(name="Zoë Nowak")
    announced.clear()
    new = services.reissue(certificate=rendered, reason=ReissueReason.NAME_CHANGED, actor=admin_user)
    rendered.refresh_from_db()
    assert (rendered.state, rendered.person_name) == ("reissued", "Zoë Łukasz")
    assert (new.state, new.person_name, new.replaces) == ("issued", "Zoë Nowak", rendered)
    assert new.serial != rendered.serial
    assert new.completed_at == rendered.completed_at
    assert history(rendered)[-1] == ("issued", "reissued", "name_changed")
    assert history(new) == [("", "issued", "name_changed")]
    assert services.issue(enrollment=completed, cause=IssueCause.CLAIMED).pk == new.pk
    assert carry_out() == 2
    assert len(mail.outbox) == 2
    assert [name for name, _ in announced] == ["certificate_reissued", "certificate_rendered"]
    for refused in (services.reissue, services.revoke):
        with pytest.raises(Conflict) as refusal:
            refused(certificate=rendered, reason=RevocationReason.REQUESTED, actor=admin_user)
        assert refusal.value.code == "replaced"


def test_reissuing_a_revoked_one_reinstates_it(certificate, admin_user):
    services.revoke(certificate=certificate, reason=RevocationReason.ISSUED_IN_ERROR, actor=admin_user)
    new = services.reissue(certificate=certificate, reason=ReissueReason.REINSTATED, actor=admin_user)
    assert list(Certificate.objects.order_by("pk").values_list("state", flat=True)) == ["reissued", "issued"]
    assert new.replaces_id == certificate.pk


def test_resending_sends_one_more_and_nothing_for_a_revoked_one(rendered, admin_user):
    services.resend(certificate=rendered)
    carry_out()
    assert len(mail.outbox) == 2
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == 2
    services.resend(certificate=rendered)
    services.revoke(certificate=rendered, reason=RevocationReason.REQUESTED, actor=admin_user)
    carry_out()
    assert len(mail.outbox) == 2, "a mail that waited while its certificate was revoked is not sent"
    with pytest.raises(Conflict):
        services.resend(certificate=rendered)


def test_nobody_is_mailed_at_an_address_that_can_not_exist(make_user, course):
    enrollment = complete_silently(make_user("x", email="learner-1@oulad.invalid"), course)
    services.issue(enrollment=enrollment, cause=IssueCause.SWEPT)
    assert (carry_out(), len(mail.outbox)) == (2, 0)


@commits
def test_a_person_gets_their_certificates_and_erasing_takes_name_and_file(rendered, student):
    exported = export_person(person=student)["certificates"]
    assert [(row["serial"], row["name"], row["state"]) for row in exported] == [
        (rendered.serial, "Zoë Łukasz", "issued")
    ]
    path = rendered.pdf.path
    erase_person(person=student)
    rendered.refresh_from_db()
    assert (rendered.person_name, rendered.state, rendered.pdf.name, rendered.pdf_sha256) == ("", "revoked", "", "")
    assert not Path(path).exists()
    assert history(rendered)[-1] == ("issued", "revoked", "erased")


@commits
def test_a_file_goes_with_its_person(rendered, student):
    path = rendered.pdf.path
    student.delete()
    assert not Certificate.objects.exists()
    assert not Path(path).exists()


def test_the_outbox_holds_neither_name_nor_address(certificate):
    text = str(list(Message.objects.values_list("payload", "key")))
    assert certificate.serial in text
    for secret in ("Zoë", "student@example.com"):
        assert secret not in text
