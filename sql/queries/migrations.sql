-- What the migration runner asks and says.

-- name: migrations.try_lock
SELECT pg_try_advisory_lock(7236504133541249024);

-- name: migrations.settings
SELECT
    set_config('client_connection_check_interval', '5s', FALSE),
    set_config('lock_timeout', '2s', FALSE),
    set_config('idle_in_transaction_session_timeout', '60s', FALSE),
    set_config('search_path', 'public', FALSE),
    set_config('reconciler.reason', 'migration', FALSE);

-- name: migrations.in_the_way
-- Who else is at work in this database, longest first: what a migration waited for is among them.
SELECT
    a.pid,
    a.usename,
    a.application_name,
    a.state,
    a.xact_start
FROM pg_stat_activity AS a
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.xact_start IS NOT NULL
ORDER BY a.xact_start
LIMIT 3;

-- name: migrations.lock_holder
SELECT
    a.pid,
    a.usename,
    a.application_name,
    a.state,
    coalesce(a.xact_start, a.state_change) AS since
FROM pg_locks AS l
INNER JOIN pg_stat_activity AS a ON l.pid = a.pid
WHERE
    l.locktype = 'advisory'
    AND l.granted
    AND a.datname = current_database()
    AND ((l.classid::bigint << 32) | l.objid::bigint) = 7236504133541249024
ORDER BY a.pid;

-- name: migrations.become_owner
SELECT set_config('role', 'reconciler_owner', TRUE);

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
