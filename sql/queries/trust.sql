-- Whose the inventory is, and which hosts a credential was given for.

-- name: trust.hosts
SELECT
    c.name AS credential,
    h.host
FROM provider_credential_hosts AS h
INNER JOIN provider_credentials AS c ON h.provider_credential_id = c.id AND c.deleted_at IS NULL
ORDER BY c.name, h.host;

-- name: trust.bind
INSERT INTO provider_credential_hosts (provider_credential_id, host, bound_by)
SELECT
    c.id,
    %(host)s,
    %(actor)s
FROM provider_credentials AS c
WHERE c.name = %(credential)s AND c.deleted_at IS NULL
ON CONFLICT DO NOTHING;

-- name: trust.declarations
-- Whose the objects of a kind are.
SELECT
    d.name,
    s.name AS source
FROM provider_declarations AS d
INNER JOIN manifest_sources AS s ON d.source_id = s.id
WHERE d.kind = %(kind)s;

-- name: trust.other_declarations
-- What another source declares.
SELECT
    d.kind,
    d.name,
    s.name AS source
FROM provider_declarations AS d
INNER JOIN manifest_sources AS s ON d.source_id = s.id
WHERE d.source_id <> %(source_id)s;

-- name: trust.declare
INSERT INTO provider_declarations (kind, name, source_id)
SELECT
    wanted.kind,
    wanted.name,
    %(source_id)s
FROM unnest(%(kinds)s::text[], %(names)s::text[]) AS wanted (kind, name)
ON CONFLICT DO NOTHING;

-- name: trust.give_up
-- What a source that was read whole declares no more.
DELETE FROM provider_declarations AS d
WHERE
    d.source_id = %(source_id)s
    AND NOT EXISTS (
        SELECT FROM unnest(%(kinds)s::text[], %(names)s::text[]) AS wanted (kind, name)
        WHERE wanted.kind = d.kind AND wanted.name = d.name
    );
