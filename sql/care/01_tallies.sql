-- How much is in each table: run by the session of who takes care of a database, which may be of an older schema than
-- this code's, so that the function is the session's own and no part of the schema.

CREATE OR REPLACE FUNCTION pg_temp.tallies(p_checksums boolean)
RETURNS TABLE (table_name text, row_count bigint, checksum text)
LANGUAGE plpgsql
AS $$
DECLARE
  v_sum text := CASE WHEN p_checksums THEN 'sum(hashtextextended(t::text, 0)::numeric)::text' ELSE 'NULL::text' END;
BEGIN
  FOR table_name IN
    SELECT format('%I.%I', n.nspname, c.relname)
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_')
    ORDER BY 1
  LOOP
    EXECUTE format('SELECT count(*), %s FROM %s AS t', v_sum, table_name) INTO row_count, checksum;
    RETURN NEXT;
  END LOOP;
END
$$;
