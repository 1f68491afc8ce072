"""One value of every kind of personal data and credential, each with the text around it that makes it recognisable.

Each entry: kind → (text as it appears, the part that must appear nowhere).
"""

import base64

_PRIVATE_KEY = "MIICXAIBAAKBgQCanaryCanaryCanaryCanary7x"
_JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeS1zaWduYXR1cmU"

CANARIES: dict[str, tuple[str, str]] = {
    "email": ("mail to canary.person@example.org failed", "canary.person"),
    "email_encoded": ("GET /people?q=canary.person%40example.org HTTP/1.1", "canary.person"),
    "email_idn": ("from canary.person@bücher.example now", "canary.person"),
    "phone": ("call phone +49 30 901820 99", "901820"),
    "card": ("paid with 4111 1111 1111 1111 today", "1111 1111"),
    "iban": ("from DE89370400440532013000 ok", "370400440532013000"),
    "national_id": ("ssn 078-05-1120 given", "078-05-1120"),
    "ipv4": ("from 203.0.113.77 port 80", "203.0.113.77"),
    "ipv6": ("from 2001:db8:85a3:8d3:1319:8a2e:370:7348 port", "8a2e:370:7348"),
    "jwt": (f"got {_JWT} here", _JWT.split(".")[1]),
    "bearer": ("Authorization: Bearer canaryBearer0123456789abcdef", "canaryBearer0123456789"),
    "basic": (f"Authorization: Basic {base64.b64encode(b'canary:canarypass').decode()}", "Y2FuYXJ5"),
    "api_key": ("key AKIACANARYCANARY2345 used", "AKIACANARYCANARY2345"),
    "session_cookie": ("Cookie: sessionid=canarysession0123456789; theme=dark", "canarysession0123456789"),
    "csrf_cookie": ("csrftoken=canarycsrf0123456789abcdef", "canarycsrf0123456789"),
    "dsn": ("postgres://lms:canarypass@db.internal:5432/lms", "canarypass"),
    "userinfo": ("GET https://canaryuser:canarypass@host.example/x", "canarypass"),
    "private_key": (
        f"-----BEGIN RSA PRIVATE KEY-----\n{_PRIVATE_KEY}\n-----END RSA PRIVATE KEY-----",
        _PRIVATE_KEY,
    ),
    "query_string": ("/reset?token=canarytoken012345&next=/", "canarytoken012345"),
    "key_value": ("password=canarypassword1 accepted", "canarypassword1"),
    "json": ('body {"password": "canarypassword2", "id": 3}', "canarypassword2"),
    "escaped_json": ('body "{\\"password\\": \\"canarypassword3\\"}"', "canarypassword3"),
}
