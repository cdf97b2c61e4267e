-- The histories as they are read: every change as names and texts, of one resource or of one changeset. Each function
-- gives so many rows of each history at most, the newest of a resource, so that the work follows what is asked for and
-- not how much there is. They run with the rights of whoever asks. Names are looked up row by row: a join with all
-- resources would be planned for more rows than there are, and go through all of them.

CREATE FUNCTION resource_changes(h resource_history)
RETURNS TABLE (name text, before text, after text)
LANGUAGE sql STABLE
AS $$
  -- What came is said once, by its management; the columns of what is gone stay as they were.
  SELECT f.name, f.before, f.after
  FROM (
    VALUES
    ('recorded', NULL, CASE WHEN (h).action = 'insert' THEN (h).management END),
    ('address', (h).old_address, CASE WHEN (h).action = 'update' THEN (h).address END),
    ('name', (h).old_name, CASE WHEN (h).action = 'update' THEN (h).name END),
    (
      'endpoint',
      (SELECT e.name FROM provider_endpoints AS e WHERE e.id = (h).old_provider_endpoint_id),
      CASE
        WHEN (h).action = 'update'
          THEN (SELECT e.name FROM provider_endpoints AS e WHERE e.id = (h).provider_endpoint_id)
      END
    ),
    ('external_id', (h).old_external_id, (h).external_id),
    ('management', (h).old_management, CASE WHEN (h).action = 'update' THEN (h).management END),
    ('presence', (h).old_presence, (h).presence),
    ('prevent_destroy', (h).old_prevent_destroy::text, (h).prevent_destroy::text),
    ('on_remove', (h).old_on_remove, (h).on_remove),
    ('allow_downtime', (h).old_allow_downtime::text, (h).allow_downtime::text),
    ('replace', (h).old_replace_policy, (h).replace_policy),
    ('create_before_destroy', (h).old_create_before_destroy::text, (h).create_before_destroy::text),
    (
      'source',
      (SELECT s.name FROM manifest_sources AS s WHERE s.id = (h).old_source_id),
      (SELECT s.name FROM manifest_sources AS s WHERE s.id = (h).source_id)
    ),
    (
      'location',
      (SELECT l.name FROM locations AS l WHERE l.id = (h).old_location_id),
      (SELECT l.name FROM locations AS l WHERE l.id = (h).location_id)
    ),
    (
      'datacenter',
      (SELECT d.name FROM datacenters AS d WHERE d.id = (h).old_datacenter_id),
      (SELECT d.name FROM datacenters AS d WHERE d.id = (h).datacenter_id)
    ),
    ('deleted', (h).old_deleted_at::text, (h).deleted_at::text)
  ) AS f (name, before, after)
  WHERE
    CASE (h).action
      WHEN 'update' THEN f.before IS DISTINCT FROM f.after
      ELSE f.after NOT IN ('false', 'never')
    END
$$;
COMMENT ON FUNCTION resource_changes(resource_history) IS
'What one row of resource_history changed of a resource''s own columns: each by itself, before and after.';

CREATE FUNCTION history_of_resource(
    p_resource bigint, p_since timestamptz, p_until timestamptz, p_most integer
)
RETURNS TABLE (
    what text, name text, label text, before text, after text, unit text, cardinality text, is_secret boolean,
    is_bookkeeping boolean, action text, ordinal smallint, resource_id bigint, change bigint, changed_at timestamptz,
    changeset_id bigint
)
LANGUAGE sql STABLE
AS $$
  (
    SELECT
      'resource', c.name, NULL, c.before, c.after, NULL, 'one', FALSE, FALSE, h.action, 0::smallint, h.resource_id, h.change,
      h.changed_at, h.changeset_id
    FROM resource_history AS h
    CROSS JOIN LATERAL resource_changes(h) AS c
    WHERE
      h.resource_id = p_resource
      AND h.changed_at >= coalesce(p_since, '-infinity')
      AND h.changed_at <= coalesce(p_until, 'infinity')
    ORDER BY h.changed_at DESC LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'state', 'state', NULL, f.name, t.name, NULL, 'one', FALSE, FALSE,
      CASE WHEN h.from_state_id IS NULL THEN 'insert' ELSE 'update' END, 0::smallint, h.resource_id, h.change, h.changed_at,
      h.changeset_id
    FROM resource_state_history AS h
    INNER JOIN resource_states AS t ON h.to_state_id = t.id
    LEFT JOIN resource_states AS f ON h.from_state_id = f.id
    WHERE
      h.resource_id = p_resource
      AND h.changed_at >= coalesce(p_since, '-infinity')
      AND h.changed_at <= coalesce(p_until, 'infinity')
    ORDER BY h.changed_at DESC LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'attribute', ad.name, ad.display_name,
      value_text(
        h.old_target_type, h.old_key, h.old_inner_key, h.old_string, h.old_integer, h.old_decimal, h.old_boolean,
        h.old_datetime, h.old_credential, h.old_fingerprint
      ),
      value_text(
        h.new_target_type, h.new_key, h.new_inner_key, h.new_string, h.new_integer, h.new_decimal, h.new_boolean,
        h.new_datetime, h.new_credential, h.new_fingerprint
      ),
      ad.unit, ad.cardinality, ad.is_secret, ad.is_bookkeeping,
      CASE h.action WHEN 'i' THEN 'insert' WHEN 'u' THEN 'update' ELSE 'delete' END, h.ordinal, h.resource_id, h.change,
      h.changed_at, h.changeset_id
    FROM resource_attribute_history AS h
    INNER JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
    WHERE
      h.resource_id = p_resource
      AND h.changed_at >= coalesce(p_since, '-infinity')
      AND h.changed_at <= coalesce(p_until, 'infinity')
    ORDER BY h.changed_at DESC LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'tag', h.key, NULL, CASE h.action WHEN 'delete' THEN h.value END, CASE h.action WHEN 'insert' THEN h.value END, NULL,
      'one', FALSE, FALSE, h.action, 0::smallint, h.resource_id, h.change, h.changed_at, h.changeset_id
    FROM resource_tag_history AS h
    WHERE
      h.resource_id = p_resource
      AND h.changed_at >= coalesce(p_since, '-infinity')
      AND h.changed_at <= coalesce(p_until, 'infinity')
    ORDER BY h.changed_at DESC LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'relationship', t.name, NULL,
      CASE h.action WHEN 'delete' THEN address_of(h.parent_resource_id) END,
      CASE h.action WHEN 'insert' THEN address_of(h.parent_resource_id) END, NULL, 'set', FALSE, FALSE, h.action, 0::smallint, h.resource_id,
      h.change, h.changed_at, h.changeset_id
    FROM resource_relationship_history AS h
    INNER JOIN relationship_types AS t ON h.relationship_type_id = t.id
    WHERE
      h.resource_id = p_resource
      AND h.changed_at >= coalesce(p_since, '-infinity')
      AND h.changed_at <= coalesce(p_until, 'infinity')
    ORDER BY h.changed_at DESC LIMIT p_most
  )
$$;
COMMENT ON FUNCTION history_of_resource(bigint, timestamptz, timestamptz, integer) IS
'The newest changes of one resource or part between two instants, both included; of each history p_most at most.';

CREATE FUNCTION history_of_changeset(p_changed_at timestamptz, p_changeset bigint, p_most integer)
RETURNS TABLE (
    what text, name text, label text, before text, after text, unit text, cardinality text, is_secret boolean,
    is_bookkeeping boolean, action text, ordinal smallint, resource_id bigint, change bigint, changed_at timestamptz,
    changeset_id bigint
)
LANGUAGE sql STABLE
AS $$
  (
    SELECT
      'resource', c.name, NULL, c.before, c.after, NULL, 'one', FALSE, FALSE, h.action, 0::smallint, h.resource_id, h.change,
      h.changed_at, h.changeset_id
    FROM resource_history AS h
    CROSS JOIN LATERAL resource_changes(h) AS c
    WHERE h.changed_at = p_changed_at AND h.changeset_id = p_changeset
    LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'state', 'state', NULL, f.name, t.name, NULL, 'one', FALSE, FALSE,
      CASE WHEN h.from_state_id IS NULL THEN 'insert' ELSE 'update' END, 0::smallint, h.resource_id, h.change, h.changed_at,
      h.changeset_id
    FROM resource_state_history AS h
    INNER JOIN resource_states AS t ON h.to_state_id = t.id
    LEFT JOIN resource_states AS f ON h.from_state_id = f.id
    WHERE h.changed_at = p_changed_at AND h.changeset_id = p_changeset
    LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'attribute', ad.name, ad.display_name,
      value_text(
        h.old_target_type, h.old_key, h.old_inner_key, h.old_string, h.old_integer, h.old_decimal, h.old_boolean,
        h.old_datetime, h.old_credential, h.old_fingerprint
      ),
      value_text(
        h.new_target_type, h.new_key, h.new_inner_key, h.new_string, h.new_integer, h.new_decimal, h.new_boolean,
        h.new_datetime, h.new_credential, h.new_fingerprint
      ),
      ad.unit, ad.cardinality, ad.is_secret, ad.is_bookkeeping,
      CASE h.action WHEN 'i' THEN 'insert' WHEN 'u' THEN 'update' ELSE 'delete' END, h.ordinal, h.resource_id, h.change,
      h.changed_at, h.changeset_id
    FROM resource_attribute_history AS h
    INNER JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
    WHERE h.changed_at = p_changed_at AND h.changeset_id = p_changeset
    LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'tag', h.key, NULL, CASE h.action WHEN 'delete' THEN h.value END, CASE h.action WHEN 'insert' THEN h.value END, NULL,
      'one', FALSE, FALSE, h.action, 0::smallint, h.resource_id, h.change, h.changed_at, h.changeset_id
    FROM resource_tag_history AS h
    WHERE h.changed_at = p_changed_at AND h.changeset_id = p_changeset
    LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'relationship', t.name, NULL,
      CASE h.action WHEN 'delete' THEN address_of(h.parent_resource_id) END,
      CASE h.action WHEN 'insert' THEN address_of(h.parent_resource_id) END, NULL, 'set', FALSE, FALSE, h.action, 0::smallint, h.resource_id,
      h.change, h.changed_at, h.changeset_id
    FROM resource_relationship_history AS h
    INNER JOIN relationship_types AS t ON h.relationship_type_id = t.id
    WHERE h.changed_at = p_changed_at AND h.changeset_id = p_changeset
    LIMIT p_most
  )
$$;
COMMENT ON FUNCTION history_of_changeset(timestamptz, bigint, integer) IS
'What one changeset changed of resources; of each history p_most rows at most, whichever these are.';
