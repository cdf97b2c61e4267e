-- The histories' partitions: a month each, made ahead, and a default that takes what no month is there for, because a
-- clock that was wrong or a program that was off for a year must not stop every apply. What is a history is read from
-- the server's catalog: every table that is partitioned by ranges of `changed_at`. A month is there if one that covers
-- it is attached; what a table is called proves nothing.
--
-- Locks: a month that is attached while a default is there locks the default, which readers of all months hold too and
-- writers do not. Each function waits for a lock for half a second, which is less than `deadlock_timeout`, so that where
-- it and a writer wait for each other it is the one that gives up. It is called for one history at a time, because who
-- holds one could wait for a writer that holds another.

CREATE VIEW v_histories WITH (security_invoker = TRUE) AS
SELECT c.relname::text AS history, p.partrelid AS history_oid, p.partdefid AS default_oid
FROM pg_partitioned_table AS p
INNER JOIN pg_class AS c ON p.partrelid = c.oid
INNER JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
WHERE
    p.partstrat = 'r' AND p.partnatts = 1 AND a.attname = 'changed_at'
    AND c.relnamespace = 'public'::regnamespace;
COMMENT ON VIEW v_histories IS 'The tables that are partitioned by ranges of changed_at.';
COMMENT ON COLUMN v_histories.history IS 'The table''s name.';
COMMENT ON COLUMN v_histories.history_oid IS 'The table, as the server''s catalog numbers it.';
COMMENT ON COLUMN v_histories.default_oid IS 'Its default partition there; 0 for none.';

CREATE VIEW v_history_partitions WITH (security_invoker = TRUE) AS
WITH attached AS (
    SELECT
        h.history,
        c.relname::text AS partition_name,
        c.oid = h.default_oid AS is_default,
        regexp_match(
            pg_get_expr(c.relpartbound, c.oid), '^FOR VALUES FROM \((MINVALUE|''.*'')\) TO \((MAXVALUE|''.*'')\)$'
        ) AS bounds
    FROM v_histories AS h
    INNER JOIN pg_inherits AS i ON h.history_oid = i.inhparent
    INNER JOIN pg_class AS c ON i.inhrelid = c.oid
    WHERE NOT i.inhdetachpending
)

SELECT
    a.history,
    a.partition_name,
    a.is_default,
    CASE
        WHEN a.bounds[1] = 'MINVALUE' THEN timestamptz '-infinity' ELSE trim(BOTH '''' FROM a.bounds[1])::timestamptz
    END AS from_at,
    CASE
        WHEN a.bounds[2] = 'MAXVALUE' THEN timestamptz 'infinity' ELSE trim(BOTH '''' FROM a.bounds[2])::timestamptz
    END AS to_at
FROM attached AS a;
COMMENT ON VIEW v_history_partitions IS 'The partitions that are attached to a history, by what the server''s catalog says.';
COMMENT ON COLUMN v_history_partitions.history IS 'The history.';
COMMENT ON COLUMN v_history_partitions.partition_name IS 'The partition''s own name.';
COMMENT ON COLUMN v_history_partitions.is_default IS 'Whether it takes what fits in no other.';
COMMENT ON COLUMN v_history_partitions.from_at IS 'The first instant that it takes; null for a default.';
COMMENT ON COLUMN v_history_partitions.to_at IS 'The first instant that it no longer takes; null for a default.';

CREATE FUNCTION copy_columns(p_table regclass)
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
  FROM pg_attribute AS a
  WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
$$;
COMMENT ON FUNCTION copy_columns(regclass) IS 'The columns of a table that can be written, as a statement lists them.';

CREATE FUNCTION attach_partition(p_history text, p_partition text, p_bounds text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I %s', p_history, p_partition, p_bounds);
EXCEPTION
  WHEN lock_not_available OR deadlock_detected OR query_canceled THEN
    RAISE;
  WHEN OTHERS THEN
    RAISE EXCEPTION 'the table % cannot be attached to % %: %', p_partition, p_history, p_bounds, SQLERRM
      USING ERRCODE = 'RC022', HINT = format(
        'Look at what it is: SELECT * FROM %I LIMIT 1; then rename it: ALTER TABLE %I RENAME TO …', p_partition, p_partition
      );
END
$$;
COMMENT ON FUNCTION attach_partition(text, text, text) IS
'Attaches a table to a history, or says why the server refuses it and what to do.';

CREATE FUNCTION make_history_month(p_history text, p_month timestamptz)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
  v_to CONSTANT timestamptz := p_month + interval '1 month';
  v_name CONSTANT text := p_history || to_char(p_month, '_YYYY_MM');
  v_default CONSTANT text := (
    SELECT p.partition_name FROM v_history_partitions AS p WHERE p.history = p_history AND p.is_default
  );
  v_there record;
  v_has_strays boolean := FALSE;
  v_moved bigint := 0;
BEGIN
  SELECT p.partition_name, p.from_at, p.to_at INTO v_there
  FROM v_history_partitions AS p
  WHERE p.history = p_history AND p.from_at < v_to AND p.to_at > p_month
  LIMIT 1;
  IF v_there.from_at <= p_month AND v_there.to_at >= v_to THEN
    RETURN NULL;
  ELSIF v_there.from_at IS NOT NULL THEN
    RAISE EXCEPTION 'the partition % of % goes from % to % and covers only a part of %', v_there.partition_name, p_history,
      v_there.from_at, v_there.to_at, to_char(p_month, 'YYYY-MM')
      USING ERRCODE = 'RC022', HINT = format(
        'Detach it, and attach what it has as whole months: ALTER TABLE %I DETACH PARTITION %I', p_history, v_there.partition_name
      );
  END IF;
  SELECT c.oid, c.relkind, c.relispartition INTO v_there
  FROM pg_class AS c WHERE c.oid = to_regclass(format('public.%I', v_name));
  IF v_there.relispartition OR v_there.relkind <> 'r' THEN
    RAISE EXCEPTION 'there is a % that is called % and is not the month that its name says',
      CASE WHEN v_there.relispartition THEN 'partition' ELSE 'relation' END, v_name
      USING ERRCODE = 'RC022', HINT = format('Rename it: ALTER TABLE %I RENAME TO …', v_name);
  END IF;
  IF v_default IS NOT NULL THEN
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE changed_at >= $1 AND changed_at < $2)', v_default)
    INTO v_has_strays USING p_month, v_to;
  END IF;
  IF v_default IS NOT NULL AND (v_has_strays OR p_month <= transaction_timestamp()) THEN
    -- Rows of this month may be on their way into the default. A writer that waits for the default would be refused once
    -- the month is attached; one that waits for the history finds it. The default first: writers read before they write.
    EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', v_default);
    EXECUTE format('LOCK TABLE public.%I IN SHARE ROW EXCLUSIVE MODE', p_history);
  END IF;
  IF v_there.oid IS NULL THEN
    -- Made apart and then attached, because making it in place would lock out everyone who writes history.
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', v_name, p_history);
  END IF;
  IF v_default IS NOT NULL THEN
    EXECUTE format(
      'WITH gone AS (DELETE FROM public.%1$I WHERE changed_at >= $1 AND changed_at < $2 RETURNING %3$s)'
      ' INSERT INTO public.%2$I (%3$s) SELECT %3$s FROM gone',
      v_default, v_name, copy_columns(format('public.%I', p_history)::regclass)
    ) USING p_month, v_to;
    GET DIAGNOSTICS v_moved = ROW_COUNT;
  END IF;
  PERFORM attach_partition(p_history, v_name, format('FOR VALUES FROM (%L) TO (%L)', p_month, v_to));
  RETURN v_moved;
END
$$;
COMMENT ON FUNCTION make_history_month(text, timestamptz) IS
'Sees to it that a history has a month, and moves rows of it there from the default. Gives how many; null where it was there.';

CREATE FUNCTION make_history_partitions(p_months_ahead integer, p_history text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms'
AS $$
DECLARE
  v_first CONSTANT timestamptz := date_trunc('month', transaction_timestamp());
  v_made integer := 0;
  v_history record;
  v_month timestamptz;
  v_default text;
BEGIN
  IF p_months_ahead IS NULL OR p_months_ahead NOT BETWEEN 0 AND 24 THEN
    RAISE EXCEPTION 'history is made for 0 to 24 months ahead, and not for %', p_months_ahead
      USING ERRCODE = 'RC022', HINT = 'Each month is a table of every history. What none is there for goes into the default.';
  END IF;
  -- One at a time: two that make the same month would both find it missing.
  PERFORM pg_advisory_xact_lock(hashtextextended('reconciler.history_partitions', 0));
  FOR v_history IN
    SELECT h.history, h.default_oid FROM v_histories AS h
    WHERE p_history IS NULL OR h.history = p_history ORDER BY h.history
  LOOP
    FOR v_month IN SELECT generate_series(v_first, v_first + make_interval(months => p_months_ahead), interval '1 month') LOOP
      IF make_history_month(v_history.history, v_month) IS NOT NULL THEN
        v_made := v_made + 1;
      END IF;
    END LOOP;
    IF v_history.default_oid = 0 THEN
      v_default := v_history.history || '_default';
      IF to_regclass(format('public.%I', v_default)) IS NULL THEN
        EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', v_default, v_history.history);
      END IF;
      PERFORM attach_partition(v_history.history, v_default, 'DEFAULT');
    END IF;
  END LOOP;
  RETURN v_made;
END
$$;
COMMENT ON FUNCTION make_history_partitions(integer, text) IS
'Makes the months of all histories, or of one, from this one to so many ahead, and the default, where they are missing. Gives how many months it made.';

CREATE FUNCTION wanting_histories(p_months_ahead integer)
RETURNS TABLE (history text)
LANGUAGE sql STABLE SET timezone = 'UTC'
AS $$
  SELECT h.history
  FROM v_histories AS h
  WHERE
    h.default_oid = 0
    OR EXISTS (
      SELECT
      FROM generate_series(
        date_trunc('month', transaction_timestamp()),
        date_trunc('month', transaction_timestamp()) + make_interval(months => least(p_months_ahead, 24)), interval '1 month'
      ) AS m (from_at)
      WHERE NOT EXISTS (
        SELECT
        FROM v_history_partitions AS p
        WHERE p.history = h.history AND p.from_at <= m.from_at AND p.to_at >= m.from_at + interval '1 month'
      )
    )
  ORDER BY h.history
$$;
COMMENT ON FUNCTION wanting_histories(integer) IS
'The histories that have no default, or lack a month from this one to so many ahead. Takes no lock.';

CREATE FUNCTION stray_history(p_most integer DEFAULT NULL)
RETURNS TABLE (history text, stray_rows bigint, first_at timestamptz, last_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_each record;
BEGIN
  FOR v_each IN SELECT p.history, p.partition_name FROM v_history_partitions AS p WHERE p.is_default ORDER BY p.history LOOP
    EXECUTE format(
      'SELECT (SELECT count(*) FROM (SELECT FROM public.%1$I LIMIT $1) AS few), min(changed_at), max(changed_at)'
      ' FROM public.%1$I', v_each.partition_name
    ) INTO stray_rows, first_at, last_at USING p_most;
    IF stray_rows > 0 THEN
      history := v_each.history;
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION stray_history(integer) IS
'The histories whose default holds rows, with how many (counted up to p_most) and of which time. None is as it should be.';

CREATE FUNCTION move_stray_history(p_history text, p_until timestamptz DEFAULT 'infinity')
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms'
AS $$
DECLARE
  v_default CONSTANT text := (
    SELECT p.partition_name FROM v_history_partitions AS p WHERE p.history = p_history AND p.is_default
  );
  v_next timestamptz;
  v_moved bigint := 0;
BEGIN
  IF v_default IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('reconciler.history_partitions', 0));
  FOR v_count IN 1..24 LOOP
    EXECUTE format('SELECT date_trunc(''month'', min(changed_at)) FROM public.%I WHERE changed_at < $1', v_default)
    INTO v_next USING p_until;
    EXIT WHEN v_next IS NULL;
    v_moved := v_moved + make_history_month(p_history, v_next);
  END LOOP;
  RETURN v_moved;
END
$$;
COMMENT ON FUNCTION move_stray_history(text, timestamptz) IS
'Moves the rows of a history''s default that are older than an instant into months of their own, the 24 oldest months at most. Gives how many rows.';

REVOKE ALL ON FUNCTION
make_history_partitions(integer, text), make_history_month(text, timestamptz), attach_partition(text, text, text),
move_stray_history(text, timestamptz), stray_history(integer) FROM public;
