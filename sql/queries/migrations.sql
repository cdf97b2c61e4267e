-- What the migration runner asks and says.

-- name: migrations.try_lock
SELECT pg_try_advisory_lock(7236504133541249024);

-- name: migrations.settings
SELECT
    set_config('client_connection_check_interval', '5s', FALSE),
    set_config('search_path', 'public', FALSE);

-- name: migrations.become_owner
SELECT set_config('role', 'reconciler_owner', TRUE);

-- name: migrations.server_version
SELECT current_setting('server_version_num')::integer / 10000;

-- name: migrations.table_exists
SELECT to_regclass('public.schema_migrations') IS NOT NULL;

-- name: migrations.applied
SELECT version, name, sha256 FROM public.schema_migrations
ORDER BY version;

-- name: migrations.record
INSERT INTO public.schema_migrations (version, name, sha256)
VALUES (%(version)s, %(name)s, %(sha256)s)
ON CONFLICT (version) DO UPDATE
    SET name = excluded.name, sha256 = excluded.sha256, applied_at = now(), applied_by = session_user;
