-- Going back to what manifests said: what was wanted as of a revision, and what is wanted now.

-- name: rollback.revision_of_mark
-- The newest revision that a mark sees.
SELECT max(r.id)
FROM marks AS m
INNER JOIN revisions AS r
    ON
        m.epoch > r.epoch
        OR (m.epoch = r.epoch AND pg_visible_in_snapshot(r.xact, m.snapshot))
WHERE m.id = %(mark)s;

-- name: rollback.revision
SELECT
    r.id,
    r.commit_id AS commit,
    r.created_at AS at
FROM revisions AS r
WHERE r.id = %(revision)s;

-- name: rollback.lock_sources
-- In one order, and as the loader locks the one that it records: both see what the other has done.
SELECT s.id
FROM manifest_sources AS s
WHERE s.id = ANY(%(ids)s)
ORDER BY s.id
FOR UPDATE;

-- name: rollback.roots_at
-- The roots that manifests wanted as a mark saw them, or as of a revision; without either, those that they want now.
SELECT
    d.id,
    d.address,
    d.spec_hash,
    d.document_hash,
    d.source_id,
    s.name AS source,
    s.forgotten_at IS NOT NULL AS is_forgotten,
    e.name AS endpoint,
    e.deleted_at IS NOT NULL AS is_removed,
    d.path,
    d.file,
    d.line,
    d.column_number
FROM desired_resources AS d
INNER JOIN manifest_sources AS s ON d.source_id = s.id
INNER JOIN provider_endpoints AS e ON d.provider_endpoint_id = e.id
WHERE
    d.parent_id IS NULL
    AND (
        (%(mark)s::bigint IS NULL AND %(revision)s::bigint IS NULL AND d.valid_to_revision IS NULL)
        OR (
            %(mark)s::bigint IS NOT NULL
            AND d.id IN (SELECT held.id FROM desired_as_of(%(mark)s::bigint) AS held)
        )
        OR (
            %(mark)s::bigint IS NULL
            AND d.valid_from_revision <= %(revision)s::bigint
            AND (d.valid_to_revision IS NULL OR d.valid_to_revision > %(revision)s::bigint)
        )
    )
ORDER BY d.address;

-- name: rollback.insert_revision
-- A revision that no reading made. Its hashes are those of the last reading, which it changes nothing of.
INSERT INTO revisions (source_id, message, content_hash, catalog_hash, actor, kind, back_to_revision)
SELECT
    r.source_id,
    %(message)s,
    r.content_hash,
    r.catalog_hash,
    %(actor)s,
    'rollback',
    %(back_to)s
FROM revisions AS r
WHERE r.source_id = %(source_id)s
ORDER BY r.id DESC
LIMIT 1
RETURNING id;

-- name: rollback.referring
-- What is wanted now and refers to one of these roots, or to a part of one.
SELECT
    split_part(item.address, '/', 1) || '/' || split_part(item.address, '/', 2) AS address,
    split_part(a.value_string, '/', 1) || '/' || split_part(a.value_string, '/', 2) AS root
FROM desired_attributes AS a
INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id AND ad.format = 'reference'
INNER JOIN desired_resources AS item ON a.desired_resource_id = item.id
WHERE
    item.valid_to_revision IS NULL
    AND split_part(a.value_string, '/', 1) || '/' || split_part(a.value_string, '/', 2) = ANY(%(roots)s)
UNION
SELECT
    split_part(item.address, '/', 1) || '/' || split_part(item.address, '/', 2) AS address,
    rel.target_address AS root
FROM desired_relationships AS rel
INNER JOIN desired_resources AS item ON rel.desired_resource_id = item.id
WHERE item.valid_to_revision IS NULL AND rel.target_address = ANY(%(roots)s);

-- name: rollback.roots_of_hash
-- The newest of the rows that said so, of each.
SELECT
    d.id,
    d.address,
    d.spec_hash,
    d.document_hash,
    d.source_id,
    s.name AS source,
    s.forgotten_at IS NOT NULL AS is_forgotten,
    e.name AS endpoint,
    e.deleted_at IS NOT NULL AS is_removed,
    d.path,
    d.file,
    d.line,
    d.column_number
FROM unnest(%(addresses)s::text[], %(spec_hashes)s::bytea[]) AS wanted (address, spec_hash)
CROSS JOIN
    LATERAL (
        SELECT item.*
        FROM desired_resources AS item
        WHERE item.address = wanted.address AND item.spec_hash = wanted.spec_hash AND item.parent_id IS NULL
        ORDER BY item.valid_from_revision DESC
        LIMIT 1
    ) AS d
INNER JOIN manifest_sources AS s ON d.source_id = s.id
INNER JOIN provider_endpoints AS e ON d.provider_endpoint_id = e.id;

-- name: rollback.resources_of
-- Every row that was ever recorded of these roots and their parts.
SELECT r.id
FROM resources AS r
WHERE split_part(r.address, '/', 1) || '/' || split_part(r.address, '/', 2) = ANY(%(roots)s);

-- name: rollback.recorded_at
-- What was recorded in these rows as of a mark, of what was ours and there.
SELECT
    r.id,
    r.address,
    t.name AS resource_type,
    pt.name AS provider_type,
    r.external_id
FROM resources_as_of(%(mark)s, %(ids)s) AS r
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
WHERE r.deleted_at IS NULL AND r.management = 'managed' AND r.presence = 'present'
ORDER BY r.address;

-- name: rollback.attributes_at
SELECT
    a.resource_id,
    ad.name,
    a.value_string,
    a.value_integer,
    a.value_decimal,
    a.value_boolean,
    a.value_datetime,
    a.value_credential,
    a.value_fingerprint,
    a.value_target_type,
    a.value_key,
    a.value_inner_key
FROM attributes_as_of(%(mark)s, %(ids)s) AS a
INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id
ORDER BY a.resource_id, a.attribute_definition_id, a.ordinal;
