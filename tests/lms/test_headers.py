"""Security headers of every kind of answer; no page of ours needs inline scripts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from lms import headers

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", re.I)
HANDLERS = re.compile(r"\son[a-z]+=[\"']", re.I)


@pytest.fixture
def signed_in(admin_client) -> Client:
    return admin_client


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/accounts/user/",
        "/admin/accounts/user/add/",
        "/admin/courses/course/",
        "/admin/quizzes/attempt/",
        "/admin/django_celery_beat/periodictask/",
        "/admin/password_change/",
    ],
)
def test_admin_pages_run_under_a_policy_without_inline_code(signed_in, path):
    answer = signed_in.get(path)
    assert answer.status_code == 200
    assert answer["Content-Security-Policy"] == headers.PAGE
    assert "unsafe" not in headers.PAGE
    assert INLINE_SCRIPT.findall(answer.text) == []
    assert HANDLERS.findall(answer.text) == []


def test_the_docs_page_has_no_inline_script(client):
    answer = client.get("/api/docs/")
    assert INLINE_SCRIPT.findall(answer.text) == []
    assert "script-src 'self';" in answer["Content-Security-Policy"]
    script = client.get(re.search(r'src="([^"]*script[^"]*)"', answer.text).group(1).replace("&amp;", "&"))
    assert (script.status_code, script["Content-Type"]) == (200, "application/javascript")
    assert "SwaggerUIBundle" in script.text
    external = re.findall(r'(?:src|href)="(https?:)?//', answer.text)
    assert external == []


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/schema/", "/api/v1/auth/app/v1/config"])
def test_data_can_load_nothing(client, path):
    answer = client.get(path)
    assert answer["Content-Security-Policy"] == headers.DATA
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


def test_a_views_own_policy_stays(client):
    policy = client.get("/certificates/none", headers={"Accept": "text/html"})["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src data:;")


def test_pages_of_mail_links_run_under_the_policy(client):
    answer = client.get("/account/password/reset")
    assert answer["Content-Security-Policy"] == headers.PAGE
    assert "camera=()" in answer["Permissions-Policy"]
    assert "<style" not in answer.text
    assert INLINE_SCRIPT.findall(answer.text) == []


def test_secure_transport_is_demanded_where_https_is_on(client, settings):
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31_536_000, True
    answer = client.get("/api/v1/me", secure=True)
    assert answer["Strict-Transport-Security"].startswith("max-age=31536000; includeSubDomains")


def test_cookies_are_bound_to_this_host():
    names = "SESSION_COOKIE_NAME CSRF_COOKIE_NAME SESSION_COOKIE_HTTPONLY SESSION_COOKIE_SAMESITE SESSION_COOKIE_SECURE"
    code = f"from lms import settings; print(*[getattr(settings, name) for name in {names.split()}])"
    environment = os.environ | {"LMS_DEBUG": "0", "LMS_BASE_URL": "https://lms.example.org", "LMS_HTTPS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert run.stdout.split() == ["__Host-sessionid", "__Host-csrftoken", "True", "Lax", "True"]


def test_an_address_that_does_not_exist_is_a_problem_body_below_api_and_a_page_elsewhere(client):
    missing = client.get("/api/v1/courses/%C3%A9/staff")
    assert (missing.status_code, missing["Content-Type"]) == (404, "application/problem+json")
    assert missing.json()["code"] == "not_found"
    page = client.get("/nowhere")
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
