-- How deleted resources go into files and come back (26_resource_archive.sql): which rows those are, and when they may go.
-- All but what only reads is for the tables' owner.

CREATE FUNCTION archived_tables()
RETURNS TABLE (place integer, table_name text, belongs text)
LANGUAGE sql IMMUTABLE
AS $$
  VALUES
  (1, 'resources', 'id = ANY($1)'),
  (2, 'resource_attributes', 'resource_id = ANY($1)'),
  (3, 'resource_pending_attributes', 'resource_id = ANY($1)'),
  (4, 'resource_tags', 'resource_id = ANY($1)'),
  (5, 'resource_relationships', 'child_resource_id = ANY($1)'),
  (6, 'resource_failures', 'resource_id = ANY($1)'),
  (7, 'resource_operations', 'resource_id = ANY($1)'),
  (8, 'resource_operation_calls', 'operation_id IN (SELECT o.id FROM public.resource_operations AS o WHERE o.resource_id = ANY($1))'),
  (9, 'resource_operation_tasks', 'operation_id IN (SELECT o.id FROM public.resource_operations AS o WHERE o.resource_id = ANY($1))'),
  (10, 'resource_operation_results', 'operation_id IN (SELECT o.id FROM public.resource_operations AS o WHERE o.resource_id = ANY($1))'),
  (11, 'observed_tasks', 'resource_id = ANY($1)')
$$;
COMMENT ON FUNCTION archived_tables() IS
'What leaves with a resource, in the order in which it comes back, and which rows are a resource''s ($1: ids). The extension tables follow by themselves.';

CREATE FUNCTION tree_of(p_resource bigint)
RETURNS TABLE (id bigint)
LANGUAGE sql STABLE
AS $$
  WITH RECURSIVE whole AS (
    SELECT p_resource AS id
    UNION
    SELECT rr.child_resource_id
    FROM whole AS w
    INNER JOIN public.resource_relationships AS rr ON w.id = rr.parent_resource_id
    WHERE rr.relationship_type_id = 1
  )

  SELECT w.id FROM whole AS w
$$;
COMMENT ON FUNCTION tree_of(bigint) IS 'A resource and all that it contains, be it alive or not.';

CREATE FUNCTION is_archivable(p_resource bigint, p_before timestamptz)
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT NOT EXISTS (
    SELECT
    FROM tree_of(p_resource) AS t
    INNER JOIN resources AS r ON t.id = r.id
    WHERE
      r.deleted_at IS NULL OR r.deleted_at >= p_before OR r.claimed_by IS NOT NULL
      -- What is in doubt may still be looked for.
      OR EXISTS (
        SELECT FROM resource_operations AS o
        WHERE o.resource_id = r.id AND o.status NOT IN ('done', 'failed', 'interrupted')
      )
      OR EXISTS (
        SELECT FROM resource_relationships AS rr
        WHERE (rr.child_resource_id = r.id OR rr.parent_resource_id = r.id) AND rr.relationship_type_id <> 1
      )
  )
$$;
COMMENT ON FUNCTION is_archivable(bigint, timestamptz) IS
'Whether a resource and all its parts were deleted before an instant, and nothing is under way or tied to them.';

CREATE FUNCTION copy_archived_statement(p_table text, p_ids bigint[])
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT format(
    'COPY (SELECT %s FROM public.%I WHERE %s ORDER BY %s) TO STDOUT (FORMAT csv, HEADER, ENCODING ''UTF8'')',
    copy_columns(format('public.%I', t.table_name)::regclass), t.table_name,
    replace(t.belongs, '$1', format('%L::bigint[]', p_ids)),
    (
      SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place)
      FROM pg_index AS i
      CROSS JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (number, place)
      INNER JOIN pg_attribute AS a ON i.indrelid = a.attrelid AND k.number = a.attnum
      WHERE i.indrelid = format('public.%I', t.table_name)::regclass AND i.indisprimary
    )
  )
  FROM archived_tables() AS t
  WHERE t.table_name = p_table
$$;
COMMENT ON FUNCTION copy_archived_statement(text, bigint[]) IS
'The statement that gives the rows of resources as CSV in the order of their key: the same rows, the same bytes.';

CREATE FUNCTION lock_archived(p_ids bigint[])
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '500ms'
AS $$
DECLARE
  v_each record;
BEGIN
  -- No row can come to a resource that is locked so, because of the foreign keys.
  FOR v_each IN SELECT t.table_name, t.belongs FROM archived_tables() AS t ORDER BY t.place LOOP
    EXECUTE format('SELECT FROM public.%I WHERE %s FOR UPDATE', v_each.table_name, v_each.belongs) USING p_ids;
  END LOOP;
END
$$;
COMMENT ON FUNCTION lock_archived(bigint[]) IS
'Locks every row that leaves with these resources, so that they can be compared with a file and then taken out.';

CREATE FUNCTION remove_archived(
    p_archive bigint, p_ids bigint[], p_file text, p_rows bigint, p_bytes bigint, p_sha256 bytea
)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_each record;
  v_count bigint;
  v_removed bigint := 0;
BEGIN
  INSERT INTO archived_resources AS a (
    id, uid, resource_type_id, provider_endpoint_id, datacenter_id, address, external_id, management, is_root, parent_id,
    root_id, created_at, deleted_at, epoch, xact, is_known, archive_id
  )
  SELECT
    r.id, r.uid, r.resource_type_id, r.provider_endpoint_id, coalesce(r.datacenter_id, root.datacenter_id), r.address,
    r.external_id, r.management, r.is_root, tie.parent_resource_id, root.id, r.created_at, r.deleted_at,
    coalesce(known.epoch, month.last_epoch, current_epoch()), coalesce(known.xact, month.last_xact, pg_current_xact_id()),
    known.xact IS NOT NULL, p_archive
  FROM resources AS r
  LEFT JOIN resource_relationships AS tie ON r.id = tie.child_resource_id AND tie.relationship_type_id = 1
  CROSS JOIN LATERAL (
    WITH RECURSIVE above AS (
      SELECT r.id
      UNION
      SELECT rr.parent_resource_id
      FROM above AS w
      INNER JOIN resource_relationships AS rr ON w.id = rr.child_resource_id AND rr.relationship_type_id = 1
    )

    SELECT w.id, top.datacenter_id
    FROM above AS w
    INNER JOIN resources AS top ON w.id = top.id
    WHERE NOT EXISTS (
      SELECT FROM resource_relationships AS rr WHERE rr.child_resource_id = w.id AND rr.relationship_type_id = 1
    )
    LIMIT 1
  ) AS root
  LEFT JOIN LATERAL (
    SELECT s.epoch, s.xact
    FROM resource_history AS h
    INNER JOIN changesets AS s ON h.changed_at = s.changed_at AND h.changeset_id = s.id
    WHERE h.resource_id = r.id AND h.deleted_at IS NOT NULL AND h.old_deleted_at IS NULL
    ORDER BY h.change DESC LIMIT 1
  ) AS known ON TRUE
  LEFT JOIN LATERAL (
    SELECT m.last_epoch, m.last_xact
    FROM history_archives AS m
    WHERE
      m.history = 'changesets' AND m.restored_at IS NULL AND m.last_xact IS NOT NULL
      AND r.deleted_at >= m.from_at AND r.deleted_at < m.to_at
    ORDER BY m.last_epoch DESC, m.last_xact DESC LIMIT 1
  ) AS month ON TRUE
  WHERE r.id = ANY(p_ids)
  ON CONFLICT (id) DO UPDATE
  SET
    datacenter_id = excluded.datacenter_id, address = excluded.address, external_id = excluded.external_id,
    management = excluded.management, parent_id = excluded.parent_id, root_id = excluded.root_id,
    deleted_at = excluded.deleted_at, epoch = excluded.epoch, xact = excluded.xact, is_known = excluded.is_known,
    archive_id = excluded.archive_id, restored_at = NULL
  WHERE a.restored_at IS NOT NULL;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  IF v_count <> cardinality(p_ids) THEN
    RAISE EXCEPTION '% resources would leave, and % of them can', cardinality(p_ids), v_count
      USING ERRCODE = 'RC023', HINT = 'Nothing was taken out. What hangs in a circle, reconciler db doctor names.';
  END IF;
  PERFORM begin_archive_move();
  FOR v_each IN SELECT t.table_name, t.belongs FROM archived_tables() AS t ORDER BY t.place DESC LOOP
    EXECUTE format('DELETE FROM public.%I WHERE %s', v_each.table_name, v_each.belongs) USING p_ids;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_removed := v_removed + v_count;
  END LOOP;
  PERFORM end_archive_move();
  IF v_removed <> p_rows THEN
    RAISE EXCEPTION 'the file has % rows, and % would leave the tables', p_rows, v_removed
      USING ERRCODE = 'RC023', HINT = 'Nothing was taken out. Run it again.';
  END IF;
  UPDATE resource_archives AS f
  SET
    file = p_file, removed_at = clock_timestamp(), row_count = p_rows, byte_count = p_bytes, sha256 = p_sha256,
    resource_count = cardinality(p_ids), first_deleted_at = span.first_at, last_deleted_at = span.last_at
  FROM (
    SELECT min(a.deleted_at) AS first_at, max(a.deleted_at) AS last_at
    FROM archived_resources AS a WHERE a.archive_id = p_archive
  ) AS span
  WHERE f.id = p_archive AND f.removed_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the archive % was ended by another', p_archive
      USING ERRCODE = 'RC023', HINT = 'Nothing was taken out. Run it again.';
  END IF;
END
$$;
COMMENT ON FUNCTION remove_archived(bigint, bigint[], text, bigint, bigint, bytea) IS
'Takes resources out of all tables, and writes down in which file they are. Whoever calls it has locked their rows and compared them with the file.';

CREATE FUNCTION begin_restore_resources(p_sha256 bytea)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_archive CONSTANT bigint := (
    SELECT f.id FROM resource_archives AS f
    WHERE f.sha256 = p_sha256 AND f.restored_at IS NULL ORDER BY f.id DESC LIMIT 1 FOR UPDATE
  );
  v_whole record;
BEGIN
  IF v_archive IS NULL THEN
    RAISE EXCEPTION 'nothing of that file is away: its resources are in the database, or in another file'
      USING ERRCODE = 'RC023', HINT = 'What is away, and in which file: reconciler db archive list';
  END IF;
  SELECT whole.address, f.file INTO v_whole
  FROM archived_resources AS a
  INNER JOIN archived_resources AS whole ON a.parent_id = whole.id AND whole.restored_at IS NULL
  INNER JOIN resource_archives AS f ON whole.archive_id = f.id
  WHERE a.archive_id = v_archive AND whole.archive_id <> v_archive
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'it has parts of %, which is in another file', v_whole.address
      USING ERRCODE = 'RC023', HINT = format('First: reconciler db archive restore %s', v_whole.file);
  END IF;
  PERFORM begin_archive_move();
  RETURN v_archive;
END
$$;
COMMENT ON FUNCTION begin_restore_resources(bytea) IS
'The archive that a file is, by its hash, where it is away and can come back. From here on the transaction moves rows.';

CREATE FUNCTION stage_archived_statement(p_table text, p_columns text[])
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM archived_tables() AS t WHERE t.table_name = p_table) THEN
    RAISE EXCEPTION 'the file has rows of %, and no such table comes from files', p_table
      USING ERRCODE = 'RC023', HINT = 'Restore it with the version of reconciler that wrote it, or load it by hand: it is CSV.';
  END IF;
  -- Without the constraints: columns that the file does not have are filled later.
  EXECUTE format(
    'CREATE TEMPORARY TABLE restored_%s ON COMMIT DROP AS SELECT * FROM public.%I WITH NO DATA', p_table, p_table
  );
  RETURN replace(copy_in_statement(p_table, p_columns), format('COPY public.%I', p_table), format('COPY pg_temp.restored_%s', p_table));
END
$$;
COMMENT ON FUNCTION stage_archived_statement(text, text[]) IS
'Makes the table of the session''s own that a file''s rows of a table go into, and gives the statement for it: tables with policies take no COPY.';

CREATE FUNCTION take_archived(p_table text, p_columns text[])
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_columns CONSTANT text := (
    SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.place) FROM unnest(p_columns) WITH ORDINALITY AS c (name, place)
  );
  v_count bigint;
BEGIN
  EXECUTE format(
    'INSERT INTO public.%I (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM pg_temp.restored_%s', p_table, v_columns, v_columns, p_table
  );
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END
$$;
COMMENT ON FUNCTION take_archived(text, text[]) IS 'Puts the rows back that were staged for a table. Gives how many.';

CREATE FUNCTION end_restore_resources(p_archive bigint)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM end_archive_move();
  UPDATE archived_resources SET restored_at = clock_timestamp() WHERE archive_id = p_archive AND restored_at IS NULL;
  UPDATE resource_archives SET restored_at = clock_timestamp() WHERE id = p_archive;
END
$$;
COMMENT ON FUNCTION end_restore_resources(bigint) IS 'Writes down that the resources of a file are here again.';

CREATE FUNCTION is_whole(p_mark bigint, p_resources bigint[] DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
DECLARE
  v_lived record;
BEGIN
  IF p_mark IS NULL THEN
    RETURN TRUE;
  END IF;
  SELECT min(found.address) AS address, count(DISTINCT found.address) AS number, string_agg(DISTINCT found.file, ' ') AS files
  INTO v_lived
  FROM (
    SELECT a.address, f.file
    FROM marks AS m
    INNER JOIN archived_resources AS a ON (a.epoch, a.xact) >= (m.epoch, pg_snapshot_xmin(m.snapshot))
    INNER JOIN resource_archives AS f ON a.archive_id = f.id
    WHERE
      m.id = p_mark AND a.restored_at IS NULL
      AND (NOT a.is_known OR a.epoch > m.epoch OR NOT pg_visible_in_snapshot(a.xact, m.snapshot))
      -- Not what came later, nor what had left before the mark.
      AND a.created_at <= m.taken_at AND f.removed_at >= m.taken_at
      AND (p_resources IS NULL OR a.id = ANY(p_resources) OR a.root_id = ANY(p_resources))
  ) AS found;
  IF v_lived.number > 0 THEN
    RAISE EXCEPTION '%', CASE v_lived.number
      WHEN 1 THEN format('%s lived at that time and is in the archive', v_lived.address)
      ELSE format('%s and %s more that lived at that time are in the archive', v_lived.address, v_lived.number - 1)
    END
      USING ERRCODE = 'RC023', HINT = format('Bring it back: reconciler db archive restore %s', v_lived.files);
  END IF;
  RETURN TRUE;
END
$$;
COMMENT ON FUNCTION is_whole(bigint, bigint[]) IS
'True where no archived resource lived as of a mark, or none of these and of their parts; raises RC023 otherwise.';

REVOKE ALL ON FUNCTION
copy_archived_statement(text, bigint[]), lock_archived(bigint[]),
remove_archived(bigint, bigint[], text, bigint, bigint, bytea), begin_restore_resources(bytea),
stage_archived_statement(text, text[]), take_archived(text, text[]), end_restore_resources(bigint) FROM public;
