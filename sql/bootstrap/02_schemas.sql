-- The schemas, and who may make things in them. Run before any migration, and harmless to run again.

CREATE SCHEMA IF NOT EXISTS vault AUTHORIZATION reconciler_vault;
REVOKE ALL ON SCHEMA public FROM public;
GRANT USAGE, CREATE ON SCHEMA public TO reconciler_owner;
GRANT USAGE ON SCHEMA public TO
reconciler_runtime, reconciler_vault, reconciler_planner, reconciler_reader, reconciler_auditor;

-- Rows are loaded through temporary tables, which everybody may make unless it was taken from PUBLIC.
DO $$
BEGIN
  EXECUTE format(
    'GRANT TEMPORARY ON DATABASE %I TO reconciler_runtime, reconciler_planner', pg_catalog.current_database()
  );
EXCEPTION WHEN insufficient_privilege THEN
  NULL; -- then it has to be given by whoever owns the database, if PUBLIC has it no more
END
$$;

SET LOCAL ROLE reconciler_owner;

CREATE TABLE IF NOT EXISTS public.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    sha256 bytea NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL DEFAULT session_user,
    CONSTRAINT schema_migrations_pkey PRIMARY KEY (version),
    CONSTRAINT schema_migrations_sha256 CHECK (octet_length(sha256) = 32)
);

COMMENT ON TABLE public.schema_migrations IS
'The migrations that made this schema. Written by the migration runner.';
COMMENT ON COLUMN public.schema_migrations.version IS 'The number in the file''s name; 0 stands for the seed.';
COMMENT ON COLUMN public.schema_migrations.name IS 'The file''s name.';
COMMENT ON COLUMN public.schema_migrations.sha256 IS 'SHA-256 of the file as it was applied.';
COMMENT ON COLUMN public.schema_migrations.applied_at IS 'When it was applied.';
COMMENT ON COLUMN public.schema_migrations.applied_by IS 'The database user that applied it.';
GRANT SELECT ON public.schema_migrations TO
reconciler_runtime, reconciler_planner, reconciler_reader, reconciler_auditor;
