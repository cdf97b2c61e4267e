-- The catalog's rows: written whole where a part of it changed, read whole when a program starts.

-- name: catalog.lock
SELECT pg_advisory_xact_lock(hashtextextended('reconciler.catalog', 0));

-- name: catalog.parts
SELECT name, sha256 FROM catalog_parts;

-- name: catalog.delete_parts
DELETE FROM catalog_parts;

-- name: catalog.insert_part
INSERT INTO catalog_parts (name, sha256) VALUES (%(name)s, %(sha256)s);

-- name: catalog.clear_rules
-- First, because they refer to all the rest.
DELETE FROM provider_type_attributes;

-- name: catalog.clear_offers
DELETE FROM provider_resource_types;

-- name: catalog.clear_settings
DELETE FROM provider_type_settings;

-- name: catalog.clear_parents
DELETE FROM resource_type_parents;

-- name: catalog.clear_keys
DELETE FROM resource_type_keys;

-- name: catalog.clear_references
DELETE FROM attribute_reference_types;

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

-- name: catalog.upsert_provider_type
INSERT INTO provider_types (name, display_name, description)
VALUES (%(name)s, %(display_name)s, %(description)s)
ON CONFLICT (name) DO UPDATE
    SET display_name = excluded.display_name, description = excluded.description, retired_at = NULL;

-- name: catalog.insert_setting
INSERT INTO provider_type_settings (
    provider_type_id, name, position, data_type, cardinality, format, unit, display_name, description, is_secret
)
SELECT
    pt.id,
    %(name)s,
    %(position)s,
    %(data_type)s,
    %(cardinality)s,
    %(format)s,
    %(unit)s,
    %(display_name)s,
    %(description)s,
    %(is_secret)s
FROM provider_types AS pt
WHERE pt.name = %(provider_type)s;

-- name: catalog.upsert_resource_type
INSERT INTO resource_types (name, kind, family, collection, holds_data, display_name, description, origin)
VALUES (
    %(name)s, %(kind)s, %(family)s, %(collection)s, %(holds_data)s, %(display_name)s, %(description)s, %(origin)s
)
ON CONFLICT (name) DO UPDATE
    SET
        kind = excluded.kind,
        family = excluded.family,
        collection = excluded.collection,
        holds_data = excluded.holds_data,
        display_name = excluded.display_name,
        description = excluded.description,
        origin = excluded.origin,
        retired_at = NULL;

-- name: catalog.upsert_relationship_type
-- By hand, because a row with the number that `contains` must have is refused before any conflict is seen.
WITH described AS (
    UPDATE relationship_types
    SET description = %(description)s
    WHERE name = %(name)s AND description <> %(description)s
)

INSERT INTO relationship_types (name, description)
SELECT
    %(name)s,
    %(description)s
WHERE NOT EXISTS (
    SELECT FROM relationship_types AS t
    WHERE t.name = %(name)s
);

-- name: catalog.relationship_types
SELECT
    name,
    description
FROM relationship_types
ORDER BY name;

-- name: catalog.upsert_definition
INSERT INTO attribute_definitions (
    name, display_name, description, data_type, cardinality, format, unit, is_secret, relationship_type_id
)
VALUES (
    %(name)s,
    %(display_name)s,
    %(description)s,
    %(data_type)s,
    %(cardinality)s,
    %(format)s,
    %(unit)s,
    %(is_secret)s,
    (
        SELECT t.id FROM relationship_types AS t
        WHERE t.name = %(relationship)s
    )
)
ON CONFLICT (name) DO UPDATE
    SET
        display_name = excluded.display_name,
        description = excluded.description,
        data_type = excluded.data_type,
        cardinality = excluded.cardinality,
        format = excluded.format,
        unit = excluded.unit,
        is_secret = excluded.is_secret,
        relationship_type_id = excluded.relationship_type_id,
        retired_at = NULL;

-- name: catalog.insert_parent
INSERT INTO resource_type_parents (resource_type_id, parent_type_id, position)
SELECT t.id, parent.id, %(position)s
FROM resource_types AS t
CROSS JOIN resource_types AS parent
WHERE t.name = %(resource_type)s AND parent.name = %(parent)s;

-- name: catalog.insert_key
INSERT INTO resource_type_keys (resource_type_id, attribute_definition_id, position)
SELECT t.id, ad.id, %(position)s
FROM resource_types AS t
CROSS JOIN attribute_definitions AS ad
WHERE t.name = %(resource_type)s AND ad.name = %(attribute)s;

-- name: catalog.insert_reference
INSERT INTO attribute_reference_types (attribute_definition_id, resource_type_id, position)
SELECT ad.id, t.id, %(position)s
FROM attribute_definitions AS ad
CROSS JOIN resource_types AS t
WHERE ad.name = %(attribute)s AND t.name = %(resource_type)s;

-- name: catalog.insert_offer
INSERT INTO provider_resource_types (
    provider_type_id, resource_type_id, identity, unique_name, stores_tags
)
SELECT pt.id, t.id, %(identity)s, %(unique_name)s, %(stores_tags)s
FROM provider_types AS pt
CROSS JOIN resource_types AS t
WHERE pt.name = %(provider_type)s AND t.name = %(resource_type)s;

-- name: catalog.ensure_type_attribute
INSERT INTO resource_type_attributes (resource_type_id, attribute_definition_id, data_type)
SELECT t.id, ad.id, ad.data_type
FROM resource_types AS t
CROSS JOIN attribute_definitions AS ad
WHERE t.name = %(resource_type)s AND ad.name = %(attribute)s
ON CONFLICT (resource_type_id, attribute_definition_id) DO NOTHING;

-- name: catalog.insert_rule
INSERT INTO provider_type_attributes (
    provider_type_id, resource_type_id, attribute_definition_id, mutability, is_required, has_default,
    clear_when_unset, minimum, maximum, max_length, pattern, grow_only,
    also_definition_id, is_unique, unique_within_definition_id, unset_meaning
)
SELECT
    pt.id,
    t.id,
    ad.id,
    %(mutability)s,
    %(is_required)s,
    %(has_default)s,
    %(clear_when_unset)s,
    %(minimum)s,
    %(maximum)s,
    %(max_length)s,
    %(pattern)s,
    %(grow_only)s,
    also.id,
    %(is_unique)s,
    within.id,
    %(unset)s
FROM provider_types AS pt
CROSS JOIN resource_types AS t
CROSS JOIN attribute_definitions AS ad
LEFT JOIN attribute_definitions AS also ON also.name = %(also)s
LEFT JOIN attribute_definitions AS within ON within.name = %(unique_within)s
WHERE pt.name = %(provider_type)s AND t.name = %(resource_type)s AND ad.name = %(attribute)s;

-- name: catalog.insert_default
INSERT INTO provider_type_attribute_defaults (
    provider_type_id, resource_type_id, attribute_definition_id, ordinal, data_type,
    value_string, value_integer, value_decimal, value_boolean, value_datetime
)
SELECT
    pt.id,
    t.id,
    ad.id,
    %(ordinal)s,
    %(data_type)s,
    %(value_string)s,
    %(value_integer)s,
    %(value_decimal)s,
    %(value_boolean)s,
    %(value_datetime)s
FROM provider_types AS pt
CROSS JOIN resource_types AS t
CROSS JOIN attribute_definitions AS ad
WHERE pt.name = %(provider_type)s AND t.name = %(resource_type)s AND ad.name = %(attribute)s;

-- name: catalog.insert_allowed_value
INSERT INTO provider_type_attribute_allowed_values (
    provider_type_id, resource_type_id, attribute_definition_id, ordinal, data_type,
    value_string, value_integer, value_decimal, value_boolean, value_datetime
)
SELECT
    pt.id,
    t.id,
    ad.id,
    %(ordinal)s,
    %(data_type)s,
    %(value_string)s,
    %(value_integer)s,
    %(value_decimal)s,
    %(value_boolean)s,
    %(value_datetime)s
FROM provider_types AS pt
CROSS JOIN resource_types AS t
CROSS JOIN attribute_definitions AS ad
WHERE pt.name = %(provider_type)s AND t.name = %(resource_type)s AND ad.name = %(attribute)s;

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
