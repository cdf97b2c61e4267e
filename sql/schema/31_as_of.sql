-- The past, as of a mark: each function gives the rows that its table had when the mark was taken, whatever was under way
-- at that time. What is recorded now is taken, and what changed since is taken back, so that the work follows the change
-- and months from before the mark need not be there. They run with the rights of whoever asks.
--
-- With p_resources the answer is bounded to these resources, and quick: their rows are found by index, and the changeset of
-- each by its key. Without, a changeset is found by its number alone, which is unique: a join by both columns would be
-- planned for far fewer rows than there are. And only months are read that have something to take back.

CREATE FUNCTION take_mark(p_kind text, p_revision_id bigint DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_epoch integer;
  v_mark bigint;
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RAISE EXCEPTION 'a mark would not see what its own transaction changed'
      USING ERRCODE = 'RC016', HINT = 'Take it in a transaction of its own, after the changes are committed.';
  END IF;
  IF p_kind IN ('change', 'apply') THEN
    -- What changed after the last one may be in the archive by now; then it is not asked, and another is taken.
    SELECT m.id INTO v_mark FROM (SELECT k.* FROM marks AS k ORDER BY k.id DESC LIMIT 1) AS m
    WHERE
      archived_after(m.epoch, m.snapshot, m.taken_at) IS NULL
      -- An apply's end is looked for by its revision, and no other mark says it.
      AND (p_kind = 'change' OR (m.kind = 'apply' AND m.revision_id IS NOT DISTINCT FROM p_revision_id));
    IF v_mark IS NOT NULL AND NOT changed_after(v_mark) THEN
      RETURN v_mark;
    END IF;
  ELSIF p_kind = 'revision' THEN
    SELECT m.id INTO v_mark FROM marks AS m WHERE m.revision_id = p_revision_id AND m.kind = 'revision';
    IF v_mark IS NOT NULL THEN
      RETURN v_mark;
    END IF;
  END IF;
  v_epoch := current_epoch();
  INSERT INTO marks (epoch, kind, revision_id, actor, db_user)
  SELECT v_epoch, p_kind, p_revision_id, c.actor, c.db_user FROM change_context() AS c
  RETURNING id INTO v_mark;
  RETURN v_mark;
END
$$;
COMMENT ON FUNCTION take_mark(text, bigint) IS
'Takes a mark and gives its id: of a revision once, and of an apply or a change only where something changed since the last mark, which is given otherwise.';
REVOKE ALL ON FUNCTION take_mark(text, bigint) FROM public;

CREATE FUNCTION mark_seen(p_mark bigint)
RETURNS TABLE (epoch integer, snapshot pg_snapshot)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
AS $$
BEGIN
  RETURN QUERY
  SELECT m.epoch, m.snapshot FROM marks AS m WHERE m.id = p_mark AND is_within_reach(m.epoch, m.snapshot, m.taken_at);
  IF NOT FOUND AND p_mark IS NOT NULL THEN
    RAISE EXCEPTION 'there is no mark %', p_mark USING ERRCODE = 'RC016', HINT = 'SELECT * FROM marks lists them.';
  END IF;
END
$$;
COMMENT ON FUNCTION mark_seen(bigint) IS
'What a mark saw; no row for a null, which means the present. Raises RC016 where there is no such mark, and RC023 where what changed since is in an archive.';

CREATE FUNCTION changesets_after(p_mark bigint)
RETURNS TABLE (changed_at timestamptz, id bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT s.changed_at, s.id
  FROM mark_seen(p_mark) AS m
  INNER JOIN changesets AS s ON (s.epoch, s.xact) >= (m.epoch, pg_snapshot_xmin(m.snapshot))
  WHERE s.epoch > m.epoch OR NOT pg_visible_in_snapshot(s.xact, m.snapshot)
$$;
COMMENT ON FUNCTION changesets_after(bigint) IS 'The changesets that a mark does not see: later ones, and what was under way.';

-- Each heartbeat of a daemon asks. Whether there is a row at all is a question that the planner answers by reading the
-- table, because it expects to find one soon; where nothing has changed, that is all of the history.
CREATE FUNCTION changed_after(p_mark bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE SET enable_seqscan = off
AS $$
DECLARE
  v_epoch integer;
  v_snapshot pg_snapshot;
BEGIN
  SELECT m.epoch, m.snapshot INTO v_epoch, v_snapshot FROM mark_seen(p_mark) AS m;
  RETURN
    EXISTS (
      SELECT FROM changesets AS s
      WHERE
        s.epoch = v_epoch
        AND s.xact >= pg_snapshot_xmin(v_snapshot)
        AND NOT pg_visible_in_snapshot(s.xact, v_snapshot)
    )
    OR EXISTS (SELECT FROM changesets AS s WHERE s.epoch > v_epoch);
END
$$;
COMMENT ON FUNCTION changed_after(bigint) IS
'Whether there is a changeset that a mark does not see. What it costs does not follow the history.';

CREATE FUNCTION resources_as_of(p_mark bigint, p_resources bigint[] DEFAULT NULL)
RETURNS TABLE (
    id bigint, uid uuid, resource_type_id integer, provider_endpoint_id integer, address text, name text, state_id integer,
    external_id text, management text, presence text, is_root boolean, source_id integer, location_id integer,
    datacenter_id integer, prevent_destroy boolean, on_remove text, allow_downtime boolean, replace_policy text,
    create_before_destroy boolean, created_at timestamptz, deleted_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  WITH undone AS (
    SELECT DISTINCT ON (h.resource_id) h.*
    FROM changesets_after(p_mark) AS s
    INNER JOIN resource_history AS h
      ON s.id = h.changeset_id AND (p_resources IS NULL OR s.changed_at = h.changed_at)
    WHERE
      (p_resources IS NULL OR h.resource_id = ANY(p_resources))
      AND (p_resources IS NOT NULL OR h.changed_at >= (SELECT min(b.changed_at) FROM changesets_after(p_mark) AS b))
    ORDER BY h.resource_id, h.change
  ),

  moved AS (
    SELECT DISTINCT ON (h.resource_id) h.resource_id, h.from_state_id
    FROM changesets_after(p_mark) AS s
    INNER JOIN resource_state_history AS h
      ON s.id = h.changeset_id AND (p_resources IS NULL OR s.changed_at = h.changed_at)
    WHERE
      (p_resources IS NULL OR h.resource_id = ANY(p_resources))
      AND (p_resources IS NOT NULL OR h.changed_at >= (SELECT min(b.changed_at) FROM changesets_after(p_mark) AS b))
    ORDER BY h.resource_id, h.change
  )

  SELECT
    r.id, r.uid, r.resource_type_id,
    CASE WHEN u.change IS NULL THEN r.provider_endpoint_id ELSE u.old_provider_endpoint_id END,
    CASE WHEN u.change IS NULL THEN r.address ELSE u.old_address END,
    CASE WHEN u.change IS NULL THEN r.name ELSE u.old_name END,
    CASE WHEN m.resource_id IS NULL THEN r.state_id ELSE m.from_state_id END,
    CASE WHEN u.change IS NULL THEN r.external_id ELSE u.old_external_id END,
    CASE WHEN u.change IS NULL THEN r.management ELSE u.old_management END,
    CASE WHEN u.change IS NULL THEN r.presence ELSE u.old_presence END,
    r.is_root,
    CASE WHEN u.change IS NULL THEN r.source_id ELSE u.old_source_id END,
    CASE WHEN u.change IS NULL THEN r.location_id ELSE u.old_location_id END,
    CASE WHEN u.change IS NULL THEN r.datacenter_id ELSE u.old_datacenter_id END,
    CASE WHEN u.change IS NULL THEN r.prevent_destroy ELSE u.old_prevent_destroy END,
    CASE WHEN u.change IS NULL THEN r.on_remove ELSE u.old_on_remove END,
    CASE WHEN u.change IS NULL THEN r.allow_downtime ELSE u.old_allow_downtime END,
    CASE WHEN u.change IS NULL THEN r.replace_policy ELSE u.old_replace_policy END,
    CASE WHEN u.change IS NULL THEN r.create_before_destroy ELSE u.old_create_before_destroy END,
    r.created_at,
    CASE WHEN u.change IS NULL THEN r.deleted_at ELSE u.old_deleted_at END
  FROM resources AS r
  LEFT JOIN undone AS u ON r.id = u.resource_id
  LEFT JOIN moved AS m ON r.id = m.resource_id
  WHERE
    u.action IS DISTINCT FROM 'insert' AND (p_resources IS NULL OR r.id = ANY(p_resources))
    AND (SELECT is_whole(p_mark, p_resources))
$$;
COMMENT ON FUNCTION resources_as_of(bigint, bigint[]) IS
'Resources and parts as a mark saw them, with those that were deleted by then and are not in the archive; without hashes, claims and other bookkeeping. Raises RC023 where one that lived then is in the archive, as its like do.';

CREATE FUNCTION attributes_as_of(p_mark bigint, p_resources bigint[] DEFAULT NULL)
RETURNS TABLE (
    resource_id bigint, resource_type_id integer, attribute_definition_id integer, ordinal smallint, data_type text,
    value_string text, value_integer bigint, value_decimal numeric, value_boolean boolean, value_datetime timestamptz,
    value_credential text, value_fingerprint text, value_target_type text, value_key text, value_inner_key text
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  WITH undone AS (
    SELECT DISTINCT ON (h.resource_id, h.attribute_definition_id, h.ordinal) h.*
    FROM changesets_after(p_mark) AS s
    INNER JOIN resource_attribute_history AS h
      ON s.id = h.changeset_id AND (p_resources IS NULL OR s.changed_at = h.changed_at)
    WHERE
      (p_resources IS NULL OR h.resource_id = ANY(p_resources))
      AND (p_resources IS NOT NULL OR h.changed_at >= (SELECT min(b.changed_at) FROM changesets_after(p_mark) AS b))
    ORDER BY h.resource_id, h.attribute_definition_id, h.ordinal, h.change
  )

  SELECT
    a.resource_id, a.resource_type_id, a.attribute_definition_id, a.ordinal, a.data_type, a.value_string, a.value_integer,
    a.value_decimal, a.value_boolean, a.value_datetime, a.value_credential, a.value_fingerprint, a.value_target_type,
    a.value_key, a.value_inner_key
  FROM resource_attributes AS a
  LEFT JOIN undone AS u
    ON
      a.resource_id = u.resource_id
      AND a.attribute_definition_id = u.attribute_definition_id
      AND a.ordinal = u.ordinal
  WHERE
    u.resource_id IS NULL AND (p_resources IS NULL OR a.resource_id = ANY(p_resources))
    AND (SELECT is_whole(p_mark, p_resources))
  UNION ALL
  SELECT
    u.resource_id, r.resource_type_id, u.attribute_definition_id, u.ordinal,
    CASE
      WHEN u.old_integer IS NOT NULL THEN 'integer'
      WHEN u.old_decimal IS NOT NULL THEN 'decimal'
      WHEN u.old_boolean IS NOT NULL THEN 'boolean'
      WHEN u.old_datetime IS NOT NULL THEN 'datetime'
      ELSE 'string'
    END,
    u.old_string, u.old_integer, u.old_decimal, u.old_boolean, u.old_datetime, u.old_credential, u.old_fingerprint,
    u.old_target_type, u.old_key, u.old_inner_key
  FROM undone AS u
  INNER JOIN resources AS r ON u.resource_id = r.id
  WHERE u.action <> 'i'
$$;
COMMENT ON FUNCTION attributes_as_of(bigint, bigint[]) IS 'The attributes of resources and parts as a mark saw them.';

CREATE FUNCTION tags_as_of(p_mark bigint, p_resources bigint[] DEFAULT NULL)
RETURNS TABLE (resource_id bigint, tag_id bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  WITH undone AS (
    SELECT DISTINCT ON (h.resource_id, h.tag_id) h.resource_id, h.tag_id, h.action
    FROM changesets_after(p_mark) AS s
    INNER JOIN resource_tag_history AS h
      ON s.id = h.changeset_id AND (p_resources IS NULL OR s.changed_at = h.changed_at)
    WHERE
      (p_resources IS NULL OR h.resource_id = ANY(p_resources))
      AND (p_resources IS NOT NULL OR h.changed_at >= (SELECT min(b.changed_at) FROM changesets_after(p_mark) AS b))
    ORDER BY h.resource_id, h.tag_id, h.change
  )

  SELECT rt.resource_id, rt.tag_id
  FROM resource_tags AS rt
  LEFT JOIN undone AS u ON rt.resource_id = u.resource_id AND rt.tag_id = u.tag_id
  WHERE
    u.resource_id IS NULL AND (p_resources IS NULL OR rt.resource_id = ANY(p_resources))
    AND (SELECT is_whole(p_mark, p_resources))
  UNION ALL
  SELECT u.resource_id, u.tag_id FROM undone AS u WHERE u.action = 'delete'
$$;
COMMENT ON FUNCTION tags_as_of(bigint, bigint[]) IS 'The tags of resources as a mark saw them.';

CREATE FUNCTION relationships_as_of(p_mark bigint, p_resources bigint[] DEFAULT NULL)
RETURNS TABLE (parent_resource_id bigint, child_resource_id bigint, relationship_type_id integer)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  WITH undone AS (
    SELECT DISTINCT ON (h.parent_resource_id, h.resource_id, h.relationship_type_id)
      h.parent_resource_id, h.resource_id AS child_resource_id, h.relationship_type_id, h.action
    FROM changesets_after(p_mark) AS s
    INNER JOIN resource_relationship_history AS h
      ON s.id = h.changeset_id AND (p_resources IS NULL OR s.changed_at = h.changed_at)
    WHERE
      (p_resources IS NULL OR h.resource_id = ANY(p_resources) OR h.parent_resource_id = ANY(p_resources))
      AND (p_resources IS NOT NULL OR h.changed_at >= (SELECT min(b.changed_at) FROM changesets_after(p_mark) AS b))
    ORDER BY h.parent_resource_id, h.resource_id, h.relationship_type_id, h.change
  )

  SELECT rr.parent_resource_id, rr.child_resource_id, rr.relationship_type_id
  FROM resource_relationships AS rr
  LEFT JOIN undone AS u
    ON
      rr.parent_resource_id = u.parent_resource_id
      AND rr.child_resource_id = u.child_resource_id
      AND rr.relationship_type_id = u.relationship_type_id
  WHERE
    u.child_resource_id IS NULL
    AND (
      p_resources IS NULL OR rr.child_resource_id = ANY(p_resources) OR rr.parent_resource_id = ANY(p_resources)
    )
    AND (SELECT is_whole(p_mark, p_resources))
  UNION ALL
  SELECT u.parent_resource_id, u.child_resource_id, u.relationship_type_id FROM undone AS u WHERE u.action = 'delete'
$$;
COMMENT ON FUNCTION relationships_as_of(bigint, bigint[]) IS
'The ties as a mark saw them; with p_resources those in which one of them takes part.';
