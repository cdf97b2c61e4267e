-- name: ids.names
-- The catalog's names in one answer, because every recording needs them.
SELECT
    'resource_types' AS kind,
    name,
    id
FROM resource_types
UNION ALL
SELECT
    'definitions' AS kind,
    name,
    id
FROM attribute_definitions
UNION ALL
SELECT
    'relationship_types' AS kind,
    name,
    id
FROM relationship_types
UNION ALL
SELECT
    'states' AS kind,
    name,
    id
FROM resource_states;

-- name: ids.endpoints
SELECT
    name,
    id
FROM provider_endpoints
WHERE deleted_at IS NULL;
