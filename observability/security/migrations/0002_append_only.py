"""PostgreSQL refuses to change or remove security events, except for the retention job, which says so."""

from django.db import migrations

CREATE = """
CREATE FUNCTION security_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('security.retention', true) = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'security events are append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER security_append_only BEFORE UPDATE OR DELETE ON security_securityrecord
FOR EACH ROW EXECUTE FUNCTION security_append_only();
"""
DROP = """
DROP TRIGGER security_append_only ON security_securityrecord;
DROP FUNCTION security_append_only();
"""


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CREATE)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP)


class Migration(migrations.Migration):
    dependencies = [("security", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
