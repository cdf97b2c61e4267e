-- The catalog's rows: compared whole where a part of it changed, so that only what differs is written and has history;
-- read whole when a program starts.

-- name: catalog.lock
SELECT pg_advisory_xact_lock(hashtextextended('reconciler.catalog', 0));

-- name: catalog.parts
SELECT name, sha256 FROM catalog_parts;

-- name: catalog.delete_parts
DELETE FROM catalog_parts;

-- name: catalog.insert_part
INSERT INTO catalog_parts (name, sha256) VALUES (%(name)s, %(sha256)s);

-- name: catalog.drop_defaults
-- What leaves the catalog goes first, because what it refers to may change. A value of another data type is another value.
DELETE FROM provider_type_attribute_defaults AS r
USING provider_types AS pt, resource_types AS t, attribute_definitions AS ad
WHERE
    r.provider_type_id = pt.id
    AND r.resource_type_id = t.id
    AND r.attribute_definition_id = ad.id
    AND NOT EXISTS (
        SELECT
        FROM
            unnest(
                %(provider_type)s::text[],
                %(resource_type)s::text[],
                %(attribute)s::text[],
                %(ordinal)s::smallint[],
                %(data_type)s::text[]
            ) AS kept (provider_type, resource_type, attribute, ordinal, data_type)
        WHERE
            kept.provider_type = pt.name
            AND kept.resource_type = t.name
            AND kept.attribute = ad.name
            AND kept.ordinal = r.ordinal
            AND kept.data_type = r.data_type
    );

-- name: catalog.drop_allowed_values
DELETE FROM provider_type_attribute_allowed_values AS r
USING provider_types AS pt, resource_types AS t, attribute_definitions AS ad
WHERE
    r.provider_type_id = pt.id
    AND r.resource_type_id = t.id
    AND r.attribute_definition_id = ad.id
    AND NOT EXISTS (
        SELECT
        FROM
            unnest(
                %(provider_type)s::text[],
                %(resource_type)s::text[],
                %(attribute)s::text[],
                %(ordinal)s::smallint[],
                %(data_type)s::text[]
            ) AS kept (provider_type, resource_type, attribute, ordinal, data_type)
        WHERE
            kept.provider_type = pt.name
            AND kept.resource_type = t.name
            AND kept.attribute = ad.name
            AND kept.ordinal = r.ordinal
            AND kept.data_type = r.data_type
    );

-- name: catalog.drop_rules
DELETE FROM provider_type_attributes AS r
USING provider_types AS pt, resource_types AS t, attribute_definitions AS ad
WHERE
    r.provider_type_id = pt.id
    AND r.resource_type_id = t.id
    AND r.attribute_definition_id = ad.id
    AND NOT EXISTS (
        SELECT
        FROM
            unnest(
                %(provider_type)s::text[],
                %(resource_type)s::text[],
                %(attribute)s::text[]
            ) AS kept (provider_type, resource_type, attribute)
        WHERE kept.provider_type = pt.name AND kept.resource_type = t.name AND kept.attribute = ad.name
    );

-- name: catalog.drop_offers
DELETE FROM provider_resource_types AS r
USING provider_types AS pt, resource_types AS t
WHERE
    r.provider_type_id = pt.id
    AND r.resource_type_id = t.id
    AND NOT EXISTS (
        SELECT
        FROM
            unnest(
                %(provider_type)s::text[],
                %(resource_type)s::text[]
            ) AS kept (provider_type, resource_type)
        WHERE kept.provider_type = pt.name AND kept.resource_type = t.name
    );

-- name: catalog.drop_settings
DELETE FROM provider_type_settings AS r
USING provider_types AS pt
WHERE
    r.provider_type_id = pt.id
    AND NOT EXISTS (
        SELECT FROM unnest(%(provider_type)s::text[], %(name)s::text[]) AS kept (provider_type, name)
        WHERE kept.provider_type = pt.name AND kept.name = r.name
    );

-- name: catalog.drop_parents
DELETE FROM resource_type_parents AS r
USING resource_types AS t, resource_types AS parent
WHERE
    r.resource_type_id = t.id
    AND r.parent_type_id = parent.id
    AND NOT EXISTS (
        SELECT FROM unnest(%(resource_type)s::text[], %(parent)s::text[]) AS kept (resource_type, parent)
        WHERE kept.resource_type = t.name AND kept.parent = parent.name
    );

-- name: catalog.drop_keys
DELETE FROM resource_type_keys AS r
USING resource_types AS t, attribute_definitions AS ad
WHERE
    r.resource_type_id = t.id
    AND r.attribute_definition_id = ad.id
    AND NOT EXISTS (
        SELECT FROM unnest(%(resource_type)s::text[], %(attribute)s::text[]) AS kept (resource_type, attribute)
        WHERE kept.resource_type = t.name AND kept.attribute = ad.name
    );

-- name: catalog.drop_references
DELETE FROM attribute_reference_types AS r
USING attribute_definitions AS ad, resource_types AS t
WHERE
    r.attribute_definition_id = ad.id
    AND r.resource_type_id = t.id
    AND NOT EXISTS (
        SELECT FROM unnest(%(attribute)s::text[], %(resource_type)s::text[]) AS kept (attribute, resource_type)
        WHERE kept.attribute = ad.name AND kept.resource_type = t.name
    );

-- name: catalog.retire_provider_types
UPDATE provider_types
SET retired_at = now()
WHERE retired_at IS NULL AND NOT name = any(%(names)s);

-- name: catalog.retire_resource_types
UPDATE resource_types
SET retired_at = now()
WHERE retired_at IS NULL AND NOT name = any(%(names)s);

-- name: catalog.retire_definitions
UPDATE attribute_definitions
SET retired_at = now()
WHERE retired_at IS NULL AND NOT name = any(%(names)s);

-- name: catalog.put_provider_types
INSERT INTO provider_types AS pt (
    name, display_name, description
)
SELECT
    w.name, w.display_name, w.description
FROM
    unnest(
        %(name)s::text[],
        %(display_name)s::text[],
        %(description)s::text[]
    ) AS w (name, display_name, description)
ON CONFLICT (name) DO UPDATE
    SET
        display_name = excluded.display_name,
        description = excluded.description,
        retired_at = NULL
    WHERE
    (
        pt.display_name, pt.description, pt.retired_at
    ) IS DISTINCT FROM (
        excluded.display_name, excluded.description, NULL
    );

-- name: catalog.put_settings
INSERT INTO provider_type_settings AS s (
    provider_type_id, name, position, data_type, cardinality, format, unit, display_name, description, is_secret
)
SELECT
    pt.id, w.name, w.position, w.data_type, w.cardinality, w.format, w.unit, w.display_name, w.description,
    w.is_secret
FROM
    unnest(
        %(provider_type)s::text[],
        %(name)s::text[],
        %(position)s::smallint[],
        %(data_type)s::text[],
        %(cardinality)s::text[],
        %(format)s::text[],
        %(unit)s::text[],
        %(display_name)s::text[],
        %(description)s::text[],
        %(is_secret)s::boolean[]
    )
        AS w (
            provider_type, name, position, data_type, cardinality, format, unit, display_name, description, is_secret
        )
INNER JOIN provider_types AS pt ON w.provider_type = pt.name
ON CONFLICT (provider_type_id, name) DO UPDATE
    SET
        position = excluded.position,
        data_type = excluded.data_type,
        cardinality = excluded.cardinality,
        format = excluded.format,
        unit = excluded.unit,
        display_name = excluded.display_name,
        description = excluded.description,
        is_secret = excluded.is_secret
    WHERE
    (
        s.position, s.data_type, s.cardinality, s.format, s.unit, s.display_name, s.description, s.is_secret
    ) IS DISTINCT FROM (
        excluded.position, excluded.data_type, excluded.cardinality, excluded.format, excluded.unit,
        excluded.display_name, excluded.description, excluded.is_secret
    );

-- name: catalog.put_resource_types
INSERT INTO resource_types AS t (
    name, kind, family, collection, holds_data, display_name, description, origin
)
SELECT
    w.name, w.kind, w.family, w.collection, w.holds_data, w.display_name, w.description, w.origin
FROM
    unnest(
        %(name)s::text[],
        %(kind)s::text[],
        %(family)s::text[],
        %(collection)s::text[],
        %(holds_data)s::boolean[],
        %(display_name)s::text[],
        %(description)s::text[],
        %(origin)s::text[]
    ) AS w (name, kind, family, collection, holds_data, display_name, description, origin)
ON CONFLICT (name) DO UPDATE
    SET
        kind = excluded.kind,
        family = excluded.family,
        collection = excluded.collection,
        holds_data = excluded.holds_data,
        display_name = excluded.display_name,
        description = excluded.description,
        origin = excluded.origin,
        retired_at = NULL
    WHERE
    (
        t.kind, t.family, t.collection, t.holds_data, t.display_name, t.description, t.origin, t.retired_at
    ) IS DISTINCT FROM (
        excluded.kind, excluded.family, excluded.collection, excluded.holds_data, excluded.display_name,
        excluded.description, excluded.origin, NULL
    );

-- name: catalog.put_relationship_types
-- By hand, because a row with the number that `contains` must have is refused before any conflict is seen.
WITH wanted AS (
    SELECT w.name, w.description
    FROM unnest(%(name)s::text[], %(description)s::text[]) AS w (name, description)
),

described AS (
    UPDATE relationship_types AS t
    SET description = wanted.description
    FROM wanted
    WHERE t.name = wanted.name AND t.description <> wanted.description
)

INSERT INTO relationship_types (name, description)
SELECT wanted.name, wanted.description
FROM wanted
WHERE NOT EXISTS (
    SELECT FROM relationship_types AS t
    WHERE t.name = wanted.name
);

-- name: catalog.relationship_types
SELECT
    name,
    description
FROM relationship_types
ORDER BY name;

-- name: catalog.put_definitions
INSERT INTO attribute_definitions AS ad (
    name, display_name, description, data_type, cardinality, format, unit, is_secret,
    is_bookkeeping, relationship_type_id
)
SELECT
    w.name, w.display_name, w.description, w.data_type, w.cardinality, w.format, w.unit, w.is_secret, w.is_bookkeeping,
    t.id
FROM
    unnest(
        %(name)s::text[],
        %(display_name)s::text[],
        %(description)s::text[],
        %(data_type)s::text[],
        %(cardinality)s::text[],
        %(format)s::text[],
        %(unit)s::text[],
        %(is_secret)s::boolean[],
        %(is_bookkeeping)s::boolean[],
        %(relationship)s::text[]
    ) AS w (name, display_name, description, data_type, cardinality, format, unit, is_secret, is_bookkeeping, relationship)
LEFT JOIN relationship_types AS t ON w.relationship = t.name
ON CONFLICT (name) DO UPDATE
    SET
        display_name = excluded.display_name,
        description = excluded.description,
        data_type = excluded.data_type,
        cardinality = excluded.cardinality,
        format = excluded.format,
        unit = excluded.unit,
        is_secret = excluded.is_secret,
        is_bookkeeping = excluded.is_bookkeeping,
        relationship_type_id = excluded.relationship_type_id,
        retired_at = NULL
    WHERE
    (
        ad.display_name, ad.description, ad.data_type, ad.cardinality, ad.format, ad.unit, ad.is_secret,
        ad.is_bookkeeping, ad.relationship_type_id, ad.retired_at
    ) IS DISTINCT FROM (
        excluded.display_name, excluded.description, excluded.data_type, excluded.cardinality, excluded.format,
        excluded.unit, excluded.is_secret, excluded.is_bookkeeping, excluded.relationship_type_id, NULL
    );

-- name: catalog.put_parents
INSERT INTO resource_type_parents AS p (
    resource_type_id, parent_type_id, position
)
SELECT
    t.id, parent.id, w.position
FROM
    unnest(
        %(resource_type)s::text[],
        %(parent)s::text[],
        %(position)s::smallint[]
    ) AS w (resource_type, parent, position)
INNER JOIN resource_types AS t ON w.resource_type = t.name
INNER JOIN resource_types AS parent ON w.parent = parent.name
ON CONFLICT (resource_type_id, parent_type_id) DO UPDATE
    SET
        position = excluded.position
    WHERE p.position <> excluded.position;

-- name: catalog.put_keys
INSERT INTO resource_type_keys AS k (
    resource_type_id, attribute_definition_id, position
)
SELECT
    t.id, ad.id, w.position
FROM
    unnest(
        %(resource_type)s::text[],
        %(attribute)s::text[],
        %(position)s::smallint[]
    ) AS w (resource_type, attribute, position)
INNER JOIN resource_types AS t ON w.resource_type = t.name
INNER JOIN attribute_definitions AS ad ON w.attribute = ad.name
ON CONFLICT (resource_type_id, attribute_definition_id) DO UPDATE
    SET
        position = excluded.position
    WHERE k.position <> excluded.position;

-- name: catalog.put_references
INSERT INTO attribute_reference_types AS r (
    attribute_definition_id, resource_type_id, position
)
SELECT
    ad.id, t.id, w.position
FROM
    unnest(
        %(attribute)s::text[],
        %(resource_type)s::text[],
        %(position)s::smallint[]
    ) AS w (attribute, resource_type, position)
INNER JOIN attribute_definitions AS ad ON w.attribute = ad.name
INNER JOIN resource_types AS t ON w.resource_type = t.name
ON CONFLICT (attribute_definition_id, resource_type_id) DO UPDATE
    SET
        position = excluded.position
    WHERE r.position <> excluded.position;

-- name: catalog.put_offers
INSERT INTO provider_resource_types AS o (
    provider_type_id, resource_type_id, identity, unique_name, stores_tags
)
SELECT
    pt.id, t.id, w.identity, w.unique_name, w.stores_tags
FROM
    unnest(
        %(provider_type)s::text[],
        %(resource_type)s::text[],
        %(identity)s::text[],
        %(unique_name)s::boolean[],
        %(stores_tags)s::boolean[]
    ) AS w (provider_type, resource_type, identity, unique_name, stores_tags)
INNER JOIN provider_types AS pt ON w.provider_type = pt.name
INNER JOIN resource_types AS t ON w.resource_type = t.name
ON CONFLICT (provider_type_id, resource_type_id) DO UPDATE
    SET
        identity = excluded.identity,
        unique_name = excluded.unique_name,
        stores_tags = excluded.stores_tags
    WHERE
    (
        o.identity, o.unique_name, o.stores_tags
    ) IS DISTINCT FROM (
        excluded.identity, excluded.unique_name, excluded.stores_tags
    );

-- name: catalog.put_type_attributes
INSERT INTO resource_type_attributes (resource_type_id, attribute_definition_id, data_type)
SELECT DISTINCT t.id, ad.id, ad.data_type
FROM
    unnest(
        %(resource_type)s::text[],
        %(attribute)s::text[]
    ) AS w (resource_type, attribute)
INNER JOIN resource_types AS t ON w.resource_type = t.name
INNER JOIN attribute_definitions AS ad ON w.attribute = ad.name
ON CONFLICT (resource_type_id, attribute_definition_id) DO NOTHING;

-- name: catalog.put_rules
INSERT INTO provider_type_attributes AS r (
    provider_type_id, resource_type_id, attribute_definition_id, mutability, is_required, has_default,
    clear_when_unset, minimum, maximum, max_length, pattern, grow_only, also_definition_id, is_unique,
    unique_within_definition_id, unset_meaning
)
SELECT
    pt.id, t.id, ad.id, w.mutability, w.is_required, w.has_default, w.clear_when_unset, w.minimum, w.maximum,
    w.max_length, w.pattern, w.grow_only, also.id, w.is_unique, within.id, w.unset
FROM
    unnest(
        %(provider_type)s::text[],
        %(resource_type)s::text[],
        %(attribute)s::text[],
        %(mutability)s::text[],
        %(is_required)s::boolean[],
        %(has_default)s::boolean[],
        %(clear_when_unset)s::boolean[],
        %(minimum)s::bigint[],
        %(maximum)s::bigint[],
        %(max_length)s::integer[],
        %(pattern)s::text[],
        %(grow_only)s::boolean[],
        %(also)s::text[],
        %(is_unique)s::boolean[],
        %(unique_within)s::text[],
        %(unset)s::text[]
    )
        AS w (
            provider_type, resource_type, attribute, mutability, is_required, has_default, clear_when_unset, minimum,
            maximum, max_length, pattern, grow_only, also, is_unique, unique_within, unset
        )
INNER JOIN provider_types AS pt ON w.provider_type = pt.name
INNER JOIN resource_types AS t ON w.resource_type = t.name
INNER JOIN attribute_definitions AS ad ON w.attribute = ad.name
LEFT JOIN attribute_definitions AS also ON w.also = also.name
LEFT JOIN attribute_definitions AS within ON w.unique_within = within.name
ON CONFLICT (provider_type_id, resource_type_id, attribute_definition_id) DO UPDATE
    SET
        mutability = excluded.mutability,
        is_required = excluded.is_required,
        has_default = excluded.has_default,
        clear_when_unset = excluded.clear_when_unset,
        minimum = excluded.minimum,
        maximum = excluded.maximum,
        max_length = excluded.max_length,
        pattern = excluded.pattern,
        grow_only = excluded.grow_only,
        also_definition_id = excluded.also_definition_id,
        is_unique = excluded.is_unique,
        unique_within_definition_id = excluded.unique_within_definition_id,
        unset_meaning = excluded.unset_meaning
    WHERE
    (
        r.mutability, r.is_required, r.has_default, r.clear_when_unset, r.minimum, r.maximum, r.max_length,
        r.pattern, r.grow_only, r.also_definition_id, r.is_unique, r.unique_within_definition_id, r.unset_meaning
    ) IS DISTINCT FROM (
        excluded.mutability, excluded.is_required, excluded.has_default, excluded.clear_when_unset,
        excluded.minimum, excluded.maximum, excluded.max_length, excluded.pattern, excluded.grow_only,
        excluded.also_definition_id, excluded.is_unique, excluded.unique_within_definition_id,
        excluded.unset_meaning
    );

-- name: catalog.put_defaults
INSERT INTO provider_type_attribute_defaults AS d (
    provider_type_id, resource_type_id, attribute_definition_id, ordinal, data_type, value_string, value_integer,
    value_decimal, value_boolean, value_datetime
)
SELECT
    pt.id, t.id, ad.id, w.ordinal, w.data_type, w.value_string, w.value_integer, w.value_decimal, w.value_boolean,
    w.value_datetime
FROM
    unnest(
        %(provider_type)s::text[],
        %(resource_type)s::text[],
        %(attribute)s::text[],
        %(ordinal)s::smallint[],
        %(data_type)s::text[],
        %(value_string)s::text[],
        %(value_integer)s::bigint[],
        %(value_decimal)s::numeric[],
        %(value_boolean)s::boolean[],
        %(value_datetime)s::timestamptz[]
    )
        AS w (
            provider_type, resource_type, attribute, ordinal, data_type, value_string, value_integer, value_decimal,
            value_boolean, value_datetime
        )
INNER JOIN provider_types AS pt ON w.provider_type = pt.name
INNER JOIN resource_types AS t ON w.resource_type = t.name
INNER JOIN attribute_definitions AS ad ON w.attribute = ad.name
ON CONFLICT (provider_type_id, resource_type_id, attribute_definition_id, ordinal) DO UPDATE
    SET
        data_type = excluded.data_type,
        value_string = excluded.value_string,
        value_integer = excluded.value_integer,
        value_decimal = excluded.value_decimal,
        value_boolean = excluded.value_boolean,
        value_datetime = excluded.value_datetime
    WHERE
    (
        d.data_type, d.value_string, d.value_integer, d.value_decimal, d.value_boolean, d.value_datetime
    ) IS DISTINCT FROM (
        excluded.data_type, excluded.value_string, excluded.value_integer, excluded.value_decimal,
        excluded.value_boolean, excluded.value_datetime
    );

-- name: catalog.put_allowed_values
INSERT INTO provider_type_attribute_allowed_values AS v (
    provider_type_id, resource_type_id, attribute_definition_id, ordinal, data_type, value_string, value_integer,
    value_decimal, value_boolean, value_datetime
)
SELECT
    pt.id, t.id, ad.id, w.ordinal, w.data_type, w.value_string, w.value_integer, w.value_decimal, w.value_boolean,
    w.value_datetime
FROM
    unnest(
        %(provider_type)s::text[],
        %(resource_type)s::text[],
        %(attribute)s::text[],
        %(ordinal)s::smallint[],
        %(data_type)s::text[],
        %(value_string)s::text[],
        %(value_integer)s::bigint[],
        %(value_decimal)s::numeric[],
        %(value_boolean)s::boolean[],
        %(value_datetime)s::timestamptz[]
    )
        AS w (
            provider_type, resource_type, attribute, ordinal, data_type, value_string, value_integer, value_decimal,
            value_boolean, value_datetime
        )
INNER JOIN provider_types AS pt ON w.provider_type = pt.name
INNER JOIN resource_types AS t ON w.resource_type = t.name
INNER JOIN attribute_definitions AS ad ON w.attribute = ad.name
ON CONFLICT (provider_type_id, resource_type_id, attribute_definition_id, ordinal) DO UPDATE
    SET
        data_type = excluded.data_type,
        value_string = excluded.value_string,
        value_integer = excluded.value_integer,
        value_decimal = excluded.value_decimal,
        value_boolean = excluded.value_boolean,
        value_datetime = excluded.value_datetime
    WHERE
    (
        v.data_type, v.value_string, v.value_integer, v.value_decimal, v.value_boolean, v.value_datetime
    ) IS DISTINCT FROM (
        excluded.data_type, excluded.value_string, excluded.value_integer, excluded.value_decimal,
        excluded.value_boolean, excluded.value_datetime
    );

-- name: catalog.provider_types
SELECT name, display_name, description
FROM provider_types
WHERE retired_at IS NULL
ORDER BY name;

-- name: catalog.settings
SELECT
    pt.name AS provider_type,
    s.name,
    s.data_type,
    s.cardinality,
    s.format,
    s.unit,
    s.display_name,
    s.description,
    s.is_secret
FROM provider_type_settings AS s
INNER JOIN provider_types AS pt ON s.provider_type_id = pt.id
ORDER BY pt.name, s.position;

-- name: catalog.resource_types
SELECT name, kind, family, collection, holds_data, display_name, description
FROM resource_types
WHERE retired_at IS NULL
ORDER BY name;

-- name: catalog.parents
SELECT t.name AS resource_type, parent.name
FROM resource_type_parents AS p
INNER JOIN resource_types AS t ON p.resource_type_id = t.id
INNER JOIN resource_types AS parent ON p.parent_type_id = parent.id
ORDER BY t.name, p.position;

-- name: catalog.keys
SELECT t.name AS resource_type, ad.name
FROM resource_type_keys AS k
INNER JOIN resource_types AS t ON k.resource_type_id = t.id
INNER JOIN attribute_definitions AS ad ON k.attribute_definition_id = ad.id
ORDER BY t.name, k.position;

-- name: catalog.definitions
SELECT
    ad.name,
    ad.data_type,
    ad.cardinality,
    ad.format,
    ad.unit,
    ad.display_name,
    ad.description,
    ad.is_secret,
    ad.is_bookkeeping,
    rt.name AS relationship
FROM attribute_definitions AS ad
LEFT JOIN relationship_types AS rt ON ad.relationship_type_id = rt.id
WHERE ad.retired_at IS NULL
ORDER BY ad.name;

-- name: catalog.references
SELECT ad.name AS attribute, t.name
FROM attribute_reference_types AS r
INNER JOIN attribute_definitions AS ad ON r.attribute_definition_id = ad.id
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
ORDER BY ad.name, r.position;

-- name: catalog.offers
SELECT pt.name AS provider_type, t.name AS resource_type, o.identity, o.unique_name, o.stores_tags
FROM provider_resource_types AS o
INNER JOIN provider_types AS pt ON o.provider_type_id = pt.id
INNER JOIN resource_types AS t ON o.resource_type_id = t.id
ORDER BY pt.name, t.name;

-- name: catalog.rules
SELECT
    pt.name AS provider_type,
    t.name AS resource_type,
    ad.name AS attribute,
    r.mutability,
    r.is_required,
    r.has_default,
    r.clear_when_unset,
    r.minimum,
    r.maximum,
    r.max_length,
    r.pattern,
    r.grow_only,
    also.name AS also,
    r.is_unique,
    within.name AS unique_within,
    r.unset_meaning
FROM provider_type_attributes AS r
INNER JOIN provider_types AS pt ON r.provider_type_id = pt.id
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN attribute_definitions AS ad ON r.attribute_definition_id = ad.id
LEFT JOIN attribute_definitions AS also ON r.also_definition_id = also.id
LEFT JOIN attribute_definitions AS within ON r.unique_within_definition_id = within.id
ORDER BY pt.name, t.name, ad.name;

-- name: catalog.defaults
SELECT
    pt.name AS provider_type,
    t.name AS resource_type,
    ad.name AS attribute,
    d.value_string,
    d.value_integer,
    d.value_decimal,
    d.value_boolean,
    d.value_datetime
FROM provider_type_attribute_defaults AS d
INNER JOIN provider_types AS pt ON d.provider_type_id = pt.id
INNER JOIN resource_types AS t ON d.resource_type_id = t.id
INNER JOIN attribute_definitions AS ad ON d.attribute_definition_id = ad.id
ORDER BY pt.name, t.name, ad.name, d.ordinal;

-- name: catalog.allowed_values
SELECT
    pt.name AS provider_type,
    t.name AS resource_type,
    ad.name AS attribute,
    v.value_string,
    v.value_integer,
    v.value_decimal,
    v.value_boolean,
    v.value_datetime
FROM provider_type_attribute_allowed_values AS v
INNER JOIN provider_types AS pt ON v.provider_type_id = pt.id
INNER JOIN resource_types AS t ON v.resource_type_id = t.id
INNER JOIN attribute_definitions AS ad ON v.attribute_definition_id = ad.id
ORDER BY pt.name, t.name, ad.name, v.ordinal;
