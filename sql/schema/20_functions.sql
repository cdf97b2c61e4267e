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

CREATE FUNCTION make_history_partitions(p_months_ahead integer)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_made integer := 0;
  v_table text;
  v_month timestamp;
  v_first timestamp := date_trunc('month', transaction_timestamp() AT TIME ZONE 'UTC');
  v_partition text;
BEGIN
  -- One at a time: two that make the same month would both find it missing.
  PERFORM pg_advisory_xact_lock(hashtextextended('reconciler.history_partitions', 0));
  FOREACH v_table IN ARRAY ARRAY[
    'resource_history', 'resource_state_history', 'resource_attribute_history', 'resource_tag_history',
    'resource_relationship_history'
  ] LOOP
    FOR v_month IN SELECT generate_series(v_first, v_first + make_interval(months => p_months_ahead), '1 month') LOOP
      v_partition := v_table || to_char(v_month, '_YYYY_MM');
      CONTINUE WHEN to_regclass('public.' || v_partition) IS NOT NULL;
      -- Made apart and then attached, because making it in place would lock out everyone who writes history.
      EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', v_partition, v_table);
      EXECUTE format(
        'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        v_table, v_partition, v_month AT TIME ZONE 'UTC', (v_month + interval '1 month') AT TIME ZONE 'UTC'
      );
      v_made := v_made + 1;
    END LOOP;
  END LOOP;
  RETURN v_made;
END
$$;
COMMENT ON FUNCTION make_history_partitions(integer) IS
'Makes the months of all histories from this one to so many ahead, where they are missing. Gives how many it made.';

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
