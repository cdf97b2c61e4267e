-- Sequences that would give out a number that is taken already: a function of the session's own, because every table has
-- to be asked by its name. With p_mend they are moved on.

CREATE OR REPLACE FUNCTION pg_temp.sequences_behind(p_mend boolean)
RETURNS TABLE (found_at text, what text)
LANGUAGE plpgsql
AS $$
DECLARE
  v_one record;
  v_used bigint;
  v_next bigint;
BEGIN
  FOR v_one IN
    SELECT DISTINCT
      format('%I.%I', n.nspname, c.relname) AS table_name, a.attname::text AS column_name,
      d.refobjid::regclass::text AS sequence_name
    FROM pg_catalog.pg_attribute AS a
    JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid AND n.nspname IN ('public', 'vault')
    JOIN LATERAL (
      SELECT pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname)::regclass::oid AS refobjid
      UNION ALL
      SELECT dep.refobjid
      FROM pg_catalog.pg_attrdef AS def
      JOIN pg_catalog.pg_depend AS dep ON dep.classid = 'pg_attrdef'::regclass AND dep.objid = def.oid
      JOIN pg_catalog.pg_class AS s ON dep.refobjid = s.oid AND s.relkind = 'S'
      WHERE def.adrelid = c.oid AND def.adnum = a.attnum
    ) AS d ON d.refobjid IS NOT NULL
    WHERE a.attnum > 0 AND NOT a.attisdropped
    ORDER BY 1, 2
  LOOP
    EXECUTE format('SELECT max(%I) FROM %s', v_one.column_name, v_one.table_name) INTO v_used;
    EXECUTE format('SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM %s', v_one.sequence_name)
    INTO v_next;
    IF v_used >= v_next THEN
      found_at := v_one.sequence_name;
      what := format('its next number is %s, and %s.%s goes up to %s', v_next, v_one.table_name, v_one.column_name, v_used);
      IF p_mend THEN
        PERFORM setval(v_one.sequence_name::regclass, v_used);
      END IF;
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;
