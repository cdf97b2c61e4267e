-- What is asked while a database is backed up, restored, or moved to another server. As an administrator.

-- name: care.settings
-- Rows are compared as texts, so that all that a session may say about their form is said; nothing here may wait for
-- ever, and a transaction that only holds a snapshot for pg_dump is idle for as long as that works.
SELECT
    set_config('search_path', 'pg_catalog', FALSE),
    set_config('timezone', 'UTC', FALSE),
    set_config('datestyle', 'ISO, YMD', FALSE),
    set_config('intervalstyle', 'postgres', FALSE),
    set_config('extra_float_digits', '1', FALSE),
    set_config('bytea_output', 'hex', FALSE),
    -- Who sees only some rows is refused, and backs up no part for the whole.
    set_config('row_security', 'off', FALSE),
    set_config('lock_timeout', '20s', FALSE),
    set_config('idle_in_transaction_session_timeout', '0', FALSE),
    set_config('default_transaction_read_only', 'off', FALSE);

-- name: care.writing
-- Triggers write histories with their owner's rights, whose policy is asked like anybody's.
SELECT set_config('row_security', 'on', FALSE);

-- name: care.snapshot
SELECT pg_export_snapshot();

-- name: care.now
SELECT transaction_timestamp();

-- name: care.installation
SELECT uid, key_id FROM public.installation;

-- name: care.migrations
SELECT version, name, sha256, applied_at, applied_by FROM public.schema_migrations
ORDER BY version;

-- name: care.record_migration
INSERT INTO public.schema_migrations (version, name, sha256, applied_at, applied_by)
VALUES (%(version)s, %(name)s, %(sha256)s, %(applied_at)s, %(applied_by)s);

-- name: care.roles
-- The roles that something in the database belongs to, or has a right on it; predefined ones are everywhere.
SELECT DISTINCT r.rolname::text AS name
FROM pg_shdepend AS d
INNER JOIN pg_database AS db ON d.dbid = db.oid
INNER JOIN pg_roles AS r ON d.refobjid = r.oid
WHERE
    db.datname = current_database()
    AND d.refclassid = 'pg_authid'::regclass
    AND NOT starts_with(r.rolname, 'pg_')
    AND NOT r.rolsuper
ORDER BY name;

-- name: care.people
-- Those who were granted a role of ours, and have no role of their own on this server or one that was just made.
SELECT DISTINCT g.member, g.role
FROM public.access_grants AS g
WHERE
    g.revoked_at IS NULL
    AND (
        g.member::text = any(cast(%(made)s AS text[]))
        OR NOT EXISTS (
            SELECT FROM pg_roles AS r
            WHERE r.rolname = g.member
        )
    )
ORDER BY g.member, g.role;

-- name: care.role_exists
SELECT rolname FROM pg_roles
WHERE rolname = %(name)s;

-- name: care.tables
-- How many tables there are that are not the server's own.
SELECT count(*)
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE c.relkind IN ('r', 'p', 'v') AND n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_');

-- name: care.held
-- What of somebody's a database of ours holds.
SELECT
    (SELECT count(*) FROM public.resources) AS resources,
    (SELECT count(*) FROM public.revisions) AS revisions,
    (SELECT count(*) FROM public.resource_operations) AS operations,
    (SELECT count(*) FROM public.manifest_sources) AS sources,
    (SELECT count(*) FROM public.provider_endpoints) AS endpoints,
    (SELECT count(*) FROM public.provider_credentials) AS credentials,
    (SELECT count(*) FROM public.holds) AS holds;

-- name: care.hold
-- Everything, until somebody has looked.
INSERT INTO public.holds (owner, reason) VALUES (%(owner)s, %(reason)s);

-- name: care.missing_role
SELECT set_config('reconciler.missing_role', %(name)s, FALSE);

-- name: care.databases
SELECT d.datname::text
FROM pg_database AS d
WHERE NOT d.datistemplate AND d.datallowconn AND d.datname <> 'postgres'
ORDER BY d.datname;

-- name: care.sequences
SELECT format('%I.%I', s.schemaname, s.sequencename) AS name, s.last_value
FROM pg_sequences AS s;
