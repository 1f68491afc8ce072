"""Backups: the database and the files in one directory each, which is complete or isn't there."""
