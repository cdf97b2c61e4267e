-- Who provides: providers, their endpoints, credentials (never their values), and where things stand.
-- Written by `inventory` from manifests and by commands; removed softly, because history refers to it.

CREATE TABLE providers (
    id integer GENERATED ALWAYS AS IDENTITY,
    provider_type_id integer NOT NULL REFERENCES provider_types (id),
    name text NOT NULL,
    display_name text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT providers_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE providers IS
'A provider that someone has an account with, or owns. Written from manifests.';
COMMENT ON COLUMN providers.id IS
'Key.';
COMMENT ON COLUMN providers.provider_type_id IS
'Which driver speaks to it.';
COMMENT ON COLUMN providers.name IS
'Its name in manifests.';
COMMENT ON COLUMN providers.display_name IS
'The name for people.';
COMMENT ON COLUMN providers.description IS
'What it is.';
COMMENT ON COLUMN providers.created_at IS
'When the row was first written.';
COMMENT ON COLUMN providers.updated_at IS
'When it last changed.';
COMMENT ON COLUMN providers.deleted_at IS
'When it left the manifests; null while it is there.';
CREATE UNIQUE INDEX providers_name ON providers (name) WHERE deleted_at IS NULL;
CREATE INDEX providers_type ON providers (provider_type_id);

CREATE TABLE provider_credentials (
    id integer GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    source text NOT NULL,
    environment_variable text,
    file_path text,
    fingerprint text,
    expires_at timestamptz,
    value_expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT provider_credentials_pkey PRIMARY KEY (id),
    CONSTRAINT provider_credentials_source CHECK (source IN ('environment', 'file', 'stored')),
    CONSTRAINT provider_credentials_variable CHECK ((source = 'environment') = (environment_variable IS NOT NULL)),
    CONSTRAINT provider_credentials_file CHECK ((source = 'file') = (file_path IS NOT NULL)),
    CONSTRAINT provider_credentials_fingerprint CHECK (fingerprint ~ '^[0-9a-f]{12}$')
);

COMMENT ON TABLE provider_credentials IS
'Where a secret comes from; the secret itself is never in this table. Written from manifests and by commands.';
COMMENT ON COLUMN provider_credentials.id IS
'Key.';
COMMENT ON COLUMN provider_credentials.name IS
'Its name in manifests.';
COMMENT ON COLUMN provider_credentials.source IS
'environment, file, or stored (encrypted, in the schema vault).';
COMMENT ON COLUMN provider_credentials.environment_variable IS
'The variable that holds it, where source is environment.';
COMMENT ON COLUMN provider_credentials.file_path IS
'The file that holds it, where source is file.';
COMMENT ON COLUMN provider_credentials.fingerprint IS
'Keyed hash of the secret when it was last seen, 12 hexadecimal digits; null before.';
COMMENT ON COLUMN provider_credentials.expires_at IS
'When it is to be replaced, as its manifest says; null where it does not.';
COMMENT ON COLUMN provider_credentials.value_expires_at IS
'When the present value ceases to be accepted, as the provider said or who stored it; null where nobody did.';
COMMENT ON COLUMN provider_credentials.created_at IS
'When the row was first written.';
COMMENT ON COLUMN provider_credentials.updated_at IS
'When it last changed.';
COMMENT ON COLUMN provider_credentials.deleted_at IS
'When it was removed; null while it is there.';
CREATE UNIQUE INDEX provider_credentials_name ON provider_credentials (name) WHERE deleted_at IS NULL;

CREATE TABLE provider_endpoints (
    id integer GENERATED ALWAYS AS IDENTITY,
    provider_id integer NOT NULL REFERENCES providers (id),
    name text NOT NULL,
    display_name text NOT NULL DEFAULT '',
    url text NOT NULL,
    ca_file text,
    credential_id integer REFERENCES provider_credentials (id),
    drift_policy text NOT NULL DEFAULT 'heal',
    request_limit_per_hour integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT provider_endpoints_pkey PRIMARY KEY (id),
    CONSTRAINT provider_endpoints_drift_policy CHECK (drift_policy IN ('heal', 'report')),
    CONSTRAINT provider_endpoints_request_limit CHECK (request_limit_per_hour > 0)
);

COMMENT ON TABLE provider_endpoints IS
'An API that a provider is reached through: a project, a cluster, a region. Written from manifests.';
COMMENT ON COLUMN provider_endpoints.id IS
'Key.';
COMMENT ON COLUMN provider_endpoints.provider_id IS
'Whose it is.';
COMMENT ON COLUMN provider_endpoints.name IS
'Its name in manifests, unique among all endpoints.';
COMMENT ON COLUMN provider_endpoints.display_name IS
'The name for people.';
COMMENT ON COLUMN provider_endpoints.url IS
'Where it is reached.';
COMMENT ON COLUMN provider_endpoints.ca_file IS
'A file of certificates to trust instead of the system''s; null for the system''s.';
COMMENT ON COLUMN provider_endpoints.credential_id IS
'The secret to speak with; null where none is needed.';
COMMENT ON COLUMN provider_endpoints.drift_policy IS
'heal (set drift right) or report (only say so).';
COMMENT ON COLUMN provider_endpoints.request_limit_per_hour IS
'Most requests an hour that we allow ourselves; null for the provider''s own limit.';
COMMENT ON COLUMN provider_endpoints.created_at IS
'When the row was first written.';
COMMENT ON COLUMN provider_endpoints.updated_at IS
'When it last changed.';
COMMENT ON COLUMN provider_endpoints.deleted_at IS
'When it left the manifests; null while it is there.';
CREATE UNIQUE INDEX provider_endpoints_name ON provider_endpoints (name) WHERE deleted_at IS NULL;
CREATE INDEX provider_endpoints_provider ON provider_endpoints (provider_id);
CREATE INDEX provider_endpoints_credential ON provider_endpoints (credential_id);

CREATE TABLE provider_endpoint_settings (
    provider_endpoint_id integer NOT NULL REFERENCES provider_endpoints (id),
    name text NOT NULL,
    data_type text NOT NULL,
    value_string text,
    value_integer bigint,
    value_decimal numeric,
    value_boolean boolean,
    value_datetime timestamptz,
    CONSTRAINT provider_endpoint_settings_pkey PRIMARY KEY (provider_endpoint_id, name),
    CONSTRAINT provider_endpoint_settings_data_type CHECK (data_type IN ('string', 'integer', 'decimal', 'boolean', 'datetime')),
    CONSTRAINT provider_endpoint_settings_string CHECK ((data_type = 'string') = (value_string IS NOT NULL)),
    CONSTRAINT provider_endpoint_settings_integer CHECK ((data_type = 'integer') = (value_integer IS NOT NULL)),
    CONSTRAINT provider_endpoint_settings_decimal CHECK ((data_type = 'decimal') = (value_decimal IS NOT NULL)),
    CONSTRAINT provider_endpoint_settings_boolean CHECK ((data_type = 'boolean') = (value_boolean IS NOT NULL)),
    CONSTRAINT provider_endpoint_settings_datetime CHECK ((data_type = 'datetime') = (value_datetime IS NOT NULL))
);

COMMENT ON TABLE provider_endpoint_settings IS
'What an endpoint''s driver is told, one row a setting. Written from manifests.';
COMMENT ON COLUMN provider_endpoint_settings.provider_endpoint_id IS
'The endpoint.';
COMMENT ON COLUMN provider_endpoint_settings.name IS
'The setting, one of its provider type''s.';
COMMENT ON COLUMN provider_endpoint_settings.data_type IS
'Which of the values is set.';
COMMENT ON COLUMN provider_endpoint_settings.value_string IS
'The value where data_type is string; null otherwise.';
COMMENT ON COLUMN provider_endpoint_settings.value_integer IS
'The value where data_type is integer, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN provider_endpoint_settings.value_decimal IS
'The value where data_type is decimal, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN provider_endpoint_settings.value_boolean IS
'The value where data_type is boolean; null otherwise.';
COMMENT ON COLUMN provider_endpoint_settings.value_datetime IS
'The value where data_type is datetime; null otherwise.';

CREATE TABLE locations (
    id integer GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    display_name text NOT NULL DEFAULT '',
    country_code text,
    city text,
    latitude numeric(9, 6),
    longitude numeric(9, 6),
    time_zone text,
    CONSTRAINT locations_pkey PRIMARY KEY (id),
    CONSTRAINT locations_name UNIQUE (name),
    CONSTRAINT locations_country CHECK (country_code ~ '^[A-Z]{2}$'),
    CONSTRAINT locations_latitude CHECK (latitude BETWEEN -90 AND 90),
    CONSTRAINT locations_longitude CHECK (longitude BETWEEN -180 AND 180)
);

COMMENT ON TABLE locations IS
'A place on earth. Written from manifests.';
COMMENT ON COLUMN locations.id IS
'Key.';
COMMENT ON COLUMN locations.name IS
'Its name in manifests.';
COMMENT ON COLUMN locations.display_name IS
'The name for people.';
COMMENT ON COLUMN locations.country_code IS
'ISO 3166-1 alpha-2.';
COMMENT ON COLUMN locations.city IS
'The nearest city.';
COMMENT ON COLUMN locations.latitude IS
'Degrees north.';
COMMENT ON COLUMN locations.longitude IS
'Degrees east.';
COMMENT ON COLUMN locations.time_zone IS
'A name of the IANA time zone database, checked by a trigger.';

CREATE TABLE datacenters (
    id integer GENERATED ALWAYS AS IDENTITY,
    location_id integer NOT NULL REFERENCES locations (id),
    name text NOT NULL,
    display_name text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT '',
    time_zone text,
    CONSTRAINT datacenters_pkey PRIMARY KEY (id),
    CONSTRAINT datacenters_name UNIQUE (name),
    CONSTRAINT datacenters_placed UNIQUE (id, location_id)
);

COMMENT ON TABLE datacenters IS
'A building or room at a location. Written from manifests.';
COMMENT ON COLUMN datacenters.id IS
'Key.';
COMMENT ON COLUMN datacenters.location_id IS
'Where it is.';
COMMENT ON COLUMN datacenters.name IS
'Its name in manifests.';
COMMENT ON COLUMN datacenters.display_name IS
'The name for people.';
COMMENT ON COLUMN datacenters.description IS
'What it is.';
COMMENT ON COLUMN datacenters.time_zone IS
'A name of the IANA time zone database where it is not the location''s, checked by a trigger.';
CREATE INDEX datacenters_location ON datacenters (location_id);

CREATE TABLE datacenter_capabilities (
    datacenter_id integer NOT NULL REFERENCES datacenters (id),
    name text NOT NULL,
    data_type text NOT NULL DEFAULT 'boolean',
    value_string text,
    value_integer bigint,
    value_decimal numeric,
    value_boolean boolean,
    value_datetime timestamptz,
    unit text,
    CONSTRAINT datacenter_capabilities_pkey PRIMARY KEY (datacenter_id, name),
    CONSTRAINT datacenter_capabilities_data_type CHECK (data_type IN ('string', 'integer', 'decimal', 'boolean', 'datetime')),
    CONSTRAINT datacenter_capabilities_string CHECK ((data_type = 'string') = (value_string IS NOT NULL)),
    CONSTRAINT datacenter_capabilities_integer CHECK ((data_type = 'integer') = (value_integer IS NOT NULL)),
    CONSTRAINT datacenter_capabilities_decimal CHECK ((data_type = 'decimal') = (value_decimal IS NOT NULL)),
    CONSTRAINT datacenter_capabilities_boolean CHECK ((data_type = 'boolean') = (value_boolean IS NOT NULL)),
    CONSTRAINT datacenter_capabilities_datetime CHECK ((data_type = 'datetime') = (value_datetime IS NOT NULL))
);

COMMENT ON TABLE datacenter_capabilities IS
'What a datacenter can do, one row each. Written from manifests.';
COMMENT ON COLUMN datacenter_capabilities.datacenter_id IS
'The datacenter.';
COMMENT ON COLUMN datacenter_capabilities.name IS
'The capability, such as gpu or ipv6.';
COMMENT ON COLUMN datacenter_capabilities.data_type IS
'Which of the values is set.';
COMMENT ON COLUMN datacenter_capabilities.value_string IS
'The value where data_type is string; null otherwise.';
COMMENT ON COLUMN datacenter_capabilities.value_integer IS
'The value where data_type is integer, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN datacenter_capabilities.value_decimal IS
'The value where data_type is decimal, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN datacenter_capabilities.value_boolean IS
'The value where data_type is boolean; null otherwise.';
COMMENT ON COLUMN datacenter_capabilities.value_datetime IS
'The value where data_type is datetime; null otherwise.';
COMMENT ON COLUMN datacenter_capabilities.unit IS
'The unit of a number.';

CREATE TABLE provider_datacenters (
    provider_id integer NOT NULL REFERENCES providers (id),
    datacenter_id integer NOT NULL REFERENCES datacenters (id),
    external_name text NOT NULL,
    CONSTRAINT provider_datacenters_pkey PRIMARY KEY (provider_id, datacenter_id)
);

COMMENT ON TABLE provider_datacenters IS
'Which providers are in which datacenters. Written from manifests.';
COMMENT ON COLUMN provider_datacenters.provider_id IS
'The provider.';
COMMENT ON COLUMN provider_datacenters.datacenter_id IS
'A datacenter it is in.';
COMMENT ON COLUMN provider_datacenters.external_name IS
'What the provider calls it.';
CREATE INDEX provider_datacenters_datacenter ON provider_datacenters (datacenter_id);
