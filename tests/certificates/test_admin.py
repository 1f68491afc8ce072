"""The admin's actions on certificates."""

import pytest
from django.core import mail

from certificates.models import Certificate
from tests.certificates.conftest import carry_out

pytestmark = pytest.mark.django_db
LIST = "/admin/certificates/certificate/"


@pytest.fixture
def act(client, admin_user):
    client.force_login(admin_user, backend="allauth.account.auth_backends.AuthenticationBackend")

    def act(action: str, certificate: Certificate) -> str:
        data = {"action": action, "_selected_action": [certificate.pk]}
        answer = client.post(LIST, data, follow=True)
        assert answer.status_code == 200
        return " ".join(str(message) for message in answer.context["messages"])

    return act


def test_revoking_and_reissuing_are_recorded_with_who_did_it(act, rendered, admin_user):
    assert act("revoke_misconduct", rendered) == "1 certificates revoked."
    assert act("reissue_reinstated", rendered) == "1 certificates reissued."
    assert "A newer certificate took its place" in act("revoke_requested", rendered)
    rendered.refresh_from_db()
    assert rendered.state == "reissued"
    assert list(rendered.changes.values_list("reason", "actor")) == [
        ("claimed", None),
        ("misconduct", admin_user.pk),
        ("reinstated", admin_user.pk),
    ]


def test_resending_sends_the_mail_again(act, rendered):
    assert act("resend", rendered) == "1 certificates sent again."
    carry_out()
    assert len(mail.outbox) == 2


def test_verifying_reads_the_stored_file_and_rendering_again_repairs_it(act, rendered):
    assert act("verify_now", rendered) == f"{rendered.serial}: Valid; PDF intact."
    digest = rendered.pdf_sha256
    with open(rendered.pdf.path, "ab") as file:
        file.write(b" ")
    assert "not the one that was issued; PDF changed." in act("verify_now", rendered)
    act("render_again", rendered)
    carry_out()
    assert act("verify_now", rendered) == f"{rendered.serial}: Valid; PDF intact."
    rendered.refresh_from_db()
    assert rendered.pdf_sha256 == digest, "copies that people hold are still the one that was issued"


def test_nothing_is_edited_added_or_deleted_by_hand(client, admin_user, rendered):
    client.force_login(admin_user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(LIST).status_code == 200
    page = client.get(f"{LIST}{rendered.pk}/change/")
    assert page.status_code == 200
    assert page.context["adminform"].form.fields == {}
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.get(f"{LIST}{rendered.pk}/delete/").status_code == 403
