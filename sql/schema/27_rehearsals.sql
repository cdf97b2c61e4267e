-- Planners preview, and commit nothing. A preview is an apply that is rolled back, so a planner may write what one
-- writes; whatever it wrote is refused when its transaction would become lasting.

CREATE TABLE rehearsals (
    xact xid8 NOT NULL,
    CONSTRAINT rehearsals_pkey PRIMARY KEY (xact)
);

COMMENT ON TABLE rehearsals IS
'Transactions in which a planner wrote something. None is ever committed, so nobody sees a row. Written by triggers.';
COMMENT ON COLUMN rehearsals.xact IS
'The transaction.';

CREATE FUNCTION is_planner()
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT
    pg_has_role(current_user, 'reconciler_planner', 'USAGE')
    AND NOT pg_has_role(current_user, 'reconciler_runtime', 'USAGE')
$$;
COMMENT ON FUNCTION is_planner() IS
'Whether whoever writes now may do so as a planner alone.';

CREATE FUNCTION note_rehearsal()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  INSERT INTO rehearsals (xact) VALUES (pg_current_xact_id()) ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION note_rehearsal() IS 'Notes that a planner wrote something in this transaction.';

CREATE FUNCTION refuse_commit()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'the database role of % is that of a planner: it previews, and keeps nothing that it writes', session_user
    USING ERRCODE = 'RC020', HINT = 'Ask whoever runs the program to do it; the role for that is reconciler_runtime.';
END
$$;
COMMENT ON FUNCTION refuse_commit() IS 'Refuses the commit of a transaction in which a planner wrote something.';

CREATE CONSTRAINT TRIGGER refuse_commit AFTER INSERT ON rehearsals DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse_commit();

CREATE FUNCTION mark_rehearsals()
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  v_table regclass;
BEGIN
  FOR v_table IN
    SELECT c.oid FROM pg_class AS c
    WHERE
      c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND (
        has_table_privilege('reconciler_planner', c.oid, 'DELETE')
        OR has_any_column_privilege('reconciler_planner', c.oid, 'INSERT, UPDATE')
      )
      AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = 'note_rehearsal')
  LOOP
    EXECUTE format(
      'CREATE TRIGGER note_rehearsal AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT WHEN (public.is_planner()) '
      'EXECUTE FUNCTION public.note_rehearsal()', v_table
    );
  END LOOP;
END
$$;
COMMENT ON FUNCTION mark_rehearsals() IS
'Puts the trigger that keeps planners from committing on every table that they may write. For the owner, after grants.';
REVOKE ALL ON FUNCTION mark_rehearsals() FROM public;
