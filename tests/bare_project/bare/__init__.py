"""A project with SQLite, without Celery, Redis, psycopg and Sentry."""
