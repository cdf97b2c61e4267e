-- How rows come in by COPY, which PostgreSQL refuses for a table with policies: into a table of the session's own, and
-- from there by one INSERT, which the policies, the constraints and the triggers judge. Both functions have the rights of
-- whoever calls them, and no more.

CREATE FUNCTION staged_copy(p_copy text, OUT table_name text, OUT columns text)
LANGUAGE sql IMMUTABLE
AS $$
  SELECT m[1], m[2] FROM regexp_match(p_copy, '^\s*COPY staged_(\w+) \(([\w\s,]+)\) FROM STDIN$', 'n') AS m
$$;
COMMENT ON FUNCTION staged_copy(text) IS
'The table and the columns that a COPY into a staged table is for; both null where it is none.';

CREATE FUNCTION stage(p_copy text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  v_table text := (public.staged_copy(p_copy)).table_name;
BEGIN
  IF to_regclass('pg_temp.staged_' || v_table) IS NULL THEN
    EXECUTE format(
      'CREATE TEMPORARY TABLE staged_%s ON COMMIT DELETE ROWS AS SELECT * FROM public.%I WITH NO DATA', v_table, v_table
    );
  END IF;
END
$$;
COMMENT ON FUNCTION stage(text) IS
'Makes the session''s own table that a COPY goes into, unless it is there. It is empty after each transaction.';

CREATE FUNCTION take_staged(p_copy text)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
  v_copy record := public.staged_copy(p_copy);
  v_count bigint;
BEGIN
  EXECUTE format(
    'INSERT INTO public.%I (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM pg_temp.staged_%s',
    v_copy.table_name, v_copy.columns, v_copy.columns, v_copy.table_name
  );
  GET DIAGNOSTICS v_count = ROW_COUNT;
  EXECUTE format('TRUNCATE pg_temp.staged_%s', v_copy.table_name);
  RETURN v_count;
END
$$;
COMMENT ON FUNCTION take_staged(text) IS
'Writes what a COPY brought into the table that it is for, and empties the staged one. Gives the number of rows.';
