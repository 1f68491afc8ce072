"""Whether what was deployed observes, alerts and reports, asked from outside: `manage.py verify_observability`."""
