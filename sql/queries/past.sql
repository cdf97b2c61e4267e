-- The past as of a mark, for people: names instead of ids (sql/schema/31_as_of.sql, 32_past.sql). A null for the mark
-- means the present. Ids are resolved first, so that what is asked of one resource is looked up by its ids.

-- name: past.called
-- The resources and parts that have an address, or had it once.
SELECT c.id
FROM resources_called(%(address)s) AS c;

-- name: past.changed
-- What may differ between two marks; without a later one, between a mark and now.
SELECT c.id
FROM resources_changed(%(since)s, %(until)s) AS c;

-- name: past.resources
-- What lived then, by address; without ids all of it.
SELECT
    r.id,
    r.uid,
    r.address,
    t.name AS type,
    pt.name AS provider_type,
    p.name AS provider,
    e.name AS endpoint,
    st.name AS state,
    r.external_id,
    r.management,
    r.presence,
    r.is_root,
    r.prevent_destroy,
    r.on_remove,
    r.allow_downtime,
    r.replace_policy,
    r.create_before_destroy,
    s.name AS source,
    l.name AS location,
    dc.name AS datacenter,
    r.created_at
FROM resources_as_of(%(mark)s, %(ids)s::bigint[]) AS r
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
INNER JOIN resource_states AS st ON r.state_id = st.id
LEFT JOIN manifest_sources AS s ON r.source_id = s.id
LEFT JOIN locations AS l ON r.location_id = l.id
LEFT JOIN datacenters AS dc ON r.datacenter_id = dc.id
WHERE r.deleted_at IS NULL
ORDER BY r.address, r.id;

-- name: past.parts
-- Which parts these roots had, be they alive or not.
SELECT
    rr.parent_resource_id,
    rr.child_resource_id
FROM relationships_as_of(%(mark)s, %(ids)s::bigint[]) AS rr
-- 1 is `contains`, by a check on relationship_types.
WHERE
    rr.relationship_type_id = 1
    AND (%(ids)s::bigint[] IS NULL OR rr.parent_resource_id = ANY(%(ids)s::bigint[]));

-- name: past.attributes
SELECT
    a.resource_id,
    ad.name,
    a.value_string,
    a.value_integer,
    a.value_decimal,
    a.value_boolean,
    a.value_datetime,
    a.value_credential,
    a.value_fingerprint,
    a.value_target_type,
    a.value_key,
    a.value_inner_key
FROM attributes_as_of(%(mark)s, %(ids)s::bigint[]) AS a
INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id
ORDER BY a.resource_id, a.attribute_definition_id, a.ordinal;

-- name: past.tags
SELECT
    rt.resource_id,
    t.key,
    t.value
FROM tags_as_of(%(mark)s, %(ids)s::bigint[]) AS rt
INNER JOIN tags AS t ON rt.tag_id = t.id
ORDER BY rt.resource_id, t.key;

-- name: past.ties
-- The ties in which one of these took part.
SELECT
    rr.parent_resource_id AS parent,
    t.name AS relationship,
    rr.child_resource_id AS child
FROM relationships_as_of(%(mark)s, %(ids)s::bigint[]) AS rr
INNER JOIN relationship_types AS t ON rr.relationship_type_id = t.id
ORDER BY rr.parent_resource_id, rr.child_resource_id, t.name;
