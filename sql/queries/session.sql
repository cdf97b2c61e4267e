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

-- name: session.installation
SELECT uid FROM installation;

-- name: session.make_history_partitions
SELECT make_history_partitions(%(months_ahead)s);
