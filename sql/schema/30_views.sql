-- Views for people and for the faces: names instead of ids, one question each. They run with the rights of whoever asks,
-- so that policies on the tables hold in them too.

CREATE VIEW v_resources WITH (security_invoker = TRUE) AS
SELECT
    r.id,
    r.uid,
    r.address,
    t.name AS resource_type,
    pt.name AS provider_type,
    p.name AS provider,
    e.name AS endpoint,
    s.name AS state,
    r.management,
    r.presence,
    r.external_id,
    container.address AS contained_in,
    m.name AS source,
    l.name AS location,
    dc.name AS datacenter,
    r.prevent_destroy,
    r.version,
    w.host AS claimed_by_host,
    r.claimed_at,
    r.observed_at,
    r.created_at,
    r.updated_at
FROM resources AS r
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
INNER JOIN resource_states AS s ON r.state_id = s.id
LEFT JOIN resource_relationships AS c ON r.id = c.child_resource_id AND c.relationship_type_id = 1
LEFT JOIN resources AS container ON c.parent_resource_id = container.id
LEFT JOIN manifest_sources AS m ON r.source_id = m.id
LEFT JOIN locations AS l ON r.location_id = l.id
LEFT JOIN datacenters AS dc ON r.datacenter_id = dc.id
LEFT JOIN workers AS w ON r.claimed_by = w.id
WHERE r.deleted_at IS NULL;
COMMENT ON VIEW v_resources IS 'What lives: every resource and part that is not deleted, with names.';
COMMENT ON COLUMN v_resources.id IS
'Key of the resource.';
COMMENT ON COLUMN v_resources.uid IS
'Its identity, in its mark and for ever.';
COMMENT ON COLUMN v_resources.address IS
'Its address: vm/web-1, or vm/web-1/disk/scsi0 of a part.';
COMMENT ON COLUMN v_resources.resource_type IS
'Its type''s name.';
COMMENT ON COLUMN v_resources.provider_type IS
'The kind of provider that it is at.';
COMMENT ON COLUMN v_resources.provider IS
'The provider''s name.';
COMMENT ON COLUMN v_resources.endpoint IS
'The endpoint''s name.';
COMMENT ON COLUMN v_resources.state IS
'What it is or what is being done to it, by the state''s name.';
COMMENT ON COLUMN v_resources.management IS
'managed, unmanaged or quarantined: whose the object is.';
COMMENT ON COLUMN v_resources.presence IS
'present, absent or unknown, as the last look says.';
COMMENT ON COLUMN v_resources.external_id IS
'The provider''s id of its object; null where there is none.';
COMMENT ON COLUMN v_resources.contained_in IS
'The address of what contains it; null for a root.';
COMMENT ON COLUMN v_resources.source IS
'The source whose manifest it is from; null for none.';
COMMENT ON COLUMN v_resources.location IS
'Its location''s name; null where none is known.';
COMMENT ON COLUMN v_resources.datacenter IS
'Its datacenter''s name; null where none is known.';
COMMENT ON COLUMN v_resources.prevent_destroy IS
'Whether it is guarded against destruction.';
COMMENT ON COLUMN v_resources.version IS
'Counts its changes; a plan rests on one.';
COMMENT ON COLUMN v_resources.claimed_by_host IS
'The host of the worker that holds it; null while nobody does.';
COMMENT ON COLUMN v_resources.claimed_at IS
'Since when it is held; null while nobody does.';
COMMENT ON COLUMN v_resources.observed_at IS
'When it was last seen; null for never.';
COMMENT ON COLUMN v_resources.created_at IS
'When it was first recorded.';
COMMENT ON COLUMN v_resources.updated_at IS
'When its row last changed.';

CREATE VIEW v_attributes WITH (security_invoker = TRUE) AS
SELECT
    r.id AS resource_id,
    r.address,
    ad.name AS attribute,
    a.ordinal,
    a.data_type,
    value_text(
        a.value_target_type, a.value_key, a.value_inner_key, a.value_string, a.value_integer, a.value_decimal,
        a.value_boolean, a.value_datetime, a.value_credential, a.value_fingerprint
    ) AS value,
    ad.unit,
    ad.is_secret
FROM resource_attributes AS a
INNER JOIN resources AS r ON a.resource_id = r.id
INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id
WHERE r.deleted_at IS NULL;
COMMENT ON VIEW v_attributes IS 'The recorded attributes of what lives, as text, one row a value or element.';
COMMENT ON COLUMN v_attributes.resource_id IS
'The resource or part.';
COMMENT ON COLUMN v_attributes.address IS
'Its address.';
COMMENT ON COLUMN v_attributes.attribute IS
'The attribute''s name.';
COMMENT ON COLUMN v_attributes.ordinal IS
'The element''s place, from 0; always 0 where there is one value.';
COMMENT ON COLUMN v_attributes.data_type IS
'string, integer, decimal, boolean or datetime.';
COMMENT ON COLUMN v_attributes.value IS
'The value as text, in the unit beside it; a secret as its credential''s name and fingerprint.';
COMMENT ON COLUMN v_attributes.unit IS
'The unit of a number, such as MiB; null for none.';
COMMENT ON COLUMN v_attributes.is_secret IS
'Whether the value is a secret''s name and fingerprint.';

CREATE VIEW v_tags WITH (security_invoker = TRUE) AS
SELECT
    r.id AS resource_id,
    r.address,
    t.key,
    t.value
FROM resource_tags AS rt
INNER JOIN resources AS r ON rt.resource_id = r.id
INNER JOIN tags AS t ON rt.tag_id = t.id
WHERE r.deleted_at IS NULL;
COMMENT ON VIEW v_tags IS 'The recorded tags of what lives.';
COMMENT ON COLUMN v_tags.resource_id IS
'The resource.';
COMMENT ON COLUMN v_tags.address IS
'Its address.';
COMMENT ON COLUMN v_tags.key IS
'The tag''s key.';
COMMENT ON COLUMN v_tags.value IS
'The tag''s value; may be empty.';

CREATE VIEW v_relationships WITH (security_invoker = TRUE) AS
SELECT
    parent.address AS parent,
    t.name AS relationship,
    child.address AS child,
    parent.id AS parent_resource_id,
    child.id AS child_resource_id
FROM resource_relationships AS rr
INNER JOIN relationship_types AS t ON rr.relationship_type_id = t.id
INNER JOIN resources AS parent ON rr.parent_resource_id = parent.id
INNER JOIN resources AS child ON rr.child_resource_id = child.id
WHERE parent.deleted_at IS NULL AND child.deleted_at IS NULL;
COMMENT ON VIEW v_relationships IS
'The ties of what lives. The parent is what is depended on, contains, hosts or is joined.';
COMMENT ON COLUMN v_relationships.parent IS
'The parent''s address.';
COMMENT ON COLUMN v_relationships.relationship IS
'What ties them, by its name.';
COMMENT ON COLUMN v_relationships.child IS
'The child''s address.';
COMMENT ON COLUMN v_relationships.parent_resource_id IS
'The parent.';
COMMENT ON COLUMN v_relationships.child_resource_id IS
'The child.';

CREATE VIEW v_desired_values WITH (security_invoker = TRUE) AS
SELECT
    a.desired_resource_id,
    a.attribute_definition_id,
    string_agg(
        coalesce(
            a.value_string,
            a.value_integer::text,
            trim_scale(a.value_decimal)::text,
            a.value_boolean::text,
            a.value_datetime::text,
            'credential/' || a.value_credential || coalesce('#' || a.value_fingerprint, '')
        ),
        chr(31) ORDER BY a.ordinal
    ) AS value
FROM desired_attributes AS a
GROUP BY a.desired_resource_id, a.attribute_definition_id;
COMMENT ON VIEW v_desired_values IS
'Desired attributes as one text each, the elements of a set or list set apart by a unit separator (character 31).';
COMMENT ON COLUMN v_desired_values.desired_resource_id IS
'The desired resource.';
COMMENT ON COLUMN v_desired_values.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN v_desired_values.value IS
'All its values as one text, set apart by character 31.';

CREATE VIEW v_recorded_values WITH (security_invoker = TRUE) AS
SELECT
    a.resource_id,
    a.attribute_definition_id,
    string_agg(
        value_text(
            a.value_target_type, a.value_key, a.value_inner_key, a.value_string, a.value_integer, a.value_decimal,
            a.value_boolean, a.value_datetime, a.value_credential, a.value_fingerprint
        ),
        chr(31) ORDER BY a.ordinal
    ) AS value
FROM resource_attributes AS a
GROUP BY a.resource_id, a.attribute_definition_id;
COMMENT ON VIEW v_recorded_values IS
'Recorded attributes as one text each, the elements of a set or list set apart by a unit separator (character 31).';
COMMENT ON COLUMN v_recorded_values.resource_id IS
'The resource or part.';
COMMENT ON COLUMN v_recorded_values.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN v_recorded_values.value IS
'All its values as one text, set apart by character 31.';

-- Few roots are not known to agree, and each is looked at by itself: OFFSET 0 keeps the planner, who cannot tell how few
-- there are, from gathering all attributes and tags of both sides first.
CREATE VIEW v_differences WITH (security_invoker = TRUE) AS
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
    FROM unsettled_roots() AS u
    INNER JOIN desired_resources AS d ON u.address = d.address
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
    CROSS JOIN
        LATERAL (
            SELECT
                root.id,
                root.parent_id,
                root.address,
                root.resource_type_id,
                root.provider_endpoint_id
            FROM desired_resources AS root
            WHERE root.id = roots.desired_id
            UNION ALL
            SELECT
                child.id,
                child.parent_id,
                child.address,
                child.resource_type_id,
                child.provider_endpoint_id
            FROM desired_resources AS child
            WHERE child.parent_id = roots.desired_id
            ORDER BY id
        ) AS d
    LEFT JOIN LATERAL (
        SELECT live.id
        FROM resources AS live
        WHERE
            d.parent_id IS NOT NULL
            AND live.address = d.address
            AND live.deleted_at IS NULL
            AND live.management <> 'unmanaged'
        ORDER BY live.address
        OFFSET 0
    ) AS part ON TRUE
    LEFT JOIN LATERAL (
        SELECT before.id
        FROM desired_resources AS before
        WHERE before.parent_id = roots.applied_id AND before.address = d.address
        ORDER BY before.parent_id
        OFFSET 0
    ) AS former ON TRUE
),

given AS (
    -- What was given by the manifest that was applied last, and can be taken off again.
    SELECT DISTINCT
        pairs.desired_id,
        a.attribute_definition_id
    FROM pairs
    CROSS JOIN
        LATERAL (
            SELECT said.*
            FROM desired_attributes AS said
            WHERE said.desired_resource_id = pairs.applied_id AND said.is_explicit
            ORDER BY said.desired_resource_id
            OFFSET 0
        ) AS a
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
    LEFT JOIN LATERAL (
        SELECT v.value
        FROM v_desired_values AS v
        WHERE v.desired_resource_id = pairs.desired_id AND v.attribute_definition_id = rule.attribute_definition_id
        ORDER BY v.desired_resource_id
        OFFSET 0
    ) AS dv ON TRUE
    LEFT JOIN desired_cleared_attributes AS cleared
        ON
            pairs.desired_id = cleared.desired_resource_id
            AND rule.attribute_definition_id = cleared.attribute_definition_id
    LEFT JOIN given
        ON pairs.desired_id = given.desired_id AND rule.attribute_definition_id = given.attribute_definition_id
    LEFT JOIN LATERAL (
        SELECT v.value
        FROM v_recorded_values AS v
        WHERE v.resource_id = pairs.resource_id AND v.attribute_definition_id = rule.attribute_definition_id
        ORDER BY v.resource_id
        OFFSET 0
    ) AS rv ON TRUE
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
    CROSS JOIN
        LATERAL (
            SELECT
                said.key,
                said.value
            FROM desired_tags AS said
            WHERE said.desired_resource_id = roots.desired_id
            ORDER BY said.desired_resource_id
            OFFSET 0
        ) AS t
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
    CROSS JOIN
        LATERAL (
            SELECT
                tag.key,
                tag.value
            FROM resource_tags AS rt
            CROSS JOIN
                LATERAL (
                    SELECT
                        tags.key,
                        tags.value
                    FROM tags
                    WHERE tags.id = rt.tag_id
                    ORDER BY tags.id
                    OFFSET 0
                ) AS tag
            WHERE rt.resource_id = roots.resource_id
            ORDER BY rt.resource_id
            OFFSET 0
        ) AS t
    LEFT JOIN LATERAL (
        SELECT said.key
        FROM desired_tags AS said
        WHERE said.desired_resource_id = roots.applied_id AND said.key = t.key
        ORDER BY said.desired_resource_id
        OFFSET 0
    ) AS former ON TRUE
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
CROSS JOIN
    LATERAL (
        SELECT live.address
        FROM resource_relationships AS rr
        CROSS JOIN
            LATERAL (
                SELECT
                    child.address,
                    child.resource_type_id
                FROM resources AS child
                WHERE child.id = rr.child_resource_id AND child.deleted_at IS NULL
                ORDER BY child.id
                OFFSET 0
            ) AS live
        WHERE
            rr.parent_resource_id = roots.resource_id
            AND rr.relationship_type_id = 1
            AND EXISTS (
                SELECT FROM desired_collections AS c
                WHERE c.desired_resource_id = roots.desired_id AND c.resource_type_id = live.resource_type_id
                ORDER BY c.desired_resource_id
                OFFSET 0
            )
            AND NOT EXISTS (
                SELECT FROM desired_resources AS d
                WHERE d.address = live.address AND d.valid_to_revision IS NULL
                ORDER BY d.address
                OFFSET 0
            )
        ORDER BY live.address
        OFFSET 0
    ) AS part

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
CROSS JOIN
    LATERAL (
        SELECT
            said.address,
            said.resource_type_id
        FROM desired_resources AS said
        WHERE said.parent_id = roots.applied_id
        ORDER BY said.parent_id
        OFFSET 0
    ) AS former
INNER JOIN resource_types AS t ON former.resource_type_id = t.id AND NOT t.holds_data
CROSS JOIN
    LATERAL (
        SELECT live.address
        FROM resources AS live
        WHERE live.address = former.address AND live.deleted_at IS NULL
        ORDER BY live.address
        OFFSET 0
    ) AS part
WHERE
    NOT EXISTS (
        SELECT FROM desired_collections AS c
        WHERE c.desired_resource_id = roots.desired_id AND c.resource_type_id = former.resource_type_id
    )
    AND NOT EXISTS (
        SELECT FROM desired_ignored_attributes AS i
        WHERE i.desired_resource_id IN (roots.desired_id, roots.applied_id) AND i.name = t.collection
    );
COMMENT ON VIEW v_differences IS
'Every difference between what is desired and what is recorded, of what is not known to agree. is_applied: whether what is desired was applied before, so that the difference is drift.';
COMMENT ON COLUMN v_differences.address IS
'The resource or part that differs.';
COMMENT ON COLUMN v_differences.what IS
'What differs: attribute, tag, part or resource.';
COMMENT ON COLUMN v_differences.name IS
'The attribute''s, tag''s or part''s name; null for the resource itself.';
COMMENT ON COLUMN v_differences.desired IS
'What is desired, as text; null for nothing.';
COMMENT ON COLUMN v_differences.recorded IS
'What is recorded, as text; null for nothing.';
COMMENT ON COLUMN v_differences.unit IS
'The unit of both; null for none.';
COMMENT ON COLUMN v_differences.is_applied IS
'Whether what is desired was applied before, so that the difference is drift.';

CREATE VIEW v_drift WITH (security_invoker = TRUE) AS
SELECT
    d.address,
    d.what,
    d.name AS attribute,
    d.desired,
    d.recorded,
    d.unit
FROM v_differences AS d
WHERE d.is_applied;
COMMENT ON VIEW v_drift IS
'What moved away from what was applied: one row an attribute, tag, part or resource.';
COMMENT ON COLUMN v_drift.address IS
'The resource or part that moved.';
COMMENT ON COLUMN v_drift.what IS
'What moved: attribute, tag, part or resource.';
COMMENT ON COLUMN v_drift.attribute IS
'The attribute''s, tag''s or part''s name; null for the resource itself.';
COMMENT ON COLUMN v_drift.desired IS
'What was applied, as text; null for nothing.';
COMMENT ON COLUMN v_drift.recorded IS
'What is there now, as text; null for nothing.';
COMMENT ON COLUMN v_drift.unit IS
'The unit of both; null for none.';

CREATE VIEW v_pending WITH (security_invoker = TRUE) AS
SELECT
    d.address,
    d.what,
    d.name AS attribute,
    d.desired,
    d.recorded,
    d.unit
FROM v_differences AS d
WHERE NOT d.is_applied

UNION ALL

SELECT
    r.address,
    'resource' AS what,
    NULL AS attribute,
    'absent' AS desired,
    'present' AS recorded,
    NULL AS unit
FROM unsettled_roots() AS u
INNER JOIN resources AS r ON u.address = r.address
WHERE
    r.deleted_at IS NULL
    AND r.is_root
    AND r.management = 'managed'
    AND r.source_id IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM desired_resources AS d
        WHERE d.address = r.address AND d.valid_to_revision IS NULL AND d.parent_id IS NULL
    );
COMMENT ON VIEW v_pending IS
'What manifests want and nobody applied yet: one row an attribute, tag, part or resource.';
COMMENT ON COLUMN v_pending.address IS
'The resource or part that is to change.';
COMMENT ON COLUMN v_pending.what IS
'What is to change: attribute, tag, part or resource.';
COMMENT ON COLUMN v_pending.attribute IS
'The attribute''s, tag''s or part''s name; null for the resource itself.';
COMMENT ON COLUMN v_pending.desired IS
'What a manifest wants, as text; null for nothing.';
COMMENT ON COLUMN v_pending.recorded IS
'What is there now, as text; null for nothing.';
COMMENT ON COLUMN v_pending.unit IS
'The unit of both; null for none.';

CREATE VIEW v_operations WITH (security_invoker = TRUE) AS
SELECT
    o.id,
    r.address,
    t.name AS operation,
    o.status,
    o.actor,
    w.host,
    w.pid,
    o.current_call,
    o.identity,
    rev.commit_id,
    s.plan_id,
    o.intended_at,
    o.sent_at,
    o.accepted_at,
    o.finished_at,
    o.error_code,
    o.error_message
FROM resource_operations AS o
INNER JOIN resources AS r ON o.resource_id = r.id
INNER JOIN operation_types AS t ON o.operation_type_id = t.id
INNER JOIN workers AS w ON o.worker_id = w.id
LEFT JOIN revisions AS rev ON o.revision_id = rev.id
LEFT JOIN plan_steps AS s ON o.plan_step_id = s.id;
COMMENT ON VIEW v_operations IS 'Every operation with names: what was done to what, by whom, and how it ended.';
COMMENT ON COLUMN v_operations.id IS
'Key of the operation.';
COMMENT ON COLUMN v_operations.address IS
'The resource.';
COMMENT ON COLUMN v_operations.operation IS
'What is done: create, update, replace, delete, adopt or forget.';
COMMENT ON COLUMN v_operations.status IS
'intended, sending, accepted, done, failed, ambiguous or interrupted.';
COMMENT ON COLUMN v_operations.actor IS
'Who did it, as the session said.';
COMMENT ON COLUMN v_operations.host IS
'The host of the worker that carried it out.';
COMMENT ON COLUMN v_operations.pid IS
'That worker''s process.';
COMMENT ON COLUMN v_operations.current_call IS
'The call that it is at, from 0.';
COMMENT ON COLUMN v_operations.identity IS
'How the object is found again after a lost answer; null for no way.';
COMMENT ON COLUMN v_operations.commit_id IS
'The commit that it makes true; null for none.';
COMMENT ON COLUMN v_operations.plan_id IS
'The plan that it is of; null for none.';
COMMENT ON COLUMN v_operations.intended_at IS
'When its intent was committed.';
COMMENT ON COLUMN v_operations.sent_at IS
'When its first request was about to be sent; null before.';
COMMENT ON COLUMN v_operations.accepted_at IS
'When the provider first took one; null before.';
COMMENT ON COLUMN v_operations.finished_at IS
'When it ended; null while it is open.';
COMMENT ON COLUMN v_operations.error_code IS
'Why it failed, as a code; null where it did not.';
COMMENT ON COLUMN v_operations.error_message IS
'Why it failed, in words; null where it did not.';

CREATE VIEW v_open_operations WITH (security_invoker = TRUE) AS
SELECT
    r.address,
    t.name AS operation,
    o.status,
    o.actor,
    w.kind AS worker_kind,
    w.host,
    w.pid,
    w.seen_at AS worker_seen_at,
    o.intended_at AS since,
    o.current_call,
    c.summary AS current_call_summary,
    o.claim_epoch = r.claim_epoch AS is_claim_current,
    o.id AS operation_id,
    o.worker_id
FROM resource_operations AS o
INNER JOIN resources AS r ON o.resource_id = r.id
INNER JOIN operation_types AS t ON o.operation_type_id = t.id
INNER JOIN workers AS w ON o.worker_id = w.id
LEFT JOIN plan_calls AS c ON o.plan_step_id = c.plan_step_id AND o.current_call = c.position
WHERE o.status IN ('intended', 'sending', 'accepted');
COMMENT ON VIEW v_open_operations IS 'Who is at work on what, since when, and at which call.';
COMMENT ON COLUMN v_open_operations.address IS
'The resource.';
COMMENT ON COLUMN v_open_operations.operation IS
'What is being done to it.';
COMMENT ON COLUMN v_open_operations.status IS
'intended, sending or accepted.';
COMMENT ON COLUMN v_open_operations.actor IS
'Who does it, as the session said.';
COMMENT ON COLUMN v_open_operations.worker_kind IS
'cli or daemon.';
COMMENT ON COLUMN v_open_operations.host IS
'The worker''s host.';
COMMENT ON COLUMN v_open_operations.pid IS
'The worker''s process.';
COMMENT ON COLUMN v_open_operations.worker_seen_at IS
'When the worker last gave a sign of life.';
COMMENT ON COLUMN v_open_operations.since IS
'When the intent was committed.';
COMMENT ON COLUMN v_open_operations.current_call IS
'The call that it is at, from 0.';
COMMENT ON COLUMN v_open_operations.current_call_summary IS
'That call, in a line for people; null where the plan is not kept.';
COMMENT ON COLUMN v_open_operations.is_claim_current IS
'Whether the worker still holds the resource.';
COMMENT ON COLUMN v_open_operations.operation_id IS
'The operation.';
COMMENT ON COLUMN v_open_operations.worker_id IS
'The worker.';

CREATE VIEW v_plan_changes WITH (security_invoker = TRUE) AS
SELECT
    s.plan_id,
    c.plan_step_id,
    c.position,
    s.address,
    c.part_address,
    c.part_action,
    c.attribute,
    c.tag_key,
    CASE WHEN c.has_before THEN CASE WHEN c.is_many THEN '[' || coalesce(v.before, '') || ']' ELSE v.before END END AS before,
    CASE WHEN c.has_after THEN CASE WHEN c.is_many THEN '[' || coalesce(v.after, '') || ']' ELSE v.after END END AS after,
    c.reason,
    c.mutability,
    c.is_secret
FROM plan_step_changes AS c
INNER JOIN plan_steps AS s ON c.plan_step_id = s.id
LEFT JOIN LATERAL (
    SELECT
        string_agg(item.value, ', ' ORDER BY item.ordinal) FILTER (WHERE NOT item.is_after) AS before,
        string_agg(item.value, ', ' ORDER BY item.ordinal) FILTER (WHERE item.is_after) AS after
    FROM (
        SELECT
            e.is_after,
            e.ordinal,
            value_text(
                e.value_target_type, e.value_key, e.value_inner_key, e.value_string, e.value_integer, e.value_decimal,
                e.value_boolean, e.value_datetime, e.value_credential, e.value_fingerprint
            ) AS value
        FROM plan_step_change_values AS e
        WHERE c.plan_step_id = e.plan_step_id AND c.position = e.change_position
    ) AS item
) AS v ON TRUE;
COMMENT ON VIEW v_plan_changes IS
'What the steps of saved plans change, with values as text. Secrets appear as their credential''s name and fingerprint.';
COMMENT ON COLUMN v_plan_changes.plan_id IS
'The plan.';
COMMENT ON COLUMN v_plan_changes.plan_step_id IS
'The step.';
COMMENT ON COLUMN v_plan_changes.position IS
'The change''s place in its step, from 0.';
COMMENT ON COLUMN v_plan_changes.address IS
'The step''s resource.';
COMMENT ON COLUMN v_plan_changes.part_address IS
'The part that changes; null for the resource itself.';
COMMENT ON COLUMN v_plan_changes.part_action IS
'What happens to the part: create, update or delete; null for the resource itself.';
COMMENT ON COLUMN v_plan_changes.attribute IS
'The attribute that changes; null where it is a tag.';
COMMENT ON COLUMN v_plan_changes.tag_key IS
'The tag that changes; null where it is an attribute.';
COMMENT ON COLUMN v_plan_changes.before IS
'What is recorded, as text, a set or list in brackets; null for nothing.';
COMMENT ON COLUMN v_plan_changes.after IS
'What is desired, in the same form; null for nothing.';
COMMENT ON COLUMN v_plan_changes.reason IS
'Why it differs: manifest, drift or default.';
COMMENT ON COLUMN v_plan_changes.mutability IS
'How it can change.';
COMMENT ON COLUMN v_plan_changes.is_secret IS
'Whether both are names and fingerprints of secrets.';

CREATE VIEW v_operation_parameters WITH (security_invoker = TRUE) AS
SELECT
    o.id AS operation_id,
    s.address,
    c.position AS call_position,
    c.operation,
    c.method,
    c.path,
    p.is_path,
    p.name || coalesce(inside.path, '') AS name,
    p.kind,
    CASE p.kind
        WHEN 'empty_list' THEN '[]'
        WHEN 'empty_map' THEN '{}'
        WHEN 'external_id' THEN 'id of ' || p.target_address
        WHEN 'mark' THEN replace(coalesce(p.template, '{}'), '{}', '<' || p.mark_field || '>')
        WHEN 'secret' THEN 'credential ' || p.credential
        WHEN 'reserved_id' THEN 'reserved id'
        ELSE coalesce(
            p.value_string, p.value_integer::text, trim_scale(p.value_decimal)::text, p.value_boolean::text
        )
    END AS value
FROM resource_operations AS o
INNER JOIN plan_steps AS s ON o.plan_step_id = s.id
INNER JOIN plan_calls AS c ON s.id = c.plan_step_id
INNER JOIN plan_call_parameters AS p ON c.plan_step_id = p.plan_step_id AND c.position = p.call_position
LEFT JOIN LATERAL (
    SELECT
        string_agg(
            CASE
                WHEN l.key IS NULL THEN '[' || l.list_index || ']'
                WHEN l.key ~ '[].["\\]' OR l.key = '' THEN '."' || replace(replace(l.key, E'\\', E'\\\\'), '"', E'\\"') || '"'
                ELSE '.' || l.key
            END, '' ORDER BY l.depth
        ) AS path
    FROM plan_call_parameter_paths AS l
    WHERE
        p.plan_step_id = l.plan_step_id
        AND p.call_position = l.call_position
        AND p.position = l.parameter_position
) AS inside ON TRUE;
COMMENT ON VIEW v_operation_parameters IS
'What the calls of operations send, parameter by parameter, by names as people write them; secrets by name only.';
COMMENT ON COLUMN v_operation_parameters.operation_id IS
'The operation.';
COMMENT ON COLUMN v_operation_parameters.address IS
'Its resource.';
COMMENT ON COLUMN v_operation_parameters.call_position IS
'The call''s place in the step, from 0.';
COMMENT ON COLUMN v_operation_parameters.operation IS
'The driver''s name for the call.';
COMMENT ON COLUMN v_operation_parameters.method IS
'The HTTP method.';
COMMENT ON COLUMN v_operation_parameters.path IS
'The path, with names in braces for its parameters.';
COMMENT ON COLUMN v_operation_parameters.is_path IS
'Whether the parameter stands in the path.';
COMMENT ON COLUMN v_operation_parameters.name IS
'The parameter''s name, and its place inside of lists and mappings.';
COMMENT ON COLUMN v_operation_parameters.kind IS
'What the value is: a plain one, or a placeholder that is filled just before it is sent.';
COMMENT ON COLUMN v_operation_parameters.value IS
'The value as text, or what stands for it; a secret by its credential''s name.';

CREATE VIEW v_holds WITH (security_invoker = TRUE) AS
SELECT
    h.id,
    h.address,
    e.name AS endpoint,
    t.name AS resource_type,
    h.tag_key,
    h.tag_value,
    h.owner,
    h.reason,
    h.created_at AS since,
    h.until,
    h.released_at,
    h.released_at IS NULL AND (h.until IS NULL OR h.until > now()) AS is_holding
FROM holds AS h
LEFT JOIN provider_endpoints AS e ON h.endpoint_id = e.id
LEFT JOIN resource_types AS t ON h.resource_type_id = t.id;
COMMENT ON VIEW v_holds IS 'What is held, by whom and until when; and what was.';
COMMENT ON COLUMN v_holds.id IS
'Key of the hold.';
COMMENT ON COLUMN v_holds.address IS
'The resource that is held; null for any.';
COMMENT ON COLUMN v_holds.endpoint IS
'The endpoint that is held; null for any.';
COMMENT ON COLUMN v_holds.resource_type IS
'The type that is held; null for any.';
COMMENT ON COLUMN v_holds.tag_key IS
'The tag that is held; null for any.';
COMMENT ON COLUMN v_holds.tag_value IS
'The tag''s value; null for any.';
COMMENT ON COLUMN v_holds.owner IS
'Who asked for it.';
COMMENT ON COLUMN v_holds.reason IS
'Why.';
COMMENT ON COLUMN v_holds.since IS
'Since when.';
COMMENT ON COLUMN v_holds.until IS
'Until when; null until it is released.';
COMMENT ON COLUMN v_holds.released_at IS
'When it was released; null while it was not.';
COMMENT ON COLUMN v_holds.is_holding IS
'Whether it holds now.';

CREATE VIEW v_credentials WITH (security_invoker = TRUE) AS
SELECT
    c.id AS credential_id,
    c.name,
    c.source,
    c.environment_variable,
    c.file_path,
    c.fingerprint,
    least(c.expires_at, c.value_expires_at) AS expires_at,
    c.updated_at,
    e.name AS used_by_endpoint
FROM provider_credentials AS c
LEFT JOIN provider_endpoints AS e ON c.id = e.credential_id AND e.deleted_at IS NULL
WHERE c.deleted_at IS NULL;
COMMENT ON VIEW v_credentials IS
'Credentials by name and fingerprint, one row for each endpoint that uses one. No value is here or anywhere else in clear.';
COMMENT ON COLUMN v_credentials.credential_id IS
'The credential.';
COMMENT ON COLUMN v_credentials.name IS
'The credential''s name.';
COMMENT ON COLUMN v_credentials.source IS
'Where its value is: environment, file or stored.';
COMMENT ON COLUMN v_credentials.environment_variable IS
'The variable that holds it; null for another place.';
COMMENT ON COLUMN v_credentials.file_path IS
'The file that holds it; null for another place.';
COMMENT ON COLUMN v_credentials.fingerprint IS
'Tells one value from another and nothing else; null where none was read yet.';
COMMENT ON COLUMN v_credentials.expires_at IS
'When its value expires, by its manifest, by whoever stored it, or by the provider; null where nobody said.';
COMMENT ON COLUMN v_credentials.updated_at IS
'When its row last changed.';
COMMENT ON COLUMN v_credentials.used_by_endpoint IS
'An endpoint that logs in with it; null where none does.';

CREATE VIEW v_history WITH (security_invoker = TRUE) AS
WITH changes AS (
    SELECT
        h.change, h.changed_at, h.resource_id, 'resource' AS what, h.action AS name,
        NULL::text AS before,
        CASE
            WHEN h.deleted_at IS NOT NULL THEN 'gone'
            ELSE
                concat_ws(
                    ' ',
                    h.management, h.presence, h.external_id,
                    CASE WHEN h.prevent_destroy THEN 'prevent_destroy' END,
                    'on_remove ' || h.on_remove,
                    CASE WHEN h.allow_downtime THEN 'allow_downtime' END,
                    CASE WHEN h.replace_policy <> 'never' THEN 'replace ' || h.replace_policy END,
                    CASE WHEN h.create_before_destroy THEN 'create_before_destroy' END
                )
        END AS after,
        h.changeset_id
    FROM resource_history AS h

    UNION ALL

    SELECT
        h.change, h.changed_at, h.resource_id, 'state', 'state',
        f.name, t.name,
        h.changeset_id
    FROM resource_state_history AS h
    INNER JOIN resource_states AS t ON h.to_state_id = t.id
    LEFT JOIN resource_states AS f ON h.from_state_id = f.id

    UNION ALL

    SELECT
        h.change, h.changed_at, h.resource_id, 'attribute', ad.name,
        value_text(
            h.old_target_type, h.old_key, h.old_inner_key, h.old_string, h.old_integer, h.old_decimal,
            h.old_boolean, h.old_datetime, h.old_credential, h.old_fingerprint
        ),
        value_text(
            h.new_target_type, h.new_key, h.new_inner_key, h.new_string, h.new_integer, h.new_decimal,
            h.new_boolean, h.new_datetime, h.new_credential, h.new_fingerprint
        ),
        h.changeset_id
    FROM resource_attribute_history AS h
    INNER JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id

    UNION ALL

    SELECT
        h.change, h.changed_at, h.resource_id, 'tag', h.key,
        CASE h.action WHEN 'delete' THEN h.value END,
        CASE h.action WHEN 'insert' THEN h.value END,
        h.changeset_id
    FROM resource_tag_history AS h

    UNION ALL

    SELECT
        h.change, h.changed_at, h.resource_id, 'relationship', t.name,
        CASE h.action WHEN 'delete' THEN coalesce(parent.address, address_of(h.parent_resource_id)) END,
        CASE h.action WHEN 'insert' THEN coalesce(parent.address, address_of(h.parent_resource_id)) END,
        h.changeset_id
    FROM resource_relationship_history AS h
    INNER JOIN relationship_types AS t ON h.relationship_type_id = t.id
    LEFT JOIN resources AS parent ON h.parent_resource_id = parent.id
)

SELECT
    c.change,
    c.changed_at,
    c.resource_id,
    coalesce(r.address, address_of(c.resource_id)) AS address,
    c.what,
    c.name,
    c.before,
    c.after,
    s.actor,
    s.reason,
    s.cause,
    s.operation_id,
    s.revision_id,
    rev.commit_id,
    s.db_user,
    c.changeset_id
FROM changes AS c
INNER JOIN changesets AS s ON c.changed_at = s.changed_at AND c.changeset_id = s.id
LEFT JOIN resources AS r ON c.resource_id = r.id
LEFT JOIN revisions AS rev ON s.revision_id = rev.id;
COMMENT ON VIEW v_history IS
'Everything that ever happened to resources, in one list, for people: order it by changed_at and change. Name a resource_id, or bound changed_at on both sides, or it reads all there is; a machine''s own is quickest by history_of_resource.';
COMMENT ON COLUMN v_history.change IS
'Orders the changes of one thing.';
COMMENT ON COLUMN v_history.changed_at IS
'When the transaction that made it began; bound it, so that only these months are read.';
COMMENT ON COLUMN v_history.resource_id IS
'The resource or part.';
COMMENT ON COLUMN v_history.address IS
'Its address today.';
COMMENT ON COLUMN v_history.what IS
'resource, state, attribute, tag or relationship.';
COMMENT ON COLUMN v_history.name IS
'The attribute''s, tag''s or relationship''s name; of a resource whether it came or changed.';
COMMENT ON COLUMN v_history.before IS
'The value before, as text; null for none.';
COMMENT ON COLUMN v_history.after IS
'The value after, as text; null for none. Of a resource what it was then, in few words.';
COMMENT ON COLUMN v_history.actor IS
'Who did it, as the session said; the database user where it did not.';
COMMENT ON COLUMN v_history.reason IS
'Why, as the session said; null where it did not.';
COMMENT ON COLUMN v_history.cause IS
'What brought it about: manifest, observation, operation and so on; manual for a person at a prompt.';
COMMENT ON COLUMN v_history.operation_id IS
'The operation that it belongs to; null for none.';
COMMENT ON COLUMN v_history.revision_id IS
'The revision that it makes true; null for none.';
COMMENT ON COLUMN v_history.commit_id IS
'That revision''s commit; null for none.';
COMMENT ON COLUMN v_history.db_user IS
'The session''s database user, whatever the actor claims.';
COMMENT ON COLUMN v_history.changeset_id IS
'The changeset: what one transaction changed for one reason.';

CREATE VIEW v_inventory_history WITH (security_invoker = TRUE) AS
WITH fields AS (
    SELECT
        h.change, h.changed_at, 'provider' AS what, h.provider_id::text AS row_key,
        'provider/' || h.name AS address, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END AS value,
        h.changeset_id
    FROM provider_history AS h
    LEFT JOIN provider_types AS pt ON h.provider_type_id = pt.id
    CROSS JOIN
        LATERAL (
            VALUES
            ('provider_type', pt.name),
            ('name', h.name),
            ('display_name', h.display_name),
            ('description', h.description),
            ('removed_at', h.deleted_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'endpoint', h.provider_endpoint_id::text,
        'endpoint/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM provider_endpoint_history AS h
    LEFT JOIN providers AS p ON h.provider_id = p.id
    LEFT JOIN provider_credentials AS c ON h.credential_id = c.id
    CROSS JOIN
        LATERAL (
            VALUES
            ('provider', p.name),
            ('name', h.name),
            ('display_name', h.display_name),
            ('url', h.url),
            ('ca_file', h.ca_file),
            ('credential', c.name),
            ('drift_policy', h.drift_policy),
            ('request_limit_per_hour', h.request_limit_per_hour::text),
            ('removed_at', h.deleted_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'endpoint', h.provider_endpoint_id::text,
        'endpoint/' || e.name, 'setting ' || h.name,
        CASE WHEN h.action <> 'delete' THEN coalesce(
            h.value_string, h.value_integer::text, trim_scale(h.value_decimal)::text, h.value_boolean::text,
            h.value_datetime::text
        ) END,
        h.changeset_id
    FROM provider_endpoint_setting_history AS h
    LEFT JOIN provider_endpoints AS e ON h.provider_endpoint_id = e.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'credential', h.credential_id::text,
        'credential/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM provider_credential_history AS h
    CROSS JOIN
        LATERAL (
            VALUES
            ('name', h.name),
            ('source', h.source),
            ('environment_variable', h.environment_variable),
            ('file_path', h.file_path),
            ('fingerprint', h.fingerprint),
            ('removed_at', h.deleted_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'credential', h.provider_credential_id::text,
        'credential/' || c.name, 'host ' || h.host,
        CASE WHEN h.action <> 'delete' THEN 'bound by ' || h.bound_by END,
        h.changeset_id
    FROM provider_credential_host_history AS h
    LEFT JOIN provider_credentials AS c ON h.provider_credential_id = c.id

    UNION ALL

    SELECT
        h.change, h.changed_at, h.kind, h.name,
        h.kind || '/' || h.name, 'declared by',
        CASE WHEN h.action <> 'delete' THEN m.name END,
        h.changeset_id
    FROM provider_declaration_history AS h
    LEFT JOIN manifest_sources AS m ON h.source_id = m.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'location', h.location_id::text,
        'location/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM location_history AS h
    CROSS JOIN
        LATERAL (
            VALUES
            ('name', h.name),
            ('display_name', h.display_name),
            ('country_code', h.country_code),
            ('city', h.city),
            ('latitude', h.latitude::text),
            ('longitude', h.longitude::text),
            ('time_zone', h.time_zone)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'datacenter', h.datacenter_id::text,
        'datacenter/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM datacenter_history AS h
    LEFT JOIN locations AS l ON h.location_id = l.id
    CROSS JOIN
        LATERAL (
            VALUES
            ('location', l.name),
            ('name', h.name),
            ('display_name', h.display_name),
            ('description', h.description),
            ('time_zone', h.time_zone)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'datacenter', h.datacenter_id::text,
        'datacenter/' || d.name, 'capability ' || h.name,
        CASE WHEN h.action <> 'delete' THEN concat_ws(
            ' ',
            coalesce(
                h.value_string, h.value_integer::text, trim_scale(h.value_decimal)::text, h.value_boolean::text,
                h.value_datetime::text
            ),
            h.unit
        ) END,
        h.changeset_id
    FROM datacenter_capability_history AS h
    LEFT JOIN datacenters AS d ON h.datacenter_id = d.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'provider', h.provider_id::text,
        'provider/' || p.name, 'datacenter ' || d.name,
        CASE WHEN h.action <> 'delete' THEN h.external_name END,
        h.changeset_id
    FROM provider_datacenter_history AS h
    LEFT JOIN providers AS p ON h.provider_id = p.id
    LEFT JOIN datacenters AS d ON h.datacenter_id = d.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'source', h.source_id::text,
        'source/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM manifest_source_history AS h
    CROSS JOIN
        LATERAL (
            VALUES
            ('name', h.name),
            ('kind', h.kind),
            ('url', h.url),
            ('branch', h.branch),
            ('subfolder', h.subfolder),
            ('repository', h.repository),
            ('forgotten_at', h.forgotten_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'hold', h.hold_id::text,
        'hold/' || h.hold_id, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM hold_history AS h
    LEFT JOIN provider_endpoints AS e ON h.endpoint_id = e.id
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
    CROSS JOIN
        LATERAL (
            VALUES
            ('address', h.address),
            ('endpoint', e.name),
            ('resource_type', t.name),
            ('tag_key', h.tag_key),
            ('tag_value', h.tag_value),
            ('owner', h.owner),
            ('reason', h.reason),
            ('until', h.until::text),
            ('released_at', h.released_at::text),
            ('while_wanted', CASE WHEN h.while_wanted THEN 'true' END)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'approval', h.approval_id::text,
        'approval/' || h.approval_id, f.name,
        CASE WHEN h.action <> 'delete' THEN f.value END,
        h.changeset_id
    FROM plan_approval_history AS h
    CROSS JOIN
        LATERAL (
            VALUES
            ('plan', h.plan_id::text),
            ('hash', h.hash),
            ('approved_by', h.approved_by),
            ('db_user', h.db_user),
            ('used_at', h.used_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'installation', '',
        'installation/' || h.uid, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM installation_history AS h
    CROSS JOIN LATERAL (
        VALUES
        ('uid', h.uid::text),
        ('key_id', h.key_id)
    ) AS f (name, value)
),

changes AS (
    SELECT
        f.change, f.changed_at, f.address, f.what, f.name,
        lag(f.value) OVER (PARTITION BY f.what, f.row_key, f.name ORDER BY f.change) AS before,
        f.value AS after,
        f.changeset_id
    FROM fields AS f
)

SELECT
    c.change,
    c.changed_at,
    c.address,
    c.what,
    c.name,
    c.before,
    c.after,
    s.actor,
    s.reason,
    s.cause,
    s.operation_id,
    s.revision_id,
    rev.commit_id,
    s.db_user,
    c.changeset_id
FROM changes AS c
INNER JOIN changesets AS s ON c.changed_at = s.changed_at AND c.changeset_id = s.id
LEFT JOIN revisions AS rev ON s.revision_id = rev.id
WHERE c.before IS DISTINCT FROM c.after;
COMMENT ON VIEW v_inventory_history IS
'What became of providers, endpoints, credentials, places, sources, holds, approvals and the installation: one row a change and what it changed, by address: endpoint/NAME, hold/NUMBER, approval/NUMBER and so on.';
COMMENT ON COLUMN v_inventory_history.change IS
'Orders the changes of one thing.';
COMMENT ON COLUMN v_inventory_history.changed_at IS
'When the transaction that made it began; bound it, so that only these months are read.';
COMMENT ON COLUMN v_inventory_history.address IS
'endpoint/NAME, hold/NUMBER, approval/NUMBER and so on.';
COMMENT ON COLUMN v_inventory_history.what IS
'provider, endpoint, credential, location, datacenter, source, hold, approval or installation.';
COMMENT ON COLUMN v_inventory_history.name IS
'The field that changed.';
COMMENT ON COLUMN v_inventory_history.before IS
'The value before, as text; null for none.';
COMMENT ON COLUMN v_inventory_history.after IS
'The value after, as text; null for none.';
COMMENT ON COLUMN v_inventory_history.actor IS
'Who did it, as the session said; the database user where it did not.';
COMMENT ON COLUMN v_inventory_history.reason IS
'Why, as the session said; null where it did not.';
COMMENT ON COLUMN v_inventory_history.cause IS
'What brought it about: manifest, observation, operation and so on; manual for a person at a prompt.';
COMMENT ON COLUMN v_inventory_history.operation_id IS
'The operation that it belongs to; null for none.';
COMMENT ON COLUMN v_inventory_history.revision_id IS
'The revision that it makes true; null for none.';
COMMENT ON COLUMN v_inventory_history.commit_id IS
'That revision''s commit; null for none.';
COMMENT ON COLUMN v_inventory_history.db_user IS
'The session''s database user, whatever the actor claims.';
COMMENT ON COLUMN v_inventory_history.changeset_id IS
'The changeset: what one transaction changed for one reason.';

CREATE VIEW v_catalog_history WITH (security_invoker = TRUE) AS
WITH fields AS (
    SELECT
        h.change, h.changed_at, 'provider_type' AS what, h.provider_type_id::text AS row_key,
        'provider_type/' || h.name AS address, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END AS value,
        h.changeset_id
    FROM provider_type_history AS h
    CROSS JOIN
        LATERAL (
            VALUES
            ('name', h.name),
            ('display_name', h.display_name),
            ('description', h.description),
            ('retired_at', h.retired_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'provider_type', h.provider_type_id::text,
        'provider_type/' || pt.name, 'setting ' || h.name,
        CASE WHEN h.action <> 'delete' THEN concat_ws(
            ' ',
            h.position, h.data_type, h.cardinality, h.format, h.unit,
            CASE WHEN h.is_secret THEN 'secret' END, h.display_name, h.description
        ) END,
        h.changeset_id
    FROM provider_type_setting_history AS h
    LEFT JOIN provider_types AS pt ON h.provider_type_id = pt.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'relationship_type', h.relationship_type_id::text,
        'relationship_type/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM relationship_type_history AS h
    CROSS JOIN
        LATERAL (
            VALUES
            ('name', h.name),
            ('description', h.description)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM resource_type_history AS h
    CROSS JOIN
        LATERAL (
            VALUES
            ('name', h.name),
            ('kind', h.kind),
            ('family', h.family),
            ('collection', h.collection),
            ('holds_data', h.holds_data::text),
            ('display_name', h.display_name),
            ('description', h.description),
            ('origin', h.origin),
            ('retired_at', h.retired_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || t.name, 'parent ' || parent.name,
        CASE WHEN h.action <> 'delete' THEN h.position::text END,
        h.changeset_id
    FROM resource_type_parent_history AS h
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
    LEFT JOIN resource_types AS parent ON h.parent_type_id = parent.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || t.name, 'key ' || ad.name,
        CASE WHEN h.action <> 'delete' THEN h.position::text END,
        h.changeset_id
    FROM resource_type_key_history AS h
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
    LEFT JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || t.name, 'attribute ' || ad.name,
        CASE WHEN h.action <> 'delete' THEN h.data_type END,
        h.changeset_id
    FROM resource_type_attribute_history AS h
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
    LEFT JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'attribute', h.attribute_definition_id::text,
        'attribute/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM attribute_definition_history AS h
    LEFT JOIN relationship_types AS rt ON h.relationship_type_id = rt.id
    CROSS JOIN
        LATERAL (
            VALUES
            ('name', h.name),
            ('display_name', h.display_name),
            ('description', h.description),
            ('data_type', h.data_type),
            ('cardinality', h.cardinality),
            ('format', h.format),
            ('unit', h.unit),
            ('is_secret', h.is_secret::text),
            ('is_bookkeeping', h.is_bookkeeping::text),
            ('relationship', rt.name),
            ('retired_at', h.retired_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'attribute', h.attribute_definition_id::text,
        'attribute/' || ad.name, 'reference to ' || t.name,
        CASE WHEN h.action <> 'delete' THEN h.position::text END,
        h.changeset_id
    FROM attribute_reference_type_history AS h
    LEFT JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || t.name, 'offer of ' || pt.name,
        CASE WHEN h.action <> 'delete' THEN concat_ws(
            ' ',
            h.identity, CASE WHEN h.unique_name THEN 'unique_name' END, CASE WHEN h.stores_tags THEN 'stores_tags' END
        ) END,
        h.changeset_id
    FROM provider_resource_type_history AS h
    LEFT JOIN provider_types AS pt ON h.provider_type_id = pt.id
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || t.name, ad.name || ' at ' || pt.name || ': ' || f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM provider_type_attribute_history AS h
    LEFT JOIN provider_types AS pt ON h.provider_type_id = pt.id
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
    LEFT JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
    LEFT JOIN attribute_definitions AS also ON h.also_definition_id = also.id
    LEFT JOIN attribute_definitions AS within ON h.unique_within_definition_id = within.id
    CROSS JOIN
        LATERAL (
            VALUES
            ('mutability', h.mutability),
            ('is_required', h.is_required::text),
            ('has_default', h.has_default::text),
            ('clear_when_unset', h.clear_when_unset::text),
            ('minimum', h.minimum::text),
            ('maximum', h.maximum::text),
            ('max_length', h.max_length::text),
            ('pattern', h.pattern),
            ('grow_only', h.grow_only::text),
            ('also', also.name),
            ('is_unique', h.is_unique::text),
            ('unique_within', within.name),
            ('unset_meaning', h.unset_meaning)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || t.name, ad.name || ' at ' || pt.name || ': default ' || h.ordinal,
        CASE WHEN h.action <> 'delete' THEN coalesce(
            h.value_string, h.value_integer::text, trim_scale(h.value_decimal)::text, h.value_boolean::text,
            h.value_datetime::text
        ) END,
        h.changeset_id
    FROM provider_type_attribute_default_history AS h
    LEFT JOIN provider_types AS pt ON h.provider_type_id = pt.id
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
    LEFT JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || t.name, ad.name || ' at ' || pt.name || ': allowed ' || h.ordinal,
        CASE WHEN h.action <> 'delete' THEN coalesce(
            h.value_string, h.value_integer::text, trim_scale(h.value_decimal)::text, h.value_boolean::text,
            h.value_datetime::text
        ) END,
        h.changeset_id
    FROM provider_type_attribute_allowed_value_history AS h
    LEFT JOIN provider_types AS pt ON h.provider_type_id = pt.id
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
    LEFT JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
),

changes AS (
    SELECT
        f.change, f.changed_at, f.address, f.what, f.name,
        lag(f.value) OVER (PARTITION BY f.what, f.row_key, f.name ORDER BY f.change) AS before,
        f.value AS after,
        f.changeset_id
    FROM fields AS f
)

SELECT
    c.change,
    c.changed_at,
    c.address,
    c.what,
    c.name,
    c.before,
    c.after,
    s.actor,
    s.reason,
    s.cause,
    s.operation_id,
    s.revision_id,
    rev.commit_id,
    s.db_user,
    c.changeset_id
FROM changes AS c
INNER JOIN changesets AS s ON c.changed_at = s.changed_at AND c.changeset_id = s.id
LEFT JOIN revisions AS rev ON s.revision_id = rev.id
WHERE c.before IS DISTINCT FROM c.after;
COMMENT ON VIEW v_catalog_history IS
'What became of the catalog: one row a change and what it changed, by resource_type/NAME, attribute/NAME, provider_type/NAME or relationship_type/NAME.';
COMMENT ON COLUMN v_catalog_history.change IS
'Orders the changes of one thing.';
COMMENT ON COLUMN v_catalog_history.changed_at IS
'When the transaction that made it began; bound it, so that only these months are read.';
COMMENT ON COLUMN v_catalog_history.address IS
'attribute/NAME, resource_type/NAME and so on.';
COMMENT ON COLUMN v_catalog_history.what IS
'provider_type, relationship_type, resource_type or attribute.';
COMMENT ON COLUMN v_catalog_history.name IS
'The field that changed.';
COMMENT ON COLUMN v_catalog_history.before IS
'The value before, as text; null for none.';
COMMENT ON COLUMN v_catalog_history.after IS
'The value after, as text; null for none.';
COMMENT ON COLUMN v_catalog_history.actor IS
'Who did it, as the session said; the database user where it did not.';
COMMENT ON COLUMN v_catalog_history.reason IS
'Why, as the session said; null where it did not.';
COMMENT ON COLUMN v_catalog_history.cause IS
'What brought it about: manifest, observation, operation and so on; manual for a person at a prompt.';
COMMENT ON COLUMN v_catalog_history.operation_id IS
'The operation that it belongs to; null for none.';
COMMENT ON COLUMN v_catalog_history.revision_id IS
'The revision that it makes true; null for none.';
COMMENT ON COLUMN v_catalog_history.commit_id IS
'That revision''s commit; null for none.';
COMMENT ON COLUMN v_catalog_history.db_user IS
'The session''s database user, whatever the actor claims.';
COMMENT ON COLUMN v_catalog_history.changeset_id IS
'The changeset: what one transaction changed for one reason.';

CREATE FUNCTION resources_with(p_attribute text, p_value text)
RETURNS TABLE (resource_id bigint, address text, ordinal smallint)
LANGUAGE sql STABLE
AS $$
    WITH wanted AS MATERIALIZED (
        -- With nothing of the row in it, the planner would convert the text before it knows to which type.
        SELECT
            ad.id,
            CASE ad.data_type WHEN 'string' THEN p_value END AS as_string,
            CASE ad.data_type WHEN 'integer' THEN (p_value || left(ad.data_type, 0))::bigint END AS as_integer,
            CASE ad.data_type WHEN 'decimal' THEN (p_value || left(ad.data_type, 0))::numeric END AS as_decimal,
            CASE ad.data_type WHEN 'boolean' THEN (p_value || left(ad.data_type, 0))::boolean END AS as_boolean,
            CASE ad.data_type WHEN 'datetime' THEN (p_value || left(ad.data_type, 0))::timestamptz END AS as_datetime
        FROM public.attribute_definitions AS ad
        WHERE ad.name = p_attribute AND NOT ad.is_secret
    ),

    found AS (
        SELECT a.resource_id, a.ordinal
        FROM wanted
        CROSS JOIN LATERAL (
            SELECT a.resource_id, a.ordinal
            FROM public.resource_attributes AS a
            WHERE
                a.attribute_definition_id = wanted.id
                AND octet_length(a.value_string) <= 1000
                AND a.value_string = wanted.as_string
            UNION ALL
            -- Of these there are few, and no index holds them.
            SELECT a.resource_id, a.ordinal
            FROM public.resource_attributes AS a
            WHERE
                a.attribute_definition_id = wanted.id
                AND octet_length(wanted.as_string) > 1000
                AND octet_length(a.value_string) > 1000
                AND a.value_string = wanted.as_string
            UNION ALL
            SELECT a.resource_id, a.ordinal
            FROM public.resource_attributes AS a
            WHERE
                a.attribute_definition_id = wanted.id
                AND a.value_integer = wanted.as_integer
            UNION ALL
            SELECT a.resource_id, a.ordinal
            FROM public.resource_attributes AS a
            WHERE
                a.attribute_definition_id = wanted.id
                AND a.value_decimal = wanted.as_decimal
            UNION ALL
            SELECT a.resource_id, a.ordinal
            FROM public.resource_attributes AS a
            WHERE
                a.attribute_definition_id = wanted.id
                AND a.value_datetime = wanted.as_datetime
            UNION ALL
            SELECT a.resource_id, a.ordinal
            FROM public.resource_attributes AS a
            WHERE
                wanted.as_boolean
                AND a.attribute_definition_id = wanted.id
                AND a.value_boolean
            UNION ALL
            -- Most are false, so that no index would be quicker.
            SELECT a.resource_id, a.ordinal
            FROM public.resource_attributes AS a
            WHERE
                wanted.as_boolean IS FALSE
                AND a.attribute_definition_id = wanted.id
                AND NOT a.value_boolean
            ORDER BY resource_id
            OFFSET 0
        ) AS a
    )

    SELECT found.resource_id, r.address, found.ordinal
    FROM found
    CROSS JOIN LATERAL (
        SELECT live.address
        FROM public.resources AS live
        WHERE live.id = found.resource_id AND live.deleted_at IS NULL
        ORDER BY live.id
        OFFSET 0
    ) AS r
$$;
COMMENT ON FUNCTION resources_with(text, text) IS
'What lives and has an attribute of a value, given as text in the unit of its definition; found by index, except where a boolean is false or a text is longer than 1,000 bytes. Of a set each element counts. Never secrets.';
