-- Taking back what carries our mark and is in no book, as after an older backup was restored.

-- name: readopt.wanted
-- The roots that manifests want at an endpoint, with the names of their objects there.
SELECT
    d.address,
    t.name AS resource_type,
    coalesce(given.value_string, d.name) AS name
FROM desired_resources AS d
INNER JOIN resource_types AS t ON d.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON d.provider_endpoint_id = e.id
LEFT JOIN attribute_definitions AS ad ON ad.name = 'name'
LEFT JOIN desired_attributes AS given
    ON d.id = given.desired_resource_id AND ad.id = given.attribute_definition_id AND given.ordinal = 0
WHERE
    d.valid_to_revision IS NULL
    AND d.parent_id IS NULL
    AND e.name = %(endpoint)s
    AND (t.name || '/' || coalesce(given.value_string, d.name)) = ANY(%(names)s);

-- name: readopt.holders
-- Not what is only in quarantine because it carries our mark: that is what is to be taken back.
SELECT id, address, presence
FROM resources
WHERE
    deleted_at IS NULL
    AND is_root
    AND address = ANY(%(addresses)s)
    AND (management = 'managed' OR (management = 'quarantined' AND claim_epoch > 0));

-- name: readopt.uids
-- What is in the archive was deleted, and is known as well.
SELECT uid
FROM resources
WHERE uid = ANY(%(uids)s)
UNION
SELECT uid
FROM archived_resources
WHERE uid = ANY(%(uids)s);

-- name: readopt.strays
-- What it was kept under in quarantine makes room for the row that it belongs to.
UPDATE resources AS r
SET deleted_at = now(), management = 'unmanaged', state_id = st.id
FROM resource_states AS st
WHERE
    r.id = ANY(%(ids)s) AND r.management = 'quarantined' AND r.claim_epoch = 0 AND r.deleted_at IS NULL
    AND st.name = 'deleted';

-- name: readopt.give_way
-- The resource that had the address was deleted at the provider before another was made under the same name.
UPDATE resources AS r
SET deleted_at = now(), state_id = st.id
FROM resource_states AS st
WHERE
    r.id = ANY(%(ids)s) AND r.management = 'managed' AND r.presence = 'absent' AND r.deleted_at IS NULL
    AND st.name = 'deleted';

-- name: readopt.await
-- Its object was replaced by one that is not recorded: as if the answer to the creation had been lost.
UPDATE resources
SET external_id = NULL, presence = 'unknown'
WHERE id = ANY(%(ids)s) AND management = 'managed' AND presence = 'absent' AND deleted_at IS NULL;

-- name: readopt.insert
-- A row as its creation began it, with the uid that the object's mark says. The look that follows finds the object by
-- its mark, as after a creation whose answer was lost.
INSERT INTO resources (
    uid,
    resource_type_id,
    provider_endpoint_id,
    address,
    name,
    state_id,
    management,
    presence,
    is_root,
    source_id,
    prevent_destroy,
    on_remove,
    allow_downtime,
    replace_policy,
    create_before_destroy,
    location_id,
    datacenter_id,
    claim_epoch
)
SELECT
    marked.uid,
    d.resource_type_id,
    d.provider_endpoint_id,
    d.address,
    d.name,
    st.id,
    'managed',
    'unknown',
    TRUE,
    d.source_id,
    d.prevent_destroy,
    d.on_remove,
    d.allow_downtime,
    d.replace_policy,
    d.create_before_destroy,
    l.id,
    dc.id,
    1
FROM unnest(%(uid)s::uuid[], %(address)s::text[]) AS marked (uid, address)
INNER JOIN desired_resources AS d
    ON marked.address = d.address AND d.valid_to_revision IS NULL AND d.parent_id IS NULL
INNER JOIN resource_states AS st ON st.name = 'pending'
LEFT JOIN locations AS l ON d.location = l.name
LEFT JOIN datacenters AS dc ON d.datacenter = dc.name;

-- name: readopt.reserve
-- An id that was chosen since the backup is never chosen again.
INSERT INTO external_id_reservations (provider_endpoint_id, resource_type_id, external_id, resource_uid)
SELECT r.provider_endpoint_id, r.resource_type_id, r.external_id, r.uid
FROM resources AS r
WHERE r.uid = ANY(%(uids)s) AND r.external_id IS NOT NULL
ON CONFLICT DO NOTHING;
