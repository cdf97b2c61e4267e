-- What a person may put between the loop and a resource, and take away again.

-- name: pauses.hold
INSERT INTO holds (address, endpoint_id, resource_type_id, tag_key, tag_value, owner, reason, until, while_wanted)
SELECT
    %(address)s,
    (
        SELECT e.id
        FROM provider_endpoints AS e
        WHERE e.name = %(endpoint)s AND e.deleted_at IS NULL
    ),
    (
        SELECT t.id
        FROM resource_types AS t
        WHERE t.name = %(resource_type)s
    ),
    %(tag_key)s,
    %(tag_value)s,
    %(owner)s,
    %(reason)s,
    %(until)s,
    %(while_wanted)s
RETURNING id, endpoint_id, resource_type_id;

-- name: pauses.release
-- By its number, or every hold on an address alone.
UPDATE holds
SET released_at = now()
WHERE
    released_at IS NULL
    AND (
        id::text = %(word)s
        OR (address = %(word)s AND endpoint_id IS NULL AND resource_type_id IS NULL AND tag_key IS NULL)
    );

-- name: pauses.release_unwanted
-- What was deleted although a manifest wanted it is held no more once that manifest is gone.
UPDATE holds
SET released_at = now()
WHERE released_at IS NULL AND while_wanted AND address = ANY(%(addresses)s);

-- name: pauses.release_of
UPDATE holds
SET released_at = now()
WHERE released_at IS NULL AND owner = %(owner)s;
