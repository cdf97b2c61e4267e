-- Roles, which belong to the whole server and not to one database: made where missing, before any migration.
-- Several migrations may run at once on one server; whoever comes second finds the role made, and goes on.
-- The owners are taken by whoever migrates; planner, reader and auditor are groups, which people's own roles join.

DO $$
DECLARE
  v_role text;
  v_options text;
BEGIN
  FOR v_role, v_options IN VALUES
    ('reconciler_owner', 'NOLOGIN'), ('reconciler_vault', 'NOLOGIN'), ('reconciler_runtime', 'LOGIN'),
    ('reconciler_planner', 'NOLOGIN'), ('reconciler_reader', 'NOLOGIN'), ('reconciler_auditor', 'NOLOGIN')
  LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = v_role) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', v_role, v_options);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL; -- another migration was faster
      END;
    END IF;
    IF v_role IN ('reconciler_owner', 'reconciler_vault') AND NOT pg_catalog.pg_has_role(v_role, 'MEMBER') THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', v_role);
    END IF;
  END LOOP;
  -- So that a wait for a lock can say for whom; where it may not be given, it says so with less.
  IF NOT pg_catalog.pg_has_role('reconciler_owner', 'pg_read_all_stats', 'MEMBER') THEN
    BEGIN
      GRANT pg_read_all_stats TO reconciler_owner;
    EXCEPTION WHEN insufficient_privilege OR unique_violation THEN
      NULL;
    END;
  END IF;
END
$$;
