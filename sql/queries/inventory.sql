-- Providers, endpoints, credentials and places. An upsert that would change nothing writes nothing.

-- name: inventory.upsert_provider
INSERT INTO providers AS p (provider_type_id, name, display_name, description)
SELECT pt.id, %(name)s, %(display_name)s, %(description)s
FROM provider_types AS pt
WHERE pt.name = %(provider_type)s AND pt.retired_at IS NULL
ON CONFLICT (name) WHERE deleted_at IS NULL DO UPDATE
    SET
        provider_type_id = excluded.provider_type_id,
        display_name = excluded.display_name,
        description = excluded.description,
        updated_at = now()
    WHERE
    (p.provider_type_id, p.display_name, p.description)
    IS DISTINCT FROM (excluded.provider_type_id, excluded.display_name, excluded.description);

-- name: inventory.provider_type_of_provider
SELECT pt.name
FROM providers AS p
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
WHERE p.name = %(name)s AND p.deleted_at IS NULL;

-- name: inventory.provider_type
SELECT id FROM provider_types
WHERE name = %(name)s AND retired_at IS NULL;

-- name: inventory.provider
SELECT id FROM providers
WHERE name = %(name)s AND deleted_at IS NULL;

-- name: inventory.providers
SELECT p.name, pt.name AS provider_type, p.display_name, p.description
FROM providers AS p
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
WHERE p.deleted_at IS NULL
ORDER BY p.name;

-- name: inventory.upsert_endpoint
INSERT INTO provider_endpoints AS e (
    provider_id, name, display_name, url, ca_file, credential_id, drift_policy, request_limit_per_hour
)
SELECT
    p.id,
    %(name)s,
    %(display_name)s,
    %(url)s,
    %(ca_file)s,
    c.id,
    %(drift_policy)s,
    %(request_limit_per_hour)s
FROM providers AS p
LEFT JOIN provider_credentials AS c ON c.name = %(credential)s AND c.deleted_at IS NULL
WHERE p.name = %(provider)s AND p.deleted_at IS NULL
ON CONFLICT (name) WHERE deleted_at IS NULL DO UPDATE
    SET
        provider_id = excluded.provider_id,
        display_name = excluded.display_name,
        url = excluded.url,
        ca_file = excluded.ca_file,
        credential_id = excluded.credential_id,
        drift_policy = excluded.drift_policy,
        request_limit_per_hour = excluded.request_limit_per_hour,
        updated_at = now()
    WHERE
    (
        e.provider_id, e.display_name, e.url, e.ca_file, e.credential_id, e.drift_policy, e.request_limit_per_hour
    ) IS DISTINCT FROM (
        excluded.provider_id,
        excluded.display_name,
        excluded.url,
        excluded.ca_file,
        excluded.credential_id,
        excluded.drift_policy,
        excluded.request_limit_per_hour
    );

-- name: inventory.endpoint
SELECT id FROM provider_endpoints
WHERE name = %(name)s AND deleted_at IS NULL;

-- name: inventory.endpoints
SELECT
    e.name,
    p.name AS provider,
    pt.name AS provider_type,
    e.url,
    e.ca_file,
    c.name AS credential,
    e.drift_policy,
    e.request_limit_per_hour,
    e.display_name
FROM provider_endpoints AS e
INNER JOIN providers AS p ON e.provider_id = p.id
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
LEFT JOIN provider_credentials AS c ON e.credential_id = c.id AND c.deleted_at IS NULL
WHERE e.deleted_at IS NULL
ORDER BY e.name;

-- name: inventory.endpoint_settings
SELECT
    e.name AS endpoint,
    s.name,
    s.value_string,
    s.value_integer,
    s.value_decimal,
    s.value_boolean,
    s.value_datetime
FROM provider_endpoint_settings AS s
INNER JOIN provider_endpoints AS e ON s.provider_endpoint_id = e.id
WHERE e.deleted_at IS NULL
ORDER BY e.name, s.name;

-- name: inventory.settings_of_endpoint
SELECT name, value_string, value_integer, value_decimal, value_boolean, value_datetime
FROM provider_endpoint_settings
WHERE provider_endpoint_id = %(endpoint_id)s
ORDER BY name;

-- name: inventory.drop_endpoint_settings
DELETE FROM provider_endpoint_settings
WHERE provider_endpoint_id = %(endpoint_id)s AND NOT name = any(%(names)s::text[]);

-- name: inventory.put_endpoint_settings
INSERT INTO provider_endpoint_settings AS s (
    provider_endpoint_id, name, data_type, value_string, value_integer, value_decimal, value_boolean, value_datetime
)
SELECT
    %(owner_id)s,
    w.name,
    w.data_type,
    w.value_string,
    w.value_integer,
    w.value_decimal,
    w.value_boolean,
    w.value_datetime
FROM
    unnest(
        %(name)s::text[],
        %(data_type)s::text[],
        %(value_string)s::text[],
        %(value_integer)s::bigint[],
        %(value_decimal)s::numeric[],
        %(value_boolean)s::boolean[],
        %(value_datetime)s::timestamptz[]
    ) AS w (name, data_type, value_string, value_integer, value_decimal, value_boolean, value_datetime)
ON CONFLICT (provider_endpoint_id, name) DO UPDATE
    SET
        data_type = excluded.data_type,
        value_string = excluded.value_string,
        value_integer = excluded.value_integer,
        value_decimal = excluded.value_decimal,
        value_boolean = excluded.value_boolean,
        value_datetime = excluded.value_datetime
    WHERE
    (
        s.data_type,
        s.value_string,
        s.value_integer,
        s.value_decimal,
        s.value_boolean,
        s.value_datetime
    ) IS DISTINCT FROM (
        excluded.data_type,
        excluded.value_string,
        excluded.value_integer,
        excluded.value_decimal,
        excluded.value_boolean,
        excluded.value_datetime
    );

-- name: inventory.upsert_credential
INSERT INTO provider_credentials AS c (name, source, environment_variable, file_path, expires_at)
VALUES (%(name)s, %(source)s, %(environment)s, %(file)s, %(expires_at)s)
ON CONFLICT (name) WHERE deleted_at IS NULL DO UPDATE
    SET
        source = excluded.source,
        environment_variable = excluded.environment_variable,
        file_path = excluded.file_path,
        expires_at = excluded.expires_at,
        updated_at = now()
    WHERE
    (c.source, c.environment_variable, c.file_path, c.expires_at)
    IS DISTINCT FROM (excluded.source, excluded.environment_variable, excluded.file_path, excluded.expires_at);

-- name: inventory.credential
SELECT id, source, environment_variable, file_path
FROM provider_credentials
WHERE name = %(name)s AND deleted_at IS NULL;

-- name: inventory.credentials
SELECT name, environment_variable AS environment, file_path AS file, expires_at
FROM provider_credentials
WHERE deleted_at IS NULL
ORDER BY name;

-- name: inventory.set_fingerprint
-- Another value: what was known of the end of the one before says nothing of it.
UPDATE provider_credentials
SET
    fingerprint = %(fingerprint)s,
    value_expires_at = CASE WHEN fingerprint IS NULL THEN value_expires_at END,
    updated_at = now()
WHERE name = %(name)s AND deleted_at IS NULL AND fingerprint IS DISTINCT FROM %(fingerprint)s;

-- name: inventory.set_value_expiry
UPDATE provider_credentials
SET value_expires_at = %(expires_at)s, updated_at = now()
WHERE name = %(name)s AND deleted_at IS NULL AND value_expires_at IS DISTINCT FROM %(expires_at)s;

-- name: inventory.credential_expiries
SELECT name, least(expires_at, value_expires_at) AS expires_at
FROM provider_credentials
WHERE deleted_at IS NULL AND least(expires_at, value_expires_at) IS NOT NULL
ORDER BY name;

-- name: inventory.upsert_location
INSERT INTO locations AS l (name, display_name, country_code, city, latitude, longitude, time_zone)
VALUES (
    %(name)s, %(display_name)s, %(country_code)s, %(city)s, %(latitude)s, %(longitude)s, %(time_zone)s
)
ON CONFLICT (name) DO UPDATE
    SET
        display_name = excluded.display_name,
        country_code = excluded.country_code,
        city = excluded.city,
        latitude = excluded.latitude,
        longitude = excluded.longitude,
        time_zone = excluded.time_zone
    WHERE
    (l.display_name, l.country_code, l.city, l.latitude, l.longitude, l.time_zone)
    IS DISTINCT FROM (
        excluded.display_name,
        excluded.country_code,
        excluded.city,
        excluded.latitude,
        excluded.longitude,
        excluded.time_zone
    );

-- name: inventory.location
SELECT id FROM locations
WHERE name = %(name)s;

-- name: inventory.locations
SELECT name, display_name, country_code, city, latitude, longitude, time_zone
FROM locations
ORDER BY name;

-- name: inventory.upsert_datacenter
INSERT INTO datacenters AS d (location_id, name, display_name, description, time_zone)
SELECT l.id, %(name)s, %(display_name)s, %(description)s, %(time_zone)s
FROM locations AS l
WHERE l.name = %(location)s
ON CONFLICT (name) DO UPDATE
    SET
        location_id = excluded.location_id,
        display_name = excluded.display_name,
        description = excluded.description,
        time_zone = excluded.time_zone
    WHERE
    (d.location_id, d.display_name, d.description, d.time_zone)
    IS DISTINCT FROM (excluded.location_id, excluded.display_name, excluded.description, excluded.time_zone);

-- name: inventory.datacenter
SELECT id FROM datacenters
WHERE name = %(name)s;

-- name: inventory.datacenters
SELECT d.name, l.name AS location, d.display_name, d.description, d.time_zone
FROM datacenters AS d
INNER JOIN locations AS l ON d.location_id = l.id
ORDER BY d.name;

-- name: inventory.capabilities_of_datacenter
SELECT name, value_string, value_integer, value_decimal, value_boolean, value_datetime
FROM datacenter_capabilities
WHERE datacenter_id = %(datacenter_id)s
ORDER BY name;

-- name: inventory.datacenter_capabilities
SELECT
    d.name AS datacenter,
    c.name,
    c.value_string,
    c.value_integer,
    c.value_decimal,
    c.value_boolean,
    c.value_datetime
FROM datacenter_capabilities AS c
INNER JOIN datacenters AS d ON c.datacenter_id = d.id
ORDER BY d.name, c.name;

-- name: inventory.drop_capabilities
DELETE FROM datacenter_capabilities
WHERE datacenter_id = %(datacenter_id)s AND NOT name = any(%(names)s::text[]);

-- name: inventory.put_capabilities
INSERT INTO datacenter_capabilities AS c (
    datacenter_id, name, data_type, value_string, value_integer, value_decimal, value_boolean, value_datetime
)
SELECT
    %(owner_id)s,
    w.name,
    w.data_type,
    w.value_string,
    w.value_integer,
    w.value_decimal,
    w.value_boolean,
    w.value_datetime
FROM
    unnest(
        %(name)s::text[],
        %(data_type)s::text[],
        %(value_string)s::text[],
        %(value_integer)s::bigint[],
        %(value_decimal)s::numeric[],
        %(value_boolean)s::boolean[],
        %(value_datetime)s::timestamptz[]
    ) AS w (name, data_type, value_string, value_integer, value_decimal, value_boolean, value_datetime)
ON CONFLICT (datacenter_id, name) DO UPDATE
    SET
        data_type = excluded.data_type,
        value_string = excluded.value_string,
        value_integer = excluded.value_integer,
        value_decimal = excluded.value_decimal,
        value_boolean = excluded.value_boolean,
        value_datetime = excluded.value_datetime
    WHERE
    (
        c.data_type,
        c.value_string,
        c.value_integer,
        c.value_decimal,
        c.value_boolean,
        c.value_datetime
    ) IS DISTINCT FROM (
        excluded.data_type,
        excluded.value_string,
        excluded.value_integer,
        excluded.value_decimal,
        excluded.value_boolean,
        excluded.value_datetime
    );

-- name: inventory.put_provider_datacenter
INSERT INTO provider_datacenters (provider_id, datacenter_id, external_name)
SELECT p.id, d.id, d.name
FROM providers AS p
CROSS JOIN datacenters AS d
WHERE p.name = %(provider)s AND p.deleted_at IS NULL AND d.name = %(datacenter)s
ON CONFLICT (provider_id, datacenter_id) DO NOTHING;

-- name: inventory.provider_datacenters
SELECT p.name AS provider, d.name AS datacenter
FROM provider_datacenters AS pd
INNER JOIN providers AS p ON pd.provider_id = p.id
INNER JOIN datacenters AS d ON pd.datacenter_id = d.id
WHERE p.deleted_at IS NULL
ORDER BY p.name, d.name;

-- name: inventory.delete_provider_datacenter
DELETE FROM provider_datacenters AS pd
USING providers AS p, datacenters AS d
WHERE
    pd.provider_id = p.id
    AND pd.datacenter_id = d.id
    AND p.name = %(provider)s
    AND p.deleted_at IS NULL
    AND d.name = %(datacenter)s;
