-- What happened: bounded reads of the histories (sql/schema/33_history_reading.sql). Nothing here writes.

-- name: history.resources_at
-- All that ever had an address, and the parts of all of these, also those that are gone.
WITH RECURSIVE whole AS (
    SELECT c.id
    FROM resources_called(%(address)s) AS c

    UNION

    SELECT part.id
    FROM whole AS w
    CROSS JOIN
        LATERAL (
            SELECT rr.child_resource_id AS id
            FROM resource_relationships AS rr
            WHERE rr.parent_resource_id = w.id AND rr.relationship_type_id = 1

            UNION ALL

            SELECT a.id
            FROM archived_resources AS a
            WHERE a.parent_id = w.id AND a.restored_at IS NULL
        ) AS part
)

SELECT w.id
FROM whole AS w
ORDER BY w.id;

-- name: history.of_resources
-- The newest first. Each resource gives its newest; what is older than the last row of a full page may be missing.
SELECT
    h.what,
    h.name,
    h.label,
    h.before,
    h.after,
    h.unit,
    h.cardinality,
    h.is_secret,
    h.is_bookkeeping,
    h.action,
    h.ordinal,
    r.address,
    h.resource_id,
    h.change,
    h.changed_at,
    h.changeset_id
FROM unnest(%(ids)s::bigint[]) AS ids (id)
CROSS JOIN LATERAL (SELECT address_of(ids.id) AS address) AS r
CROSS JOIN
    LATERAL history_of_resource(
        ids.id, %(since)s::timestamptz, %(until)s::timestamptz, %(most)s::integer
    ) AS h
ORDER BY h.changed_at DESC, h.change DESC
LIMIT %(most)s::integer;

-- name: history.of_changesets
-- What these changesets changed, so many rows of each history of each at most; in the order of the changes.
SELECT
    h.what,
    h.name,
    h.label,
    h.before,
    h.after,
    h.unit,
    h.cardinality,
    h.is_secret,
    h.is_bookkeeping,
    h.action,
    h.ordinal,
    -- Written out: a function with a question in it is asked anew for each row.
    coalesce(
        (
            SELECT r.address
            FROM resources AS r
            WHERE r.id = h.resource_id
        ),
        (
            SELECT a.address
            FROM archived_resources AS a
            WHERE a.id = h.resource_id AND a.restored_at IS NULL
        )
    ) AS address,
    h.resource_id,
    h.change,
    h.changed_at,
    h.changeset_id
FROM unnest(%(changed_at)s::timestamptz[], %(id)s::bigint[]) AS s (changed_at, id)
CROSS JOIN LATERAL history_of_changeset(s.changed_at, s.id, %(most)s::integer) AS h
ORDER BY h.change;

-- name: history.changesets
-- These, with who and why. What a revision's own transaction changed, such as a guard, it changed for that revision.
SELECT
    s.id,
    s.changed_at,
    s.actor,
    s.db_user,
    s.reason,
    s.cause,
    s.operation_id,
    coalesce(s.revision_id, rev.id) AS revision_id,
    rev.commit_id AS commit,
    rev.author,
    rev.message
FROM unnest(%(changed_at)s::timestamptz[], %(id)s::bigint[]) AS w (changed_at, id)
CROSS JOIN
    LATERAL (
        -- One at a time by its key, in its own month, whatever else a plan might think of.
        SELECT c.*
        FROM changesets AS c
        WHERE c.changed_at = w.changed_at AND c.id = w.id
        ORDER BY c.id
        LIMIT 1
    ) AS s
LEFT JOIN LATERAL (
    SELECT
        r.id,
        r.commit_id,
        r.author,
        r.message
    FROM revisions AS r
    WHERE
        r.id = s.revision_id
        OR (s.revision_id IS NULL AND s.cause = 'manifest' AND r.created_at = s.changed_at AND r.actor = s.actor)
    ORDER BY r.id DESC
    LIMIT 1
) AS rev ON TRUE;

-- name: history.newest
-- The newest changesets between two instants.
SELECT
    s.changed_at,
    s.id
FROM changesets AS s
WHERE
    s.changed_at >= coalesce(%(since)s::timestamptz, '-infinity')
    AND s.changed_at <= coalesce(%(until)s::timestamptz, 'infinity')
ORDER BY s.changed_at DESC, s.id DESC
LIMIT %(most)s;

-- name: history.newest_by
-- The newest changesets between two instants of these actors, database users, revisions or operations.
WITH found AS (
    SELECT
        s.changed_at,
        s.id
    FROM unnest(%(actors)s::text[]) AS w (actor)
    CROSS JOIN
        LATERAL (
            SELECT
                c.changed_at,
                c.id
            FROM changesets AS c
            WHERE
                c.actor = w.actor
                AND c.changed_at >= coalesce(%(since)s::timestamptz, '-infinity')
                AND c.changed_at <= coalesce(%(until)s::timestamptz, 'infinity')
            ORDER BY c.changed_at DESC
            LIMIT %(most)s::integer
        ) AS s

    UNION

    SELECT
        s.changed_at,
        s.id
    FROM unnest(%(db_users)s::text[]) AS w (db_user)
    CROSS JOIN
        LATERAL (
            SELECT
                c.changed_at,
                c.id
            FROM changesets AS c
            WHERE
                c.db_user = w.db_user
                AND c.changed_at >= coalesce(%(since)s::timestamptz, '-infinity')
                AND c.changed_at <= coalesce(%(until)s::timestamptz, 'infinity')
            ORDER BY c.changed_at DESC
            LIMIT %(most)s::integer
        ) AS s

    UNION

    SELECT
        s.changed_at,
        s.id
    FROM unnest(%(revisions)s::bigint[]) AS w (revision_id)
    CROSS JOIN
        LATERAL (
            SELECT
                c.changed_at,
                c.id
            FROM changesets AS c
            WHERE
                c.revision_id = w.revision_id
                AND c.changed_at >= coalesce(%(since)s::timestamptz, '-infinity')
                AND c.changed_at <= coalesce(%(until)s::timestamptz, 'infinity')
            ORDER BY c.changed_at DESC
            LIMIT %(most)s::integer
        ) AS s

    UNION

    -- What a revision's own transaction changed, as history.changesets tells it.
    SELECT
        c.changed_at,
        c.id
    FROM revisions AS r
    INNER JOIN changesets AS c
        ON r.created_at = c.changed_at AND r.actor = c.actor AND c.revision_id IS NULL AND c.cause = 'manifest'
    WHERE
        r.id = ANY(%(revisions)s::bigint[])
        AND c.changed_at >= coalesce(%(since)s::timestamptz, '-infinity')
        AND c.changed_at <= coalesce(%(until)s::timestamptz, 'infinity')

    UNION

    SELECT
        c.changed_at,
        c.id
    FROM changesets AS c
    WHERE
        c.operation_id = %(operation)s::uuid
        AND c.changed_at >= coalesce(%(since)s::timestamptz, '-infinity')
        AND c.changed_at <= coalesce(%(until)s::timestamptz, 'infinity')
)

SELECT
    f.changed_at,
    f.id
FROM found AS f
ORDER BY f.changed_at DESC, f.id DESC
LIMIT %(most)s::integer;

-- name: history.actors
-- Every actor of a changeset: each is looked for behind the one before it, so that it costs what they are and not what
-- they did.
WITH RECURSIVE names AS (
    (
        SELECT s.actor
        FROM changesets AS s
        ORDER BY s.actor
        LIMIT 1
    )

    UNION ALL

    SELECT (
        SELECT s.actor
        FROM changesets AS s
        WHERE s.actor > n.actor
        ORDER BY s.actor
        LIMIT 1
    )
    FROM names AS n
    WHERE n.actor IS NOT NULL
)

SELECT n.actor AS name
FROM names AS n
WHERE n.actor IS NOT NULL;

-- name: history.db_users
-- Every database user of a changeset, in the same way.
WITH RECURSIVE names AS (
    (
        SELECT s.db_user
        FROM changesets AS s
        ORDER BY s.db_user
        LIMIT 1
    )

    UNION ALL

    SELECT (
        SELECT s.db_user
        FROM changesets AS s
        WHERE s.db_user > n.db_user
        ORDER BY s.db_user
        LIMIT 1
    )
    FROM names AS n
    WHERE n.db_user IS NOT NULL
)

SELECT n.db_user AS name
FROM names AS n
WHERE n.db_user IS NOT NULL;

-- name: history.revisions_by
-- The revisions whose commits have such an author, whichever case it is written in.
SELECT r.id
FROM revisions AS r
WHERE position(lower(%(author)s) IN lower(r.author)) > 0
ORDER BY r.id;

-- name: history.operations
-- What these operations were: how they ended, who approved them, and for how long they interrupted their machine. An
-- approval counts for the plan that it is of, and for the one that used it up, where that has the very same step.
SELECT
    o.id,
    ot.name AS action,
    o.status,
    o.error_message,
    s.reason,
    w.kind AS worker_kind,
    s.plan_id,
    step_approved_by(o.plan_step_id) AS approved_by,
    c.interruption,
    c.seconds
FROM resource_operations AS o
INNER JOIN operation_types AS ot ON o.operation_type_id = ot.id
INNER JOIN workers AS w ON o.worker_id = w.id
LEFT JOIN plan_steps AS s ON o.plan_step_id = s.id
LEFT JOIN LATERAL (
    SELECT
        CASE WHEN bool_or(pc.impact IN ('stop', 'replace')) THEN 'stopped' ELSE 'restarted' END AS interruption,
        -- From the first request that interrupts, to the end of the last one that does or that starts it again.
        CASE
            WHEN bool_or(pc.restores) OR NOT bool_or(pc.impact IN ('stop', 'replace'))
                THEN
                    extract(
                        EPOCH FROM max(coalesce(oc.finished_at, oc.accepted_at))
                        - min(oc.sent_at) FILTER (WHERE pc.impact <> 'online')
                    )::double precision
        END AS seconds
    FROM resource_operation_calls AS oc
    INNER JOIN plan_calls AS pc ON oc.position = pc.position AND s.id = pc.plan_step_id
    WHERE
        oc.operation_id = o.id
        AND oc.status IN ('done', 'accepted')
        AND (pc.impact <> 'online' OR pc.restores)
    HAVING bool_or(pc.impact <> 'online')
) AS c ON TRUE
WHERE o.id = ANY(%(ids)s::uuid[]);

-- name: history.of_inventory
-- The newest first: of providers, endpoints, holds and so on, all of them or what is at an address.
SELECT
    h.what,
    h.name,
    NULL::text AS label,
    h.before,
    h.after,
    NULL::text AS unit,
    'one' AS cardinality,
    FALSE AS is_secret,
    FALSE AS is_bookkeeping,
    CASE WHEN h.before IS NULL THEN 'insert' ELSE 'update' END AS action,
    0::smallint AS ordinal,
    h.address,
    0::bigint AS resource_id,
    h.change,
    h.changed_at,
    h.changeset_id
FROM v_inventory_history AS h
WHERE
    h.changed_at >= coalesce(%(since)s::timestamptz, '-infinity')
    AND h.changed_at <= coalesce(%(until)s::timestamptz, 'infinity')
    AND (%(address)s::text IS NULL OR h.address = %(address)s)
ORDER BY h.changed_at DESC, h.change DESC
LIMIT %(most)s;

-- name: history.strangers
-- Which of these changesets found a root that was not ours at the time.
SELECT
    w.changed_at,
    w.id,
    w.root
FROM unnest(%(changed_at)s::timestamptz[], %(id)s::bigint[], %(root)s::text[]) AS w (changed_at, id, root)
WHERE
    (
        SELECT h.management
        FROM resources AS r
        INNER JOIN resource_history AS h ON r.id = h.resource_id
        WHERE r.address = w.root AND r.is_root AND h.changed_at <= w.changed_at
        ORDER BY h.changed_at DESC, h.change DESC
        LIMIT 1
    ) = 'unmanaged';

-- name: history.last_of
-- The last change of each attribute and tag of these resources, as far back as so many changes of each of them.
SELECT DISTINCT ON (h.resource_id, h.what, h.name)
    h.what,
    h.name,
    h.label,
    h.before,
    h.after,
    h.unit,
    h.cardinality,
    h.is_secret,
    h.is_bookkeeping,
    h.action,
    h.ordinal,
    r.address,
    h.resource_id,
    h.change,
    h.changed_at,
    h.changeset_id
FROM unnest(%(ids)s::bigint[]) AS ids (id)
INNER JOIN resources AS r ON ids.id = r.id
CROSS JOIN LATERAL history_of_resource(r.id, NULL::timestamptz, NULL::timestamptz, %(most)s::integer) AS h
WHERE h.what IN ('attribute', 'tag')
ORDER BY h.resource_id ASC, h.what ASC, h.name ASC, h.change DESC;

-- name: history.manifests
-- Where the manifest of each address was, as a revision had it.
SELECT
    w.address,
    w.revision_id,
    d.file,
    d.path,
    d.line,
    d.column_number,
    d.document_hash
FROM unnest(%(addresses)s::text[], %(revisions)s::bigint[]) AS w (address, revision_id)
INNER JOIN desired_resources AS d
    ON
        w.address = d.address
        AND d.valid_from_revision <= w.revision_id
        AND (d.valid_to_revision IS NULL OR d.valid_to_revision > w.revision_id)
ORDER BY w.address, w.revision_id, d.id;
