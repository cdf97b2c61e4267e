-- What the faces read: names instead of ids, one question each. Nothing here writes.

-- name: views.resources
-- Resources with their tags. Without a type: roots only.
SELECT
    r.address,
    r.resource_type AS type,
    r.provider_type,
    r.provider,
    r.endpoint,
    r.state,
    r.management,
    r.presence,
    r.external_id,
    r.contained_in,
    r.source,
    r.location,
    r.datacenter,
    r.prevent_destroy,
    r.version,
    r.observed_at,
    r.created_at,
    r.updated_at,
    r.id,
    r.claimed_by_host,
    coalesce(tagged.pairs, '{}') AS tags
FROM v_resources AS r
LEFT JOIN LATERAL (
    SELECT array_agg(ARRAY[t.key, t.value] ORDER BY t.key) AS pairs
    FROM v_tags AS t
    WHERE t.resource_id = r.id
) AS tagged ON TRUE
WHERE
    (r.management = 'unmanaged') = %(unmanaged)s
    AND (%(address)s::text IS NULL OR r.address = %(address)s)
    AND (%(endpoint)s::text IS NULL OR r.endpoint = %(endpoint)s)
    AND (
        r.resource_type = %(resource_type)s
        OR (%(resource_type)s::text IS NULL AND (r.contained_in IS NULL OR %(address)s::text IS NOT NULL))
    )
ORDER BY r.address, r.id;

-- name: views.unmanaged_at
-- How many objects that are not ours were seen at each of the endpoints; no row where there is none. What the
-- provider made with a machine of ours and takes away with it (`auto_delete`) is nobody's to manage.
SELECT
    e.name,
    count(*) AS unmanaged
FROM resources AS r
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
WHERE
    r.deleted_at IS NULL
    AND r.is_root
    AND r.management = 'unmanaged'
    AND e.name = ANY(%(endpoints)s)
    AND NOT EXISTS (
        SELECT FROM v_attributes AS goes
        INNER JOIN resource_relationships AS tie ON goes.resource_id = tie.parent_resource_id
        INNER JOIN relationship_types AS t ON tie.relationship_type_id = t.id AND t.name = 'attached_to'
        INNER JOIN resources AS holder ON tie.child_resource_id = holder.id AND holder.management = 'managed'
        WHERE
            goes.resource_id = r.id
            AND goes.attribute = 'auto_delete'
            AND goes.value = 'true'
            AND holder.deleted_at IS NULL
    )
GROUP BY e.name
ORDER BY e.name;

-- name: views.resource_types
SELECT
    name,
    kind
FROM resource_types
WHERE retired_at IS NULL
ORDER BY name;

-- name: views.providers
SELECT
    p.name,
    pt.name AS type,
    p.display_name,
    count(DISTINCT e.id) AS endpoints,
    count(r.id) FILTER (WHERE r.management = 'managed') AS managed
FROM providers AS p
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
LEFT JOIN provider_endpoints AS e ON p.id = e.provider_id AND e.deleted_at IS NULL
LEFT JOIN resources AS r ON e.id = r.provider_endpoint_id AND r.deleted_at IS NULL AND r.is_root
WHERE p.deleted_at IS NULL
GROUP BY p.id, pt.name
ORDER BY p.name;

-- name: views.endpoints
SELECT
    e.name,
    p.name AS provider,
    pt.name AS provider_type,
    e.url,
    c.name AS credential,
    e.drift_policy,
    e.request_limit_per_hour,
    (
        SELECT count(*)
        FROM resources AS r
        WHERE
            r.provider_endpoint_id = e.id
            AND r.deleted_at IS NULL
            AND r.is_root
            AND r.management = 'managed'
    ) AS managed,
    o.finished_at AS observed_at,
    o.outcome,
    o.message
FROM provider_endpoints AS e
INNER JOIN providers AS p ON e.provider_id = p.id
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
LEFT JOIN provider_credentials AS c ON e.credential_id = c.id
LEFT JOIN LATERAL (
    SELECT
        seen.finished_at,
        seen.outcome,
        seen.message
    FROM endpoint_observations AS seen
    WHERE seen.provider_endpoint_id = e.id
    ORDER BY seen.started_at DESC, seen.id DESC
    LIMIT 1
) AS o ON TRUE
WHERE e.deleted_at IS NULL
ORDER BY e.name;

-- name: views.plans
SELECT
    p.id,
    p.hash,
    p.status,
    p.actor,
    p.created_at,
    p.source_name AS source,
    p.needs_approval,
    a.approved_by,
    (
        SELECT count(*)
        FROM plan_steps AS s
        WHERE s.plan_id = p.id AND NOT s.is_later
    ) AS steps
FROM plans AS p
LEFT JOIN LATERAL (
    SELECT given.approved_by
    FROM plan_approvals AS given
    WHERE given.plan_id = p.id
    ORDER BY given.id DESC
    LIMIT 1
) AS a ON TRUE
ORDER BY p.id DESC
LIMIT %(most)s;

-- name: views.operations
SELECT
    o.id,
    o.address,
    o.operation,
    o.status,
    o.actor,
    o.intended_at,
    o.finished_at,
    o.plan_id,
    o.error_code,
    o.error_message
FROM v_operations AS o
WHERE %(address)s::text IS NULL OR o.address = %(address)s
ORDER BY o.intended_at DESC, o.id DESC
LIMIT %(most)s;

-- name: views.holds
SELECT
    h.id,
    h.address,
    h.endpoint,
    h.resource_type,
    h.tag_key,
    h.tag_value,
    h.owner,
    h.reason,
    h.since,
    h.until
FROM v_holds AS h
WHERE h.is_holding
ORDER BY h.id;

-- name: views.revisions
SELECT
    r.id,
    s.name AS source,
    r.commit_id AS commit,
    r.author,
    r.authored_at,
    r.message,
    r.actor,
    r.created_at
FROM revisions AS r
INNER JOIN manifest_sources AS s ON r.source_id = s.id
ORDER BY r.id DESC
LIMIT %(most)s;

-- name: views.plan_sources
-- What a plan was made from, and how each of it is found again.
SELECT
    p.source_name AS name,
    coalesce(s.kind, 'folder') AS kind,
    coalesce(p.place, s.url) AS url,
    s.branch,
    s.subfolder
FROM plan_sources AS p
LEFT JOIN manifest_sources AS s ON p.source_name = s.name
WHERE p.plan_id = %(plan)s
ORDER BY p.position;

-- name: views.history
-- The newest first. With an address: of it and of its parts, or of what the inventory has there.
WITH found AS (
    SELECT
        h.change, h.changed_at, h.address, h.what, h.name, h.before, h.after,
        h.actor, h.reason, h.cause, h.operation_id, h.revision_id, h.commit_id
    FROM v_history AS h
    WHERE
        (%(since)s::timestamptz IS NULL OR h.changed_at >= %(since)s)
        AND (
            %(address)s::text IS NULL
            OR h.resource_id IN (
                SELECT r.id
                FROM resources AS r
                WHERE r.address = %(address)s OR starts_with(r.address, %(address)s::text || '/')
            )
        )

    UNION ALL

    SELECT
        h.change, h.changed_at, h.address, h.what, h.name, h.before, h.after,
        h.actor, h.reason, h.cause, h.operation_id, h.revision_id, h.commit_id
    FROM v_inventory_history AS h
    WHERE
        (%(since)s::timestamptz IS NULL OR h.changed_at >= %(since)s)
        AND (%(address)s::text IS NULL OR h.address = %(address)s)
)

SELECT
    f.changed_at,
    f.address,
    f.what,
    f.name,
    f.before,
    f.after,
    f.actor,
    f.reason,
    f.cause,
    f.operation_id,
    f.revision_id,
    f.commit_id AS commit
FROM found AS f
ORDER BY f.changed_at DESC, f.change DESC
LIMIT %(most)s;

-- name: views.relationships
SELECT
    r.parent,
    r.relationship,
    r.child
FROM v_relationships AS r
INNER JOIN resources AS parent ON r.parent_resource_id = parent.id AND parent.management <> 'unmanaged'
INNER JOIN resources AS child ON r.child_resource_id = child.id AND child.management <> 'unmanaged'
WHERE %(address)s::text IS NULL OR %(address)s IN (r.parent, r.child)
ORDER BY r.parent, r.relationship, r.child;

-- name: views.drift
SELECT
    d.address,
    d.what,
    d.attribute AS name,
    d.desired,
    d.recorded,
    d.unit
FROM v_drift AS d
ORDER BY d.address, d.what, d.attribute;

-- name: views.failure
SELECT
    f.failures,
    f.not_before,
    f.error_code,
    f.error_message
FROM resource_failures AS f
INNER JOIN resources AS r ON f.resource_id = r.id
WHERE r.address = %(address)s AND r.deleted_at IS NULL AND (f.not_before > now() OR f.not_before IS NULL)
ORDER BY f.last_at DESC
LIMIT 1;

-- name: views.credentials
SELECT
    c.credential_id,
    c.name,
    c.source,
    coalesce(c.environment_variable, c.file_path) AS found_in,
    c.fingerprint,
    c.updated_at,
    c.expires_at,
    coalesce(array_agg(c.used_by_endpoint ORDER BY c.used_by_endpoint) FILTER (WHERE c.used_by_endpoint <> ''), '{}')
        AS used_by
FROM v_credentials AS c
GROUP BY
    c.credential_id, c.name, c.source, c.environment_variable, c.file_path, c.fingerprint, c.updated_at, c.expires_at
ORDER BY c.name;

-- name: views.typical_seconds
-- How long an action on a type took of late, in seconds; for an estimate, so the last hundred of each will do.
SELECT
    recent.resource_type,
    recent.operation,
    avg(recent.seconds)::double precision AS seconds
FROM (
    SELECT
        rt.name AS resource_type,
        ot.name AS operation,
        extract(EPOCH FROM o.finished_at - o.intended_at) AS seconds,
        row_number() OVER (PARTITION BY rt.name, ot.name ORDER BY o.intended_at DESC) AS place
    FROM resource_operations AS o
    INNER JOIN operation_types AS ot ON o.operation_type_id = ot.id
    INNER JOIN resources AS r ON o.resource_id = r.id
    INNER JOIN resource_types AS rt ON r.resource_type_id = rt.id
    WHERE o.status = 'done' AND o.intended_at > now() - interval '30 days'
) AS recent
WHERE recent.place <= 100
GROUP BY recent.resource_type, recent.operation;

-- name: views.counts
SELECT
    count(*) FILTER (WHERE r.management = 'managed') AS managed,
    count(*) FILTER (WHERE r.management = 'unmanaged') AS unmanaged,
    count(*) FILTER (WHERE r.management = 'quarantined') AS quarantined,
    (
        SELECT count(*)
        FROM v_open_operations
    ) AS open_operations
FROM resources AS r
WHERE r.deleted_at IS NULL AND r.is_root;
