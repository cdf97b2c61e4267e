-- Pins: what was rolled back, and stays so until its manifest says something else.

-- name: pins.live
-- All in force, of one source or of all of them, with what each went back to.
SELECT
    p.id,
    p.address,
    p.source_id,
    s.name AS source,
    p.revision_id AS revision,
    back.id AS back_to,
    back.commit_id AS back_to_commit,
    back.created_at AS back_to_at,
    p.manifest_hash,
    p.manifest_document,
    p.path,
    p.owner,
    p.created_at AS since,
    d.id IS NOT NULL AS is_wanted
FROM pins AS p
INNER JOIN manifest_sources AS s ON p.source_id = s.id
INNER JOIN revisions AS r ON p.revision_id = r.id
INNER JOIN revisions AS back ON r.back_to_revision = back.id
LEFT JOIN desired_resources AS d ON p.address = d.address AND d.valid_to_revision IS NULL
WHERE p.ended_at IS NULL AND (%(source_id)s::integer IS NULL OR p.source_id = %(source_id)s::integer)
ORDER BY p.address;

-- name: pins.insert
INSERT INTO pins (address, source_id, revision_id, manifest_hash, manifest_document, path, owner)
VALUES (
    %(address)s, %(source_id)s, %(revision_id)s, %(manifest_hash)s, %(manifest_document)s, %(path)s, %(owner)s
);

-- name: pins.end
UPDATE pins
SET
    ended_at = now(),
    ended_by = %(why)s
WHERE id = ANY(%(ids)s) AND ended_at IS NULL;

-- name: pins.join
UPDATE pins
SET source_id = %(new)s
WHERE source_id = %(old)s;

-- name: pins.end_of_source
UPDATE pins
SET
    ended_at = now(),
    ended_by = 'released'
WHERE source_id = %(source_id)s AND ended_at IS NULL;
