-- What a session is told at its start, and each transaction.

-- name: session.settings
SELECT
    set_config('search_path', 'public', FALSE),
    set_config('timezone', 'UTC', FALSE),
    set_config('client_connection_check_interval', '10s', FALSE),
    set_config('lock_timeout', '20s', FALSE),
    set_config('idle_in_transaction_session_timeout', '60s', FALSE);

-- name: session.role
SELECT set_config('role', %(role)s, FALSE);

-- name: session.actor
-- Local to the transaction; the history's triggers read them.
SELECT
    set_config('reconciler.actor', %(actor)s, TRUE),
    set_config('reconciler.reason', %(reason)s, TRUE),
    set_config('reconciler.cause', %(cause)s, TRUE),
    set_config('reconciler.operation', %(operation)s, TRUE),
    set_config('reconciler.revision', %(revision)s, TRUE);

-- name: session.look_within
-- For a transaction that is idle while a provider answers, which takes as long as there are objects there.
SELECT set_config('idle_in_transaction_session_timeout', '15min', TRUE);

-- name: session.standing
-- Who the session's user is, and which of the roles it may act as: the program's, a planner's, one that only reads.
SELECT
    session_user::text AS db_user,
    pg_has_role('reconciler_runtime', 'MEMBER') AS may_run,
    pg_has_role('reconciler_planner', 'MEMBER') AS may_plan,
    pg_has_role('reconciler_reader', 'MEMBER') OR pg_has_role('reconciler_auditor', 'MEMBER') AS may_read;

-- name: session.database_exists
SELECT datname FROM pg_database
WHERE datname = %(name)s;

-- name: session.release_locks
-- Every advisory lock of the session.
SELECT pg_advisory_unlock_all()::text;

-- name: session.in_the_way
SELECT pid, usename, application_name, state, since
FROM sessions_in_the_way(%(waiter)s);

-- name: session.stage
-- A table of the session's own for the rows of a COPY, which the tables themselves do not take: they have policies.
SELECT stage(%(copy)s)::text;

-- name: session.take_staged
SELECT take_staged(%(copy)s);
