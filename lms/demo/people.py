"""The demo's logins. Their password is public: a system check refuses these people with DEBUG off (lms.E001)."""

DOMAIN = "demo.lms.test"
PASSWORD = "learn-by-doing"


def address(role: str, number: int) -> str:
    return f"{role}{number}@{DOMAIN}"
