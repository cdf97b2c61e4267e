-- What the daemon asks beside the engine's own work: that it lives, whose turn it is, and what it measures.

-- name: daemon.beat
-- The worker was seen; and whether the session that proves its life still holds its lock.
UPDATE workers AS w
SET seen_at = now()
WHERE w.id = %(worker)s
RETURNING EXISTS (
    SELECT
    FROM pg_locks AS l
    WHERE
        l.locktype = 'advisory'
        AND l.database = (
            SELECT d.oid FROM pg_database AS d
            WHERE d.datname = current_database()
        )
        AND l.objsubid = 1
        AND l.granted
        AND (l.classid::bigint << 32) | l.objid::bigint = w.lock_key
);

-- name: daemon.try_source
-- One reader at a time of a source, so that an older state of it is never recorded over a newer one.
SELECT pg_try_advisory_lock(hashtext('manifest source'), hashtext(%(source)s));

-- name: daemon.newest_revision
SELECT coalesce(max(id), 0)
FROM revisions;

-- name: daemon.source_moved
-- Whether anybody recorded a revision of a source after a certain revision of any source.
SELECT count(*) > 0
FROM revisions AS r
INNER JOIN manifest_sources AS s ON r.source_id = s.id
WHERE s.name = %(source)s AND r.id > %(since)s;

-- name: daemon.levels
-- How much there is of what people watch.
SELECT
    (
        SELECT count(*)
        FROM resource_operations AS o
        WHERE o.status IN ('intended', 'sending', 'accepted')
    ) AS open_operations,
    (
        SELECT count(*)
        FROM resource_failures AS f
        INNER JOIN resources AS r ON f.resource_id = r.id AND r.deleted_at IS NULL
    ) AS failing,
    (
        SELECT count(*)
        FROM resource_failures AS f
        INNER JOIN resources AS r ON f.resource_id = r.id AND r.deleted_at IS NULL
        WHERE f.not_before > now() OR f.not_before IS NULL
    ) AS backing_off,
    (
        SELECT count(*)
        FROM holds AS h
        WHERE h.released_at IS NULL AND (h.until IS NULL OR h.until > now())
    ) AS holds,
    (
        SELECT count(*)
        FROM plans AS p
        WHERE
            p.status = 'saved'
            AND p.needs_approval
            -- What a person saved from a source of their own waits for nobody but them.
            AND p.source_name IS NULL
            AND NOT EXISTS (
                SELECT
                FROM plan_approvals AS a
                WHERE a.plan_id = p.id
            )
    ) AS waiting_approvals,
    (
        SELECT coalesce(sum(h.stray_rows), 0)::bigint
        FROM stray_history(10000) AS h
    ) AS stray_history_rows,
    (
        SELECT coalesce(sum(a.row_count), 0)::bigint
        FROM history_archives AS a
        WHERE a.dropped_at IS NOT NULL AND a.restored_at IS NULL
    ) AS archived_history_rows,
    (
        SELECT coalesce(sum(f.resource_count), 0)::bigint
        FROM resource_archives AS f
        WHERE f.removed_at IS NOT NULL AND f.restored_at IS NULL
    ) AS archived_resources;

-- name: daemon.waiting_plans
-- Plans that an actor saved to wait for an approval, and whether they have one that is not used yet.
SELECT
    p.id,
    p.hash,
    exists(
        SELECT
        FROM plan_approvals AS a
        WHERE a.plan_id = p.id AND a.hash = p.hash AND a.used_at IS NULL
    ) AS approved
FROM plans AS p
WHERE p.status = 'saved' AND p.needs_approval AND p.source_name IS NULL AND p.actor = %(actor)s
ORDER BY p.id;
