"""The page where the alerts' links lead: there for everybody, without database and login."""

import re

import pytest
from django.urls import reverse

from lms import runbooks
from tests.docs.documents import anchors
from tests.system import ROOT


@pytest.mark.parametrize("name", runbooks.DOCUMENTS)
def test_each_document_is_a_page_without_asking_the_database(client, name):
    answer = client.get(reverse("runbooks", args=[name]))
    assert answer.status_code == 200
    assert answer["X-Robots-Tag"] == "noindex"
    assert set(re.findall(r'<h[1-6] id="([^"]+)"', answer.content.decode())) == anchors(ROOT / "docs" / f"{name}.md")


def test_every_alert_leads_to_a_heading_of_the_page(client):
    text = client.get("/runbooks").content.decode()
    rules = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text()
    fragments = set(re.findall(r"runbook_url: https://lms\.example\.org/runbooks#(\S+)", rules))
    assert len(fragments) > 30
    assert {fragment for fragment in fragments if f'id="{fragment}"' not in text} == set()


def test_links_between_documents_lead_to_pages_and_others_to_nothing(client):
    pages = {name: client.get(reverse("runbooks", args=[name])).content.decode() for name in runbooks.DOCUMENTS}
    inner = {link for text in pages.values() for link in re.findall(r'href="([^"]+)"', text) if "://" not in link}
    assert {"/runbooks/outages", "/runbooks/operations#backup-and-restore"} <= inner
    leads = {link.split("#")[0] for link in inner if not link.startswith("/static/")} - {""}
    assert {link for link in leads if client.get(link).status_code != 200} == set()
    assert "installing observability" in pages["troubleshooting"]
    assert "README.md" not in "".join(re.findall(r'href="([^"]*)"', pages["troubleshooting"]))


@pytest.mark.parametrize("name", ["security", "openapi", "no-such"])
def test_what_is_not_for_whoever_is_on_call_is_not_there(client, name):
    assert client.get(f"/runbooks/{name}").status_code == 404


@pytest.mark.django_db
def test_browsers_that_ask_for_an_icon_by_themselves_get_ours(client):
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert answer["Location"].endswith("favicon.svg")
