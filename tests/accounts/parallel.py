"""Four workers that count together, with every limit of a source at ten, and calls that arrive at the same moment."""

import http.client
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

from tests.system import Answer, System

SOURCES = ["login_source", "signup_source", "reset_source", "key_source", "mfa_source", "token_source"]
SOURCES += ["auth_reads", "auth_writes"]
LIMITS = dict.fromkeys([*SOURCES, "password_change", "api_student"], "10/300")
LIMITS |= {"login_account": "5/300", "mfa_account": "1000/60", "login_calls": "1000/60"}
PEOPLE = """
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from accounts import services
for email in ("ada", "grace", "edsger", "barbara", "alan", "donald", "radia", "root"):
    role = "admin" if email == "root" else "student"
    person = services.create_person(email=email + "@example.org", name=email, role=role, password={password!r})
    if email == "grace":
        TOTP.activate(person, {secret!r})
        print("codes", " ".join(RecoveryCodes.activate(person).get_unused_codes()))
"""
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
APP = "/api/v1/auth/app/v1/"


def at_once(number: int, call: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(call, range(number)))


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def login(site: System, email: str, password: str, source: str) -> Answer:
    body = {"email": email, "password": password}
    return site.post(APP + "auth/login", body, X_Forwarded_For=source)


def csrf(site: System, path: str) -> str:
    return re.search(r"csrftoken=(\w+)", site.get(path).headers["Set-Cookie"]).group(1)


def send_form(site: System, path: str, fields: dict[str, str], source: str, token: str, cookies: str = "") -> Answer:
    """What a browser sends; `token` against forged requests."""
    connection = http.client.HTTPConnection("127.0.0.1", site.ports["web"], timeout=60)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"csrftoken={token}; {cookies}",
        "X-Forwarded-For": source,
    }
    connection.request("POST", path, urlencode(fields | {"csrfmiddlewaretoken": token}), headers)
    response = connection.getresponse()
    answer = Answer(response.status, dict(response.getheaders()), response.read().decode())
    connection.close()
    return answer
