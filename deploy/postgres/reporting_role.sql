-- The role that Grafana reads the schema `reporting` with: that schema's views, and nothing else.
--
--     LMS_REPORTING_PASSWORD=... psql "$DATABASE_URL" -f deploy/postgres/reporting_role.sql
--
-- After `manage.py migrate`, as a superuser or as an owner of the database with CREATEROLE. It may run again, and sets
-- the password anew. The password is no part of any statement that PostgreSQL logs as a change of a role.
\set ON_ERROR_STOP on
\set QUIET on
\getenv password LMS_REPORTING_PASSWORD
\if :{?password}
\else
    \set password ''
\endif
BEGIN;
SELECT set_config('reporting.password', :'password', true) IS NULL AS ignored \gset
DO $$
DECLARE
    password text := current_setting('reporting.password');
    owner name;
BEGIN
    IF length(password) < 16 THEN
        RAISE EXCEPTION 'LMS_REPORTING_PASSWORD is not set, or shorter than 16 characters';
    END IF;
    SELECT nspowner::regrole INTO owner FROM pg_namespace WHERE nspname = 'reporting';
    IF owner IS NULL THEN
        RAISE EXCEPTION 'there is no schema reporting here: run manage.py migrate first';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lms_reporting') THEN
        CREATE ROLE lms_reporting;
    END IF;
    EXECUTE format('ALTER ROLE lms_reporting LOGIN PASSWORD %L CONNECTION LIMIT 10', password);
    -- Everybody may make temporary tables unless a database says otherwise; its owner keeps the right.
    EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), owner);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO lms_reporting', current_database());
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA reporting GRANT SELECT ON TABLES TO lms_reporting',
        owner);
    -- Only a superuser may take the making of large objects, a way to store things, from everybody.
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
        EXECUTE format('GRANT EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) TO %I',
            owner);
    END IF;
END
$$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
ALTER ROLE lms_reporting NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE lms_reporting SET default_transaction_read_only = on;
ALTER ROLE lms_reporting SET statement_timeout = '15s';
ALTER ROLE lms_reporting SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE lms_reporting SET search_path = reporting;
GRANT USAGE ON SCHEMA reporting TO lms_reporting;
GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO lms_reporting;
COMMIT;
