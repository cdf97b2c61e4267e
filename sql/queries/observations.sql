-- name: observations.now
SELECT clock_timestamp();

-- name: observations.roots
-- The live roots of an endpoint, of the types looked at. Rows that changed since the look began, or that an
-- operation is at work on, are marked fresh: what was seen of them may be older than what is known.
SELECT
    r.id,
    r.uid,
    t.name AS resource_type,
    r.external_id,
    r.address,
    r.management,
    r.presence,
    st.name AS state,
    r.recorded_hash,
    (
        r.updated_at > %(since)s
        OR EXISTS (
            SELECT 1
            FROM resource_operations AS o
            WHERE o.resource_id = r.id AND o.status IN ('intended', 'sending', 'accepted')
        )
    ) AS fresh
FROM resources AS r
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
INNER JOIN resource_states AS st ON r.state_id = st.id
WHERE
    r.deleted_at IS NULL
    AND r.is_root
    AND e.name = %(endpoint)s
    AND t.name = ANY(%(types)s);

-- name: observations.target_roots
SELECT
    r.id,
    r.uid,
    t.name AS resource_type,
    r.external_id,
    r.address,
    r.management,
    r.presence,
    st.name AS state,
    r.recorded_hash,
    FALSE AS fresh
FROM resources AS r
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
INNER JOIN resource_states AS st ON r.state_id = st.id
WHERE
    r.deleted_at IS NULL
    AND r.is_root
    AND e.name = %(endpoint)s
    AND t.name = ANY(%(types)s)
    AND (r.external_id = ANY(%(external_ids)s) OR r.uid = ANY(%(uids)s));

-- name: observations.addresses_taken
SELECT address
FROM resources
WHERE deleted_at IS NULL AND management <> 'unmanaged' AND address = ANY(%(addresses)s);

-- name: observations.insert_root
INSERT INTO resources (
    resource_type_id,
    provider_endpoint_id,
    address,
    name,
    state_id,
    external_id,
    management,
    presence,
    is_root,
    recorded_hash,
    observed_at
)
SELECT
    %(resource_type_id)s,
    %(endpoint_id)s,
    %(address)s,
    %(name)s,
    st.id,
    %(external_id)s,
    %(management)s,
    'present',
    TRUE,
    %(recorded_hash)s,
    now()
FROM resource_states AS st
WHERE st.name = %(state)s
RETURNING id;

-- name: observations.update_root
UPDATE resources AS r
SET
    name = %(name)s,
    state_id = st.id,
    external_id = %(external_id)s,
    management = %(management)s,
    presence = 'present',
    recorded_hash = %(recorded_hash)s,
    observed_at = now()
FROM resource_states AS st
WHERE r.id = %(id)s AND st.name = %(state)s;

-- name: observations.presence
UPDATE resources
SET presence = %(presence)s, observed_at = now()
WHERE id = ANY(%(ids)s) AND presence <> %(presence)s;

-- name: observations.missing
UPDATE resources
SET
    presence = 'absent',
    state_id = (
        SELECT st.id
        FROM resource_states AS st
        WHERE st.name = 'missing'
    ),
    observed_at = now()
WHERE id = ANY(%(ids)s);

-- name: observations.delete_strangers
-- An unmanaged object that is gone needs no row any more.
UPDATE resources
SET deleted_at = now()
WHERE id = ANY(%(ids)s) AND management = 'unmanaged';

-- name: observations.insert_part
INSERT INTO resources (
    resource_type_id,
    provider_endpoint_id,
    address,
    name,
    state_id,
    external_id,
    management,
    presence,
    is_root,
    observed_at
)
SELECT
    %(resource_type_id)s,
    root.provider_endpoint_id,
    %(address)s,
    %(name)s,
    st.id,
    %(external_id)s,
    root.management,
    'present',
    FALSE,
    now()
FROM resources AS root
CROSS JOIN resource_states AS st
WHERE root.id = %(root_id)s AND st.name = %(state)s
RETURNING id;

-- name: observations.contain
INSERT INTO resource_relationships (parent_resource_id, child_resource_id, relationship_type_id)
VALUES (%(root_id)s, %(part_id)s, %(relationship_type_id)s);

-- name: observations.update_part
UPDATE resources AS r
SET
    address = %(address)s,
    name = %(name)s,
    state_id = st.id,
    external_id = %(external_id)s,
    management = root.management,
    presence = 'present',
    observed_at = now()
FROM resource_states AS st
CROSS JOIN resources AS root
WHERE
    r.id = %(id)s
    AND st.name = %(state)s
    AND root.id = %(root_id)s
    AND (r.address, r.name, r.state_id, r.external_id, r.management, r.presence)
    IS DISTINCT FROM (%(address)s, %(name)s, st.id, %(external_id)s, root.management, 'present');

-- name: observations.drop_parts
UPDATE resources
SET deleted_at = now()
WHERE id = ANY(%(ids)s) AND deleted_at IS NULL;

-- name: observations.attribute_rows
SELECT
    resource_id,
    attribute_definition_id,
    ordinal,
    value_string,
    value_integer,
    value_decimal,
    value_boolean,
    value_datetime
FROM resource_attributes
WHERE resource_id = ANY(%(ids)s);

-- name: observations.copy_attributes
COPY resource_attributes (
    resource_id, resource_type_id, attribute_definition_id, ordinal, data_type, value_string,
    value_integer, value_decimal, value_boolean, value_datetime
) FROM STDIN;

-- name: observations.update_attribute
UPDATE resource_attributes
SET
    value_string = %(value_string)s,
    value_integer = %(value_integer)s,
    value_decimal = %(value_decimal)s,
    value_boolean = %(value_boolean)s,
    value_datetime = %(value_datetime)s
WHERE
    resource_id = %(resource_id)s
    AND attribute_definition_id = %(attribute_definition_id)s
    AND ordinal = %(ordinal)s;

-- name: observations.delete_attribute
DELETE FROM resource_attributes
WHERE
    resource_id = %(resource_id)s
    AND attribute_definition_id = %(attribute_definition_id)s
    AND ordinal = %(ordinal)s;

-- name: observations.tag_rows
SELECT
    rt.resource_id,
    t.key,
    t.value,
    t.id
FROM resource_tags AS rt
INNER JOIN tags AS t ON rt.tag_id = t.id
WHERE rt.resource_id = ANY(%(ids)s);

-- name: observations.ensure_tag
INSERT INTO tags (key, value)
VALUES (%(key)s, %(value)s)
ON CONFLICT (key, value) DO NOTHING;

-- name: observations.insert_tag
INSERT INTO resource_tags (resource_id, tag_id)
SELECT
    %(resource_id)s,
    t.id
FROM tags AS t
WHERE t.key = %(key)s AND t.value = %(value)s
ON CONFLICT DO NOTHING;

-- name: observations.delete_tag
DELETE FROM resource_tags
WHERE resource_id = %(resource_id)s AND tag_id = %(tag_id)s;

-- name: observations.pending_rows
SELECT
    resource_id,
    attribute_definition_id
FROM resource_pending_attributes
WHERE resource_id = ANY(%(ids)s);

-- name: observations.insert_pending
INSERT INTO resource_pending_attributes (resource_id, attribute_definition_id)
VALUES (%(resource_id)s, %(attribute_definition_id)s)
ON CONFLICT DO NOTHING;

-- name: observations.delete_pending
DELETE FROM resource_pending_attributes
WHERE resource_id = %(resource_id)s AND attribute_definition_id = %(attribute_definition_id)s;

-- name: observations.relationship_rows
-- What a resource points at; what contains it is written with the part itself.
SELECT
    rr.child_resource_id,
    rr.parent_resource_id,
    rr.relationship_type_id
FROM resource_relationships AS rr
INNER JOIN relationship_types AS t ON rr.relationship_type_id = t.id AND t.name <> 'contains'
WHERE rr.child_resource_id = ANY(%(ids)s);

-- name: observations.insert_relationship
INSERT INTO resource_relationships (parent_resource_id, child_resource_id, relationship_type_id)
VALUES (%(parent_id)s, %(child_id)s, %(relationship_type_id)s)
ON CONFLICT DO NOTHING;

-- name: observations.delete_relationship
DELETE FROM resource_relationships
WHERE
    parent_resource_id = %(parent_id)s
    AND child_resource_id = %(child_id)s
    AND relationship_type_id = %(relationship_type_id)s;

-- name: observations.ids_by_address
SELECT
    address,
    id
FROM resources
WHERE deleted_at IS NULL AND management <> 'unmanaged' AND address = ANY(%(addresses)s);

-- name: observations.addresses_by_external_id
SELECT
    t.name,
    r.external_id,
    r.address,
    r.id
FROM resources AS r
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
WHERE
    r.deleted_at IS NULL
    AND e.name = %(endpoint)s
    AND r.external_id = ANY(%(external_ids)s);

-- name: observations.explicit_relationships
-- What the current manifest says a resource depends on or belongs to.
SELECT
    r.id,
    d.relationship_type_id,
    d.target_address
FROM resources AS r
INNER JOIN desired_resources AS want
    ON
        r.address = want.address
        AND want.valid_to_revision IS NULL
        AND want.parent_id IS NULL
INNER JOIN desired_relationships AS d ON want.id = d.desired_resource_id
WHERE r.id = ANY(%(ids)s) AND r.management = 'managed';

-- name: observations.begin
INSERT INTO endpoint_observations (provider_endpoint_id, started_at, finished_at, requests, outcome, message)
SELECT
    e.id,
    %(started_at)s,
    clock_timestamp(),
    %(requests)s,
    %(outcome)s,
    %(message)s
FROM provider_endpoints AS e
WHERE e.name = %(endpoint)s AND e.deleted_at IS NULL
RETURNING id;

-- name: observations.insert_type
INSERT INTO endpoint_observation_types (observation_id, resource_type_id, complete, seen, message)
SELECT
    %(observation_id)s,
    t.id,
    %(complete)s,
    %(seen)s,
    %(message)s
FROM resource_types AS t
WHERE t.name = %(type)s;

-- name: observations.known
-- External ids recorded as ours, for drivers that look at each object apart.
SELECT
    t.name,
    r.external_id
FROM resources AS r
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
WHERE
    r.deleted_at IS NULL
    AND r.is_root
    AND r.management <> 'unmanaged'
    AND r.external_id IS NOT NULL
    AND e.name = %(endpoint)s;
