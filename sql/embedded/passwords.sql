-- A server of our own: the roles that connect to it, each with a password. The passwords come by settings of the
-- session, so that they are in no statement. Harmless to run again.

DO $$
BEGIN
  EXECUTE format('ALTER ROLE %I PASSWORD %L', current_user, current_setting('reconciler.superuser_password'));
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'reconciler_runtime') THEN
    CREATE ROLE reconciler_runtime LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
  EXECUTE format('ALTER ROLE reconciler_runtime PASSWORD %L', current_setting('reconciler.runtime_password'));
END
$$;
