-- Functions that triggers and sessions share. Those that must write where the runtime role may not are SECURITY DEFINER,
-- with a search path that nobody else can put objects into.

CREATE FUNCTION change_context()
RETURNS TABLE (
    changed_at timestamptz, actor text, reason text, cause text, operation_id uuid, revision_id bigint, db_user text
)
LANGUAGE sql STABLE
AS $$
  -- Unset settings read as null, settings of an earlier transaction as ''.
  SELECT
    transaction_timestamp(),
    coalesce(nullif(current_setting('reconciler.actor', true), ''), session_user),
    nullif(current_setting('reconciler.reason', true), ''),
    coalesce(nullif(current_setting('reconciler.cause', true), ''), 'manual'),
    nullif(current_setting('reconciler.operation', true), '')::uuid,
    nullif(current_setting('reconciler.revision', true), '')::bigint,
    session_user::text
$$;
COMMENT ON FUNCTION change_context() IS
'Who makes the change that is under way, and why, as the transaction''s settings say. One row.';

CREATE FUNCTION current_epoch()
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_here CONSTANT bigint := (SELECT c.system_identifier FROM pg_control_system() AS c);
  v_last record;
BEGIN
  LOOP
    SELECT e.id, e.system_identifier INTO v_last FROM cluster_epochs AS e ORDER BY e.id DESC LIMIT 1;
    IF v_last.system_identifier = v_here THEN
      RETURN v_last.id;
    END IF;
    -- Whoever comes second waits for the first, and finds what it wrote.
    INSERT INTO cluster_epochs (id, system_identifier) VALUES (coalesce(v_last.id, 0) + 1, v_here)
    ON CONFLICT (id) DO NOTHING;
  END LOOP;
END
$$;
COMMENT ON FUNCTION current_epoch() IS
'The epoch of the cluster that the database lives in now; a new one where it is another than before, as after a restore.';
REVOKE ALL ON FUNCTION current_epoch() FROM public;

CREATE FUNCTION current_changeset()
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_context record;
  v_id bigint;
BEGIN
  SELECT * INTO STRICT v_context FROM change_context();
  SELECT s.id INTO v_id
  FROM changesets AS s
  WHERE
    s.changed_at = v_context.changed_at AND s.xact = pg_current_xact_id()
    AND (s.actor, s.reason, s.cause, s.operation_id, s.revision_id, s.db_user) IS NOT DISTINCT FROM (
      v_context.actor, v_context.reason, v_context.cause, v_context.operation_id, v_context.revision_id, v_context.db_user
    );
  IF v_id IS NULL THEN
    INSERT INTO changesets (changed_at, epoch, actor, reason, cause, operation_id, revision_id, db_user)
    VALUES (
      v_context.changed_at, current_epoch(), v_context.actor, v_context.reason, v_context.cause, v_context.operation_id,
      v_context.revision_id, v_context.db_user
    )
    RETURNING id INTO v_id;
  END IF;
  RETURN v_id;
END
$$;
COMMENT ON FUNCTION current_changeset() IS
'The changeset of the change that is under way, made where the transaction has none for this actor and reason yet.';
REVOKE ALL ON FUNCTION current_changeset() FROM public;

CREATE FUNCTION refuse_truncate()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION '% cannot be truncated: its rows would vanish without a trace in the history', tg_table_name
    USING ERRCODE = 'RC002', HINT = 'Mark resources as deleted instead.';
END
$$;
COMMENT ON FUNCTION refuse_truncate() IS 'Refuses TRUNCATE, which no row''s history could follow.';

CREATE FUNCTION sessions_in_the_way(p_waiter integer)
RETURNS TABLE (pid integer, usename text, application_name text, state text, since timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT
    a.pid, a.usename::text, a.application_name, a.state, coalesce(a.xact_start, a.state_change, a.backend_start)
  FROM pg_stat_activity AS a
  CROSS JOIN LATERAL (
    SELECT
      coalesce(bool_or(l.locktype = 'virtualxid'), FALSE) AS is_at_work,
      coalesce(bool_or(l.locktype = 'advisory'), FALSE) AND a.application_name <> 'reconciler' AS is_holding
    FROM pg_locks AS l
    WHERE l.pid = a.pid AND l.granted
  ) AS has
  WHERE
    a.datname = current_database() AND a.pid NOT IN (pg_backend_pid(), p_waiter)
    AND (has.is_at_work OR has.is_holding)
  ORDER BY a.state LIKE 'idle in transaction%' DESC, has.is_holding DESC, 5 ASC
  LIMIT 3
$$;
COMMENT ON FUNCTION sessions_in_the_way(integer) IS
'Who may hold what a session waited for in vain: transactions left open, foreign holders of advisory locks, others at work; the longest first. It shows no statements.';
REVOKE ALL ON FUNCTION sessions_in_the_way(integer) FROM public;

CREATE FUNCTION value_text(
    p_target_type text, p_key text, p_inner_key text, p_string text, p_integer bigint, p_decimal numeric, p_boolean boolean,
    p_datetime timestamptz, p_credential text, p_fingerprint text
)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(
    p_target_type || '#' || p_string,
    p_key || coalesce(':' || p_inner_key, '') || '=' || p_string,
    p_string,
    p_integer::text,
    trim_scale(p_decimal)::text,
    p_boolean::text,
    p_datetime::text,
    'credential/' || p_credential || coalesce('#' || p_fingerprint, '')
);
COMMENT ON FUNCTION value_text(
    text, text, text, text, bigint, numeric, boolean, timestamptz, text, text
) IS 'A value as one text, as the views have it; a secret by its credential''s name and fingerprint.';
