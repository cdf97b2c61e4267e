-- What a session is told at its start, and each transaction.

-- name: session.settings
SELECT
  set_config('search_path', 'public', false),
  set_config('timezone', 'UTC', false),
  set_config('client_connection_check_interval', '10s', false);

-- name: session.role
SELECT set_config('role', %(role)s, false);

-- name: session.actor
-- Local to the transaction; the history's triggers read them.
SELECT
  set_config('reconciler.actor', %(actor)s, true),
  set_config('reconciler.reason', %(reason)s, true),
  set_config('reconciler.cause', %(cause)s, true),
  set_config('reconciler.operation', %(operation)s, true),
  set_config('reconciler.revision', %(revision)s, true);

-- name: session.make_history_partitions
SELECT make_history_partitions(%(months_ahead)s);

-- name: session.roles
-- Who the session is, and whether it may act as a role.
SELECT session_user::text, pg_has_role(%(role)s, 'MEMBER');

-- name: session.database_exists
SELECT datname FROM pg_database WHERE datname = %(name)s;
