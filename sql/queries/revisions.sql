-- name: revisions.source
SELECT id
FROM manifest_sources
WHERE name = %(name)s;

-- name: revisions.upsert_source
-- Of a part that was read, nothing is said about where the whole is.
INSERT INTO manifest_sources AS s (name, kind, url, branch, subfolder, repository)
VALUES (%(name)s, %(kind)s, %(url)s, %(branch)s, %(subfolder)s, %(repository)s)
ON CONFLICT (name) DO UPDATE
    SET
        kind = CASE WHEN %(is_part)s THEN s.kind ELSE excluded.kind END,
        url = CASE WHEN %(is_part)s THEN s.url ELSE excluded.url END,
        branch = CASE WHEN %(is_part)s THEN s.branch ELSE excluded.branch END,
        subfolder = CASE WHEN %(is_part)s THEN s.subfolder ELSE excluded.subfolder END,
        repository = coalesce(excluded.repository, s.repository),
        forgotten_at = NULL
RETURNING id;

-- name: revisions.insert
INSERT INTO revisions (
    source_id, commit_id, author, authored_at, message, content_hash, catalog_hash, actor
)
VALUES (
    %(source_id)s,
    %(commit)s,
    %(author)s,
    %(authored_at)s,
    %(message)s,
    %(content_hash)s,
    %(catalog_hash)s,
    %(actor)s
)
RETURNING id;

-- name: revisions.latest
-- The newest one of any kind, and how the manifests were last read.
SELECT
    latest.id,
    read.commit_id,
    read.catalog_hash
FROM (
    SELECT max(r.id) AS id
    FROM revisions AS r
    WHERE r.source_id = %(source_id)s
) AS latest
CROSS JOIN
    LATERAL (
        SELECT
            r.commit_id,
            r.catalog_hash
        FROM revisions AS r
        WHERE r.source_id = %(source_id)s AND r.kind = 'manifests'
        ORDER BY r.id DESC
        LIMIT 1
    ) AS read;

-- name: revisions.current
-- The roots that a source wants now.
SELECT
    id,
    address,
    spec_hash,
    document_hash,
    path,
    file,
    line
FROM desired_resources
WHERE
    source_id = %(source_id)s
    AND valid_to_revision IS NULL
    AND parent_id IS NULL;

-- name: revisions.documents
-- What an unchanged document needs no parsing for: its address. The sub-query stands apart, so that it is hashed
-- and asked once, whatever the planner believes of the tables' sizes after a large load.
SELECT
    d.id,
    d.document_hash,
    d.address
FROM desired_resources AS d
WHERE
    d.source_id = %(source_id)s
    AND d.valid_to_revision IS NULL
    AND d.parent_id IS NULL
    AND d.document_hash IS NOT NULL
    AND d.id NOT IN (
        -- A document with a secret is read each time: the secret may have changed, though its text did not.
        SELECT coalesce(item.parent_id, item.id)
        FROM desired_attributes AS a
        INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id AND ad.is_secret
        INNER JOIN desired_resources AS item ON a.desired_resource_id = item.id
        WHERE item.valid_to_revision IS NULL
    );

-- name: revisions.references
-- What the documents of a source refer to, by their roots.
SELECT
    coalesce(item.parent_id, item.id) AS root_id,
    a.value_string AS target
FROM desired_resources AS item
INNER JOIN desired_attributes AS a ON item.id = a.desired_resource_id
INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id AND ad.format = 'reference'
WHERE item.source_id = %(source_id)s AND item.valid_to_revision IS NULL
UNION ALL
SELECT
    item.id AS root_id,
    rel.target_address AS target
FROM desired_resources AS item
INNER JOIN desired_relationships AS rel ON item.id = rel.desired_resource_id
WHERE item.source_id = %(source_id)s AND item.valid_to_revision IS NULL;

-- name: revisions.other_resources
SELECT d.address
FROM desired_resources AS d
INNER JOIN manifest_sources AS s ON d.source_id = s.id
WHERE d.valid_to_revision IS NULL AND d.parent_id IS NULL AND s.name <> %(source)s;

-- name: revisions.other_owners
-- Addresses that another source wants already: one resource has one source.
SELECT
    d.address,
    s.name,
    d.path,
    d.line,
    p.id IS NOT NULL AS is_rolled_back
FROM desired_resources AS d
INNER JOIN manifest_sources AS s ON d.source_id = s.id
LEFT JOIN pins AS p ON d.address = p.address AND p.ended_at IS NULL
WHERE
    d.valid_to_revision IS NULL
    AND d.source_id <> %(source_id)s
    AND d.address = ANY(%(addresses)s);

-- name: revisions.close
UPDATE desired_resources
SET valid_to_revision = %(revision_id)s
WHERE id = ANY(%(ids)s) OR parent_id = ANY(%(ids)s);

-- name: revisions.move
-- Documents that say what they said, at another place of their source.
UPDATE desired_resources AS d
SET
    path = moved.path,
    file = moved.file,
    line = moved.line
FROM unnest(%(id)s::bigint[], %(path)s::text[], %(file)s::text[], %(line)s::integer[]) AS moved (id, path, file, line)
WHERE d.id = moved.id;

-- name: revisions.reserve_ids
-- The sequence's name is asked for once, and not for each number.
SELECT nextval((SELECT pg_get_serial_sequence('desired_resources', 'id'))::regclass) AS id
FROM generate_series(1, %(count)s);

-- name: revisions.copy_resources
COPY staged_desired_resources (
    id, source_id, parent_id, address, resource_type_id, provider_endpoint_id, name, spec_hash,
    document_hash, file, path, line, column_number, prevent_destroy, on_remove, allow_downtime,
    replace_policy, create_before_destroy, location, datacenter, adopt_external_id,
    names_tags, valid_from_revision
) FROM STDIN;

-- name: revisions.copy_attributes
COPY staged_desired_attributes (
    desired_resource_id, resource_type_id, attribute_definition_id, ordinal, data_type, value_string,
    value_integer, value_decimal, value_boolean, value_datetime, value_credential, value_fingerprint, is_explicit
) FROM STDIN;

-- name: revisions.copy_cleared
COPY staged_desired_cleared_attributes (desired_resource_id, attribute_definition_id) FROM STDIN;

-- name: revisions.copy_tags
COPY staged_desired_tags (desired_resource_id, key, value) FROM STDIN;

-- name: revisions.copy_collections
COPY staged_desired_collections (desired_resource_id, resource_type_id) FROM STDIN;

-- name: revisions.copy_ignored
COPY staged_desired_ignored_attributes (desired_resource_id, name) FROM STDIN;

-- name: revisions.copy_relationships
COPY staged_desired_relationships (desired_resource_id, relationship_type_id, target_address) FROM STDIN;

-- name: revisions.apply_lifecycles
-- A guard holds from the moment its manifest is known, whether or not anything else changes.
UPDATE resources AS r
SET
    prevent_destroy = d.prevent_destroy,
    on_remove = d.on_remove,
    allow_downtime = d.allow_downtime,
    replace_policy = d.replace_policy,
    create_before_destroy = d.create_before_destroy,
    source_id = d.source_id,
    location_id = l.id,
    datacenter_id = dc.id
FROM desired_resources AS d
LEFT JOIN locations AS l ON d.location = l.name
LEFT JOIN datacenters AS dc ON d.datacenter = dc.name
WHERE
    d.valid_from_revision = %(revision_id)s
    AND d.valid_to_revision IS NULL
    AND d.parent_id IS NULL
    AND r.address = d.address
    AND r.deleted_at IS NULL
    AND r.management <> 'unmanaged'
    AND (
        r.prevent_destroy, r.on_remove, r.allow_downtime, r.replace_policy, r.create_before_destroy, r.source_id,
        r.location_id, r.datacenter_id
    ) IS DISTINCT FROM (
        d.prevent_destroy, d.on_remove, d.allow_downtime, d.replace_policy, d.create_before_destroy, d.source_id,
        l.id, dc.id
    );

-- name: revisions.restore_lifecycles
-- What only the database lost, or a person at a prompt changed there: the manifests' last word holds, also after they
-- are gone. Gives what was found, and what the manifest says.
WITH gone AS (
    SELECT r.address
    FROM resources AS r
    WHERE r.deleted_at IS NULL AND r.is_root AND r.management <> 'unmanaged'
    EXCEPT ALL
    SELECT d.address
    FROM desired_resources AS d
    WHERE d.valid_to_revision IS NULL AND d.parent_id IS NULL
),

said AS (
    SELECT d.*
    FROM desired_resources AS d
    WHERE d.valid_to_revision IS NULL AND d.parent_id IS NULL
    UNION ALL
    SELECT was.*
    FROM gone
    CROSS JOIN
        LATERAL (
            SELECT d.*
            FROM desired_resources AS d
            WHERE d.address = gone.address AND d.parent_id IS NULL
            ORDER BY d.valid_from_revision DESC
            LIMIT 1
        ) AS was
)

UPDATE resources AS r
SET
    prevent_destroy = d.prevent_destroy,
    on_remove = d.on_remove,
    allow_downtime = d.allow_downtime,
    replace_policy = d.replace_policy,
    create_before_destroy = d.create_before_destroy,
    source_id = s.id,
    location_id = l.id,
    datacenter_id = dc.id
FROM resources AS was
INNER JOIN said AS d ON was.address = d.address
-- What a source wanted that was forgotten is nobody's, and stays so.
LEFT JOIN manifest_sources AS s ON d.source_id = s.id AND s.forgotten_at IS NULL
LEFT JOIN locations AS l ON d.location = l.name
LEFT JOIN datacenters AS dc ON d.datacenter = dc.name
WHERE
    r.id = was.id
    AND was.deleted_at IS NULL
    AND was.management <> 'unmanaged'
    AND (
        r.prevent_destroy, r.on_remove, r.allow_downtime, r.replace_policy, r.create_before_destroy, r.source_id,
        r.location_id, r.datacenter_id
    ) IS DISTINCT FROM (
        d.prevent_destroy, d.on_remove, d.allow_downtime, d.replace_policy, d.create_before_destroy, s.id,
        l.id, dc.id
    )
RETURNING
    r.address,
    was.prevent_destroy AS prevent_destroy_was,
    r.prevent_destroy,
    was.on_remove AS on_remove_was,
    r.on_remove,
    was.allow_downtime AS allow_downtime_was,
    r.allow_downtime,
    was.replace_policy AS replace_policy_was,
    r.replace_policy,
    was.create_before_destroy AS create_before_destroy_was,
    r.create_before_destroy,
    was.source_id IS DISTINCT FROM r.source_id AS source_moved,
    was.location_id IS DISTINCT FROM r.location_id AS location_moved,
    was.datacenter_id IS DISTINCT FROM r.datacenter_id AS datacenter_moved;

-- name: desired.roots
WITH root AS MATERIALIZED (
    -- Each found by its address, however few or many there are.
    SELECT found.id
    FROM unnest(%(addresses)s::text[]) AS wanted (address)
    CROSS JOIN LATERAL (
        SELECT item.id
        FROM desired_resources AS item
        WHERE
            item.address = wanted.address
            AND item.valid_to_revision IS NULL
            AND item.parent_id IS NULL
        ORDER BY item.address
        LIMIT 1
    ) AS found
)

SELECT
    d.id,
    d.address,
    t.name AS resource_type,
    pt.name AS provider_type,
    e.name AS endpoint,
    d.prevent_destroy,
    d.on_remove,
    d.allow_downtime,
    d.replace_policy,
    d.create_before_destroy,
    d.location,
    d.datacenter,
    d.adopt_external_id,
    d.names_tags,
    d.file,
    d.line,
    d.column_number,
    d.parent_id
FROM desired_resources AS d
INNER JOIN resource_types AS t ON d.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON d.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
WHERE
    d.id = ANY(
        array(
            SELECT root.id
            FROM root
            UNION ALL
            SELECT part.id
            FROM root
            INNER JOIN desired_resources AS part ON root.id = part.parent_id
        )
    )
ORDER BY d.id;

-- name: desired.roots_as_of
-- What was wanted as a mark saw it.
WITH root AS MATERIALIZED (
    SELECT found.id
    FROM desired_as_of(%(mark)s, %(addresses)s::text[]) AS found
)

SELECT
    d.id,
    d.address,
    t.name AS resource_type,
    pt.name AS provider_type,
    e.name AS endpoint,
    d.prevent_destroy,
    d.on_remove,
    d.allow_downtime,
    d.replace_policy,
    d.create_before_destroy,
    d.location,
    d.datacenter,
    d.adopt_external_id,
    d.names_tags,
    d.file,
    d.line,
    d.column_number,
    d.parent_id
FROM desired_resources AS d
INNER JOIN resource_types AS t ON d.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON d.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
WHERE
    d.id = ANY(
        array(
            SELECT root.id
            FROM root
            UNION ALL
            SELECT part.id
            FROM root
            INNER JOIN desired_resources AS part ON root.id = part.parent_id
        )
    )
ORDER BY d.id;

-- name: desired.roots_of_hash
-- What was wanted at some time, the latest row of each.
WITH root AS MATERIALIZED (
    SELECT found.id
    FROM unnest(%(addresses)s::text[], %(spec_hashes)s::bytea[]) AS wanted (address, spec_hash)
    CROSS JOIN LATERAL (
        SELECT item.id
        FROM desired_resources AS item
        WHERE
            item.address = wanted.address
            AND item.spec_hash = wanted.spec_hash
            AND item.parent_id IS NULL
        ORDER BY item.valid_from_revision DESC
        LIMIT 1
    ) AS found
)

SELECT
    d.id,
    d.address,
    t.name AS resource_type,
    pt.name AS provider_type,
    e.name AS endpoint,
    d.prevent_destroy,
    d.on_remove,
    d.allow_downtime,
    d.replace_policy,
    d.create_before_destroy,
    d.location,
    d.datacenter,
    d.adopt_external_id,
    d.names_tags,
    d.file,
    d.line,
    d.column_number,
    d.parent_id
FROM desired_resources AS d
INNER JOIN resource_types AS t ON d.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON d.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
WHERE
    d.id = ANY(
        array(
            SELECT root.id
            FROM root
            UNION ALL
            SELECT part.id
            FROM root
            INNER JOIN desired_resources AS part ON root.id = part.parent_id
        )
    )
ORDER BY d.id;

-- name: desired.attributes
SELECT
    a.desired_resource_id,
    ad.name,
    a.value_string,
    a.value_integer,
    a.value_decimal,
    a.value_boolean,
    a.value_datetime,
    a.value_credential,
    a.value_fingerprint,
    NULL AS value_target_type,
    NULL AS value_key,
    NULL AS value_inner_key,
    a.is_explicit
FROM desired_attributes AS a
INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id
WHERE a.desired_resource_id = ANY(%(ids)s)
ORDER BY a.desired_resource_id, a.attribute_definition_id, a.ordinal;

-- name: desired.cleared
SELECT
    c.desired_resource_id,
    ad.name
FROM desired_cleared_attributes AS c
INNER JOIN attribute_definitions AS ad ON c.attribute_definition_id = ad.id
WHERE c.desired_resource_id = ANY(%(ids)s);

-- name: desired.tags
SELECT
    desired_resource_id,
    key,
    value
FROM desired_tags
WHERE desired_resource_id = ANY(%(ids)s);

-- name: desired.collections
SELECT
    c.desired_resource_id,
    t.name
FROM desired_collections AS c
INNER JOIN resource_types AS t ON c.resource_type_id = t.id
WHERE c.desired_resource_id = ANY(%(ids)s);

-- name: desired.ignored
SELECT
    desired_resource_id,
    name
FROM desired_ignored_attributes
WHERE desired_resource_id = ANY(%(ids)s);

-- name: desired.relationships
SELECT
    r.desired_resource_id,
    t.name,
    r.target_address
FROM desired_relationships AS r
INNER JOIN relationship_types AS t ON r.relationship_type_id = t.id
WHERE r.desired_resource_id = ANY(%(ids)s);

-- name: revisions.responsible
-- The revision that a resource is as it is wanted, or wanted no more, because of.
SELECT DISTINCT ON (d.address)
    d.address,
    coalesce(d.valid_to_revision, d.valid_from_revision) AS revision_id
FROM desired_resources AS d
WHERE d.parent_id IS NULL AND d.address = ANY(%(addresses)s)
ORDER BY d.address ASC, d.valid_from_revision DESC;
