-- What the entity diagram shows.

-- name: diagram.columns
SELECT
    c.relname,
    a.attname,
    replace(replace(format_type(a.atttypid, a.atttypmod), ' ', '_'), ',', '_') AS kind,
    concat_ws(
        ', ',
        CASE WHEN bool_or(k.contype = 'p') THEN 'PK' END,
        CASE WHEN bool_or(k.contype = 'f') THEN 'FK' END,
        CASE WHEN bool_or(k.contype = 'u' AND cardinality(k.conkey) = 1) THEN 'UK' END
    ) AS marks
FROM pg_class AS c
INNER JOIN pg_attribute AS a ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_constraint AS k ON c.oid = k.conrelid AND a.attnum = any(k.conkey)
WHERE
    c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p')
    AND NOT c.relispartition
    AND right(c.relname, 8) <> '_history'
GROUP BY c.relname, a.attnum, a.attname, a.atttypid, a.atttypmod
ORDER BY c.relname, a.attnum;

-- name: diagram.references
SELECT
    child.relname AS child,
    parent.relname AS parent,
    string_agg(a.attname, ', ' ORDER BY array_position(k.conkey, a.attnum)) AS names,
    bool_or(NOT a.attnotnull) AS optional
FROM pg_constraint AS k
INNER JOIN pg_class AS child ON k.conrelid = child.oid
INNER JOIN pg_class AS parent ON k.confrelid = parent.oid
INNER JOIN pg_attribute AS a ON k.conrelid = a.attrelid AND a.attnum = any(k.conkey)
WHERE k.contype = 'f' AND child.relnamespace = 'public'::regnamespace AND NOT child.relispartition
GROUP BY k.oid, child.relname, parent.relname
ORDER BY child.relname, names, parent.relname;
