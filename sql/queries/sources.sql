-- Sources of manifests: which there are, what they are called, and what becomes of what one wanted.

-- name: sources.known
-- Those that a person has not given up.
SELECT
    s.id,
    s.name,
    s.kind
FROM manifest_sources AS s
WHERE s.forgotten_at IS NULL;

-- name: sources.repository
SELECT s.repository
FROM manifest_sources AS s
WHERE s.name = %(name)s AND s.forgotten_at IS NULL;

-- name: sources.at_place
-- The source that was read at a place the last time it could be.
SELECT s.name
FROM manifest_sources AS s
WHERE
    s.forgotten_at IS NULL
    AND s.url = %(url)s
    AND s.branch IS NOT DISTINCT FROM %(branch)s
    AND s.subfolder IS NOT DISTINCT FROM %(subfolder)s
ORDER BY s.id DESC
LIMIT 1;

-- name: sources.rename
UPDATE manifest_sources
SET name = %(new)s
WHERE id = %(id)s;

-- name: sources.join_desired
-- Everything that one source ever wanted is another's from now on, its history too.
UPDATE desired_resources
SET source_id = %(new)s
WHERE source_id = %(old)s;

-- name: sources.join_resources
UPDATE resources
SET source_id = %(new)s
WHERE source_id = %(old)s;

-- name: sources.forget
UPDATE manifest_sources
SET forgotten_at = now()
WHERE id = %(id)s;

-- name: sources.disown
-- What a source wanted is nobody's from now on: managed as before, and removed by no manifest's absence.
UPDATE resources
SET source_id = NULL
WHERE source_id = %(id)s AND deleted_at IS NULL
RETURNING address, is_root;

-- name: sources.list
SELECT
    s.name,
    s.kind,
    s.url,
    s.branch,
    s.subfolder,
    s.repository,
    wanted.roots AS declared,
    owned.roots AS managed,
    last.id AS revision,
    last.commit_id AS commit,
    last.created_at AS read_at
FROM manifest_sources AS s
LEFT JOIN
    LATERAL (
        SELECT
            r.id,
            r.commit_id,
            r.created_at
        FROM revisions AS r
        WHERE r.source_id = s.id AND r.kind = 'manifests'
        ORDER BY r.id DESC
        LIMIT 1
    ) AS last
    ON TRUE
CROSS JOIN
    LATERAL (
        SELECT count(*) AS roots
        FROM desired_resources AS d
        WHERE d.source_id = s.id AND d.valid_to_revision IS NULL AND d.parent_id IS NULL
    ) AS wanted
CROSS JOIN
    LATERAL (
        SELECT count(*) AS roots
        FROM resources AS r
        WHERE
            r.source_id = s.id
            AND r.deleted_at IS NULL
            AND r.is_root
            AND r.management <> 'unmanaged'
    ) AS owned
WHERE s.forgotten_at IS NULL
ORDER BY s.name;

-- name: sources.wanted_by
-- Whose manifests want these roots, and where they say so.
SELECT
    d.address,
    s.name AS source,
    d.file,
    d.line
FROM desired_resources AS d
INNER JOIN manifest_sources AS s ON d.source_id = s.id
WHERE d.valid_to_revision IS NULL AND d.parent_id IS NULL AND d.address = ANY(%(addresses)s);

-- name: sources.last_words
-- A revision in which a source wants nothing: what a person says of one that is no more.
INSERT INTO revisions (source_id, message, content_hash, catalog_hash, actor)
SELECT
    %(source_id)s,
    'forgotten: nothing is removed because of it',
    sha256(''),
    coalesce(
        (
            SELECT r.catalog_hash
            FROM revisions AS r
            WHERE r.id = %(latest)s
        ),
        sha256('')
    ),
    current_setting('reconciler.actor')
RETURNING id;

-- name: sources.release_name
-- A name of a source that was given up is free again.
UPDATE manifest_sources
SET name = name || ' (forgotten, ' || id || ')'
WHERE name = %(name)s AND forgotten_at IS NOT NULL;
