-- name: ids.resource_types
SELECT
    name,
    id
FROM resource_types;

-- name: ids.definitions
SELECT
    name,
    id
FROM attribute_definitions;

-- name: ids.relationship_types
SELECT
    name,
    id
FROM relationship_types;

-- name: ids.endpoints
SELECT
    name,
    id
FROM provider_endpoints
WHERE deleted_at IS NULL;
