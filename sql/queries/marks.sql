-- Marks: instants at which the database can be read again (sql/schema/31_as_of.sql).

-- name: marks.take
SELECT take_mark(%(kind)s, %(revision)s);

-- name: marks.by_id
SELECT
    m.id,
    m.taken_at,
    m.kind,
    m.revision_id AS revision,
    r.commit_id AS commit
FROM marks AS m
LEFT JOIN revisions AS r ON m.revision_id = r.id
WHERE m.id = %(id)s;

-- name: marks.at
-- The last one that was not taken after an instant.
SELECT
    m.id,
    m.taken_at,
    m.kind,
    m.revision_id AS revision,
    r.commit_id AS commit
FROM marks AS m
LEFT JOIN revisions AS r ON m.revision_id = r.id
WHERE m.taken_at <= %(at)s
ORDER BY m.taken_at DESC, m.id DESC
LIMIT 1;

-- name: marks.of_revision
-- The end of its last apply. Of one that has no mark of its own: the end of the first apply while it was still its
-- source's newest, as where several sources were loaded at once; else the first mark that sees it.
WITH successor AS (
    SELECT min(later.id) AS id
    FROM revisions AS r
    INNER JOIN revisions AS later ON r.source_id = later.source_id AND r.id < later.id
    WHERE r.id = %(revision)s
),

candidates AS (
    SELECT
        m.*,
        m.kind = 'apply' AND (m.revision_id = %(revision)s OR coalesce(m.revision_id < s.id, TRUE)) AS is_its_apply
    FROM marks AS m
    CROSS JOIN successor AS s
    WHERE
        m.revision_id = %(revision)s
        OR (
            m.revision_id > %(revision)s
            AND NOT EXISTS (
                SELECT 1
                FROM marks AS own
                WHERE own.revision_id = %(revision)s
            )
        )
)

SELECT
    m.id,
    m.taken_at,
    m.kind,
    m.revision_id AS revision,
    r.commit_id AS commit
FROM candidates AS m
INNER JOIN revisions AS r ON m.revision_id = r.id
ORDER BY
    m.is_its_apply DESC,
    CASE WHEN m.is_its_apply THEN m.revision_id END ASC,
    CASE WHEN m.is_its_apply THEN m.id END DESC,
    m.id ASC
LIMIT 1;

-- name: marks.first
SELECT
    m.id,
    m.taken_at,
    m.kind,
    m.revision_id AS revision,
    r.commit_id AS commit
FROM marks AS m
LEFT JOIN revisions AS r ON m.revision_id = r.id
ORDER BY m.id
LIMIT 1;

-- name: marks.revisions_of_commit
-- The revisions that were read at a commit, by the beginning of its id; the newest first.
SELECT
    r.id,
    r.commit_id AS commit
FROM revisions AS r
WHERE starts_with(r.commit_id, %(prefix)s)
ORDER BY r.id DESC;
