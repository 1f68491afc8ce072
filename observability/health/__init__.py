"""Liveness, readiness and draining.

- `urls`: `/health` (the process answers), `/api/v1/ready` (its dependencies answer), `…/ready/details` for a token.
- `READY_CHECKS` names the checks: classes that follow django-health-check's contract (`run` returns, or raises).
- `HealthMiddleware`, put first, answers probes before anything that wants a valid Host, a session or a database.
"""
