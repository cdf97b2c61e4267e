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
-- The end of the last apply of a revision; of one that was never applied, the first mark that sees it.
SELECT
    m.id,
    m.taken_at,
    m.kind,
    m.revision_id AS revision,
    r.commit_id AS commit
FROM marks AS m
INNER JOIN revisions AS r ON m.revision_id = r.id
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
ORDER BY
    m.revision_id ASC,
    m.kind = 'apply' DESC,
    CASE WHEN m.kind = 'apply' THEN m.id END DESC,
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
