-- name: observations.now
SELECT clock_timestamp();

-- name: observations.one_at_a_time
SELECT pg_advisory_xact_lock(hashtextextended('observation of ' || %(endpoint)s, 0));

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
    ) AS fresh,
    CASE
        WHEN r.external_id IS NULL AND r.presence = 'unknown'
            THEN (
                SELECT made.value_string
                FROM resource_operations AS o
                INNER JOIN resource_operation_results AS made
                    ON o.id = made.operation_id AND made.name = 'sent_by'
                WHERE o.resource_id = r.id
                ORDER BY o.intended_at DESC
                LIMIT 1
            )
    END AS sent_by,
    r.claim_epoch = 0 AS stray
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
-- Each is found by an index: by its uid, or by its id at the endpoint. What it costs follows the targets, however large
-- the fleet is.
WITH wanted AS MATERIALIZED (
    SELECT by_uid.id
    FROM unnest(%(uids)s::uuid[]) AS given (uid)
    CROSS JOIN
        LATERAL (
            SELECT r.id
            FROM resources AS r
            WHERE r.uid = given.uid
            ORDER BY r.uid
            OFFSET 0
        ) AS by_uid
    UNION
    SELECT by_id.id
    FROM provider_endpoints AS e
    CROSS JOIN unnest(%(external_ids)s::text[]) AS given (external_id)
    CROSS JOIN
        LATERAL (
            SELECT r.id
            FROM resources AS r
            WHERE
                r.provider_endpoint_id = e.id
                AND r.external_id = given.external_id
                AND r.is_root
            ORDER BY r.external_id
            OFFSET 0
        ) AS by_id
    WHERE e.name = %(endpoint)s
)

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
    FALSE AS fresh,
    CASE
        WHEN r.external_id IS NULL AND r.presence = 'unknown'
            THEN (
                SELECT made.value_string
                FROM resource_operations AS o
                INNER JOIN resource_operation_results AS made
                    ON o.id = made.operation_id AND made.name = 'sent_by'
                WHERE o.resource_id = r.id
                ORDER BY o.intended_at DESC
                LIMIT 1
            )
    END AS sent_by,
    r.claim_epoch = 0 AS stray
FROM wanted
CROSS JOIN
    LATERAL (
        SELECT found.*
        FROM resources AS found
        WHERE found.id = wanted.id
        ORDER BY found.id
        OFFSET 0
    ) AS r
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
INNER JOIN resource_states AS st ON r.state_id = st.id
WHERE
    r.deleted_at IS NULL
    AND r.is_root
    AND e.name = %(endpoint)s
    AND t.name = ANY(%(types)s);

-- name: observations.others
-- Some roots of ours that should be seen at an endpoint, to tell whether anything of ours is shown there at all. First
-- those that were seen last and that nothing is at work on: the first of an index, but for the few that are worked on.
WITH here AS MATERIALIZED (
    SELECT e.id
    FROM provider_endpoints AS e
    WHERE e.name = %(endpoint)s
),

idle AS (
    SELECT
        r.*,
        FALSE AS is_busy
    FROM here
    CROSS JOIN
        LATERAL (
            SELECT
                found.id,
                found.uid,
                found.resource_type_id,
                found.external_id,
                found.observed_at
            FROM resources AS found
            WHERE
                found.provider_endpoint_id = here.id
                AND found.deleted_at IS NULL
                AND found.is_root
                AND found.management = 'managed'
                AND found.external_id IS NOT NULL
                AND found.presence <> 'absent'
                AND found.uid <> %(uid)s
                AND NOT EXISTS (
                    SELECT 1
                    FROM resource_operations AS o
                    WHERE o.resource_id = found.id AND o.status IN ('intended', 'sending', 'accepted')
                    ORDER BY o.resource_id
                    OFFSET 0
                )
            ORDER BY found.observed_at DESC NULLS LAST, found.id ASC
            LIMIT 5
        ) AS r
),

busy AS (
    SELECT
        r.id,
        r.uid,
        r.resource_type_id,
        r.external_id,
        r.observed_at,
        TRUE AS is_busy
    FROM resource_operations AS o
    INNER JOIN resources AS r ON o.resource_id = r.id
    INNER JOIN here ON r.provider_endpoint_id = here.id
    WHERE
        o.status IN ('intended', 'sending', 'accepted')
        AND r.deleted_at IS NULL
        AND r.is_root
        AND r.management = 'managed'
        AND r.external_id IS NOT NULL
        AND r.presence <> 'absent'
        AND r.uid <> %(uid)s
)

SELECT
    t.name AS type,
    r.external_id,
    r.uid
FROM (
    SELECT idle.*
    FROM idle
    UNION ALL
    SELECT busy.*
    FROM busy
) AS r
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
ORDER BY r.is_busy ASC, r.observed_at DESC NULLS LAST, r.id ASC
LIMIT 5;

-- name: observations.addresses_taken
SELECT address
FROM resources
WHERE deleted_at IS NULL AND management <> 'unmanaged' AND address = ANY(%(addresses)s);

-- name: observations.new_ids
-- The sequence's name is asked for once, and not for each number.
SELECT nextval((SELECT pg_get_serial_sequence('resources', 'id'))::regclass) AS id
FROM generate_series(1, %(count)s);

-- name: observations.insert_roots
-- Each parameter but the endpoint is an array, one element a row: triggers then run once for all of them.
INSERT INTO resources (
    id,
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
OVERRIDING SYSTEM VALUE
SELECT
    seen.id,
    seen.resource_type_id,
    %(endpoint_id)s,
    seen.address,
    seen.name,
    st.id,
    seen.external_id,
    seen.management,
    'present',
    TRUE,
    seen.recorded_hash,
    now()
FROM
    unnest(
        %(id)s::bigint[],
        %(resource_type_id)s::integer[],
        %(address)s::text[],
        %(name)s::text[],
        %(state)s::text[],
        %(external_id)s::text[],
        %(management)s::text[],
        %(recorded_hash)s::bytea[]
    ) AS seen (id, resource_type_id, address, name, state, external_id, management, recorded_hash)
INNER JOIN resource_states AS st ON seen.state = st.name;

-- name: observations.update_roots
UPDATE resources AS r
SET
    name = seen.name,
    state_id = st.id,
    external_id = seen.external_id,
    management = seen.management,
    presence = 'present',
    recorded_hash = seen.recorded_hash,
    observed_at = now()
FROM
    unnest(
        %(id)s::bigint[],
        %(name)s::text[],
        %(state)s::text[],
        %(external_id)s::text[],
        %(management)s::text[],
        %(recorded_hash)s::bytea[]
    ) AS seen (id, name, state, external_id, management, recorded_hash)
INNER JOIN resource_states AS st ON seen.state = st.name
WHERE r.id = seen.id;

-- name: observations.presence
UPDATE resources
SET presence = %(presence)s, observed_at = now()
WHERE id = ANY(%(ids)s) AND presence <> %(presence)s;

-- name: observations.unrecordable
-- What was seen and cannot be recorded: what is on record stays, and nobody may rely on it.
UPDATE resources AS r
SET presence = 'unknown', presence_reason = seen.reason
FROM unnest(%(id)s::bigint[], %(reason)s::text[]) AS seen (id, reason)
WHERE
    r.id = seen.id
    AND (r.presence, r.presence_reason) IS DISTINCT FROM ('unknown', seen.reason);

-- name: observations.missing
-- With the object goes the doubt whose it was.
UPDATE resources AS r
SET
    presence = 'absent',
    management = 'managed',
    state_id = st.id,
    observed_at = now()
FROM resource_states AS st
WHERE r.id = ANY(%(ids)s) AND st.name = 'missing';

-- name: observations.delete_strangers
-- An object that was never ours needs no row any more when it is gone.
UPDATE resources AS r
SET
    deleted_at = now(),
    management = 'unmanaged',
    state_id = CASE WHEN r.management = 'quarantined' THEN st.id ELSE r.state_id END
FROM resource_states AS st
WHERE
    r.id = ANY(%(ids)s)
    AND st.name = 'deleted'
    AND (r.management = 'unmanaged' OR (r.management = 'quarantined' AND r.claim_epoch = 0));

-- name: observations.insert_parts
INSERT INTO resources (
    id,
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
OVERRIDING SYSTEM VALUE
SELECT
    seen.id,
    seen.resource_type_id,
    root.provider_endpoint_id,
    seen.address,
    seen.name,
    st.id,
    seen.external_id,
    root.management,
    'present',
    FALSE,
    now()
FROM
    unnest(
        %(id)s::bigint[],
        %(root_id)s::bigint[],
        %(resource_type_id)s::integer[],
        %(address)s::text[],
        %(name)s::text[],
        %(state)s::text[],
        %(external_id)s::text[]
    ) AS seen (id, root_id, resource_type_id, address, name, state, external_id)
INNER JOIN resources AS root ON seen.root_id = root.id
INNER JOIN resource_states AS st ON seen.state = st.name;

-- name: observations.update_parts
UPDATE resources AS r
SET
    address = seen.address,
    name = seen.name,
    state_id = st.id,
    external_id = seen.external_id,
    management = root.management,
    presence = 'present',
    observed_at = now()
FROM
    unnest(
        %(id)s::bigint[],
        %(root_id)s::bigint[],
        %(address)s::text[],
        %(name)s::text[],
        %(state)s::text[],
        %(external_id)s::text[]
    ) AS seen (id, root_id, address, name, state, external_id)
INNER JOIN resources AS root ON seen.root_id = root.id
INNER JOIN resource_states AS st ON seen.state = st.name
WHERE
    r.id = seen.id
    AND (r.address, r.name, r.state_id, r.external_id, r.management, r.presence)
    IS DISTINCT FROM (seen.address, seen.name, st.id, seen.external_id, root.management, 'present');

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
    value_datetime,
    value_credential,
    value_fingerprint,
    value_target_type,
    value_key,
    value_inner_key
FROM resource_attributes
WHERE resource_id = ANY(%(ids)s);

-- name: observations.copy_attributes
COPY staged_resource_attributes (
    resource_id, resource_type_id, attribute_definition_id, ordinal, data_type, value_string,
    value_integer, value_decimal, value_boolean, value_datetime, value_credential, value_fingerprint,
    value_target_type, value_key, value_inner_key
) FROM STDIN;

-- name: observations.update_attributes
UPDATE resource_attributes AS a
SET
    value_string = seen.value_string,
    value_integer = seen.value_integer,
    value_decimal = seen.value_decimal,
    value_boolean = seen.value_boolean,
    value_datetime = seen.value_datetime,
    value_credential = seen.value_credential,
    value_fingerprint = seen.value_fingerprint,
    value_target_type = seen.value_target_type,
    value_key = seen.value_key,
    value_inner_key = seen.value_inner_key
FROM
    unnest(
        %(resource_id)s::bigint[],
        %(attribute_definition_id)s::integer[],
        %(ordinal)s::smallint[],
        %(value_string)s::text[],
        %(value_integer)s::bigint[],
        %(value_decimal)s::numeric[],
        %(value_boolean)s::boolean[],
        %(value_datetime)s::timestamptz[],
        %(value_credential)s::text[],
        %(value_fingerprint)s::text[],
        %(value_target_type)s::text[],
        %(value_key)s::text[],
        %(value_inner_key)s::text[]
    )
        AS seen (
            resource_id,
            attribute_definition_id,
            ordinal,
            value_string,
            value_integer,
            value_decimal,
            value_boolean,
            value_datetime,
            value_credential,
            value_fingerprint,
            value_target_type,
            value_key,
            value_inner_key
        )
WHERE
    a.resource_id = seen.resource_id
    AND a.attribute_definition_id = seen.attribute_definition_id
    AND a.ordinal = seen.ordinal;

-- name: observations.delete_attributes
DELETE FROM resource_attributes AS a
USING
    unnest(
        %(resource_id)s::bigint[],
        %(attribute_definition_id)s::integer[],
        %(ordinal)s::smallint[]
    ) AS gone (resource_id, attribute_definition_id, ordinal)
WHERE
    a.resource_id = gone.resource_id
    AND a.attribute_definition_id = gone.attribute_definition_id
    AND a.ordinal = gone.ordinal;

-- name: observations.tag_rows
SELECT
    rt.resource_id,
    t.key,
    t.value,
    t.id
FROM resource_tags AS rt
INNER JOIN tags AS t ON rt.tag_id = t.id
WHERE rt.resource_id = ANY(%(ids)s);

-- name: observations.ensure_tags
INSERT INTO tags (key, value)
SELECT
    seen.key,
    seen.value
FROM unnest(%(key)s::text[], %(value)s::text[]) AS seen (key, value)
WHERE
    NOT EXISTS (
        SELECT 1
        FROM tags AS t
        WHERE t.key = seen.key AND t.value = seen.value
    )
ON CONFLICT (key, value) DO NOTHING;

-- name: observations.insert_tags
INSERT INTO resource_tags (resource_id, tag_id)
SELECT
    seen.resource_id,
    t.id
FROM unnest(%(resource_id)s::bigint[], %(key)s::text[], %(value)s::text[]) AS seen (resource_id, key, value)
INNER JOIN tags AS t ON seen.key = t.key AND seen.value = t.value
ON CONFLICT DO NOTHING;

-- name: observations.delete_tags
DELETE FROM resource_tags AS rt
USING unnest(%(resource_id)s::bigint[], %(tag_id)s::bigint[]) AS gone (resource_id, tag_id)
WHERE rt.resource_id = gone.resource_id AND rt.tag_id = gone.tag_id;

-- name: observations.pending_rows
SELECT
    resource_id,
    attribute_definition_id
FROM resource_pending_attributes
WHERE resource_id = ANY(%(ids)s);

-- name: observations.insert_pending
INSERT INTO resource_pending_attributes (resource_id, attribute_definition_id)
SELECT
    seen.resource_id,
    seen.attribute_definition_id
FROM
    unnest(
        %(resource_id)s::bigint[],
        %(attribute_definition_id)s::integer[]
    ) AS seen (resource_id, attribute_definition_id)
ON CONFLICT DO NOTHING;

-- name: observations.delete_pending
DELETE FROM resource_pending_attributes AS p
USING
    unnest(
        %(resource_id)s::bigint[],
        %(attribute_definition_id)s::integer[]
    ) AS gone (resource_id, attribute_definition_id)
WHERE p.resource_id = gone.resource_id AND p.attribute_definition_id = gone.attribute_definition_id;

-- name: observations.relationship_rows
-- What a resource points at; what contains it is written with the part itself.
SELECT
    rr.child_resource_id,
    rr.parent_resource_id,
    rr.relationship_type_id
FROM resource_relationships AS rr
INNER JOIN relationship_types AS t ON rr.relationship_type_id = t.id AND t.name <> 'contains'
WHERE rr.child_resource_id = ANY(%(ids)s);

-- name: observations.insert_relationships
INSERT INTO resource_relationships (parent_resource_id, child_resource_id, relationship_type_id)
SELECT
    seen.parent_id,
    seen.child_id,
    seen.relationship_type_id
FROM
    unnest(
        %(parent_id)s::bigint[],
        %(child_id)s::bigint[],
        %(relationship_type_id)s::integer[]
    ) AS seen (parent_id, child_id, relationship_type_id)
ON CONFLICT DO NOTHING;

-- name: observations.delete_relationships
DELETE FROM resource_relationships AS rr
USING
    unnest(
        %(parent_id)s::bigint[],
        %(child_id)s::bigint[],
        %(relationship_type_id)s::integer[]
    ) AS gone (parent_id, child_id, relationship_type_id)
WHERE
    rr.parent_resource_id = gone.parent_id
    AND rr.child_resource_id = gone.child_id
    AND rr.relationship_type_id = gone.relationship_type_id;

-- name: observations.look_again
-- What points at objects that were in no book until now is recorded anew when it is next seen.
UPDATE resources AS r
SET recorded_hash = NULL
FROM unnest(%(types)s::text[], %(external_ids)s::text[]) AS new (type, external_id)
INNER JOIN resource_attributes AS a
    ON new.type = a.value_target_type AND new.external_id = a.value_string
LEFT JOIN resource_relationships AS rr
    ON a.resource_id = rr.child_resource_id AND rr.relationship_type_id = 1
WHERE
    r.id = coalesce(rr.parent_resource_id, a.resource_id)
    AND r.deleted_at IS NULL
    AND r.recorded_hash IS NOT NULL
RETURNING r.id;

-- name: observations.ids_by_address
SELECT
    address,
    id
FROM resources
WHERE deleted_at IS NULL AND management <> 'unmanaged' AND address = ANY(%(addresses)s);

-- name: observations.addresses_by_external_id
SELECT
    t.name AS type,
    r.external_id,
    r.address,
    r.id
FROM provider_endpoints AS e
CROSS JOIN unnest(%(types)s::text[], %(external_ids)s::text[]) AS wanted (type, external_id)
INNER JOIN resource_types AS t ON wanted.type = t.name
CROSS JOIN
    LATERAL (
        SELECT
            found.id,
            found.external_id,
            found.address
        FROM resources AS found
        WHERE
            found.provider_endpoint_id = e.id
            AND found.resource_type_id = t.id
            AND found.external_id = wanted.external_id
            AND found.deleted_at IS NULL
            AND found.is_root
        ORDER BY found.external_id
        LIMIT 1
    ) AS r
WHERE e.name = %(endpoint)s AND e.deleted_at IS NULL;

-- name: observations.explicit_relationships
-- What the current manifest says a resource depends on or belongs to.
SELECT
    r.id,
    d.relationship_type_id,
    d.target_address
FROM resources AS r
CROSS JOIN
    LATERAL (
        -- One row at most, found by its address.
        SELECT want.id
        FROM desired_resources AS want
        WHERE
            want.address = r.address
            AND want.valid_to_revision IS NULL
            AND want.parent_id IS NULL
        ORDER BY want.address
        LIMIT 1
    ) AS want
INNER JOIN desired_relationships AS d ON want.id = d.desired_resource_id
WHERE r.id = ANY(%(ids)s) AND r.management = 'managed';

-- name: observations.same
-- The endpoint's last look, where it said the very same: then this one is another of it, and no row is made.
UPDATE endpoint_observations AS o
SET
    finished_at = clock_timestamp(),
    requests = %(requests)s,
    looks = o.looks + 1
WHERE
    o.id = (
        SELECT last.id
        FROM endpoint_observations AS last
        INNER JOIN provider_endpoints AS e ON last.provider_endpoint_id = e.id
        WHERE e.name = %(endpoint)s AND e.deleted_at IS NULL
        ORDER BY last.started_at DESC, last.id DESC
        LIMIT 1
    )
    AND o.outcome = %(outcome)s
    AND o.message IS NOT DISTINCT FROM %(message)s
    AND NOT EXISTS (
        SELECT
        FROM
            unnest(%(types)s::text[], %(complete)s::boolean[], %(seen)s::integer[], %(messages)s::text[])
                AS now_said (type, complete, seen, message)
        FULL JOIN (
            SELECT
                t.name AS type,
                said.complete,
                said.seen,
                said.message
            FROM endpoint_observation_types AS said
            INNER JOIN resource_types AS t ON said.resource_type_id = t.id
            WHERE said.observation_id = o.id
        ) AS then_said ON now_said.type = then_said.type
        WHERE
            (now_said.type, now_said.complete, now_said.seen, now_said.message)
            IS DISTINCT FROM (then_said.type, then_said.complete, then_said.seen, then_said.message)
    );

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

-- name: observations.insert_types
INSERT INTO endpoint_observation_types (observation_id, resource_type_id, complete, seen, message)
SELECT
    %(observation_id)s,
    t.id,
    said.complete,
    said.seen,
    said.message
FROM
    unnest(%(types)s::text[], %(complete)s::boolean[], %(seen)s::integer[], %(messages)s::text[])
        AS said (type, complete, seen, message)
INNER JOIN resource_types AS t ON said.type = t.name;

-- name: observations.known
-- External ids recorded as ours, those that we ever sent for one of ours (the answer may be lost, and the mark not be
-- where a list shows it), and those that manifests want to take over, for drivers that look at each object apart.
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
    AND e.name = %(endpoint)s
UNION
SELECT
    t.name,
    res.external_id
FROM external_id_reservations AS res
INNER JOIN resources AS r ON res.resource_uid = r.uid AND r.deleted_at IS NULL
INNER JOIN resource_types AS t ON res.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON res.provider_endpoint_id = e.id
WHERE e.name = %(endpoint)s
UNION
SELECT
    t.name,
    d.adopt_external_id
FROM desired_resources AS d
INNER JOIN resource_types AS t ON d.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON d.provider_endpoint_id = e.id
WHERE
    d.valid_to_revision IS NULL
    AND d.parent_id IS NULL
    AND d.adopt_external_id IS NOT NULL
    AND e.name = %(endpoint)s;

-- name: observations.adoption_targets
-- What manifests want to take over of which no part is recorded, though its type may have some: a driver that must
-- ask for each object apart did not ask for these.
SELECT
    e.name AS endpoint,
    t.name AS resource_type,
    r.external_id
FROM desired_resources AS d
INNER JOIN provider_endpoints AS e ON d.provider_endpoint_id = e.id
INNER JOIN resource_types AS t ON d.resource_type_id = t.id
INNER JOIN
    resources AS r
    ON
        d.provider_endpoint_id = r.provider_endpoint_id
        AND d.resource_type_id = r.resource_type_id
        AND d.adopt_external_id = r.external_id
WHERE
    d.valid_to_revision IS NULL
    AND d.parent_id IS NULL
    AND e.name = ANY(%(endpoints)s)
    AND r.deleted_at IS NULL
    AND r.is_root
    AND r.management = 'unmanaged'
    AND r.presence = 'present'
    AND EXISTS (
        SELECT FROM resource_type_parents AS p
        WHERE p.parent_type_id = t.id
    )
    AND NOT EXISTS (
        SELECT FROM resource_relationships AS c
        WHERE c.parent_resource_id = r.id
    )
ORDER BY e.name, t.name, r.external_id;
