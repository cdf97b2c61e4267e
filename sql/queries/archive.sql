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
