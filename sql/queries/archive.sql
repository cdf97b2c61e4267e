-- Months of the histories that go into files and come back. All but the list are the tables' owner's.

-- name: archive.list
SELECT
    id,
    history,
    partition_name,
    from_at,
    to_at,
    file,
    row_count,
    byte_count,
    sha256,
    detached_at,
    dropped_at,
    restored_at
FROM history_archives
ORDER BY from_at, history, id;

-- name: archive.due
-- Attached months that ended before an instant; changesets last, because the others refer to them.
SELECT
    p.history,
    p.partition_name AS name,
    p.from_at,
    p.to_at
FROM v_history_partitions AS p
WHERE
    p.to_at <= least(%(before)s::timestamptz, date_trunc('month', now()))
    AND p.from_at > '-infinity'
    AND (
        %(again)s::boolean
        OR NOT EXISTS (
            SELECT
            FROM history_archives AS a
            WHERE a.history = p.history AND a.from_at = p.from_at AND a.restored_at IS NOT NULL
        )
    )
ORDER BY p.from_at, p.history = 'changesets', p.history;

-- name: archive.uid
SELECT uid::text
FROM installation;

-- name: archive_owner.form
-- For this transaction: by what forms CSV is written and read, and that reading it may take long.
SELECT
    set_config('datestyle', 'ISO, YMD', TRUE),
    set_config('timezone', 'UTC', TRUE),
    set_config('bytea_output', 'hex', TRUE),
    set_config('idle_in_transaction_session_timeout', '15min', TRUE);

-- name: archive_owner.columns
SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) AS described
FROM pg_attribute AS a
WHERE
    a.attrelid = to_regclass('public.' || quote_ident(%(table)s))
    AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum;

-- name: archive_owner.copy_out
SELECT copy_out_statement(%(table)s);

-- name: archive_owner.copy_in
SELECT copy_in_statement(%(table)s, %(columns)s);

-- name: archive_owner.is_attached
SELECT count(*) > 0
FROM v_history_partitions AS p
WHERE p.history = %(history)s AND p.partition_name = %(table)s;

-- name: archive_owner.mark
SELECT take_mark('hand');

-- name: archive_owner.detach
SELECT detach_history_month(%(history)s, %(table)s, %(file)s, %(rows)s, %(bytes)s, %(sha256)s);

-- name: archive_owner.drop
SELECT drop_detached_month(%(id)s)::text;

-- name: archive_owner.give_up
SELECT give_up_archive(%(id)s)::text;

-- name: archive_owner.begin_restore
SELECT begin_restore(%(history)s, %(from_at)s, %(to_at)s);

-- name: archive_owner.end_restore
SELECT end_restore(%(history)s, %(table)s, %(from_at)s, %(to_at)s)::text;

-- name: archive_owner.restored
UPDATE history_archives
SET restored_at = clock_timestamp()
WHERE history = %(history)s AND from_at = %(from_at)s AND sha256 = %(sha256)s;

-- name: archive.resource_files
-- The files that deleted resources went into, or are about to, oldest first.
SELECT
    id,
    file,
    planned_at,
    removed_at,
    restored_at,
    first_deleted_at,
    last_deleted_at,
    resource_count,
    row_count,
    byte_count,
    sha256
FROM resource_archives
ORDER BY id;

-- name: archive.due_resources
-- What was deleted before an instant and can go, with its parts; so many roots at most, the oldest first. Also a part
-- that was deleted while its root lives.
WITH due AS (
    SELECT r.id
    FROM resources AS r
    WHERE
        r.deleted_at < %(before)s::timestamptz
        AND NOT EXISTS (
            SELECT
            FROM resource_relationships AS rr
            INNER JOIN resources AS whole ON rr.parent_resource_id = whole.id
            WHERE rr.child_resource_id = r.id AND rr.relationship_type_id = 1 AND whole.deleted_at IS NOT NULL
        )
        AND (
            %(again)s::boolean
            OR NOT EXISTS (
                SELECT
                FROM archived_resources AS a
                WHERE a.id = r.id AND a.restored_at IS NOT NULL
            )
        )
        AND is_archivable(r.id, %(before)s::timestamptz)
    ORDER BY r.deleted_at, r.id
    LIMIT %(most)s::integer
)

SELECT t.id
FROM due
CROSS JOIN LATERAL tree_of(due.id) AS t
ORDER BY t.id;

-- name: archive.files_of
-- The files that what had an address, and its parts, are in.
SELECT DISTINCT
    f.id,
    f.file
FROM archived_resources AS a
INNER JOIN resource_archives AS f ON a.archive_id = f.id
WHERE a.restored_at IS NULL AND a.address = %(address)s
ORDER BY f.id;

-- name: archive_owner.try_alone
-- One archiver of resources at a time: another would take up what the first has begun.
SELECT pg_try_advisory_lock(hashtextextended('reconciler.archive', 0));

-- name: archive_owner.plan_resources
-- Written down before the file is, so that whoever comes after a crash knows what to look for.
INSERT INTO resource_archives (id, file)
OVERRIDING SYSTEM VALUE
SELECT
    next.id,
    %(folder)s || '/deleted-' || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD') || '-' || next.id || '.csv.gz'
FROM (SELECT nextval(pg_get_serial_sequence('resource_archives', 'id')) AS id) AS next
RETURNING id, file;

-- name: archive_owner.drop_plan
DELETE FROM resource_archives
WHERE id = %(id)s AND removed_at IS NULL;

-- name: archive_owner.resource_tables
SELECT t.table_name
FROM archived_tables() AS t
ORDER BY t.place;

-- name: archive_owner.copy_resources
SELECT copy_archived_statement(%(table)s, %(ids)s);

-- name: archive_owner.lock_resources
SELECT lock_archived(%(ids)s)::text;

-- name: archive_owner.remove_resources
SELECT remove_archived(%(id)s, %(ids)s, %(file)s, %(rows)s, %(bytes)s, %(sha256)s)::text;

-- name: archive_owner.begin_restore_resources
SELECT begin_restore_resources(%(sha256)s);

-- name: archive_owner.stage_resources
SELECT stage_archived_statement(%(table)s, %(columns)s);

-- name: archive_owner.take_resources
SELECT take_archived(%(table)s, %(columns)s);

-- name: archive_owner.end_restore_resources
SELECT end_restore_resources(%(id)s)::text;
