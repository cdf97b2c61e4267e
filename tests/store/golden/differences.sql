-- v_differences as it was, of both sides as a whole: the same rows, and what it costs follows the fleet.
WITH roots AS (
    -- What is known to agree is left out, so the work follows what changed.
    SELECT
        d.id AS desired_id,
        d.address,
        r.id AS resource_id,
        r.presence,
        r.external_id,
        d.names_tags,
        applied.id AS applied_id,
        coalesce(r.applied_desired_hash = d.spec_hash, FALSE) AS is_applied
    FROM desired_resources AS d
    LEFT JOIN resources AS r
        ON d.address = r.address AND r.deleted_at IS NULL AND r.management <> 'unmanaged'
    -- What was applied last, where that is another specification: what only it names is taken off.
    LEFT JOIN LATERAL (
        SELECT former.id
        FROM desired_resources AS former
        WHERE
            former.address = d.address
            AND former.parent_id IS NULL
            AND former.spec_hash = r.applied_desired_hash
            AND former.spec_hash <> d.spec_hash
        ORDER BY former.valid_from_revision DESC
        LIMIT 1
    ) AS applied ON TRUE
    WHERE
        d.valid_to_revision IS NULL
        AND d.parent_id IS NULL
        AND (
            r.settled_desired_hash IS DISTINCT FROM d.spec_hash
            OR r.settled_recorded_hash IS DISTINCT FROM r.recorded_hash
            OR r.recorded_hash IS NULL
            OR r.presence = 'absent'
        )
),

pairs AS (
    SELECT
        d.id AS desired_id,
        d.address,
        d.resource_type_id,
        d.provider_endpoint_id,
        roots.desired_id AS root_desired_id,
        CASE WHEN d.parent_id IS NULL THEN roots.applied_id ELSE former.id END AS applied_id,
        roots.is_applied,
        CASE WHEN d.parent_id IS NULL THEN roots.resource_id ELSE part.id END AS resource_id,
        coalesce(roots.resource_id IS NOT NULL AND roots.presence <> 'absent', FALSE) AS is_there
    FROM roots
    INNER JOIN desired_resources AS d ON roots.desired_id = coalesce(d.parent_id, d.id)
    LEFT JOIN resources AS part
        ON d.address = part.address AND part.deleted_at IS NULL AND part.management <> 'unmanaged'
    LEFT JOIN desired_resources AS former
        ON roots.applied_id = former.parent_id AND d.address = former.address
),

given AS (
    -- What was given by the manifest that was applied last, and can be taken off again.
    SELECT DISTINCT
        pairs.desired_id,
        a.attribute_definition_id
    FROM pairs
    INNER JOIN desired_attributes AS a ON pairs.applied_id = a.desired_resource_id AND a.is_explicit
    INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id
    INNER JOIN provider_endpoints AS e ON pairs.provider_endpoint_id = e.id
    INNER JOIN providers AS p ON e.provider_id = p.id
    INNER JOIN provider_type_attributes AS rule
        ON
            p.provider_type_id = rule.provider_type_id
            AND pairs.resource_type_id = rule.resource_type_id
            AND a.attribute_definition_id = rule.attribute_definition_id
    WHERE
        CASE
            WHEN ad.cardinality = 'one' THEN rule.unset_meaning <> ''
            ELSE EXISTS (
                SELECT FROM resource_attributes AS ra
                WHERE
                    ra.resource_id = pairs.resource_id
                    AND ra.attribute_definition_id = a.attribute_definition_id
                    AND (ra.value_string, ra.value_integer, ra.value_decimal, ra.value_boolean, ra.value_datetime)
                    IS NOT DISTINCT FROM
                    (a.value_string, a.value_integer, a.value_decimal, a.value_boolean, a.value_datetime)
                    AND ra.value_target_type IS NULL
                    AND ra.value_key IS NULL
            )
        END
        AND NOT EXISTS (
            SELECT FROM desired_ignored_attributes AS i
            INNER JOIN desired_resources AS former ON i.desired_resource_id IN (former.id, former.parent_id)
            WHERE former.id = pairs.applied_id AND i.name = ad.name
        )
),

wanted AS (
    SELECT
        pairs.address,
        pairs.is_applied,
        ad.name,
        ad.unit,
        dv.value AS desired,
        rv.value AS recorded
    FROM pairs
    INNER JOIN provider_endpoints AS e ON pairs.provider_endpoint_id = e.id
    INNER JOIN providers AS p ON e.provider_id = p.id
    INNER JOIN provider_type_attributes AS rule
        ON p.provider_type_id = rule.provider_type_id AND pairs.resource_type_id = rule.resource_type_id
    INNER JOIN attribute_definitions AS ad ON rule.attribute_definition_id = ad.id
    LEFT JOIN v_desired_values AS dv
        ON pairs.desired_id = dv.desired_resource_id AND rule.attribute_definition_id = dv.attribute_definition_id
    LEFT JOIN desired_cleared_attributes AS cleared
        ON
            pairs.desired_id = cleared.desired_resource_id
            AND rule.attribute_definition_id = cleared.attribute_definition_id
    LEFT JOIN given
        ON pairs.desired_id = given.desired_id AND rule.attribute_definition_id = given.attribute_definition_id
    LEFT JOIN v_recorded_values AS rv
        ON pairs.resource_id = rv.resource_id AND rule.attribute_definition_id = rv.attribute_definition_id
    WHERE
        pairs.resource_id IS NOT NULL
        AND pairs.is_there
        AND rule.mutability <> 'create_only'
        -- What nobody can set and is cleared where it is unset is a fault that the driver mends.
        AND (rule.mutability <> 'read_only' OR rule.clear_when_unset)
        AND (
            dv.value IS NOT NULL
            OR cleared.desired_resource_id IS NOT NULL
            OR given.desired_id IS NOT NULL
            OR rule.clear_when_unset
        )
        AND dv.value IS DISTINCT FROM rv.value
        AND NOT EXISTS (
            SELECT FROM desired_ignored_attributes AS i
            WHERE i.desired_resource_id IN (pairs.desired_id, pairs.root_desired_id) AND i.name = ad.name
        )
)

SELECT
    wanted.address,
    'attribute' AS what,
    wanted.name,
    replace(wanted.desired, chr(31), ', ') AS desired,
    replace(wanted.recorded, chr(31), ', ') AS recorded,
    wanted.unit,
    wanted.is_applied
FROM wanted

UNION ALL

SELECT
    coalesce(want.address, have.address) AS address,
    'tag' AS what,
    coalesce(want.key, have.key) AS name,
    want.value AS desired,
    have.value AS recorded,
    NULL AS unit,
    coalesce(want.is_applied, have.is_applied) AS is_applied
FROM (
    SELECT
        roots.desired_id,
        roots.address,
        roots.is_applied,
        t.key,
        t.value
    FROM roots
    INNER JOIN desired_tags AS t ON roots.desired_id = t.desired_resource_id
    WHERE roots.resource_id IS NOT NULL AND roots.presence <> 'absent'
) AS want
FULL JOIN (
    SELECT
        roots.desired_id,
        roots.address,
        roots.is_applied,
        t.key,
        t.value
    FROM roots
    INNER JOIN resource_tags AS rt ON roots.resource_id = rt.resource_id
    INNER JOIN tags AS t ON rt.tag_id = t.id
    LEFT JOIN desired_tags AS former ON roots.applied_id = former.desired_resource_id AND t.key = former.key
    WHERE roots.presence <> 'absent' AND (roots.names_tags OR former.key IS NOT NULL)
) AS have ON want.desired_id = have.desired_id AND want.key = have.key
WHERE
    want.value IS DISTINCT FROM have.value
    AND NOT EXISTS (
        SELECT FROM desired_ignored_attributes AS i
        WHERE i.desired_resource_id = coalesce(want.desired_id, have.desired_id) AND i.name = 'tags'
    )

UNION ALL

SELECT
    pairs.address,
    'resource' AS what,
    NULL AS name,
    'present' AS desired,
    'absent' AS recorded,
    NULL AS unit,
    pairs.is_applied
FROM pairs
WHERE pairs.resource_id IS NULL OR (NOT pairs.is_there AND pairs.desired_id = pairs.root_desired_id)

UNION ALL

SELECT
    part.address,
    'resource' AS what,
    NULL AS name,
    'absent' AS desired,
    'present' AS recorded,
    NULL AS unit,
    roots.is_applied
FROM roots
INNER JOIN resource_relationships AS rr
    ON roots.resource_id = rr.parent_resource_id AND rr.relationship_type_id = 1
INNER JOIN resources AS part ON rr.child_resource_id = part.id AND part.deleted_at IS NULL
INNER JOIN desired_collections AS c
    ON roots.desired_id = c.desired_resource_id AND part.resource_type_id = c.resource_type_id
WHERE
    NOT EXISTS (
        SELECT FROM desired_resources AS d
        WHERE d.address = part.address AND d.valid_to_revision IS NULL
    )

UNION ALL

-- A list of parts that is gone from the manifest as a whole, and held no data.
SELECT
    part.address,
    'resource' AS what,
    NULL AS name,
    'absent' AS desired,
    'present' AS recorded,
    NULL AS unit,
    roots.is_applied
FROM roots
INNER JOIN desired_resources AS former ON roots.applied_id = former.parent_id
INNER JOIN resource_types AS t ON former.resource_type_id = t.id AND NOT t.holds_data
INNER JOIN resources AS part ON former.address = part.address AND part.deleted_at IS NULL
WHERE
    NOT EXISTS (
        SELECT FROM desired_collections AS c
        WHERE c.desired_resource_id = roots.desired_id AND c.resource_type_id = former.resource_type_id
    )
    AND NOT EXISTS (
        SELECT FROM desired_ignored_attributes AS i
        WHERE i.desired_resource_id IN (roots.desired_id, roots.applied_id) AND i.name = t.collection
    )
