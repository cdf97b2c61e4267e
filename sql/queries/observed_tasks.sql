-- Who did at a provider what a look found there, by the provider's log of tasks (sql/schema/13_observed_tasks.sql).

-- name: observed_tasks.last_look
-- When the last look at an endpoint began that saw anything.
SELECT o.started_at
FROM endpoint_observations AS o
INNER JOIN provider_endpoints AS e ON o.provider_endpoint_id = e.id
WHERE e.name = %(endpoint)s AND e.deleted_at IS NULL AND o.outcome IN ('complete', 'partial')
ORDER BY o.started_at DESC
LIMIT 1;

-- name: observed_tasks.happened
-- What this transaction has found roots to have gone through, what happened to their parts with them. Of what is not
-- ours only that it came or went.
WITH made AS MATERIALIZED (
    SELECT
        s.changed_at,
        s.id
    FROM changesets AS s
    WHERE
        s.changed_at = transaction_timestamp()
        AND s.xact = pg_current_xact_id_if_assigned()
        AND s.cause = 'observation'
        AND s.operation_id IS NULL
),

found AS (
    SELECT
        made.changed_at,
        made.id AS changeset_id,
        h.resource_id,
        CASE
            WHEN h.deleted_at IS NOT NULL AND h.old_deleted_at IS NULL THEN 'vanished'
            WHEN h.presence = 'absent' AND coalesce(h.old_presence, 'none') <> 'absent' THEN 'vanished'
            WHEN h.action = 'insert' OR (h.presence = 'present' AND h.old_presence = 'absent') THEN 'appeared'
        END AS happening
    FROM made
    INNER JOIN resource_history AS h ON made.changed_at = h.changed_at AND made.id = h.changeset_id
    UNION ALL
    SELECT
        made.changed_at,
        made.id AS changeset_id,
        h.resource_id,
        CASE st.name WHEN 'running' THEN 'started' WHEN 'stopped' THEN 'stopped' END AS happening
    FROM made
    INNER JOIN resource_state_history AS h ON made.changed_at = h.changed_at AND made.id = h.changeset_id
    INNER JOIN resource_states AS st ON h.to_state_id = st.id
    WHERE h.from_state_id IS NOT NULL
    UNION ALL
    SELECT
        made.changed_at,
        made.id AS changeset_id,
        h.resource_id,
        'changed' AS happening
    FROM made
    INNER JOIN resource_attribute_history AS h ON made.changed_at = h.changed_at AND made.id = h.changeset_id
    INNER JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
    INNER JOIN resources AS r ON h.resource_id = r.id
    INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
    INNER JOIN providers AS p ON e.provider_id = p.id
    LEFT JOIN provider_type_attributes AS rule
        ON
            p.provider_type_id = rule.provider_type_id
            AND r.resource_type_id = rule.resource_type_id
            AND h.attribute_definition_id = rule.attribute_definition_id
    WHERE
        NOT ad.is_bookkeeping
        AND ad.name <> 'power_state'  -- it is the state
        AND rule.mutability IS DISTINCT FROM 'read_only'
    UNION ALL
    SELECT
        made.changed_at,
        made.id AS changeset_id,
        h.resource_id,
        'changed' AS happening
    FROM made
    INNER JOIN resource_tag_history AS h ON made.changed_at = h.changed_at AND made.id = h.changeset_id
),

-- What came or went with a part changed its root.
of_roots AS (
    SELECT
        f.changed_at,
        f.changeset_id,
        coalesce(c.parent_resource_id, f.resource_id) AS root_id,
        CASE WHEN c.parent_resource_id IS NULL THEN f.happening ELSE 'changed' END AS happening
    FROM found AS f
    LEFT JOIN resource_relationships AS c
        ON f.resource_id = c.child_resource_id AND c.relationship_type_id = 1
    WHERE f.happening IS NOT NULL
)

SELECT DISTINCT
    o.changed_at,
    o.changeset_id,
    r.id AS resource_id,
    t.name AS resource_type,
    r.external_id,
    o.happening
FROM of_roots AS o
INNER JOIN resources AS r ON o.root_id = r.id AND r.is_root
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
WHERE
    r.external_id IS NOT NULL
    AND (r.management = 'managed' OR o.happening IN ('appeared', 'vanished'))
    AND (
        o.happening IN ('appeared', 'vanished')
        OR NOT EXISTS (
            SELECT
            FROM of_roots AS more
            WHERE more.root_id = o.root_id AND more.happening IN ('appeared', 'vanished')
        )
    )
ORDER BY r.id, o.happening;

-- name: observed_tasks.record
SELECT
    record_observed_tasks(
        %(changed_at)s::timestamptz, %(changeset_id)s::bigint, %(resource_id)s::bigint[], %(happening)s::text[],
        %(task)s::text[], %(kind)s::text[], %(provider_user)s::text[], %(began_at)s::timestamptz[],
        %(ended_at)s::timestamptz[], %(is_sure)s::boolean[]
    );

-- name: observed_tasks.of_changesets
SELECT
    o.changed_at,
    o.changeset_id,
    r.address,
    o.happening,
    o.task,
    o.kind,
    o.provider_user,
    o.began_at,
    o.ended_at,
    o.is_sure
FROM unnest(%(changed_at)s::timestamptz[], %(id)s::bigint[]) AS s (changed_at, id)
INNER JOIN observed_tasks AS o ON s.changed_at = o.changed_at AND s.id = o.changeset_id
INNER JOIN resources AS r ON o.resource_id = r.id
ORDER BY o.changed_at, o.changeset_id, r.address, o.happening, o.began_at, o.task;
