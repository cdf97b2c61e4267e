-- name: resources.candidates
-- Roots whose desired or recorded side moved since they were last found to agree, and whose manifests want them.
SELECT
    d.address,
    s.name AS source,
    d.path
FROM desired_resources AS d
INNER JOIN manifest_sources AS s ON d.source_id = s.id
LEFT JOIN resources AS r
    ON d.address = r.address AND r.deleted_at IS NULL AND r.management <> 'unmanaged'
WHERE
    d.valid_to_revision IS NULL
    AND d.parent_id IS NULL
    AND (
        r.id IS NULL
        OR r.presence <> 'present'
        OR r.management <> 'managed'
        OR r.external_id IS NULL
        OR r.recorded_hash IS NULL
        OR r.settled_desired_hash IS DISTINCT FROM d.spec_hash
        OR r.settled_recorded_hash IS DISTINCT FROM r.recorded_hash
        -- What waits for a restart is said at every plan.
        OR r.id IN (
            SELECT coalesce(rr.parent_resource_id, waiting.resource_id)
            FROM resource_pending_attributes AS waiting
            LEFT JOIN resource_relationships AS rr
                ON waiting.resource_id = rr.child_resource_id AND rr.relationship_type_id = 1
        )
    );

-- name: resources.removed
-- Managed roots that no source wants any more, with the source that wanted them last and the file they were in. A
-- set operation costs what the rows cost, whatever the planner believes of the tables' sizes after a large load.
WITH gone AS MATERIALIZED (
    SELECT r.address
    FROM resources AS r
    WHERE
        r.deleted_at IS NULL
        AND r.is_root
        AND r.management <> 'unmanaged'
        AND r.source_id IS NOT NULL
    EXCEPT ALL
    SELECT d.address
    FROM desired_resources AS d
    WHERE d.valid_to_revision IS NULL AND d.parent_id IS NULL
)

SELECT
    gone.address,
    s.name AS source,
    last.path
FROM gone
INNER JOIN resources AS r
    ON gone.address = r.address AND r.deleted_at IS NULL AND r.is_root AND r.management <> 'unmanaged'
INNER JOIN manifest_sources AS s ON r.source_id = s.id
LEFT JOIN
    LATERAL (
        SELECT d.path
        FROM desired_resources AS d
        WHERE d.address = gone.address AND d.parent_id IS NULL
        ORDER BY d.valid_from_revision DESC
        LIMIT 1
    ) AS last
    ON TRUE;

-- name: resources.managed_count
-- Without sources: of all of them, and of none.
SELECT count(*)
FROM resources AS r
LEFT JOIN manifest_sources AS s ON r.source_id = s.id
WHERE
    r.deleted_at IS NULL
    AND r.is_root
    AND r.management = 'managed'
    AND r.external_id IS NOT NULL
    AND (%(sources)s::text[] IS NULL OR s.name = ANY(%(sources)s::text[]));

-- name: resources.managed_addresses
-- With the source that wants them, or wanted them last, and the file they are in.
SELECT
    r.address,
    s.name AS source,
    last.path
FROM resources AS r
LEFT JOIN manifest_sources AS s ON r.source_id = s.id
LEFT JOIN
    LATERAL (
        SELECT d.path
        FROM desired_resources AS d
        WHERE d.address = r.address AND d.parent_id IS NULL
        ORDER BY d.valid_from_revision DESC
        LIMIT 1
    ) AS last
    ON TRUE
WHERE r.deleted_at IS NULL AND r.is_root AND r.management = 'managed';

-- name: resources.by_address
SELECT
    r.id,
    r.uid,
    r.address,
    t.name AS resource_type,
    pt.name AS provider_type,
    e.name AS endpoint,
    st.name AS state,
    r.external_id,
    r.management,
    r.presence,
    r.prevent_destroy,
    r.on_remove,
    r.allow_downtime,
    r.replace_policy,
    r.create_before_destroy,
    r.version,
    r.recorded_hash,
    r.applied_desired_hash,
    s.name AS source,
    r.presence_reason
FROM resources AS r
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
INNER JOIN resource_states AS st ON r.state_id = st.id
LEFT JOIN manifest_sources AS s ON r.source_id = s.id
WHERE
    r.deleted_at IS NULL
    AND r.is_root
    AND r.management <> 'unmanaged'
    AND r.address = ANY(%(addresses)s);

-- name: resources.by_id
SELECT
    r.id,
    r.uid,
    r.address,
    t.name AS resource_type,
    pt.name AS provider_type,
    e.name AS endpoint,
    st.name AS state,
    r.external_id,
    r.management,
    r.presence,
    r.prevent_destroy,
    r.on_remove,
    r.allow_downtime,
    r.replace_policy,
    r.create_before_destroy,
    r.version,
    r.recorded_hash,
    r.applied_desired_hash,
    s.name AS source,
    r.presence_reason
FROM resources AS r
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
INNER JOIN resource_states AS st ON r.state_id = st.id
LEFT JOIN manifest_sources AS s ON r.source_id = s.id
WHERE r.deleted_at IS NULL AND r.id = ANY(%(ids)s);

-- name: resources.strangers
-- Objects not managed by us that stand where a resource is wanted: by type, endpoint and name, or, last, by the id
-- that a manifest wants to take over. Each side looks up the other by index, so that the cost is the strangers'.
SELECT
    r.id,
    d.address,
    FALSE AS is_adoption
FROM resources AS r
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
CROSS JOIN
    LATERAL (
        SELECT wanted.address
        FROM desired_resources AS wanted
        WHERE
            wanted.address = t.name || '/' || r.name
            AND wanted.valid_to_revision IS NULL
            AND wanted.provider_endpoint_id = r.provider_endpoint_id
        ORDER BY wanted.address
        LIMIT 1
    ) AS d
WHERE
    r.deleted_at IS NULL
    AND r.is_root
    AND r.management <> 'managed'
    AND r.presence = 'present'
UNION ALL
SELECT
    r.id,
    d.address,
    TRUE AS is_adoption
FROM desired_resources AS d
CROSS JOIN
    LATERAL (
        SELECT found.id
        FROM resources AS found
        WHERE
            found.provider_endpoint_id = d.provider_endpoint_id
            AND found.resource_type_id = d.resource_type_id
            AND found.external_id = d.adopt_external_id
            AND found.deleted_at IS NULL
            AND found.is_root
            AND found.management <> 'managed'
            AND found.presence = 'present'
        ORDER BY found.external_id
        LIMIT 1
    ) AS r
WHERE d.valid_to_revision IS NULL AND d.parent_id IS NULL AND d.adopt_external_id IS NOT NULL
ORDER BY is_adoption;

-- name: resources.parts
SELECT
    rr.parent_resource_id,
    r.id,
    r.uid,
    r.address,
    t.name AS resource_type,
    st.name AS state,
    r.external_id
FROM unnest(%(ids)s::bigint[]) AS root (id)
CROSS JOIN
    LATERAL (
        -- Fenced off, so that it is looked up by its index and not by its type, of which there are as many as resources.
        SELECT
            tie.parent_resource_id,
            tie.child_resource_id,
            tie.relationship_type_id
        FROM resource_relationships AS tie
        WHERE tie.parent_resource_id = root.id
        ORDER BY tie.parent_resource_id
        OFFSET 0
    ) AS rr
INNER JOIN relationship_types AS rt ON rr.relationship_type_id = rt.id AND rt.name = 'contains'
INNER JOIN resources AS r ON rr.child_resource_id = r.id AND r.deleted_at IS NULL
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN resource_states AS st ON r.state_id = st.id
ORDER BY rr.parent_resource_id, r.address;

-- name: resources.attributes
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
FROM resource_attributes AS a
INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id
WHERE a.resource_id = ANY(%(ids)s)
ORDER BY a.resource_id, a.attribute_definition_id, a.ordinal;

-- name: resources.tags
SELECT
    rt.resource_id,
    t.key,
    t.value
FROM resource_tags AS rt
INNER JOIN tags AS t ON rt.tag_id = t.id
WHERE rt.resource_id = ANY(%(ids)s);

-- name: resources.pending
SELECT
    p.resource_id,
    ad.name
FROM resource_pending_attributes AS p
INNER JOIN attribute_definitions AS ad ON p.attribute_definition_id = ad.id
WHERE p.resource_id = ANY(%(ids)s);

-- name: resources.dependencies
-- What a managed resource was applied to depend on or to be a member of.
SELECT
    rr.child_resource_id,
    parent.address
FROM unnest(%(ids)s::bigint[]) AS child (id)
CROSS JOIN
    LATERAL (
        SELECT
            tie.parent_resource_id,
            tie.child_resource_id,
            tie.relationship_type_id
        FROM resource_relationships AS tie
        WHERE tie.child_resource_id = child.id
        ORDER BY tie.child_resource_id
        OFFSET 0
    ) AS rr
INNER JOIN relationship_types AS t
    ON rr.relationship_type_id = t.id AND t.name IN ('depends_on', 'member_of')
INNER JOIN resources AS parent ON rr.parent_resource_id = parent.id AND parent.deleted_at IS NULL;

-- name: resources.users
-- The roots that are tied to these managed ones as what depends on, is attached to or is a member of them, themselves
-- or by a part of theirs; whosever they are.
SELECT DISTINCT coalesce(whole.parent_resource_id, tie.child_resource_id) AS id
FROM unnest(%(addresses)s::text[]) AS wanted (address)
INNER JOIN resources AS used
    ON
        wanted.address = used.address
        AND used.deleted_at IS NULL
        AND used.management <> 'unmanaged'
        AND used.is_root
CROSS JOIN
    LATERAL (
        SELECT
            rr.child_resource_id,
            rr.relationship_type_id
        FROM resource_relationships AS rr
        WHERE rr.parent_resource_id = used.id
        ORDER BY rr.parent_resource_id
        OFFSET 0
    ) AS tie
INNER JOIN relationship_types AS t ON tie.relationship_type_id = t.id AND t.name <> 'contains'
-- 1 is `contains`, by a check on relationship_types.
LEFT JOIN resource_relationships AS whole
    ON tie.child_resource_id = whole.child_resource_id AND whole.relationship_type_id = 1
INNER JOIN resources AS u
    ON u.id = coalesce(whole.parent_resource_id, tie.child_resource_id) AND u.deleted_at IS NULL
WHERE u.id <> used.id;

-- name: resources.holders
-- The roots that have one of these texts (a name, a public key) at their provider, whosever they are.
SELECT DISTINCT r.id
FROM
    unnest(
        %(endpoints)s::text[], %(types)s::text[], %(attributes)s::text[], %(texts)s::text[]
    ) AS wanted (endpoint, resource_type, attribute, text)
INNER JOIN provider_endpoints AS e ON wanted.endpoint = e.name
INNER JOIN resource_types AS t ON wanted.resource_type = t.name
INNER JOIN attribute_definitions AS d ON wanted.attribute = d.name
CROSS JOIN
    LATERAL (
        SELECT short.resource_id
        FROM resource_attributes AS short
        WHERE
            short.attribute_definition_id = d.id
            AND octet_length(short.value_string) <= 1000
            AND short.value_string = wanted.text
        UNION ALL
        -- What no index holds is read through, where such a text is asked for.
        SELECT long.resource_id
        FROM resource_attributes AS long
        WHERE
            octet_length(wanted.text) > 1000
            AND long.attribute_definition_id = d.id
            AND octet_length(long.value_string) > 1000
            AND long.value_string = wanted.text
        ORDER BY resource_id
    ) AS a
INNER JOIN resources AS r
    ON a.resource_id = r.id AND e.id = r.provider_endpoint_id AND t.id = r.resource_type_id
WHERE r.deleted_at IS NULL AND r.is_root AND r.presence <> 'absent';

-- name: resources.take_notes
-- Takes away what is noted of these addresses, in one order; waits for whoever is noting one of them. What is settled
-- next is seen as it is after that.
WITH noted AS MATERIALIZED (
    SELECT u.address
    FROM unsettled_addresses AS u
    WHERE u.address = ANY(%(addresses)s::text[])
    ORDER BY u.address
    FOR UPDATE
)

DELETE FROM unsettled_addresses AS u
USING noted
WHERE u.address = noted.address;

-- name: resources.note_unsettled
-- Notes again those of these addresses that do not agree after all.
SELECT note_unsettled(array_agg(left_over.address))
FROM unnest(%(addresses)s::text[]) AS left_over (address)
WHERE
    NOT EXISTS (
        SELECT
        FROM resources AS r
        INNER JOIN desired_resources AS d ON r.address = d.address AND r.settled_desired_hash = d.spec_hash
        WHERE
            r.address = left_over.address
            AND r.deleted_at IS NULL
            AND r.management <> 'unmanaged'
            AND d.valid_to_revision IS NULL
            AND d.parent_id IS NULL
    )
HAVING count(*) > 0;

-- name: resources.settle
-- Remember that desired and recorded agree: until one of them moves there is nothing to compare.
UPDATE resources AS r
SET
    settled_desired_hash = CASE WHEN agreed.is_settled THEN d.spec_hash END,
    settled_recorded_hash = CASE WHEN agreed.is_settled THEN r.recorded_hash END,
    applied_desired_hash = d.spec_hash
FROM
    unnest(%(address)s::text[], %(spec_hash)s::bytea[], %(is_settled)s::boolean[])
        AS agreed (address, spec_hash, is_settled)
INNER JOIN desired_resources AS d ON agreed.address = d.address AND agreed.spec_hash = d.spec_hash
WHERE
    r.address = d.address
    AND r.deleted_at IS NULL
    AND r.management = 'managed'
    AND d.valid_to_revision IS NULL
    AND d.parent_id IS NULL
    AND (r.settled_desired_hash, r.settled_recorded_hash, r.applied_desired_hash)
    IS DISTINCT FROM (
        CASE WHEN agreed.is_settled THEN d.spec_hash END,
        CASE WHEN agreed.is_settled THEN r.recorded_hash END,
        d.spec_hash
    );

-- name: resources.created_by
-- By which specification we made the object of a resource, of the last creation that brought one.
SELECT DISTINCT ON (o.resource_id)
    o.resource_id,
    s.desired_hash
FROM resource_operations AS o
INNER JOIN operation_types AS t ON o.operation_type_id = t.id AND t.name IN ('create', 'replace')
INNER JOIN plan_steps AS s ON o.plan_step_id = s.id AND s.desired_hash IS NOT NULL
WHERE
    o.resource_id = ANY(%(ids)s)
    AND (
        o.status IN ('done', 'interrupted')
        OR EXISTS (
            SELECT 1
            FROM resource_operation_calls AS c
            INNER JOIN plan_calls AS pc
                ON o.plan_step_id = pc.plan_step_id AND c.position = pc.position AND pc.creates
            WHERE c.operation_id = o.id AND c.status IN ('accepted', 'done')
        )
    )
ORDER BY o.resource_id ASC, o.intended_at DESC;

-- name: resources.carried_by
-- By which specification our last step on an object went that was done, be it a part of that specification only.
SELECT DISTINCT ON (o.resource_id)
    o.resource_id,
    s.desired_hash
FROM resource_operations AS o
INNER JOIN plan_steps AS s ON o.plan_step_id = s.id AND s.desired_hash IS NOT NULL
WHERE o.resource_id = ANY(%(ids)s) AND o.status = 'done'
ORDER BY o.resource_id ASC, o.intended_at DESC;

-- name: resources.tie
-- The ties that manifests name themselves, of and to these resources.
INSERT INTO resource_relationships (parent_resource_id, child_resource_id, relationship_type_id)
SELECT
    parent.id,
    child.id,
    tie.relationship_type_id
FROM desired_relationships AS tie
INNER JOIN desired_resources AS d
    ON tie.desired_resource_id = d.id AND d.valid_to_revision IS NULL AND d.parent_id IS NULL
INNER JOIN resources AS child
    ON d.address = child.address AND child.deleted_at IS NULL AND child.management = 'managed'
INNER JOIN resources AS parent
    ON
        tie.target_address = parent.address
        AND parent.deleted_at IS NULL
        AND parent.management = 'managed'
        AND parent.id <> child.id
WHERE d.address = ANY(%(addresses)s) OR tie.target_address = ANY(%(addresses)s)
ON CONFLICT DO NOTHING;

-- name: resources.untie
-- Ties of these resources that neither their manifests name any more nor an attribute of theirs makes.
DELETE FROM resource_relationships AS rr
USING resources AS child, resources AS parent, relationship_types AS t
WHERE
    child.id = rr.child_resource_id
    AND parent.id = rr.parent_resource_id
    AND t.id = rr.relationship_type_id
    AND t.name IN ('depends_on', 'member_of')
    AND child.address = ANY(%(addresses)s)
    AND child.deleted_at IS NULL
    AND child.management = 'managed'
    AND NOT EXISTS (
        SELECT 1
        FROM desired_resources AS d
        INNER JOIN desired_relationships AS tie ON d.id = tie.desired_resource_id
        WHERE
            d.address = child.address
            AND d.valid_to_revision IS NULL
            AND d.parent_id IS NULL
            AND tie.target_address = parent.address
            AND tie.relationship_type_id = rr.relationship_type_id
    )
    AND NOT EXISTS (
        SELECT 1
        FROM resource_attributes AS a
        INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id
        WHERE
            a.resource_id = child.id
            AND ad.format = 'reference'
            AND ad.relationship_type_id = rr.relationship_type_id
            AND a.value_string = parent.address
    );

-- name: resources.failures
SELECT
    r.address,
    t.name AS action,
    f.desired_hash,
    f.not_before,
    f.error_message
FROM resource_failures AS f
INNER JOIN operation_types AS t ON f.operation_type_id = t.id
INNER JOIN resources AS r ON f.resource_id = r.id AND r.deleted_at IS NULL;

-- name: resources.drop_void_failures
-- What a provider did not take is nothing against another specification, and nothing once somebody or something else
-- changed what was set. What else changes of it says nothing: a machine that is made anew has another address each
-- time. 1 is `contains`, by a check on relationship_types.
DELETE FROM resource_failures AS f
USING resources AS r
WHERE
    f.error_code = %(code)s
    -- What is parked for good is freed by a manifest or a person alone.
    AND f.not_before IS NOT NULL
    AND f.resource_id = r.id
    AND NOT EXISTS (
        SELECT 1
        FROM desired_resources AS d
        CROSS JOIN
            LATERAL (
                SELECT
                    s.id,
                    s.desired_hash
                FROM resource_operations AS o
                INNER JOIN plan_steps AS s ON o.plan_step_id = s.id
                WHERE o.resource_id = r.id
                ORDER BY o.intended_at DESC
                LIMIT 1
            ) AS last
        WHERE
            d.address = r.address
            AND d.valid_to_revision IS NULL
            AND d.parent_id IS NULL
            AND d.spec_hash = last.desired_hash
            AND NOT EXISTS (
                SELECT 1
                FROM resource_attribute_history AS h
                INNER JOIN changesets AS made ON h.changed_at = made.changed_at AND h.changeset_id = made.id
                INNER JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
                INNER JOIN plan_step_changes AS c
                    ON ad.name = c.attribute AND (h.resource_id <> r.id) = (c.part_address IS NOT NULL)
                WHERE
                    c.plan_step_id = last.id
                    AND h.resource_id IN (
                        SELECT r.id
                        UNION ALL
                        SELECT rr.child_resource_id
                        FROM resource_relationships AS rr
                        WHERE rr.parent_resource_id = r.id AND rr.relationship_type_id = 1
                    )
                    AND made.operation_id IS NULL
                    AND h.changed_at > f.last_at
            )
            AND NOT EXISTS (
                SELECT 1
                FROM resource_tag_history AS h
                INNER JOIN changesets AS made ON h.changed_at = made.changed_at AND h.changeset_id = made.id
                INNER JOIN plan_step_changes AS c ON h.key = c.tag_key
                WHERE
                    c.plan_step_id = last.id
                    AND h.resource_id = r.id
                    AND made.operation_id IS NULL
                    AND h.changed_at > f.last_at
            )
            AND NOT EXISTS (
                SELECT 1
                FROM resource_relationship_history AS h
                INNER JOIN changesets AS made ON h.changed_at = made.changed_at AND h.changeset_id = made.id
                INNER JOIN plan_step_changes AS c ON c.part_address IS NOT NULL
                WHERE
                    c.plan_step_id = last.id
                    AND h.parent_resource_id = r.id
                    AND h.relationship_type_id = 1
                    AND made.operation_id IS NULL
                    AND h.changed_at > f.last_at
            )
    );

-- name: resources.failures_so_far
-- Of another specification than the one that failed before there are none yet.
SELECT f.failures
FROM resource_failures AS f
INNER JOIN operation_types AS t ON f.operation_type_id = t.id AND t.name = %(action)s
WHERE f.resource_id = %(resource_id)s AND f.desired_hash IS NOT DISTINCT FROM %(desired_hash)s
FOR UPDATE OF f;

-- name: resources.record_failure
-- Without seconds it is parked for good.
INSERT INTO resource_failures AS f (
    resource_id, operation_type_id, desired_hash, failures, not_before, error_code, error_message, last_at
)
SELECT
    %(resource_id)s,
    t.id,
    %(desired_hash)s,
    %(failures)s,
    now() + make_interval(secs => %(seconds)s),
    %(error_code)s,
    %(error_message)s,
    now()
FROM operation_types AS t
WHERE t.name = %(action)s
ON CONFLICT (resource_id, operation_type_id) DO UPDATE
    SET
        failures = excluded.failures,
        not_before = excluded.not_before,
        desired_hash = excluded.desired_hash,
        error_code = excluded.error_code,
        error_message = excluded.error_message,
        last_at = now();

-- name: resources.clear_failures
-- What succeeded has no failures any more. What another action is parked for good for stays so, unless the object
-- that it was about is gone.
DELETE FROM resource_failures AS f
USING operation_types AS t
WHERE
    f.resource_id = %(resource_id)s
    AND f.operation_type_id = t.id
    AND (f.not_before IS NOT NULL OR t.name = %(action)s OR %(action)s IN ('replace', 'delete'));

-- name: resources.clear_settled_failures
-- What agrees has nothing left to wait for; but what is parked for good may agree for a moment only.
DELETE FROM resource_failures AS f
USING resources AS r
WHERE
    f.resource_id = r.id
    AND f.not_before IS NOT NULL
    AND r.address = ANY(%(addresses)s)
    AND r.deleted_at IS NULL
    AND r.management = 'managed';

-- name: resources.clear_failure_at
DELETE FROM resource_failures
WHERE
    resource_id IN (
        SELECT id
        FROM resources
        WHERE address = %(address)s AND deleted_at IS NULL
    );

-- name: resources.holds
SELECT
    h.owner,
    h.reason,
    h.address,
    e.name AS endpoint,
    t.name AS resource_type,
    h.tag_key,
    h.tag_value,
    h.until,
    h.while_wanted
FROM holds AS h
LEFT JOIN provider_endpoints AS e ON h.endpoint_id = e.id
LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
WHERE h.released_at IS NULL AND (h.until IS NULL OR h.until > now())
ORDER BY h.id;

-- name: resources.applied
-- What was applied: a difference that arises while it stays the same is drift.
UPDATE resources
SET applied_desired_hash = %(spec_hash)s
WHERE id = %(resource_id)s AND applied_desired_hash IS DISTINCT FROM %(spec_hash)s;

-- name: resources.drop_tags
DELETE FROM resource_tags AS rt
USING tags AS t
WHERE rt.tag_id = t.id AND rt.resource_id = %(resource_id)s AND t.key = ANY(%(keys)s);

-- name: resources.busy
-- Resources with an operation that has not come to an end.
SELECT o.resource_id
FROM resource_operations AS o
WHERE o.resource_id = ANY(%(ids)s) AND o.status IN ('intended', 'sending', 'accepted');

-- name: resources.owed_starts
-- Machines whose last operation began to change them and ended before its call that starts them. What it only looked
-- at (with GET) it has not changed.
SELECT o.resource_id
FROM resource_operations AS o
INNER JOIN plan_calls AS pc ON o.plan_step_id = pc.plan_step_id AND pc.restores
LEFT JOIN resource_operation_calls AS c ON o.id = c.operation_id AND pc.position = c.position
WHERE
    o.resource_id = ANY(%(ids)s)
    AND o.status IN ('failed', 'ambiguous', 'interrupted')
    AND c.status IS DISTINCT FROM 'done'
    AND EXISTS (
        SELECT 1
        FROM resource_operation_calls AS begun
        INNER JOIN plan_calls AS sent
            ON begun.position = sent.position AND sent.plan_step_id = o.plan_step_id AND sent.method <> 'GET'
        WHERE begun.operation_id = o.id
    )
    AND NOT EXISTS (
        SELECT 1
        FROM resource_operations AS later
        WHERE later.resource_id = o.resource_id AND later.intended_at > o.intended_at
    );
