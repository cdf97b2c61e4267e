-- name: user_catalog.types
SELECT name
FROM resource_types
WHERE origin = 'user';
