"""Security events: a closed list, each a count, a log line and, where it matters, a row that stays.

Optional: a host installs the app `observability.security` and the middleware of that name, and calls
`observability.security.reporting.report` where its own code knows what happened.
"""
