-- The histories' partitions: what is there, what is missing, and what no month was there for.

-- name: partitions.wanting
-- Histories that lack a month from this one to so many ahead, or the default.
SELECT history
FROM wanting_histories(%(months_ahead)s);

-- name: partitions.make
SELECT make_history_partitions(%(months_ahead)s, %(history)s);

-- name: partitions.strays
SELECT
    history,
    stray_rows AS rows,
    first_at,
    last_at
FROM stray_history(%(most)s);

-- name: partitions.move_strays
SELECT move_stray_history(%(history)s, coalesce(%(until)s::timestamptz, 'infinity'));

-- name: partitions.all
SELECT
    history,
    partition_name AS name,
    is_default,
    from_at,
    to_at
FROM v_history_partitions
ORDER BY history, from_at NULLS LAST;
