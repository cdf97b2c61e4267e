-- More of the past, as of a mark: what the manifests wanted, who had an address, and what changed between two marks.
-- As in 31_as_of.sql, a null for the mark means the present.

CREATE FUNCTION stamp_revision()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  new.epoch := current_epoch();
  RETURN new;
END
$$;
COMMENT ON FUNCTION stamp_revision() IS 'Says of a revision which cluster numbered its transaction.';
REVOKE ALL ON FUNCTION stamp_revision() FROM public;

CREATE TRIGGER stamp BEFORE INSERT ON revisions
FOR EACH ROW EXECUTE FUNCTION stamp_revision();

CREATE FUNCTION revisions_after(p_mark bigint)
RETURNS TABLE (id bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT r.id
  FROM mark_seen(p_mark) AS m
  INNER JOIN revisions AS r ON (r.epoch, r.xact) >= (m.epoch, pg_snapshot_xmin(m.snapshot))
  WHERE r.epoch > m.epoch OR NOT pg_visible_in_snapshot(r.xact, m.snapshot)
$$;
COMMENT ON FUNCTION revisions_after(bigint) IS 'The revisions that a mark does not see: later ones, and what was being loaded.';

CREATE FUNCTION desired_as_of(p_mark bigint, p_addresses text[] DEFAULT NULL)
RETURNS TABLE (id bigint, address text)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT d.id, d.address
  FROM desired_resources AS d
  WHERE
    d.parent_id IS NULL
    AND (p_addresses IS NULL OR d.address = ANY(p_addresses))
    AND NOT EXISTS (SELECT FROM revisions_after(p_mark) AS late WHERE late.id = d.valid_from_revision)
    AND (
      d.valid_to_revision IS NULL
      OR EXISTS (SELECT FROM revisions_after(p_mark) AS late WHERE late.id = d.valid_to_revision)
    )
$$;
COMMENT ON FUNCTION desired_as_of(bigint, text[]) IS
'The rows of desired_resources, of roots, that held as a mark saw them; with p_addresses those of these addresses.';

CREATE FUNCTION resources_called(p_address text)
RETURNS TABLE (id bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT r.id
  FROM resources AS r
  WHERE r.address = p_address
  UNION
  SELECT h.resource_id
  FROM resource_history AS h
  WHERE h.old_address = p_address AND h.old_address <> h.address
  UNION
  SELECT a.id
  FROM archived_resources AS a
  WHERE a.address = p_address AND a.restored_at IS NULL
$$;
COMMENT ON FUNCTION resources_called(text) IS
'The resources and parts that have an address or had it before, the deleted ones too, and those in the archive. Of which of them it was at a mark, resources_as_of says.';

CREATE FUNCTION resources_changed(p_from bigint, p_to bigint DEFAULT NULL)
RETURNS TABLE (id bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  WITH span AS MATERIALIZED (
    SELECT late.changed_at, late.id FROM changesets_after(p_from) AS late
    EXCEPT
    SELECT late.changed_at, late.id FROM changesets_after(p_to) AS late
  )

  SELECT h.resource_id
  FROM span
  INNER JOIN resource_history AS h ON span.changed_at = h.changed_at AND span.id = h.changeset_id
  UNION
  SELECT h.resource_id
  FROM span
  INNER JOIN resource_state_history AS h ON span.changed_at = h.changed_at AND span.id = h.changeset_id
  UNION
  SELECT h.resource_id
  FROM span
  INNER JOIN resource_attribute_history AS h ON span.changed_at = h.changed_at AND span.id = h.changeset_id
  UNION
  SELECT h.resource_id
  FROM span
  INNER JOIN resource_tag_history AS h ON span.changed_at = h.changed_at AND span.id = h.changeset_id
  UNION
  SELECT h.resource_id
  FROM span
  INNER JOIN resource_relationship_history AS h ON span.changed_at = h.changed_at AND span.id = h.changeset_id
$$;
COMMENT ON FUNCTION resources_changed(bigint, bigint) IS
'The resources and parts of which something was written after a mark and not after a later one; with none, up to now. It may have been changed back. A tie counts as its child''s.';
