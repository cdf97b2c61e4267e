-- The catalog: which provider types, resource types and attributes there are, and how each can change.
-- Written by `catalog_rows.sync` from the drivers' data files and the users' manifests, by nobody else.

CREATE TABLE installation (
    singleton boolean NOT NULL DEFAULT TRUE,
    uid uuid NOT NULL DEFAULT gen_random_uuid(),
    key_id text,
    CONSTRAINT installation_pkey PRIMARY KEY (singleton),
    CONSTRAINT installation_one_row CHECK (singleton)
);

COMMENT ON TABLE installation IS
'This installation''s identity, the owner in every mark on a provider''s object. One row, made by the seed.';
COMMENT ON COLUMN installation.singleton IS
'Always true: there is one row.';
COMMENT ON COLUMN installation.uid IS
'The installation''s id; never changes, or every object of ours becomes a stranger.';
COMMENT ON COLUMN installation.key_id IS
'Which master key the vault''s keys are under, as its last change left it; NULL before the first use. Written with
vault.installation_key, so that the history says when it changed and by whom.';

CREATE TABLE catalog_parts (
    name text NOT NULL,
    sha256 bytea NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT catalog_parts_pkey PRIMARY KEY (name),
    CONSTRAINT catalog_parts_sha256 CHECK (octet_length(sha256) = 32)
);

COMMENT ON TABLE catalog_parts IS
'The parts the catalog was last made of, so that an unchanged catalog costs one query. Written by the catalog''s sync.';
COMMENT ON COLUMN catalog_parts.name IS
'The part''s name: the package and file of a driver''s catalog, or a user''s manifest.';
COMMENT ON COLUMN catalog_parts.sha256 IS
'SHA-256 of the part''s content.';
COMMENT ON COLUMN catalog_parts.updated_at IS
'When the part was last written into the tables.';

CREATE TABLE provider_types (
    id integer GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    display_name text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT '',
    retired_at timestamptz,
    CONSTRAINT provider_types_pkey PRIMARY KEY (id),
    CONSTRAINT provider_types_name UNIQUE (name)
);

COMMENT ON TABLE provider_types IS
'Kinds of providers, one for each driver: hetzner, proxmox and so on. Written by the catalog''s sync.';
COMMENT ON COLUMN provider_types.id IS
'Key.';
COMMENT ON COLUMN provider_types.name IS
'The driver''s entry point name.';
COMMENT ON COLUMN provider_types.display_name IS
'The name for people.';
COMMENT ON COLUMN provider_types.description IS
'What it is.';
COMMENT ON COLUMN provider_types.retired_at IS
'When it left the catalog; rows that refer to it stay. Null while it is in use.';

CREATE TABLE provider_type_settings (
    provider_type_id integer NOT NULL REFERENCES provider_types (id),
    name text NOT NULL,
    position smallint NOT NULL,
    data_type text NOT NULL,
    cardinality text NOT NULL,
    format text NOT NULL,
    unit text,
    display_name text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT '',
    is_secret boolean NOT NULL DEFAULT FALSE,
    CONSTRAINT provider_type_settings_pkey PRIMARY KEY (provider_type_id, name),
    CONSTRAINT provider_type_settings_cardinality CHECK (cardinality IN ('one', 'set', 'list')),
    CONSTRAINT provider_type_settings_data_type CHECK (data_type IN ('string', 'integer', 'decimal', 'boolean', 'datetime'))
);

COMMENT ON TABLE provider_type_settings IS
'The settings that a provider type''s driver reads from an endpoint. Written by the catalog''s sync.';
COMMENT ON COLUMN provider_type_settings.provider_type_id IS
'The provider type.';
COMMENT ON COLUMN provider_type_settings.name IS
'The setting''s name in a manifest.';
COMMENT ON COLUMN provider_type_settings.position IS
'Its place in the driver''s list, from 0.';
COMMENT ON COLUMN provider_type_settings.data_type IS
'string, integer, decimal, boolean or datetime.';
COMMENT ON COLUMN provider_type_settings.cardinality IS
'one, set or list.';
COMMENT ON COLUMN provider_type_settings.format IS
'What the value means beyond its type; a name of the model''s formats.';
COMMENT ON COLUMN provider_type_settings.unit IS
'The unit of a number.';
COMMENT ON COLUMN provider_type_settings.display_name IS
'The name for people.';
COMMENT ON COLUMN provider_type_settings.description IS
'What it does.';
COMMENT ON COLUMN provider_type_settings.is_secret IS
'Whether its value is the name of a credential.';

CREATE TABLE relationship_types (
    id integer GENERATED ALWAYS AS IDENTITY (START WITH 100),
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    CONSTRAINT relationship_types_pkey PRIMARY KEY (id),
    CONSTRAINT relationship_types_name UNIQUE (name),
    CONSTRAINT relationship_types_contains CHECK ((id = 1) = (name = 'contains'))
);

COMMENT ON TABLE relationship_types IS
'Named meanings of a tie between two resources. The parent is what is depended on, contains, hosts or is joined. Seeded; a catalog may add more.';
COMMENT ON COLUMN relationship_types.id IS
'Key. Below 100: the seed''s, the same in every database.';
COMMENT ON COLUMN relationship_types.name IS
'contains, depends_on, member_of, attached_to and so on.';
COMMENT ON COLUMN relationship_types.description IS
'What the parent is to the child.';

CREATE TABLE resource_types (
    id integer GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    kind text NOT NULL,
    family text NOT NULL,
    collection text,
    holds_data boolean NOT NULL DEFAULT FALSE,
    display_name text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT '',
    origin text NOT NULL DEFAULT 'driver',
    retired_at timestamptz,
    CONSTRAINT resource_types_pkey PRIMARY KEY (id),
    CONSTRAINT resource_types_name UNIQUE (name),
    CONSTRAINT resource_types_kind UNIQUE (kind),
    CONSTRAINT resource_types_family CHECK (family IN ('machine', 'object')),
    CONSTRAINT resource_types_origin CHECK (origin IN ('driver', 'user'))
);

COMMENT ON TABLE resource_types IS
'Kinds of resources. A part (it has parents) is written inside its parent in a manifest. Written by the catalog''s sync.';
COMMENT ON COLUMN resource_types.id IS
'Key.';
COMMENT ON COLUMN resource_types.name IS
'Its name in an address: vm.';
COMMENT ON COLUMN resource_types.kind IS
'Its name in a manifest: VirtualMachine.';
COMMENT ON COLUMN resource_types.family IS
'machine (runs and stops) or object (is just there): which states it passes through.';
COMMENT ON COLUMN resource_types.collection IS
'The key under which a parent lists its parts; null for what stands alone.';
COMMENT ON COLUMN resource_types.holds_data IS
'Whether losing it loses what people stored.';
COMMENT ON COLUMN resource_types.display_name IS
'The name for people.';
COMMENT ON COLUMN resource_types.description IS
'What it is.';
COMMENT ON COLUMN resource_types.origin IS
'driver (shipped) or user (from a manifest).';
COMMENT ON COLUMN resource_types.retired_at IS
'When it left the catalog; rows that refer to it stay. Null while it is in use.';

CREATE TABLE resource_type_parents (
    resource_type_id integer NOT NULL REFERENCES resource_types (id),
    parent_type_id integer NOT NULL REFERENCES resource_types (id),
    position smallint NOT NULL,
    CONSTRAINT resource_type_parents_pkey PRIMARY KEY (resource_type_id, parent_type_id)
);

COMMENT ON TABLE resource_type_parents IS
'Which types may contain a part type. Written by the catalog''s sync.';
COMMENT ON COLUMN resource_type_parents.resource_type_id IS
'The part''s type.';
COMMENT ON COLUMN resource_type_parents.parent_type_id IS
'The type that may contain it.';
COMMENT ON COLUMN resource_type_parents.position IS
'The parent''s place in the catalog''s list, from 0.';
CREATE INDEX resource_type_parents_parent ON resource_type_parents (parent_type_id);

CREATE TABLE attribute_definitions (
    id integer GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    display_name text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT '',
    data_type text NOT NULL,
    cardinality text NOT NULL DEFAULT 'one',
    format text NOT NULL DEFAULT 'plain',
    unit text,
    is_secret boolean NOT NULL DEFAULT FALSE,
    is_bookkeeping boolean NOT NULL DEFAULT FALSE,
    relationship_type_id integer REFERENCES relationship_types (id),
    retired_at timestamptz,
    CONSTRAINT attribute_definitions_pkey PRIMARY KEY (id),
    CONSTRAINT attribute_definitions_name UNIQUE (name),
    CONSTRAINT attribute_definitions_typed UNIQUE (id, data_type),
    CONSTRAINT attribute_definitions_cardinality CHECK (cardinality IN ('one', 'set', 'list', 'map')),
    CONSTRAINT attribute_definitions_data_type CHECK (data_type IN ('string', 'integer', 'decimal', 'boolean', 'datetime'))
);

COMMENT ON TABLE attribute_definitions IS
'Attributes: one name, one meaning, wherever it appears. Written by the catalog''s sync.';
COMMENT ON COLUMN attribute_definitions.id IS
'Key.';
COMMENT ON COLUMN attribute_definitions.name IS
'The attribute''s name: cpu_cores.';
COMMENT ON COLUMN attribute_definitions.display_name IS
'The name for people.';
COMMENT ON COLUMN attribute_definitions.description IS
'What it means.';
COMMENT ON COLUMN attribute_definitions.data_type IS
'string, integer, decimal, boolean or datetime: which value column its rows fill.';
COMMENT ON COLUMN attribute_definitions.cardinality IS
'one, set (order means nothing) or list: how many rows a resource may have.';
COMMENT ON COLUMN attribute_definitions.format IS
'What the value means beyond its type; it decides the canonical spelling.';
COMMENT ON COLUMN attribute_definitions.unit IS
'The unit of a number, such as MiB; null where it has none.';
COMMENT ON COLUMN attribute_definitions.is_secret IS
'Whether its rows hold a credential''s name and fingerprint, in columns of their own, never a value.';
COMMENT ON COLUMN attribute_definitions.is_bookkeeping IS
'Whether it only follows from others or from the provider''s own counting, as a digest does; histories for people leave it out.';
COMMENT ON COLUMN attribute_definitions.relationship_type_id IS
'The tie that a reference makes, with its target as the parent.';
COMMENT ON COLUMN attribute_definitions.retired_at IS
'When it left the catalog; rows that refer to it stay. Null while it is in use.';
CREATE INDEX attribute_definitions_relationship ON attribute_definitions (relationship_type_id);

CREATE TABLE attribute_reference_types (
    attribute_definition_id integer NOT NULL REFERENCES attribute_definitions (id),
    resource_type_id integer NOT NULL REFERENCES resource_types (id),
    position smallint NOT NULL,
    CONSTRAINT attribute_reference_types_pkey PRIMARY KEY (attribute_definition_id, resource_type_id)
);

COMMENT ON TABLE attribute_reference_types IS
'Which resource types a reference may point at. Written by the catalog''s sync.';
COMMENT ON COLUMN attribute_reference_types.attribute_definition_id IS
'The reference.';
COMMENT ON COLUMN attribute_reference_types.resource_type_id IS
'A type it may point at.';
COMMENT ON COLUMN attribute_reference_types.position IS
'The type''s place in the catalog''s list, from 0.';
CREATE INDEX attribute_reference_types_type ON attribute_reference_types (resource_type_id);

CREATE TABLE resource_type_keys (
    resource_type_id integer NOT NULL REFERENCES resource_types (id),
    attribute_definition_id integer NOT NULL REFERENCES attribute_definitions (id),
    position smallint NOT NULL,
    CONSTRAINT resource_type_keys_pkey PRIMARY KEY (resource_type_id, attribute_definition_id)
);

COMMENT ON TABLE resource_type_keys IS
'The attributes that tell a part from its siblings. Written by the catalog''s sync.';
COMMENT ON COLUMN resource_type_keys.resource_type_id IS
'The part''s type.';
COMMENT ON COLUMN resource_type_keys.attribute_definition_id IS
'An attribute of its key.';
COMMENT ON COLUMN resource_type_keys.position IS
'Its place in the key, from 0.';
CREATE INDEX resource_type_keys_attribute ON resource_type_keys (attribute_definition_id);

CREATE TABLE provider_resource_types (
    provider_type_id integer NOT NULL REFERENCES provider_types (id),
    resource_type_id integer NOT NULL REFERENCES resource_types (id),
    identity text NOT NULL,
    unique_name boolean NOT NULL DEFAULT FALSE,
    stores_tags boolean NOT NULL DEFAULT TRUE,
    CONSTRAINT provider_resource_types_pkey PRIMARY KEY (provider_type_id, resource_type_id),
    CONSTRAINT provider_resource_types_identity CHECK (identity IN ('name', 'reserved_id', 'key', 'parent', 'none'))
);

COMMENT ON TABLE provider_resource_types IS
'Which provider types offer a resource type. Written by the catalog''s sync.';
COMMENT ON COLUMN provider_resource_types.provider_type_id IS
'The provider type.';
COMMENT ON COLUMN provider_resource_types.resource_type_id IS
'What it offers.';
COMMENT ON COLUMN provider_resource_types.identity IS
'How an object is found again after a lost answer: name, reserved_id, key, parent or none.';
COMMENT ON COLUMN provider_resource_types.unique_name IS
'Whether the provider refuses a second object of the same name.';
COMMENT ON COLUMN provider_resource_types.stores_tags IS
'Whether the provider keeps tags on it; where not, they are in resource_tags alone.';
CREATE INDEX provider_resource_types_type ON provider_resource_types (resource_type_id);

CREATE TABLE resource_type_attributes (
    resource_type_id integer NOT NULL REFERENCES resource_types (id),
    attribute_definition_id integer NOT NULL,
    data_type text NOT NULL,
    CONSTRAINT resource_type_attributes_pkey PRIMARY KEY (resource_type_id, attribute_definition_id),
    CONSTRAINT resource_type_attributes_typed UNIQUE (resource_type_id, attribute_definition_id, data_type),
    CONSTRAINT resource_type_attributes_definition FOREIGN KEY (attribute_definition_id, data_type)
    REFERENCES attribute_definitions (id, data_type) ON UPDATE CASCADE
);

COMMENT ON TABLE resource_type_attributes IS
'Which attributes a resource type has, on any provider; what an attribute''s rows refer to for their type safety. Written by the catalog''s sync.';
COMMENT ON COLUMN resource_type_attributes.resource_type_id IS
'The resource type.';
COMMENT ON COLUMN resource_type_attributes.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN resource_type_attributes.data_type IS
'The attribute''s data type again, so that one foreign key carries all three.';
CREATE INDEX resource_type_attributes_definition ON resource_type_attributes (attribute_definition_id, data_type);

CREATE TABLE provider_type_attributes (
    provider_type_id integer NOT NULL,
    resource_type_id integer NOT NULL,
    attribute_definition_id integer NOT NULL,
    mutability text NOT NULL,
    is_required boolean NOT NULL DEFAULT FALSE,
    has_default boolean NOT NULL DEFAULT FALSE,
    clear_when_unset boolean NOT NULL DEFAULT FALSE,
    minimum bigint,
    maximum bigint,
    max_length integer,
    pattern text,
    grow_only boolean NOT NULL DEFAULT FALSE,
    also_definition_id integer REFERENCES attribute_definitions (id),
    is_unique boolean NOT NULL DEFAULT FALSE,
    unique_within_definition_id integer REFERENCES attribute_definitions (id),
    unset_meaning text NOT NULL DEFAULT '',
    CONSTRAINT provider_type_attributes_pkey
    PRIMARY KEY (provider_type_id, resource_type_id, attribute_definition_id),
    CONSTRAINT provider_type_attributes_offer FOREIGN KEY (provider_type_id, resource_type_id)
    REFERENCES provider_resource_types (provider_type_id, resource_type_id),
    CONSTRAINT provider_type_attributes_attribute FOREIGN KEY (resource_type_id, attribute_definition_id)
    REFERENCES resource_type_attributes (resource_type_id, attribute_definition_id),
    CONSTRAINT provider_type_attributes_mutability CHECK (
        mutability IN ('in_place', 'needs_stop', 'replace', 'create_only', 'read_only', 'write_only')
    ),
    CONSTRAINT provider_type_attributes_bounds CHECK (minimum <= maximum),
    CONSTRAINT provider_type_attributes_unique CHECK (is_unique OR unique_within_definition_id IS NULL)
);

COMMENT ON TABLE provider_type_attributes IS
'The rules of one attribute of one resource type on one provider type. Written by the catalog''s sync.';
COMMENT ON COLUMN provider_type_attributes.provider_type_id IS
'The provider type.';
COMMENT ON COLUMN provider_type_attributes.resource_type_id IS
'The resource type.';
COMMENT ON COLUMN provider_type_attributes.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN provider_type_attributes.mutability IS
'in_place, needs_stop, replace, create_only, read_only or write_only.';
COMMENT ON COLUMN provider_type_attributes.is_required IS
'Whether a manifest must give it.';
COMMENT ON COLUMN provider_type_attributes.has_default IS
'Whether a default is enforced; without default rows it is the empty set or list.';
COMMENT ON COLUMN provider_type_attributes.clear_when_unset IS
'Whether a manifest that is silent means "no value".';
COMMENT ON COLUMN provider_type_attributes.minimum IS
'Least value, in the attribute''s unit.';
COMMENT ON COLUMN provider_type_attributes.maximum IS
'Greatest value, in the attribute''s unit.';
COMMENT ON COLUMN provider_type_attributes.max_length IS
'Greatest length of a text, in characters.';
COMMENT ON COLUMN provider_type_attributes.pattern IS
'A regular expression that a text matches as a whole.';
COMMENT ON COLUMN provider_type_attributes.grow_only IS
'Whether a smaller value is refused when planning.';
COMMENT ON COLUMN provider_type_attributes.also_definition_id IS
'A read-only attribute that says the same in other words (an image''s number beside its name); null for none.';
COMMENT ON COLUMN provider_type_attributes.is_unique IS
'Whether no two objects of the type may have one value at an endpoint.';
COMMENT ON COLUMN provider_type_attributes.unique_within_definition_id IS
'The attribute within one value of which it is unique (an address within its network); null: the endpoint.';
COMMENT ON COLUMN provider_type_attributes.unset_meaning IS
'What a manifest''s null does to it; empty where it cannot be unset.';
CREATE INDEX provider_type_attributes_attribute
ON provider_type_attributes (resource_type_id, attribute_definition_id);

CREATE TABLE provider_type_attribute_defaults (
    provider_type_id integer NOT NULL,
    resource_type_id integer NOT NULL,
    attribute_definition_id integer NOT NULL,
    ordinal smallint NOT NULL DEFAULT 0,
    data_type text NOT NULL,
    value_string text,
    value_integer bigint,
    value_decimal numeric,
    value_boolean boolean,
    value_datetime timestamptz,
    CONSTRAINT provider_type_attribute_defaults_pkey
    PRIMARY KEY (provider_type_id, resource_type_id, attribute_definition_id, ordinal),
    CONSTRAINT provider_type_attribute_defaults_rule
    FOREIGN KEY (provider_type_id, resource_type_id, attribute_definition_id)
    REFERENCES provider_type_attributes (provider_type_id, resource_type_id, attribute_definition_id)
    ON DELETE CASCADE,
    CONSTRAINT provider_type_attribute_defaults_typed
    FOREIGN KEY (resource_type_id, attribute_definition_id, data_type)
    REFERENCES resource_type_attributes (resource_type_id, attribute_definition_id, data_type),
    CONSTRAINT provider_type_attribute_defaults_string CHECK ((data_type = 'string') = (value_string IS NOT NULL)),
    CONSTRAINT provider_type_attribute_defaults_integer CHECK ((data_type = 'integer') = (value_integer IS NOT NULL)),
    CONSTRAINT provider_type_attribute_defaults_decimal CHECK ((data_type = 'decimal') = (value_decimal IS NOT NULL)),
    CONSTRAINT provider_type_attribute_defaults_boolean CHECK ((data_type = 'boolean') = (value_boolean IS NOT NULL)),
    CONSTRAINT provider_type_attribute_defaults_datetime CHECK ((data_type = 'datetime') = (value_datetime IS NOT NULL))
);

COMMENT ON TABLE provider_type_attribute_defaults IS
'The default of an attribute, one row an element. Written by the catalog''s sync.';
COMMENT ON COLUMN provider_type_attribute_defaults.provider_type_id IS
'The provider type.';
COMMENT ON COLUMN provider_type_attribute_defaults.resource_type_id IS
'The resource type.';
COMMENT ON COLUMN provider_type_attribute_defaults.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN provider_type_attribute_defaults.ordinal IS
'The element''s place, from 0.';
COMMENT ON COLUMN provider_type_attribute_defaults.data_type IS
'The attribute''s data type.';
COMMENT ON COLUMN provider_type_attribute_defaults.value_string IS
'The value where data_type is string; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_defaults.value_integer IS
'The value where data_type is integer, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_defaults.value_decimal IS
'The value where data_type is decimal, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_defaults.value_boolean IS
'The value where data_type is boolean; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_defaults.value_datetime IS
'The value where data_type is datetime; null otherwise.';
CREATE INDEX provider_type_attribute_defaults_typed
ON provider_type_attribute_defaults (resource_type_id, attribute_definition_id, data_type);

CREATE TABLE provider_type_attribute_allowed_values (
    provider_type_id integer NOT NULL,
    resource_type_id integer NOT NULL,
    attribute_definition_id integer NOT NULL,
    ordinal smallint NOT NULL,
    data_type text NOT NULL,
    value_string text,
    value_integer bigint,
    value_decimal numeric,
    value_boolean boolean,
    value_datetime timestamptz,
    CONSTRAINT provider_type_attribute_allowed_values_pkey
    PRIMARY KEY (provider_type_id, resource_type_id, attribute_definition_id, ordinal),
    CONSTRAINT provider_type_attribute_allowed_values_rule
    FOREIGN KEY (provider_type_id, resource_type_id, attribute_definition_id)
    REFERENCES provider_type_attributes (provider_type_id, resource_type_id, attribute_definition_id)
    ON DELETE CASCADE,
    CONSTRAINT provider_type_attribute_allowed_values_typed
    FOREIGN KEY (resource_type_id, attribute_definition_id, data_type)
    REFERENCES resource_type_attributes (resource_type_id, attribute_definition_id, data_type),
    CONSTRAINT provider_type_attribute_allowed_values_string CHECK ((data_type = 'string') = (value_string IS NOT NULL)),
    CONSTRAINT provider_type_attribute_allowed_values_integer CHECK ((data_type = 'integer') = (value_integer IS NOT NULL)),
    CONSTRAINT provider_type_attribute_allowed_values_decimal CHECK ((data_type = 'decimal') = (value_decimal IS NOT NULL)),
    CONSTRAINT provider_type_attribute_allowed_values_boolean CHECK ((data_type = 'boolean') = (value_boolean IS NOT NULL)),
    CONSTRAINT provider_type_attribute_allowed_values_datetime CHECK ((data_type = 'datetime') = (value_datetime IS NOT NULL))
);

COMMENT ON TABLE provider_type_attribute_allowed_values IS
'The only values that an attribute may have, one row each. Written by the catalog''s sync.';
COMMENT ON COLUMN provider_type_attribute_allowed_values.provider_type_id IS
'The provider type.';
COMMENT ON COLUMN provider_type_attribute_allowed_values.resource_type_id IS
'The resource type.';
COMMENT ON COLUMN provider_type_attribute_allowed_values.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN provider_type_attribute_allowed_values.ordinal IS
'The value''s place in the catalog''s list, from 0.';
COMMENT ON COLUMN provider_type_attribute_allowed_values.data_type IS
'The attribute''s data type.';
COMMENT ON COLUMN provider_type_attribute_allowed_values.value_string IS
'The value where data_type is string; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_allowed_values.value_integer IS
'The value where data_type is integer, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_allowed_values.value_decimal IS
'The value where data_type is decimal, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_allowed_values.value_boolean IS
'The value where data_type is boolean; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_allowed_values.value_datetime IS
'The value where data_type is datetime; null otherwise.';
CREATE INDEX provider_type_attribute_allowed_values_typed
ON provider_type_attribute_allowed_values (resource_type_id, attribute_definition_id, data_type);

CREATE TABLE operation_types (
    id integer GENERATED ALWAYS AS IDENTITY (START WITH 100),
    name text NOT NULL,
    CONSTRAINT operation_types_pkey PRIMARY KEY (id),
    CONSTRAINT operation_types_name UNIQUE (name)
);

COMMENT ON TABLE operation_types IS
'What an operation does to a resource. Seeded.';
COMMENT ON COLUMN operation_types.id IS
'Key. Below 100: the seed''s.';
COMMENT ON COLUMN operation_types.name IS
'create, update, replace, delete, adopt or forget.';

CREATE TABLE resource_states (
    id integer GENERATED ALWAYS AS IDENTITY (START WITH 100),
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    CONSTRAINT resource_states_pkey PRIMARY KEY (id),
    CONSTRAINT resource_states_name UNIQUE (name)
);

COMMENT ON TABLE resource_states IS
'The states that resources pass through. Seeded.';
COMMENT ON COLUMN resource_states.id IS
'Key. Below 100: the seed''s.';
COMMENT ON COLUMN resource_states.name IS
'running, stopped, available and so on.';
COMMENT ON COLUMN resource_states.description IS
'What it says of the resource.';

CREATE TABLE resource_initial_states (
    family text NOT NULL,
    state_id integer NOT NULL REFERENCES resource_states (id),
    CONSTRAINT resource_initial_states_pkey PRIMARY KEY (family, state_id),
    CONSTRAINT resource_initial_states_family CHECK (family IN ('machine', 'object'))
);

COMMENT ON TABLE resource_initial_states IS
'The states in which a row may first be written, by family. Seeded; a trigger refuses all others.';
COMMENT ON COLUMN resource_initial_states.family IS
'machine or object.';
COMMENT ON COLUMN resource_initial_states.state_id IS
'A first state.';

CREATE TABLE resource_state_transitions (
    family text NOT NULL,
    from_state_id integer NOT NULL REFERENCES resource_states (id),
    to_state_id integer NOT NULL REFERENCES resource_states (id),
    by_hand boolean NOT NULL DEFAULT FALSE,
    CONSTRAINT resource_state_transitions_pkey PRIMARY KEY (family, from_state_id, to_state_id),
    CONSTRAINT resource_state_transitions_family CHECK (family IN ('machine', 'object')),
    CONSTRAINT resource_state_transitions_moves CHECK (from_state_id <> to_state_id)
);

COMMENT ON TABLE resource_state_transitions IS
'Which state may follow which, by family. Seeded; a trigger refuses all others.';
COMMENT ON COLUMN resource_state_transitions.family IS
'machine or object.';
COMMENT ON COLUMN resource_state_transitions.from_state_id IS
'The state before.';
COMMENT ON COLUMN resource_state_transitions.to_state_id IS
'The state after.';
COMMENT ON COLUMN resource_state_transitions.by_hand IS
'Whether only a person may do it: cause `manual`, or none.';
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
-- The recorded side: what is known to exist, its attributes, tags and relationships.
-- Written by observation and by operations; every change leaves a history row, by trigger.

CREATE TABLE manifest_sources (
    id integer GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    kind text NOT NULL,
    url text,
    branch text,
    subfolder text,
    repository text,
    created_at timestamptz NOT NULL DEFAULT now(),
    forgotten_at timestamptz,
    CONSTRAINT manifest_sources_pkey PRIMARY KEY (id),
    CONSTRAINT manifest_sources_name UNIQUE (name),
    CONSTRAINT manifest_sources_kind CHECK (kind IN ('folder', 'git', 'stdin', 'files'))
);

COMMENT ON TABLE manifest_sources IS
'Where manifests come from. Written when a set of manifests is first loaded.';
COMMENT ON COLUMN manifest_sources.id IS
'Key.';
COMMENT ON COLUMN manifest_sources.name IS
'Its name, from its reconciler.yaml or from where it is; one source''s removal of a manifest says nothing of another''s.';
COMMENT ON COLUMN manifest_sources.kind IS
'folder, git, stdin or files.';
COMMENT ON COLUMN manifest_sources.url IS
'Where it is: a folder''s path or a repository''s address; null for stdin.';
COMMENT ON COLUMN manifest_sources.branch IS
'The branch that is followed, of a repository.';
COMMENT ON COLUMN manifest_sources.subfolder IS
'The folder inside it; null for all of it.';
COMMENT ON COLUMN manifest_sources.repository IS
'The repository it was last read from, by host and path, whatever way leads there; null where it is known to be in none.';
COMMENT ON COLUMN manifest_sources.created_at IS
'When it was first used.';
COMMENT ON COLUMN manifest_sources.forgotten_at IS
'When a person said that there is no such source any more; null while there is.';

CREATE TABLE revisions (
    id bigint GENERATED ALWAYS AS IDENTITY,
    source_id integer NOT NULL REFERENCES manifest_sources (id),
    commit_id text,
    author text,
    authored_at timestamptz,
    message text,
    content_hash bytea NOT NULL,
    catalog_hash bytea NOT NULL,
    actor text NOT NULL,
    db_user text NOT NULL DEFAULT session_user,
    created_at timestamptz NOT NULL DEFAULT now(),
    kind text NOT NULL DEFAULT 'manifests',
    back_to_revision bigint REFERENCES revisions (id),
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    epoch integer NOT NULL,
    CONSTRAINT revisions_pkey PRIMARY KEY (id),
    CONSTRAINT revisions_kind CHECK (kind IN ('manifests', 'rollback')),
    CONSTRAINT revisions_back CHECK (kind = 'rollback' OR back_to_revision IS NULL),
    CONSTRAINT revisions_back_in_time CHECK (back_to_revision < id)
);

COMMENT ON TABLE revisions IS
'A set of manifests at one moment, a commit where there is one. Ids are in the order of loading. Written by the loader, once.';
COMMENT ON COLUMN revisions.id IS
'Key, increasing in the order of loading.';
COMMENT ON COLUMN revisions.source_id IS
'Where it was loaded from.';
COMMENT ON COLUMN revisions.commit_id IS
'The commit''s id; null where there is no git.';
COMMENT ON COLUMN revisions.author IS
'The commit''s author.';
COMMENT ON COLUMN revisions.authored_at IS
'When it was written.';
COMMENT ON COLUMN revisions.message IS
'The commit''s message.';
COMMENT ON COLUMN revisions.content_hash IS
'SHA-256 over the manifests'' contents.';
COMMENT ON COLUMN revisions.catalog_hash IS
'SHA-256 over the catalog they were read with.';
COMMENT ON COLUMN revisions.actor IS
'Who loaded it.';
COMMENT ON COLUMN revisions.db_user IS
'The session''s database user, whatever the actor claims; nobody can write another.';
COMMENT ON COLUMN revisions.created_at IS
'When it was loaded.';
COMMENT ON COLUMN revisions.kind IS
'manifests: what was read. rollback: what a person went back to, or the end of that.';
COMMENT ON COLUMN revisions.back_to_revision IS
'The revision whose specifications a rollback brought back; null where it is none, and for the end of one.';
CREATE INDEX revisions_back_to ON revisions (back_to_revision) WHERE back_to_revision IS NOT NULL;
COMMENT ON COLUMN revisions.xact IS
'The transaction that loaded it, so that a mark can tell whether it saw the revision.';
COMMENT ON COLUMN revisions.epoch IS
'The cluster that numbered the transaction: cluster_epochs. Kept by a trigger.';
CREATE INDEX revisions_source ON revisions (source_id, id);
CREATE INDEX revisions_commit ON revisions (commit_id);
CREATE INDEX revisions_xact ON revisions (epoch, xact);
CREATE INDEX revisions_created ON revisions (created_at);

CREATE TABLE workers (
    id uuid NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    kind text NOT NULL,
    lock_key bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    stopped_at timestamptz,
    CONSTRAINT workers_pkey PRIMARY KEY (id),
    CONSTRAINT workers_lock_key UNIQUE (lock_key),
    CONSTRAINT workers_kind CHECK (kind IN ('cli', 'daemon'))
);

COMMENT ON TABLE workers IS
'Processes that carry out plans. Each keeps an advisory lock while it lives. Written by the process itself.';
COMMENT ON COLUMN workers.id IS
'The process''s own id, chosen at its start.';
COMMENT ON COLUMN workers.host IS
'The machine it runs on.';
COMMENT ON COLUMN workers.pid IS
'Its process id there.';
COMMENT ON COLUMN workers.kind IS
'cli or daemon.';
COMMENT ON COLUMN workers.lock_key IS
'The advisory lock that it holds as long as it lives.';
COMMENT ON COLUMN workers.started_at IS
'When it started.';
COMMENT ON COLUMN workers.seen_at IS
'When it last said that it lives.';
COMMENT ON COLUMN workers.stopped_at IS
'When it ended in order, or was found dead; null while it runs.';

CREATE TABLE resources (
    id bigint GENERATED ALWAYS AS IDENTITY,
    uid uuid NOT NULL DEFAULT gen_random_uuid(),
    resource_type_id integer NOT NULL REFERENCES resource_types (id),
    provider_endpoint_id integer NOT NULL REFERENCES provider_endpoints (id),
    address text NOT NULL,
    name text NOT NULL,
    state_id integer NOT NULL REFERENCES resource_states (id),
    external_id text,
    management text NOT NULL DEFAULT 'managed',
    presence text NOT NULL DEFAULT 'unknown',
    presence_reason text,
    is_root boolean NOT NULL,
    source_id integer REFERENCES manifest_sources (id),
    location_id integer REFERENCES locations (id),
    datacenter_id integer REFERENCES datacenters (id),
    prevent_destroy boolean NOT NULL DEFAULT FALSE,
    on_remove text,
    allow_downtime boolean NOT NULL DEFAULT FALSE,
    replace_policy text NOT NULL DEFAULT 'never',
    create_before_destroy boolean NOT NULL DEFAULT FALSE,
    version bigint NOT NULL DEFAULT 0,
    recorded_hash bytea,
    applied_desired_hash bytea,
    settled_desired_hash bytea,
    settled_recorded_hash bytea,
    claim_epoch bigint NOT NULL DEFAULT 0,
    claimed_by uuid REFERENCES workers (id),
    claimed_at timestamptz,
    observed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT resources_pkey PRIMARY KEY (id),
    CONSTRAINT resources_uid UNIQUE (uid),
    CONSTRAINT resources_typed UNIQUE (id, resource_type_id),
    CONSTRAINT resources_management CHECK (management IN ('managed', 'unmanaged', 'quarantined')),
    CONSTRAINT resources_presence CHECK (presence IN ('present', 'absent', 'unknown')),
    CONSTRAINT resources_presence_reason CHECK (presence_reason IS NULL OR presence = 'unknown'),
    CONSTRAINT resources_on_remove CHECK (on_remove IN ('delete', 'retain', 'block')),
    CONSTRAINT resources_replace_policy CHECK (replace_policy IN ('never', 'allowed')),
    CONSTRAINT resources_external_id CHECK (external_id <> ''),
    CONSTRAINT resources_address_given CHECK (address <> ''),
    CONSTRAINT resources_name_given CHECK (name <> ''),
    CONSTRAINT resources_placed FOREIGN KEY (datacenter_id, location_id)
    REFERENCES datacenters (id, location_id) ON UPDATE CASCADE,
    CONSTRAINT resources_claim CHECK ((claimed_by IS NULL) = (claimed_at IS NULL))
);

COMMENT ON TABLE resources IS
'What exists, or did: one row a resource or part of one. What is gone is marked so, and may leave for a file later: archived_resources. Written by observation and by operations.';
COMMENT ON COLUMN resources.id IS
'Key.';
COMMENT ON COLUMN resources.uid IS
'Its identity for ever, written into the mark on the provider''s object.';
COMMENT ON COLUMN resources.resource_type_id IS
'What it is; never changes.';
COMMENT ON COLUMN resources.provider_endpoint_id IS
'Where it lives.';
COMMENT ON COLUMN resources.address IS
'type/name, and the same again for each part below it.';
COMMENT ON COLUMN resources.name IS
'The last word of its address.';
COMMENT ON COLUMN resources.state_id IS
'Its state; a trigger refuses illegal moves and writes each one down.';
COMMENT ON COLUMN resources.external_id IS
'The provider''s id; null while there is none, and for parts that have none.';
COMMENT ON COLUMN resources.management IS
'managed, unmanaged (not ours: never changed) or quarantined (undecided: a person must look).';
COMMENT ON COLUMN resources.presence IS
'What the last observation says: present, absent or unknown. Unknown is not absent.';
COMMENT ON COLUMN resources.presence_reason IS
'Why presence is unknown where the reason is the object itself, such as a value that no table takes; null otherwise.';
COMMENT ON COLUMN resources.is_root IS
'False for a part, which its parent contains.';
COMMENT ON COLUMN resources.source_id IS
'Whose manifest it is from; null for what no manifest names.';
COMMENT ON COLUMN resources.location_id IS
'Where it stands, if that is known.';
COMMENT ON COLUMN resources.datacenter_id IS
'In which datacenter it stands, if that is known.';
COMMENT ON COLUMN resources.prevent_destroy IS
'The manifest''s guard, which survives the manifest''s removal.';
COMMENT ON COLUMN resources.on_remove IS
'What happens when it leaves the manifests: delete, retain or block; null for the type''s rule.';
COMMENT ON COLUMN resources.allow_downtime IS
'Whether a change may stop it.';
COMMENT ON COLUMN resources.replace_policy IS
'Whether it may be replaced: never or allowed.';
COMMENT ON COLUMN resources.create_before_destroy IS
'Whether a replacement makes the new object first.';
COMMENT ON COLUMN resources.version IS
'Counts the changes that a plan must not overlook; kept by a trigger.';
COMMENT ON COLUMN resources.recorded_hash IS
'Canonical SHA-256 of its recorded specification, parts included; null when it must be looked at again.';
COMMENT ON COLUMN resources.applied_desired_hash IS
'The desired hash last applied or found to agree.';
COMMENT ON COLUMN resources.settled_desired_hash IS
'With settled_recorded_hash: a pair of hashes known to agree, so that neither is compared again.';
COMMENT ON COLUMN resources.settled_recorded_hash IS
'See settled_desired_hash.';
COMMENT ON COLUMN resources.claim_epoch IS
'Counts claims; a worker whose epoch is past writes nothing.';
COMMENT ON COLUMN resources.claimed_by IS
'The worker that holds it; null when nobody does.';
COMMENT ON COLUMN resources.claimed_at IS
'When it was claimed.';
COMMENT ON COLUMN resources.observed_at IS
'When an observation last said something about it.';
COMMENT ON COLUMN resources.created_at IS
'When the row was first written.';
COMMENT ON COLUMN resources.updated_at IS
'When its version last changed; kept by a trigger.';
COMMENT ON COLUMN resources.deleted_at IS
'When it was found or made to be gone; null while it lives.';
CREATE UNIQUE INDEX resources_address ON resources (address)
WHERE deleted_at IS NULL AND management <> 'unmanaged';
CREATE UNIQUE INDEX resources_external ON resources (provider_endpoint_id, resource_type_id, external_id)
WHERE deleted_at IS NULL AND is_root AND external_id IS NOT NULL;
CREATE INDEX resources_any_address ON resources (address);
CREATE INDEX resources_external_id ON resources (provider_endpoint_id, external_id)
WHERE is_root AND external_id IS NOT NULL;
CREATE INDEX resources_seen ON resources (provider_endpoint_id, observed_at DESC NULLS LAST, id)
WHERE
deleted_at IS NULL
AND is_root
AND management = 'managed'
AND external_id IS NOT NULL
AND presence <> 'absent';
-- What may leave for the archive, the oldest first.
CREATE INDEX resources_deleted ON resources (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX resources_source ON resources (source_id);
CREATE INDEX resources_claimed ON resources (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX resources_location ON resources (location_id) WHERE location_id IS NOT NULL;
CREATE INDEX resources_datacenter ON resources (datacenter_id) WHERE datacenter_id IS NOT NULL;

CREATE TABLE resource_attributes (
    resource_id bigint NOT NULL,
    resource_type_id integer NOT NULL,
    attribute_definition_id integer NOT NULL,
    ordinal smallint NOT NULL DEFAULT 0,
    data_type text NOT NULL,
    value_string text,
    value_integer bigint,
    value_decimal numeric,
    value_boolean boolean,
    value_datetime timestamptz,
    value_credential text,
    value_fingerprint text,
    value_target_type text,
    value_key text,
    value_inner_key text,
    CONSTRAINT resource_attributes_pkey PRIMARY KEY (resource_id, attribute_definition_id, ordinal),
    CONSTRAINT resource_attributes_resource FOREIGN KEY (resource_id, resource_type_id)
    REFERENCES resources (id, resource_type_id),
    CONSTRAINT resource_attributes_attribute
    FOREIGN KEY (resource_type_id, attribute_definition_id, data_type)
    REFERENCES resource_type_attributes (resource_type_id, attribute_definition_id, data_type),
    CONSTRAINT resource_attributes_ordinal CHECK (ordinal >= 0),
    CONSTRAINT resource_attributes_string CHECK (
        num_nonnulls(value_string, value_credential) = (data_type = 'string')::integer
    ),
    CONSTRAINT resource_attributes_fingerprint CHECK (
        value_fingerprint IS NULL OR (value_credential IS NOT NULL AND value_fingerprint ~ '^[0-9a-f]{12}$')
    ),
    CONSTRAINT resource_attributes_target FOREIGN KEY (value_target_type) REFERENCES resource_types (name),
    CONSTRAINT resource_attributes_target_id CHECK (value_target_type IS NULL OR value_string IS NOT NULL),
    CONSTRAINT resource_attributes_key CHECK (value_key IS NULL OR (value_string IS NOT NULL AND value_target_type IS NULL)),
    CONSTRAINT resource_attributes_inner_key CHECK (value_inner_key IS NULL OR value_key IS NOT NULL),
    CONSTRAINT resource_attributes_integer CHECK ((data_type = 'integer') = (value_integer IS NOT NULL)),
    CONSTRAINT resource_attributes_decimal CHECK ((data_type = 'decimal') = (value_decimal IS NOT NULL)),
    CONSTRAINT resource_attributes_boolean CHECK ((data_type = 'boolean') = (value_boolean IS NOT NULL)),
    CONSTRAINT resource_attributes_datetime CHECK ((data_type = 'datetime') = (value_datetime IS NOT NULL))
);

COMMENT ON TABLE resource_attributes IS
'The one place where an attribute of a resource is written: one row a value, one a element of a set or list. Written by observation and by operations; the extension tables follow by trigger. It takes what a provider answers, also out of the catalog''s bounds, which desired_attributes keeps.';
COMMENT ON COLUMN resource_attributes.resource_id IS
'The resource.';
COMMENT ON COLUMN resource_attributes.resource_type_id IS
'Its type again, so that a foreign key can tell which attributes it may have.';
COMMENT ON COLUMN resource_attributes.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN resource_attributes.ordinal IS
'The element''s place, from 0; always 0 where there is one value.';
COMMENT ON COLUMN resource_attributes.data_type IS
'The attribute''s data type again: which of the values is set.';
COMMENT ON COLUMN resource_attributes.value_string IS
'The value where data_type is string, unless it is a secret; null otherwise. A reference is an address, or an id beside value_target_type.';
COMMENT ON COLUMN resource_attributes.value_credential IS
'The name of the credential that holds the value, where it is a secret; null otherwise.';
COMMENT ON COLUMN resource_attributes.value_fingerprint IS
'The fingerprint of that credential''s value when it was written; null where it could not be read, and where there is no credential.';
COMMENT ON COLUMN resource_attributes.value_target_type IS
'The type of what is referred to by its provider''s id, because it is in no book of ours; null otherwise.';
COMMENT ON COLUMN resource_attributes.value_key IS
'The key that the value has in a map; null where there is no map.';
COMMENT ON COLUMN resource_attributes.value_inner_key IS
'The key that it has inside of that key; null where it is the key''s own value.';
COMMENT ON COLUMN resource_attributes.value_integer IS
'The value where data_type is integer, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN resource_attributes.value_decimal IS
'The value where data_type is decimal, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN resource_attributes.value_boolean IS
'The value where data_type is boolean; null otherwise.';
COMMENT ON COLUMN resource_attributes.value_datetime IS
'The value where data_type is datetime; null otherwise.';
-- What has an attribute of some value is found by these, of any data type; see resources_with. An index takes no text of
-- more than some 2,700 bytes, and few of the booleans are true.
CREATE INDEX resource_attributes_string ON resource_attributes (attribute_definition_id, value_string)
WHERE octet_length(value_string) <= 1000;
CREATE INDEX resource_attributes_integer ON resource_attributes (attribute_definition_id, value_integer)
WHERE value_integer IS NOT NULL;
CREATE INDEX resource_attributes_decimal ON resource_attributes (attribute_definition_id, value_decimal)
WHERE value_decimal IS NOT NULL;
CREATE INDEX resource_attributes_datetime ON resource_attributes (attribute_definition_id, value_datetime)
WHERE value_datetime IS NOT NULL;
CREATE INDEX resource_attributes_true ON resource_attributes (attribute_definition_id)
WHERE value_boolean;
CREATE INDEX resource_attributes_target ON resource_attributes (value_target_type, value_string)
WHERE value_target_type IS NOT NULL;

CREATE TABLE resource_pending_attributes (
    resource_id bigint NOT NULL REFERENCES resources (id),
    attribute_definition_id integer NOT NULL REFERENCES attribute_definitions (id),
    CONSTRAINT resource_pending_attributes_pkey PRIMARY KEY (resource_id, attribute_definition_id)
);

COMMENT ON TABLE resource_pending_attributes IS
'Attributes whose new value is accepted by the provider and waits for a restart of the machine. Written by observation.';
COMMENT ON COLUMN resource_pending_attributes.resource_id IS
'The resource.';
COMMENT ON COLUMN resource_pending_attributes.attribute_definition_id IS
'The attribute that waits.';
CREATE INDEX resource_pending_attributes_attribute ON resource_pending_attributes (attribute_definition_id);

CREATE TABLE tags (
    id bigint GENERATED ALWAYS AS IDENTITY,
    key text NOT NULL,
    value text NOT NULL,
    CONSTRAINT tags_pkey PRIMARY KEY (id),
    CONSTRAINT tags_pair UNIQUE (key, value)
);

COMMENT ON TABLE tags IS
'Tags that anything carries, each pair once. Written with resource_tags.';
COMMENT ON COLUMN tags.id IS
'Key.';
COMMENT ON COLUMN tags.key IS
'The tag''s key.';
COMMENT ON COLUMN tags.value IS
'Its value; may be empty.';

CREATE TABLE resource_tags (
    resource_id bigint NOT NULL REFERENCES resources (id),
    tag_id bigint NOT NULL REFERENCES tags (id),
    CONSTRAINT resource_tags_pkey PRIMARY KEY (resource_id, tag_id)
);

COMMENT ON TABLE resource_tags IS
'Which tags a resource carries at its provider. Written by observation and by operations.';
COMMENT ON COLUMN resource_tags.resource_id IS
'The resource.';
COMMENT ON COLUMN resource_tags.tag_id IS
'A tag of it.';
CREATE INDEX resource_tags_tag ON resource_tags (tag_id);

CREATE TABLE resource_relationships (
    parent_resource_id bigint NOT NULL REFERENCES resources (id),
    child_resource_id bigint NOT NULL REFERENCES resources (id),
    relationship_type_id integer NOT NULL REFERENCES relationship_types (id),
    CONSTRAINT resource_relationships_pkey
    PRIMARY KEY (parent_resource_id, child_resource_id, relationship_type_id),
    CONSTRAINT resource_relationships_two CHECK (parent_resource_id <> child_resource_id)
);

COMMENT ON TABLE resource_relationships IS
'Ties between resources. The parent is what is depended on, contains, hosts or is joined. Written by observation and by operations.';
COMMENT ON COLUMN resource_relationships.parent_resource_id IS
'What is depended on, contains, hosts or is joined.';
COMMENT ON COLUMN resource_relationships.child_resource_id IS
'What depends, is contained, is attached or is the member.';
COMMENT ON COLUMN resource_relationships.relationship_type_id IS
'What ties them.';
CREATE INDEX resource_relationships_child ON resource_relationships (child_resource_id, relationship_type_id);
-- 1 is `contains`, by a check on relationship_types: what is contained is in one thing only.
CREATE UNIQUE INDEX resource_relationships_one_container ON resource_relationships (child_resource_id)
WHERE relationship_type_id = 1;

CREATE TABLE resource_failures (
    resource_id bigint NOT NULL REFERENCES resources (id),
    operation_type_id integer NOT NULL REFERENCES operation_types (id),
    desired_hash bytea,
    failures integer NOT NULL,
    not_before timestamptz,
    error_code text NOT NULL,
    error_message text NOT NULL,
    last_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT resource_failures_pkey PRIMARY KEY (resource_id, operation_type_id),
    CONSTRAINT resource_failures_count CHECK (failures > 0)
);

COMMENT ON TABLE resource_failures IS
'Failed attempts, for backing off: one row a resource and action that failed and has not succeeded since. It counts against that action and that specification only. Written by the executor.';
COMMENT ON COLUMN resource_failures.resource_id IS
'The resource.';
COMMENT ON COLUMN resource_failures.operation_type_id IS
'The action that failed; another action is not held back by it.';
COMMENT ON COLUMN resource_failures.desired_hash IS
'The specification that it failed for, so that a corrected manifest is tried at once; null for a removal.';
COMMENT ON COLUMN resource_failures.failures IS
'How many attempts failed in a row.';
COMMENT ON COLUMN resource_failures.not_before IS
'No new attempt before then; null: none at all until a manifest or a person says otherwise.';
COMMENT ON COLUMN resource_failures.error_code IS
'The class of the last error.';
COMMENT ON COLUMN resource_failures.error_message IS
'The last error, without secrets.';
COMMENT ON COLUMN resource_failures.last_at IS
'When it last failed.';

CREATE TABLE external_id_reservations (
    provider_endpoint_id integer NOT NULL REFERENCES provider_endpoints (id),
    resource_type_id integer NOT NULL REFERENCES resource_types (id),
    external_id text NOT NULL,
    resource_uid uuid NOT NULL,
    reserved_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT external_id_reservations_pkey PRIMARY KEY (provider_endpoint_id, resource_type_id, external_id)
);

COMMENT ON TABLE external_id_reservations IS
'Ids that we chose for objects at a provider, never given out twice. Written before the call that uses one; never changed, never deleted.';
COMMENT ON COLUMN external_id_reservations.provider_endpoint_id IS
'Where the id is used.';
COMMENT ON COLUMN external_id_reservations.resource_type_id IS
'For which type.';
COMMENT ON COLUMN external_id_reservations.external_id IS
'The id.';
COMMENT ON COLUMN external_id_reservations.resource_uid IS
'The resource it was chosen for.';
COMMENT ON COLUMN external_id_reservations.reserved_at IS
'When it was chosen.';
CREATE INDEX external_id_reservations_uid ON external_id_reservations (resource_uid);
CREATE INDEX external_id_reservations_number ON external_id_reservations
(provider_endpoint_id, (external_id::bigint))
WHERE external_id ~ '^[0-9]{1,18}$';
CREATE INDEX external_id_reservations_type ON external_id_reservations (resource_type_id);

CREATE TABLE endpoint_observations (
    id bigint GENERATED ALWAYS AS IDENTITY,
    provider_endpoint_id integer NOT NULL REFERENCES provider_endpoints (id),
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    requests integer NOT NULL DEFAULT 0,
    outcome text,
    message text,
    looks integer NOT NULL DEFAULT 1,
    CONSTRAINT endpoint_observations_pkey PRIMARY KEY (id),
    CONSTRAINT endpoint_observations_outcome CHECK (outcome IN ('complete', 'partial', 'failed')),
    CONSTRAINT endpoint_observations_ended CHECK ((finished_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT endpoint_observations_looks CHECK (looks > 0)
);

COMMENT ON TABLE endpoint_observations IS
'Looks at an endpoint; those in a row that said the same of each type are one. Written by the observer.';
COMMENT ON COLUMN endpoint_observations.id IS
'Key.';
COMMENT ON COLUMN endpoint_observations.provider_endpoint_id IS
'Where was looked.';
COMMENT ON COLUMN endpoint_observations.started_at IS
'When the first of them began.';
COMMENT ON COLUMN endpoint_observations.finished_at IS
'When the last of them ended; null while it runs, or if it never ended.';
COMMENT ON COLUMN endpoint_observations.requests IS
'How many requests the last of them took.';
COMMENT ON COLUMN endpoint_observations.outcome IS
'complete, partial or failed; null while it runs.';
COMMENT ON COLUMN endpoint_observations.message IS
'Why it is not complete, without secrets.';
COMMENT ON COLUMN endpoint_observations.looks IS
'How many looks said this, one after another.';
CREATE INDEX endpoint_observations_endpoint ON endpoint_observations (provider_endpoint_id, started_at);

CREATE TABLE endpoint_observation_types (
    observation_id bigint NOT NULL REFERENCES endpoint_observations (id) ON DELETE CASCADE,
    resource_type_id integer NOT NULL REFERENCES resource_types (id),
    complete boolean NOT NULL,
    seen integer NOT NULL,
    message text,
    CONSTRAINT endpoint_observation_types_pkey PRIMARY KEY (observation_id, resource_type_id)
);

COMMENT ON TABLE endpoint_observation_types IS
'What a look at an endpoint can say of one resource type. Absence follows only from a complete one. Written by the observer.';
COMMENT ON COLUMN endpoint_observation_types.observation_id IS
'The look.';
COMMENT ON COLUMN endpoint_observation_types.resource_type_id IS
'The resource type.';
COMMENT ON COLUMN endpoint_observation_types.complete IS
'Whether all of it was seen, with permission to see all of it.';
COMMENT ON COLUMN endpoint_observation_types.seen IS
'How many objects were seen.';
COMMENT ON COLUMN endpoint_observation_types.message IS
'Why it is not complete; null if it is.';
CREATE INDEX endpoint_observation_types_type ON endpoint_observation_types (resource_type_id);

CREATE TABLE holds (
    id bigint GENERATED ALWAYS AS IDENTITY,
    address text,
    endpoint_id integer REFERENCES provider_endpoints (id),
    resource_type_id integer REFERENCES resource_types (id),
    tag_key text,
    tag_value text,
    owner text NOT NULL,
    reason text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    until timestamptz,
    released_at timestamptz,
    while_wanted boolean NOT NULL DEFAULT FALSE,
    CONSTRAINT holds_pkey PRIMARY KEY (id),
    CONSTRAINT holds_address_given CHECK (address <> ''),
    CONSTRAINT holds_tag CHECK (tag_value IS NULL OR tag_key IS NOT NULL)
);

COMMENT ON TABLE holds IS
'What shall not be changed for the time being: an address, an endpoint, a type, a tag, or all of what is given together. Written by commands.';
COMMENT ON COLUMN holds.id IS
'Key.';
COMMENT ON COLUMN holds.address IS
'Holds this resource and its parts.';
COMMENT ON COLUMN holds.endpoint_id IS
'Holds what is at this endpoint.';
COMMENT ON COLUMN holds.resource_type_id IS
'Holds what is of this type.';
COMMENT ON COLUMN holds.tag_key IS
'Holds what carries a tag of this key.';
COMMENT ON COLUMN holds.tag_value IS
'With this value; null for any.';
COMMENT ON COLUMN holds.owner IS
'Who asked for it.';
COMMENT ON COLUMN holds.reason IS
'Why.';
COMMENT ON COLUMN holds.created_at IS
'Since when.';
COMMENT ON COLUMN holds.until IS
'Until when; null until it is released.';
COMMENT ON COLUMN holds.released_at IS
'When it was released; null while it holds.';
COMMENT ON COLUMN holds.while_wanted IS
'Whether it ends by itself once no manifest wants the address any more: what was deleted although one does.';
CREATE INDEX holds_live ON holds (created_at) WHERE released_at IS NULL;
CREATE INDEX holds_endpoint ON holds (endpoint_id);
CREATE INDEX holds_type ON holds (resource_type_id);

CREATE TABLE pins (
    id bigint GENERATED ALWAYS AS IDENTITY,
    address text NOT NULL,
    source_id integer NOT NULL REFERENCES manifest_sources (id),
    revision_id bigint NOT NULL REFERENCES revisions (id),
    manifest_hash bytea,
    manifest_document bytea,
    path text NOT NULL,
    owner text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    ended_by text,
    CONSTRAINT pins_pkey PRIMARY KEY (id),
    CONSTRAINT pins_address_given CHECK (address <> ''),
    CONSTRAINT pins_ended CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CONSTRAINT pins_ended_by CHECK (ended_by IN ('agreed', 'superseded', 'released', 'rolled_back'))
);

COMMENT ON TABLE pins IS
'What was rolled back: a root that stays so as long as its manifest still says what was gone back from. Written by commands, and by the loader once the manifest says something else.';
COMMENT ON COLUMN pins.id IS
'Key.';
COMMENT ON COLUMN pins.address IS
'The root.';
COMMENT ON COLUMN pins.source_id IS
'The source whose manifest is not followed meanwhile.';
COMMENT ON COLUMN pins.revision_id IS
'The rollback: a revision of that kind, which says what it went back to.';
COMMENT ON COLUMN pins.manifest_hash IS
'SHA-256 of the specification that the manifest had then; null where there was no manifest of it.';
COMMENT ON COLUMN pins.manifest_document IS
'SHA-256 of its YAML document then; null where that is not known, and where there was none.';
COMMENT ON COLUMN pins.path IS
'The file that the manifest was in then, by its path within the source, or last before that; empty where it is not known.';
COMMENT ON COLUMN pins.owner IS
'Who rolled it back.';
COMMENT ON COLUMN pins.created_at IS
'When.';
COMMENT ON COLUMN pins.ended_at IS
'When its manifest was followed again; null until then.';
COMMENT ON COLUMN pins.ended_by IS
'agreed: the manifest says the same now. superseded: it says something new, which holds. released: a person said so. rolled_back: another rollback took its place. Null while it is in force.';
CREATE UNIQUE INDEX pins_live ON pins (address) WHERE ended_at IS NULL;
CREATE INDEX pins_source ON pins (source_id);
CREATE INDEX pins_revision ON pins (revision_id);
-- Extension tables: typed projections of resource_attributes, with their own types and checks.
-- Written by triggers in the transaction that writes the attributes, and by nobody else.

CREATE TABLE extension_types (
    resource_type text NOT NULL,
    table_name text NOT NULL,
    CONSTRAINT extension_types_pkey PRIMARY KEY (resource_type),
    CONSTRAINT extension_types_table CHECK (
        table_name IN ('virtual_machines', 'containers', 'networks', 'storage_volumes', 'clusters')
    )
);

COMMENT ON TABLE extension_types IS
'Which resource types have a row in which extension table. Names, because they come before the catalog''s rows. Seeded.';
COMMENT ON COLUMN extension_types.resource_type IS
'A resource type''s name.';
COMMENT ON COLUMN extension_types.table_name IS
'The extension table that its resources have a row in.';

CREATE TABLE attribute_projections (
    table_name text NOT NULL,
    column_name text NOT NULL,
    attribute text NOT NULL,
    CONSTRAINT attribute_projections_pkey PRIMARY KEY (table_name, attribute),
    CONSTRAINT attribute_projections_column UNIQUE (table_name, column_name)
);

COMMENT ON TABLE attribute_projections IS
'Which attribute fills which column of an extension table. Seeded.';
COMMENT ON COLUMN attribute_projections.table_name IS
'The extension table.';
COMMENT ON COLUMN attribute_projections.column_name IS
'Its column.';
COMMENT ON COLUMN attribute_projections.attribute IS
'The attribute''s name; the first element of a set or list counts.';

CREATE TABLE virtual_machines (
    resource_id bigint NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    cpu_cores integer,
    memory_mb integer,
    power_state text,
    image text,
    hostname text,
    primary_ipv4 inet,
    primary_ipv6 inet,
    CONSTRAINT virtual_machines_pkey PRIMARY KEY (resource_id),
    CONSTRAINT virtual_machines_cpu_cores CHECK (cpu_cores > 0),
    CONSTRAINT virtual_machines_memory CHECK (memory_mb > 0),
    CONSTRAINT virtual_machines_ipv4 CHECK (family(primary_ipv4) = 4),
    CONSTRAINT virtual_machines_ipv6 CHECK (family(primary_ipv6) = 6)
);

COMMENT ON TABLE virtual_machines IS
'Virtual machines, one row for each resource of such a type, kept by triggers.';
COMMENT ON COLUMN virtual_machines.resource_id IS
'The resource.';
COMMENT ON COLUMN virtual_machines.cpu_cores IS
'Number of virtual cores.';
COMMENT ON COLUMN virtual_machines.memory_mb IS
'Main memory in MiB.';
COMMENT ON COLUMN virtual_machines.power_state IS
'Whether it runs, as observed.';
COMMENT ON COLUMN virtual_machines.image IS
'What its disk was made from.';
COMMENT ON COLUMN virtual_machines.hostname IS
'The name it calls itself.';
COMMENT ON COLUMN virtual_machines.primary_ipv4 IS
'Its public or first IPv4 address.';
COMMENT ON COLUMN virtual_machines.primary_ipv6 IS
'Its public or first IPv6 address, or network.';

CREATE TABLE containers (
    resource_id bigint NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    cpu_cores integer,
    memory_mb integer,
    swap_mb integer,
    power_state text,
    image text,
    hostname text,
    primary_ipv4 inet,
    primary_ipv6 inet,
    CONSTRAINT containers_pkey PRIMARY KEY (resource_id),
    CONSTRAINT containers_cpu_cores CHECK (cpu_cores > 0),
    CONSTRAINT containers_memory CHECK (memory_mb > 0),
    CONSTRAINT containers_swap CHECK (swap_mb >= 0),
    CONSTRAINT containers_ipv4 CHECK (family(primary_ipv4) = 4),
    CONSTRAINT containers_ipv6 CHECK (family(primary_ipv6) = 6)
);

COMMENT ON TABLE containers IS
'System containers, one row for each resource of such a type, kept by triggers.';
COMMENT ON COLUMN containers.resource_id IS
'The resource.';
COMMENT ON COLUMN containers.cpu_cores IS
'Number of cores it may use.';
COMMENT ON COLUMN containers.memory_mb IS
'Memory limit in MiB.';
COMMENT ON COLUMN containers.swap_mb IS
'Swap limit in MiB; may be 0.';
COMMENT ON COLUMN containers.power_state IS
'Whether it runs, as observed.';
COMMENT ON COLUMN containers.image IS
'What its root disk was made from.';
COMMENT ON COLUMN containers.hostname IS
'The name it calls itself.';
COMMENT ON COLUMN containers.primary_ipv4 IS
'Its first IPv4 address.';
COMMENT ON COLUMN containers.primary_ipv6 IS
'Its first IPv6 address.';

CREATE TABLE networks (
    resource_id bigint NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    cidr cidr,
    gateway inet,
    vlan_id integer,
    mtu integer,
    CONSTRAINT networks_pkey PRIMARY KEY (resource_id),
    CONSTRAINT networks_vlan CHECK (vlan_id BETWEEN 1 AND 4094),
    CONSTRAINT networks_mtu CHECK (mtu > 0)
);

COMMENT ON TABLE networks IS
'Networks, one row for each resource of such a type, kept by triggers.';
COMMENT ON COLUMN networks.resource_id IS
'The resource.';
COMMENT ON COLUMN networks.cidr IS
'Its address range; the host bits are 0.';
COMMENT ON COLUMN networks.gateway IS
'The address that leads out of it.';
COMMENT ON COLUMN networks.vlan_id IS
'VLAN tag.';
COMMENT ON COLUMN networks.mtu IS
'Greatest packet in bytes.';

CREATE TABLE storage_volumes (
    resource_id bigint NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    size_gb bigint,
    size_mib bigint,
    storage text,
    format text,
    slot text,
    CONSTRAINT storage_volumes_pkey PRIMARY KEY (resource_id),
    CONSTRAINT storage_volumes_size CHECK (size_gb > 0),
    CONSTRAINT storage_volumes_size_mib CHECK (size_mib > 0)
);

COMMENT ON TABLE storage_volumes IS
'Volumes and disks, one row for each resource of such a type, kept by triggers.';
COMMENT ON COLUMN storage_volumes.resource_id IS
'The resource.';
COMMENT ON COLUMN storage_volumes.size_gb IS
'Size in whole GiB, rounded down; null where it is smaller than one.';
COMMENT ON COLUMN storage_volumes.size_mib IS
'Size in MiB, rounded up, where it is no whole number of GiB; null where size_gb says it all.';
COMMENT ON COLUMN storage_volumes.storage IS
'The storage or pool it lies on.';
COMMENT ON COLUMN storage_volumes.format IS
'File system or image format.';
COMMENT ON COLUMN storage_volumes.slot IS
'Where it is plugged in.';

CREATE TABLE clusters (
    resource_id bigint NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    engine text,
    version text,
    endpoint_url text,
    CONSTRAINT clusters_pkey PRIMARY KEY (resource_id)
);

COMMENT ON TABLE clusters IS
'Clusters, one row for each resource of such a type, kept by triggers.';
COMMENT ON COLUMN clusters.resource_id IS
'The resource.';
COMMENT ON COLUMN clusters.engine IS
'The software that makes it a cluster.';
COMMENT ON COLUMN clusters.version IS
'That software''s version.';
COMMENT ON COLUMN clusters.endpoint_url IS
'Where it is reached.';
-- The desired side: what the manifests say shall exist, by revision.
-- Written by the loader, only for what changed: a row holds from one revision until the one that replaced it.

CREATE TABLE desired_resources (
    id bigint GENERATED ALWAYS AS IDENTITY,
    source_id integer NOT NULL REFERENCES manifest_sources (id),
    parent_id bigint REFERENCES desired_resources (id) ON DELETE CASCADE,
    address text NOT NULL,
    resource_type_id integer NOT NULL REFERENCES resource_types (id),
    provider_endpoint_id integer NOT NULL REFERENCES provider_endpoints (id),
    name text NOT NULL,
    spec_hash bytea NOT NULL,
    document_hash bytea,
    file text NOT NULL,
    path text NOT NULL DEFAULT '',
    line integer NOT NULL,
    column_number integer NOT NULL,
    prevent_destroy boolean NOT NULL DEFAULT FALSE,
    on_remove text,
    allow_downtime boolean NOT NULL DEFAULT FALSE,
    replace_policy text NOT NULL DEFAULT 'never',
    create_before_destroy boolean NOT NULL DEFAULT FALSE,
    location text,
    datacenter text,
    adopt_external_id text,
    names_tags boolean NOT NULL DEFAULT FALSE,
    valid_from_revision bigint NOT NULL REFERENCES revisions (id),
    valid_to_revision bigint REFERENCES revisions (id),
    CONSTRAINT desired_resources_pkey PRIMARY KEY (id),
    CONSTRAINT desired_resources_typed UNIQUE (id, resource_type_id),
    CONSTRAINT desired_resources_address_given CHECK (address <> ''),
    CONSTRAINT desired_resources_on_remove CHECK (on_remove IN ('delete', 'retain', 'block')),
    CONSTRAINT desired_resources_replace_policy CHECK (replace_policy IN ('never', 'allowed')),
    CONSTRAINT desired_resources_span CHECK (valid_from_revision < valid_to_revision)
);

COMMENT ON TABLE desired_resources IS
'One resource, or part of one, as manifests want it over a span of revisions.';
COMMENT ON COLUMN desired_resources.id IS
'Key.';
COMMENT ON COLUMN desired_resources.source_id IS
'Whose manifest it is from.';
COMMENT ON COLUMN desired_resources.parent_id IS
'What contains it; null for a resource of its own.';
COMMENT ON COLUMN desired_resources.address IS
'type/name, and the same again for each part below it.';
COMMENT ON COLUMN desired_resources.resource_type_id IS
'What it is.';
COMMENT ON COLUMN desired_resources.provider_endpoint_id IS
'Where it shall be.';
COMMENT ON COLUMN desired_resources.name IS
'The last word of its address.';
COMMENT ON COLUMN desired_resources.spec_hash IS
'Canonical SHA-256 of its specification, parts included.';
COMMENT ON COLUMN desired_resources.document_hash IS
'SHA-256 of the YAML document it was read from; null for a part.';
COMMENT ON COLUMN desired_resources.file IS
'The manifest''s file, as whoever loaded it would write it.';
COMMENT ON COLUMN desired_resources.path IS
'The same file by its path within the source, which is the same in every clone.';
COMMENT ON COLUMN desired_resources.line IS
'Line in it, from 1; 0 where only the file is known.';
COMMENT ON COLUMN desired_resources.column_number IS
'Column in it, from 1; 0 where only the file is known.';
COMMENT ON COLUMN desired_resources.prevent_destroy IS
'Guards it against destruction.';
COMMENT ON COLUMN desired_resources.on_remove IS
'What happens when it leaves the manifests: delete, retain or block; null for the type''s rule.';
COMMENT ON COLUMN desired_resources.allow_downtime IS
'Whether a change may stop it.';
COMMENT ON COLUMN desired_resources.replace_policy IS
'Whether it may be replaced: never or allowed.';
COMMENT ON COLUMN desired_resources.create_before_destroy IS
'Whether a replacement makes the new object first.';
COMMENT ON COLUMN desired_resources.location IS
'The location that the manifest names.';
COMMENT ON COLUMN desired_resources.datacenter IS
'The datacenter that the manifest names.';
COMMENT ON COLUMN desired_resources.adopt_external_id IS
'The provider''s id of an existing object to take over.';
COMMENT ON COLUMN desired_resources.names_tags IS
'Whether the manifest says which tags there shall be, be it none; where it does not, tags are left as they are.';
COMMENT ON COLUMN desired_resources.valid_from_revision IS
'The first revision that says so.';
COMMENT ON COLUMN desired_resources.valid_to_revision IS
'The first revision that no longer does; null while it holds.';
CREATE UNIQUE INDEX desired_resources_address ON desired_resources (address)
WHERE valid_to_revision IS NULL;
CREATE INDEX desired_resources_any_address ON desired_resources (address, valid_from_revision);
CREATE INDEX desired_resources_parent ON desired_resources (parent_id);
CREATE INDEX desired_resources_source ON desired_resources (source_id);
CREATE INDEX desired_resources_endpoint ON desired_resources (provider_endpoint_id);
CREATE INDEX desired_resources_from ON desired_resources (valid_from_revision);
CREATE INDEX desired_resources_to ON desired_resources (valid_to_revision) WHERE valid_to_revision IS NOT NULL;

CREATE TABLE desired_attributes (
    desired_resource_id bigint NOT NULL,
    resource_type_id integer NOT NULL,
    attribute_definition_id integer NOT NULL,
    ordinal smallint NOT NULL DEFAULT 0,
    data_type text NOT NULL,
    value_string text,
    value_integer bigint,
    value_decimal numeric,
    value_boolean boolean,
    value_datetime timestamptz,
    value_credential text,
    value_fingerprint text,
    is_explicit boolean NOT NULL,
    CONSTRAINT desired_attributes_pkey PRIMARY KEY (desired_resource_id, attribute_definition_id, ordinal),
    CONSTRAINT desired_attributes_resource FOREIGN KEY (desired_resource_id, resource_type_id)
    REFERENCES desired_resources (id, resource_type_id) ON DELETE CASCADE,
    CONSTRAINT desired_attributes_attribute
    FOREIGN KEY (resource_type_id, attribute_definition_id, data_type)
    REFERENCES resource_type_attributes (resource_type_id, attribute_definition_id, data_type),
    CONSTRAINT desired_attributes_ordinal CHECK (ordinal >= 0),
    CONSTRAINT desired_attributes_string CHECK (
        num_nonnulls(value_string, value_credential) = (data_type = 'string')::integer
    ),
    CONSTRAINT desired_attributes_fingerprint CHECK (
        value_fingerprint IS NULL OR (value_credential IS NOT NULL AND value_fingerprint ~ '^[0-9a-f]{12}$')
    ),
    CONSTRAINT desired_attributes_integer CHECK ((data_type = 'integer') = (value_integer IS NOT NULL)),
    CONSTRAINT desired_attributes_decimal CHECK ((data_type = 'decimal') = (value_decimal IS NOT NULL)),
    CONSTRAINT desired_attributes_boolean CHECK ((data_type = 'boolean') = (value_boolean IS NOT NULL)),
    CONSTRAINT desired_attributes_datetime CHECK ((data_type = 'datetime') = (value_datetime IS NOT NULL))
);

COMMENT ON TABLE desired_attributes IS
'The attributes of a desired resource, defaults included: one row a value, one an element of a set or list, within the bounds and allowed values of the provider''s rule.';
COMMENT ON COLUMN desired_attributes.desired_resource_id IS
'The desired resource.';
COMMENT ON COLUMN desired_attributes.resource_type_id IS
'Its type again, so that a foreign key can tell which attributes it may have.';
COMMENT ON COLUMN desired_attributes.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN desired_attributes.ordinal IS
'The element''s place, from 0; always 0 where there is one value.';
COMMENT ON COLUMN desired_attributes.data_type IS
'The attribute''s data type again: which of the values is set.';
COMMENT ON COLUMN desired_attributes.value_string IS
'The value where data_type is string, unless it is a secret; null otherwise. A reference is an address.';
COMMENT ON COLUMN desired_attributes.value_credential IS
'The name of the credential that holds the value, where it is a secret; null otherwise.';
COMMENT ON COLUMN desired_attributes.value_fingerprint IS
'The fingerprint of that credential''s value when the manifest was read; null where it could not be read, and where there is no credential.';
COMMENT ON COLUMN desired_attributes.value_integer IS
'The value where data_type is integer, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN desired_attributes.value_decimal IS
'The value where data_type is decimal, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN desired_attributes.value_boolean IS
'The value where data_type is boolean; null otherwise.';
COMMENT ON COLUMN desired_attributes.value_datetime IS
'The value where data_type is datetime; null otherwise.';
COMMENT ON COLUMN desired_attributes.is_explicit IS
'Whether a person wrote it; false for a default.';

CREATE TABLE desired_cleared_attributes (
    desired_resource_id bigint NOT NULL REFERENCES desired_resources (id) ON DELETE CASCADE,
    attribute_definition_id integer NOT NULL REFERENCES attribute_definitions (id),
    CONSTRAINT desired_cleared_attributes_pkey PRIMARY KEY (desired_resource_id, attribute_definition_id)
);

COMMENT ON TABLE desired_cleared_attributes IS
'Sets and lists that shall be empty, which have no row in desired_attributes.';
COMMENT ON COLUMN desired_cleared_attributes.desired_resource_id IS
'The desired resource.';
COMMENT ON COLUMN desired_cleared_attributes.attribute_definition_id IS
'The attribute that shall be empty.';

CREATE TABLE desired_tags (
    desired_resource_id bigint NOT NULL REFERENCES desired_resources (id) ON DELETE CASCADE,
    key text NOT NULL,
    value text NOT NULL,
    CONSTRAINT desired_tags_pkey PRIMARY KEY (desired_resource_id, key)
);

COMMENT ON TABLE desired_tags IS
'The tags that a desired resource shall carry.';
COMMENT ON COLUMN desired_tags.desired_resource_id IS
'The desired resource.';
COMMENT ON COLUMN desired_tags.key IS
'The tag''s key.';
COMMENT ON COLUMN desired_tags.value IS
'Its value; may be empty.';

CREATE TABLE desired_collections (
    desired_resource_id bigint NOT NULL REFERENCES desired_resources (id) ON DELETE CASCADE,
    resource_type_id integer NOT NULL REFERENCES resource_types (id),
    CONSTRAINT desired_collections_pkey PRIMARY KEY (desired_resource_id, resource_type_id)
);

COMMENT ON TABLE desired_collections IS
'The part types that a manifest lists, so that recorded parts it does not list are to go.';
COMMENT ON COLUMN desired_collections.desired_resource_id IS
'The desired resource.';
COMMENT ON COLUMN desired_collections.resource_type_id IS
'A part type that it lists.';

CREATE TABLE desired_ignored_attributes (
    desired_resource_id bigint NOT NULL REFERENCES desired_resources (id) ON DELETE CASCADE,
    name text NOT NULL,
    CONSTRAINT desired_ignored_attributes_pkey PRIMARY KEY (desired_resource_id, name)
);

COMMENT ON TABLE desired_ignored_attributes IS
'Attributes whose differences a manifest wants ignored.';
COMMENT ON COLUMN desired_ignored_attributes.desired_resource_id IS
'The desired resource.';
COMMENT ON COLUMN desired_ignored_attributes.name IS
'An attribute''s name, or `tags`.';

CREATE TABLE desired_relationships (
    desired_resource_id bigint NOT NULL REFERENCES desired_resources (id) ON DELETE CASCADE,
    relationship_type_id integer NOT NULL REFERENCES relationship_types (id),
    target_address text NOT NULL,
    is_explicit boolean NOT NULL DEFAULT TRUE,
    CONSTRAINT desired_relationships_pkey
    PRIMARY KEY (desired_resource_id, relationship_type_id, target_address, is_explicit),
    CONSTRAINT desired_relationships_target_given CHECK (target_address <> '')
);

COMMENT ON TABLE desired_relationships IS
'What a desired resource refers to: ties that a manifest names itself, and those that its references make.';
COMMENT ON COLUMN desired_relationships.desired_resource_id IS
'The child: what depends or is the member.';
COMMENT ON COLUMN desired_relationships.relationship_type_id IS
'What ties them.';
COMMENT ON COLUMN desired_relationships.target_address IS
'The parent''s address.';
COMMENT ON COLUMN desired_relationships.is_explicit IS
'Whether the manifest names the tie itself; false for one that a reference makes.';
CREATE INDEX desired_relationships_target ON desired_relationships (target_address);
-- Saved plans, down to the parameters of each provider request, so that what was approved is what is applied.
-- Written once when a plan is saved; afterwards only its status and its approvals change.

CREATE TABLE plans (
    id bigint GENERATED ALWAYS AS IDENTITY,
    uid uuid NOT NULL DEFAULT gen_random_uuid(),
    hash text NOT NULL,
    revision_id bigint REFERENCES revisions (id),
    actor text NOT NULL,
    db_user text NOT NULL DEFAULT session_user,
    created_at timestamptz NOT NULL DEFAULT now(),
    status text NOT NULL DEFAULT 'saved',
    source_name text,
    content_hash bytea,
    needs_approval boolean NOT NULL DEFAULT FALSE,
    CONSTRAINT plans_pkey PRIMARY KEY (id),
    CONSTRAINT plans_uid UNIQUE (uid),
    CONSTRAINT plans_hash CHECK (hash ~ '^[0-9a-f]{64}$'),
    CONSTRAINT plans_status CHECK (status IN ('saved', 'applying', 'applied', 'failed', 'expired'))
);

COMMENT ON TABLE plans IS
'A plan that was saved to be approved and applied.';
COMMENT ON COLUMN plans.id IS
'Key.';
COMMENT ON COLUMN plans.uid IS
'Its name outside of this database.';
COMMENT ON COLUMN plans.hash IS
'SHA-256, hexadecimal, over what would be done and what it rests on; approvals are bound to it.';
COMMENT ON COLUMN plans.revision_id IS
'The revision that it makes true.';
COMMENT ON COLUMN plans.actor IS
'Who made it.';
COMMENT ON COLUMN plans.db_user IS
'The session''s database user, whatever the actor claims; nobody can write another.';
COMMENT ON COLUMN plans.created_at IS
'When it was made.';
COMMENT ON COLUMN plans.source_name IS
'The source of the manifests that it was made from; null for a plan of all that is desired.';
COMMENT ON COLUMN plans.content_hash IS
'SHA-256 over those manifests; they must be the same when it is applied.';
COMMENT ON COLUMN plans.needs_approval IS
'Whether nothing of it, or not all of it, may be done without a person''s approval.';
COMMENT ON COLUMN plans.status IS
'saved, applying, applied, failed or expired.';
CREATE INDEX plans_hash_at ON plans (hash);
CREATE INDEX plans_revision ON plans (revision_id);
-- Each cycle of a daemon asks for these; all others are the past, and grow for ever.
CREATE INDEX plans_open ON plans (status) WHERE status IN ('saved', 'applying');

CREATE TABLE plan_sources (
    plan_id bigint NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    position integer NOT NULL,
    source_name text NOT NULL,
    place text,
    CONSTRAINT plan_sources_pkey PRIMARY KEY (plan_id, position)
);

COMMENT ON TABLE plan_sources IS
'What a plan was made from: the sources, or the parts of them, that it is about.';
COMMENT ON COLUMN plan_sources.plan_id IS
'The plan.';
COMMENT ON COLUMN plan_sources.position IS
'The order in which they were named.';
COMMENT ON COLUMN plan_sources.source_name IS
'The source.';
COMMENT ON COLUMN plan_sources.place IS
'The folder or file that was read; null for a repository, which is read again where its source is.';

CREATE TABLE plan_approvals (
    id bigint GENERATED ALWAYS AS IDENTITY,
    uid uuid NOT NULL,
    plan_id bigint NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    hash text NOT NULL,
    approved_by text NOT NULL,
    db_user text NOT NULL DEFAULT session_user,
    approved_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz,
    mac bytea NOT NULL,
    CONSTRAINT plan_approvals_pkey PRIMARY KEY (id),
    CONSTRAINT plan_approvals_uid UNIQUE (uid),
    CONSTRAINT plan_approvals_mac CHECK (octet_length(mac) = 32)
);

COMMENT ON TABLE plan_approvals IS
'A person''s consent to one plan, good for one use, and only with a mac that none but a holder of the key can make.';
COMMENT ON COLUMN plan_approvals.id IS
'Key.';
COMMENT ON COLUMN plan_approvals.plan_id IS
'The plan.';
COMMENT ON COLUMN plan_approvals.hash IS
'The plan''s hash as the person saw it.';
COMMENT ON COLUMN plan_approvals.approved_by IS
'Who.';
COMMENT ON COLUMN plan_approvals.db_user IS
'The session''s database user, whatever the approver claims; nobody can write another.';
COMMENT ON COLUMN plan_approvals.approved_at IS
'When.';
COMMENT ON COLUMN plan_approvals.used_at IS
'When an application used it up; null before. Set once.';
COMMENT ON COLUMN plan_approvals.uid IS
'Its identity, chosen by who approves and covered by the mac, so that no copy of it counts.';
COMMENT ON COLUMN plan_approvals.mac IS
'HMAC-SHA-256 over uid, plan, hash and who, under the installation''s key, which the database never has.';
CREATE INDEX plan_approvals_plan ON plan_approvals (plan_id);
CREATE INDEX plan_approvals_used ON plan_approvals (used_at) WHERE used_at IS NOT NULL;

CREATE TABLE plan_messages (
    plan_id bigint NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    position integer NOT NULL,
    kind text NOT NULL,
    message text NOT NULL,
    CONSTRAINT plan_messages_pkey PRIMARY KEY (plan_id, position),
    CONSTRAINT plan_messages_kind CHECK (kind IN ('warning', 'approval'))
);

COMMENT ON TABLE plan_messages IS
'What a plan says as a whole: warnings, and why it waits for an approval.';
COMMENT ON COLUMN plan_messages.plan_id IS
'The plan.';
COMMENT ON COLUMN plan_messages.position IS
'Its place, from 0.';
COMMENT ON COLUMN plan_messages.kind IS
'warning or approval.';
COMMENT ON COLUMN plan_messages.message IS
'The text.';

CREATE TABLE plan_blocked (
    plan_id bigint NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    position integer NOT NULL,
    address text NOT NULL,
    action text NOT NULL,
    hindrance text NOT NULL,
    message text NOT NULL,
    hint text NOT NULL DEFAULT '',
    CONSTRAINT plan_blocked_pkey PRIMARY KEY (plan_id, position)
);

COMMENT ON TABLE plan_blocked IS
'What differs and is left alone by a plan, and why.';
COMMENT ON COLUMN plan_blocked.plan_id IS
'The plan.';
COMMENT ON COLUMN plan_blocked.position IS
'Its place, from 0.';
COMMENT ON COLUMN plan_blocked.address IS
'The resource.';
COMMENT ON COLUMN plan_blocked.action IS
'What would have been done.';
COMMENT ON COLUMN plan_blocked.hindrance IS
'Why not: a block reason of the model.';
COMMENT ON COLUMN plan_blocked.message IS
'Why not, for people.';
COMMENT ON COLUMN plan_blocked.hint IS
'What frees it.';

CREATE TABLE plan_inventory_steps (
    plan_id bigint NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    position integer NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    is_new boolean NOT NULL,
    hash text NOT NULL,
    CONSTRAINT plan_inventory_steps_pkey PRIMARY KEY (plan_id, position),
    CONSTRAINT plan_inventory_steps_kind CHECK (
        kind IN ('location', 'credential', 'provider', 'datacenter', 'endpoint')
    ),
    CONSTRAINT plan_inventory_steps_hash CHECK (hash ~ '^[0-9a-f]{64}$')
);

COMMENT ON TABLE plan_inventory_steps IS
'What a plan changes of the inventory, before any of its steps.';
COMMENT ON COLUMN plan_inventory_steps.plan_id IS
'The plan.';
COMMENT ON COLUMN plan_inventory_steps.position IS
'Its place, from 0.';
COMMENT ON COLUMN plan_inventory_steps.kind IS
'location, credential, provider, datacenter or endpoint.';
COMMENT ON COLUMN plan_inventory_steps.name IS
'Its name in the manifests.';
COMMENT ON COLUMN plan_inventory_steps.is_new IS
'Whether there was none of that name.';
COMMENT ON COLUMN plan_inventory_steps.hash IS
'SHA-256, hexadecimal, over what changes; an approval is bound to it.';

CREATE TABLE plan_inventory_values (
    plan_id bigint NOT NULL,
    step_position integer NOT NULL,
    position integer NOT NULL,
    side text NOT NULL,
    field text NOT NULL,
    data_type text NOT NULL,
    value_string text,
    value_integer bigint,
    value_decimal numeric,
    value_boolean boolean,
    value_datetime timestamptz,
    CONSTRAINT plan_inventory_values_pkey PRIMARY KEY (plan_id, step_position, position, side),
    CONSTRAINT plan_inventory_values_step FOREIGN KEY (plan_id, step_position)
    REFERENCES plan_inventory_steps (plan_id, position) ON DELETE CASCADE,
    CONSTRAINT plan_inventory_values_side CHECK (side IN ('before', 'after')),
    CONSTRAINT plan_inventory_values_data_type CHECK (
        data_type IN ('string', 'integer', 'decimal', 'boolean', 'datetime')
    ),
    CONSTRAINT plan_inventory_values_string CHECK ((data_type = 'string') = (value_string IS NOT NULL)),
    CONSTRAINT plan_inventory_values_integer CHECK ((data_type = 'integer') = (value_integer IS NOT NULL)),
    CONSTRAINT plan_inventory_values_decimal CHECK ((data_type = 'decimal') = (value_decimal IS NOT NULL)),
    CONSTRAINT plan_inventory_values_boolean CHECK ((data_type = 'boolean') = (value_boolean IS NOT NULL)),
    CONSTRAINT plan_inventory_values_datetime CHECK ((data_type = 'datetime') = (value_datetime IS NOT NULL))
);

COMMENT ON TABLE plan_inventory_values IS
'A field''s value before or after a change of the inventory; where there was or will be none, there is no row.';
COMMENT ON COLUMN plan_inventory_values.plan_id IS
'The plan.';
COMMENT ON COLUMN plan_inventory_values.step_position IS
'The place of the inventory''s step.';
COMMENT ON COLUMN plan_inventory_values.position IS
'The change''s place in it, from 0.';
COMMENT ON COLUMN plan_inventory_values.side IS
'before or after.';
COMMENT ON COLUMN plan_inventory_values.field IS
'The field''s name in manifests; `settings.NAME` and `capabilities.NAME` for one of those, `host` for a host that a credential is given for, `provider` for one that has a datacenter.';
COMMENT ON COLUMN plan_inventory_values.data_type IS
'Which of the columns holds the value.';
COMMENT ON COLUMN plan_inventory_values.value_string IS
'The value, where it is a text.';
COMMENT ON COLUMN plan_inventory_values.value_integer IS
'The value, where it is an integer.';
COMMENT ON COLUMN plan_inventory_values.value_decimal IS
'The value, where it is a decimal.';
COMMENT ON COLUMN plan_inventory_values.value_boolean IS
'The value, where it is true or false.';
COMMENT ON COLUMN plan_inventory_values.value_datetime IS
'The value, where it is an instant.';

CREATE TABLE plan_inventory_approvals (
    plan_id bigint NOT NULL,
    step_position integer NOT NULL,
    position integer NOT NULL,
    message text NOT NULL,
    CONSTRAINT plan_inventory_approvals_pkey PRIMARY KEY (plan_id, step_position, position),
    CONSTRAINT plan_inventory_approvals_step FOREIGN KEY (plan_id, step_position)
    REFERENCES plan_inventory_steps (plan_id, position) ON DELETE CASCADE
);

COMMENT ON TABLE plan_inventory_approvals IS
'Why a person must approve a change of the inventory.';
COMMENT ON COLUMN plan_inventory_approvals.plan_id IS
'The plan.';
COMMENT ON COLUMN plan_inventory_approvals.step_position IS
'The place of the inventory''s step.';
COMMENT ON COLUMN plan_inventory_approvals.position IS
'The reason''s place, from 0.';
COMMENT ON COLUMN plan_inventory_approvals.message IS
'The reason.';

CREATE TABLE plan_steps (
    id bigint GENERATED ALWAYS AS IDENTITY,
    plan_id bigint NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    position integer NOT NULL,
    address text NOT NULL,
    operation_type_id integer NOT NULL REFERENCES operation_types (id),
    endpoint text NOT NULL,
    resource_uid uuid,
    pin bigint,
    desired_hash bytea,
    impact text NOT NULL,
    reason text,
    summary text NOT NULL,
    adopt_external_id text,
    is_later boolean NOT NULL DEFAULT FALSE,
    hash text NOT NULL,
    CONSTRAINT plan_steps_pkey PRIMARY KEY (id),
    CONSTRAINT plan_steps_order UNIQUE (plan_id, position),
    CONSTRAINT plan_steps_impact CHECK (impact IN ('online', 'reboot', 'stop', 'replace')),
    CONSTRAINT plan_steps_reason CHECK (reason IN ('manifest', 'drift', 'default'))
);

COMMENT ON TABLE plan_steps IS
'One resource''s change in a plan.';
COMMENT ON COLUMN plan_steps.id IS
'Key.';
COMMENT ON COLUMN plan_steps.plan_id IS
'The plan.';
COMMENT ON COLUMN plan_steps.position IS
'Its place in the plan''s order, from 0.';
COMMENT ON COLUMN plan_steps.address IS
'The resource.';
COMMENT ON COLUMN plan_steps.operation_type_id IS
'What is done to it.';
COMMENT ON COLUMN plan_steps.endpoint IS
'Where, by the endpoint''s name: a plan may be the first to declare it.';
COMMENT ON COLUMN plan_steps.resource_uid IS
'The recorded resource it rests on; null where there is none yet.';
COMMENT ON COLUMN plan_steps.pin IS
'That resource''s version when the plan was made; if it has moved, the step is not done.';
COMMENT ON COLUMN plan_steps.desired_hash IS
'The desired hash that the step makes true; null for a removal.';
COMMENT ON COLUMN plan_steps.impact IS
'What it does to a running machine: online, reboot, stop or replace.';
COMMENT ON COLUMN plan_steps.reason IS
'manifest, drift or default; null where it has no single one.';
COMMENT ON COLUMN plan_steps.summary IS
'One line for people.';
COMMENT ON COLUMN plan_steps.is_later IS
'Whether it follows in a later wave of the same apply, once the steps that it waits for are done.';
COMMENT ON COLUMN plan_steps.hash IS
'SHA-256, hexadecimal, over what the step would do and what it rests on; of a later one over what it would do alone.';
COMMENT ON COLUMN plan_steps.adopt_external_id IS
'The provider''s id of the object to take over.';
CREATE INDEX plan_steps_type ON plan_steps (operation_type_id);
CREATE INDEX plan_steps_resource ON plan_steps (resource_uid);

CREATE TABLE plan_step_requirements (
    plan_step_id bigint NOT NULL REFERENCES plan_steps (id) ON DELETE CASCADE,
    address text NOT NULL,
    CONSTRAINT plan_step_requirements_pkey PRIMARY KEY (plan_step_id, address)
);

COMMENT ON TABLE plan_step_requirements IS
'Addresses whose steps must have succeeded before a step.';
COMMENT ON COLUMN plan_step_requirements.plan_step_id IS
'The step.';
COMMENT ON COLUMN plan_step_requirements.address IS
'What must have succeeded.';

CREATE TABLE plan_step_approvals (
    plan_step_id bigint NOT NULL REFERENCES plan_steps (id) ON DELETE CASCADE,
    position integer NOT NULL,
    message text NOT NULL,
    CONSTRAINT plan_step_approvals_pkey PRIMARY KEY (plan_step_id, position)
);

COMMENT ON TABLE plan_step_approvals IS
'Why a person must approve a step.';
COMMENT ON COLUMN plan_step_approvals.plan_step_id IS
'The step.';
COMMENT ON COLUMN plan_step_approvals.position IS
'The reason''s place, from 0.';
COMMENT ON COLUMN plan_step_approvals.message IS
'The reason.';

CREATE TABLE plan_step_changes (
    plan_step_id bigint NOT NULL REFERENCES plan_steps (id) ON DELETE CASCADE,
    position integer NOT NULL,
    part_address text,
    part_action text,
    part_holds_data boolean,
    attribute text,
    tag_key text,
    is_many boolean NOT NULL DEFAULT FALSE,
    has_before boolean NOT NULL DEFAULT FALSE,
    has_after boolean NOT NULL DEFAULT FALSE,
    reason text,
    mutability text,
    is_secret boolean NOT NULL DEFAULT FALSE,
    CONSTRAINT plan_step_changes_pkey PRIMARY KEY (plan_step_id, position),
    CONSTRAINT plan_step_changes_part_action CHECK (part_action IN ('create', 'update', 'delete')),
    CONSTRAINT plan_step_changes_reason CHECK (reason IN ('manifest', 'drift', 'default'))
);

COMMENT ON TABLE plan_step_changes IS
'What a step changes, for people: attributes, parts and tags. The values are in plan_step_change_values.';
COMMENT ON COLUMN plan_step_changes.plan_step_id IS
'The step.';
COMMENT ON COLUMN plan_step_changes.position IS
'The change''s place, from 0.';
COMMENT ON COLUMN plan_step_changes.part_address IS
'The part that changes; null for the resource itself.';
COMMENT ON COLUMN plan_step_changes.part_action IS
'create, update or delete, of a part.';
COMMENT ON COLUMN plan_step_changes.part_holds_data IS
'Whether losing the part loses data.';
COMMENT ON COLUMN plan_step_changes.attribute IS
'The attribute that changes.';
COMMENT ON COLUMN plan_step_changes.tag_key IS
'The tag that changes.';
COMMENT ON COLUMN plan_step_changes.is_many IS
'Whether a value has elements, as a set or a list, of which there may be none.';
COMMENT ON COLUMN plan_step_changes.has_before IS
'Whether there was a value before.';
COMMENT ON COLUMN plan_step_changes.has_after IS
'Whether there is one after.';
COMMENT ON COLUMN plan_step_changes.reason IS
'manifest, drift or default.';
COMMENT ON COLUMN plan_step_changes.mutability IS
'How the attribute can change.';
COMMENT ON COLUMN plan_step_changes.is_secret IS
'Whether the values are not to be shown.';

CREATE TABLE plan_step_change_values (
    plan_step_id bigint NOT NULL,
    change_position integer NOT NULL,
    is_after boolean NOT NULL,
    ordinal integer NOT NULL,
    data_type text NOT NULL,
    value_string text,
    value_integer bigint,
    value_decimal numeric,
    value_boolean boolean,
    value_datetime timestamptz,
    value_credential text,
    value_fingerprint text,
    value_target_type text,
    value_key text,
    value_inner_key text,
    CONSTRAINT plan_step_change_values_pkey PRIMARY KEY (plan_step_id, change_position, is_after, ordinal),
    CONSTRAINT plan_step_change_values_change FOREIGN KEY (plan_step_id, change_position)
    REFERENCES plan_step_changes (plan_step_id, position) ON DELETE CASCADE,
    CONSTRAINT plan_step_change_values_ordinal CHECK (ordinal >= 0),
    CONSTRAINT plan_step_change_values_data_type CHECK (data_type IN ('string', 'integer', 'decimal', 'boolean', 'datetime')),
    CONSTRAINT plan_step_change_values_string CHECK (
        num_nonnulls(value_string, value_credential) = (data_type = 'string')::integer
    ),
    CONSTRAINT plan_step_change_values_fingerprint CHECK (value_fingerprint IS NULL OR value_credential IS NOT NULL),
    CONSTRAINT plan_step_change_values_target CHECK (value_target_type IS NULL OR value_string IS NOT NULL),
    CONSTRAINT plan_step_change_values_key CHECK (value_key IS NULL OR (value_string IS NOT NULL AND value_target_type IS NULL)),
    CONSTRAINT plan_step_change_values_inner_key CHECK (value_inner_key IS NULL OR value_key IS NOT NULL),
    CONSTRAINT plan_step_change_values_integer CHECK ((data_type = 'integer') = (value_integer IS NOT NULL)),
    CONSTRAINT plan_step_change_values_decimal CHECK ((data_type = 'decimal') = (value_decimal IS NOT NULL)),
    CONSTRAINT plan_step_change_values_boolean CHECK ((data_type = 'boolean') = (value_boolean IS NOT NULL)),
    CONSTRAINT plan_step_change_values_datetime CHECK ((data_type = 'datetime') = (value_datetime IS NOT NULL))
);

COMMENT ON TABLE plan_step_change_values IS
'The values before and after a change: one row a value, one an element of a set or list. v_plan_changes shows them as text.';
COMMENT ON COLUMN plan_step_change_values.plan_step_id IS
'The step.';
COMMENT ON COLUMN plan_step_change_values.change_position IS
'The change.';
COMMENT ON COLUMN plan_step_change_values.is_after IS
'Whether it is of the value after; false for the one before.';
COMMENT ON COLUMN plan_step_change_values.ordinal IS
'The element''s place, from 0; always 0 where there is one value.';
COMMENT ON COLUMN plan_step_change_values.data_type IS
'Which of the values is set.';
COMMENT ON COLUMN plan_step_change_values.value_string IS
'The value where data_type is string, unless it is a secret; null otherwise. A reference is an address, or an id beside value_target_type.';
COMMENT ON COLUMN plan_step_change_values.value_integer IS
'The value where data_type is integer, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN plan_step_change_values.value_decimal IS
'The value where data_type is decimal, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN plan_step_change_values.value_boolean IS
'The value where data_type is boolean; null otherwise.';
COMMENT ON COLUMN plan_step_change_values.value_datetime IS
'The value where data_type is datetime; null otherwise.';
COMMENT ON COLUMN plan_step_change_values.value_credential IS
'The name of the credential that holds the value, where it is a secret; null otherwise.';
COMMENT ON COLUMN plan_step_change_values.value_fingerprint IS
'The fingerprint of that credential''s value when the plan was made; null where it could not be read.';
COMMENT ON COLUMN plan_step_change_values.value_target_type IS
'The type of what is referred to by its provider''s id, because it is in no book of ours; null otherwise.';
COMMENT ON COLUMN plan_step_change_values.value_key IS
'The key that the value has in a map; null where there is no map.';
COMMENT ON COLUMN plan_step_change_values.value_inner_key IS
'The key that it has inside of that key; null where it is the key''s own value.';

CREATE TABLE plan_calls (
    plan_step_id bigint NOT NULL REFERENCES plan_steps (id) ON DELETE CASCADE,
    position smallint NOT NULL,
    operation text NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    summary text NOT NULL,
    impact text NOT NULL,
    creates boolean NOT NULL DEFAULT FALSE,
    deletes boolean NOT NULL DEFAULT FALSE,
    best_effort boolean NOT NULL DEFAULT FALSE,
    restores boolean NOT NULL DEFAULT FALSE,
    timeout_seconds integer NOT NULL,
    CONSTRAINT plan_calls_pkey PRIMARY KEY (plan_step_id, position),
    CONSTRAINT plan_calls_impact CHECK (impact IN ('online', 'reboot', 'stop', 'replace')),
    CONSTRAINT plan_calls_timeout CHECK (timeout_seconds > 0)
);

COMMENT ON TABLE plan_calls IS
'A provider request of a step.';
COMMENT ON COLUMN plan_calls.plan_step_id IS
'The step.';
COMMENT ON COLUMN plan_calls.position IS
'The call''s place in the step, from 0.';
COMMENT ON COLUMN plan_calls.operation IS
'The driver''s name for it.';
COMMENT ON COLUMN plan_calls.method IS
'The HTTP method.';
COMMENT ON COLUMN plan_calls.path IS
'The path, with names in braces for its parameters.';
COMMENT ON COLUMN plan_calls.summary IS
'One line for people.';
COMMENT ON COLUMN plan_calls.impact IS
'What it does to a running machine: online, reboot, stop or replace.';
COMMENT ON COLUMN plan_calls.creates IS
'Whether its success makes the object.';
COMMENT ON COLUMN plan_calls.deletes IS
'Whether its success removes the object.';
COMMENT ON COLUMN plan_calls.best_effort IS
'Whether the next call goes on if it fails.';
COMMENT ON COLUMN plan_calls.restores IS
'Whether it undoes what an earlier call did to a running machine, and is made even if one in between failed.';
COMMENT ON COLUMN plan_calls.timeout_seconds IS
'Seconds that the provider''s task may take.';

CREATE TABLE plan_call_parameters (
    plan_step_id bigint NOT NULL,
    call_position smallint NOT NULL,
    position integer NOT NULL,
    is_path boolean NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    data_type text,
    value_string text,
    value_integer bigint,
    value_decimal numeric,
    value_boolean boolean,
    target_address text,
    mark_field text,
    template text,
    credential text,
    fingerprint text,
    CONSTRAINT plan_call_parameters_pkey PRIMARY KEY (plan_step_id, call_position, position),
    CONSTRAINT plan_call_parameters_call FOREIGN KEY (plan_step_id, call_position)
    REFERENCES plan_calls (plan_step_id, position) ON DELETE CASCADE,
    CONSTRAINT plan_call_parameters_kind CHECK (
        kind IN ('value', 'null', 'empty_list', 'empty_map', 'external_id', 'reserved_id', 'mark', 'secret')
    ),
    CONSTRAINT plan_call_parameters_data_type CHECK (data_type IN ('string', 'integer', 'decimal', 'boolean')),
    CONSTRAINT plan_call_parameters_value CHECK ((kind = 'value') = (data_type IS NOT NULL)),
    CONSTRAINT plan_call_parameters_string CHECK (
        (data_type IS NOT DISTINCT FROM 'string') = (value_string IS NOT NULL)
    ),
    CONSTRAINT plan_call_parameters_integer CHECK (
        (data_type IS NOT DISTINCT FROM 'integer') = (value_integer IS NOT NULL)
    ),
    CONSTRAINT plan_call_parameters_decimal CHECK (
        (data_type IS NOT DISTINCT FROM 'decimal') = (value_decimal IS NOT NULL)
    ),
    CONSTRAINT plan_call_parameters_boolean CHECK (
        (data_type IS NOT DISTINCT FROM 'boolean') = (value_boolean IS NOT NULL)
    ),
    CONSTRAINT plan_call_parameters_target CHECK ((kind = 'external_id') = (target_address IS NOT NULL)),
    CONSTRAINT plan_call_parameters_mark CHECK ((kind = 'mark') = (mark_field IS NOT NULL)),
    CONSTRAINT plan_call_parameters_field CHECK (mark_field IN ('owner', 'resource', 'operation')),
    CONSTRAINT plan_call_parameters_template CHECK (template IS NULL OR kind = 'mark'),
    CONSTRAINT plan_call_parameters_secret CHECK ((kind = 'secret') = (credential IS NOT NULL))
);

COMMENT ON TABLE plan_call_parameters IS
'A parameter of a call: a value, or what stands for one until the call is sent.';
COMMENT ON COLUMN plan_call_parameters.plan_step_id IS
'The step.';
COMMENT ON COLUMN plan_call_parameters.call_position IS
'The call.';
COMMENT ON COLUMN plan_call_parameters.position IS
'The parameter''s place among the call''s, path parameters first, from 0.';
COMMENT ON COLUMN plan_call_parameters.is_path IS
'Whether it belongs in the path.';
COMMENT ON COLUMN plan_call_parameters.name IS
'Its name; of one inside of a list or a mapping, the name of the outermost of them. See plan_call_parameter_paths.';
COMMENT ON COLUMN plan_call_parameters.kind IS
'value, null, empty_list, empty_map, external_id, reserved_id, mark or secret.';
COMMENT ON COLUMN plan_call_parameters.data_type IS
'Which of the values is set, where kind is value.';
COMMENT ON COLUMN plan_call_parameters.value_string IS
'The value where data_type is string.';
COMMENT ON COLUMN plan_call_parameters.value_integer IS
'The value where data_type is integer.';
COMMENT ON COLUMN plan_call_parameters.value_decimal IS
'The value where data_type is decimal.';
COMMENT ON COLUMN plan_call_parameters.value_boolean IS
'The value where data_type is boolean.';
COMMENT ON COLUMN plan_call_parameters.target_address IS
'Whose external id it is, where kind is external_id.';
COMMENT ON COLUMN plan_call_parameters.mark_field IS
'owner, resource or operation, where kind is mark.';
COMMENT ON COLUMN plan_call_parameters.template IS
'The text around the mark''s field, where kind is mark; braces stand for the field.';
COMMENT ON COLUMN plan_call_parameters.credential IS
'The credential''s name, where kind is secret.';
COMMENT ON COLUMN plan_call_parameters.fingerprint IS
'The secret''s fingerprint when the plan was made, where kind is secret.';

CREATE TABLE plan_call_parameter_paths (
    plan_step_id bigint NOT NULL,
    call_position smallint NOT NULL,
    parameter_position integer NOT NULL,
    depth smallint NOT NULL,
    key text,
    list_index integer,
    CONSTRAINT plan_call_parameter_paths_pkey PRIMARY KEY (plan_step_id, call_position, parameter_position, depth),
    CONSTRAINT plan_call_parameter_paths_parameter FOREIGN KEY (plan_step_id, call_position, parameter_position)
    REFERENCES plan_call_parameters (plan_step_id, call_position, position) ON DELETE CASCADE,
    CONSTRAINT plan_call_parameter_paths_depth CHECK (depth >= 1),
    CONSTRAINT plan_call_parameter_paths_one CHECK ((key IS NULL) <> (list_index IS NULL)),
    CONSTRAINT plan_call_parameter_paths_index CHECK (list_index >= 0)
);

COMMENT ON TABLE plan_call_parameter_paths IS
'Where a parameter stands inside of the list or mapping that its name names: a row a level. None for one that stands by itself.';
COMMENT ON COLUMN plan_call_parameter_paths.plan_step_id IS
'The step.';
COMMENT ON COLUMN plan_call_parameter_paths.call_position IS
'The call.';
COMMENT ON COLUMN plan_call_parameter_paths.parameter_position IS
'The parameter.';
COMMENT ON COLUMN plan_call_parameter_paths.depth IS
'How deep, from 1: right inside of what the parameter''s name names.';
COMMENT ON COLUMN plan_call_parameter_paths.key IS
'The key, of a level inside of a mapping.';
COMMENT ON COLUMN plan_call_parameter_paths.list_index IS
'The place from 0, of a level inside of a list.';
-- Operations: the durable record of a step's execution. What is written here is written before what it speaks of
-- is done, so that a crash at any instant leaves a row that says what may have happened.

CREATE TABLE resource_operations (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    resource_id bigint NOT NULL REFERENCES resources (id),
    operation_type_id integer NOT NULL REFERENCES operation_types (id),
    plan_step_id bigint REFERENCES plan_steps (id),
    status text NOT NULL DEFAULT 'intended',
    worker_id uuid NOT NULL REFERENCES workers (id),
    claim_epoch bigint NOT NULL,
    current_call smallint NOT NULL DEFAULT 0,
    request_hash bytea NOT NULL,
    identity text,
    rests_on_version bigint,
    actor text NOT NULL,
    db_user text NOT NULL DEFAULT session_user,
    revision_id bigint REFERENCES revisions (id),
    intended_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    accepted_at timestamptz,
    finished_at timestamptz,
    error_code text,
    error_message text,
    CONSTRAINT resource_operations_pkey PRIMARY KEY (id),
    CONSTRAINT resource_operations_status CHECK (
        status IN ('intended', 'sending', 'accepted', 'done', 'failed', 'ambiguous', 'interrupted')
    ),
    CONSTRAINT resource_operations_ended CHECK (
        (status IN ('intended', 'sending', 'accepted')) = (finished_at IS NULL)
    )
);

COMMENT ON TABLE resource_operations IS
'One step being carried out, or carried out. Written by the executor; a trigger refuses illegal moves of the status.';
COMMENT ON COLUMN resource_operations.id IS
'Its identity, written into the mark on the provider''s object.';
COMMENT ON COLUMN resource_operations.resource_id IS
'The resource.';
COMMENT ON COLUMN resource_operations.operation_type_id IS
'What is done to it.';
COMMENT ON COLUMN resource_operations.plan_step_id IS
'The step; null for what no plan asked for.';
COMMENT ON COLUMN resource_operations.status IS
'intended, sending, accepted, done, failed, ambiguous or interrupted.';
COMMENT ON COLUMN resource_operations.worker_id IS
'Who carries it out.';
COMMENT ON COLUMN resource_operations.claim_epoch IS
'The resource''s claim that it is done under.';
COMMENT ON COLUMN resource_operations.current_call IS
'The place of the call that it is at.';
COMMENT ON COLUMN resource_operations.request_hash IS
'SHA-256 over the calls, so that a recovery sends the same or nothing.';
COMMENT ON COLUMN resource_operations.identity IS
'The name or reserved id that finds the object again; null where there is none.';
COMMENT ON COLUMN resource_operations.rests_on_version IS
'The resource''s version that it rests on; null where there was no row before.';
COMMENT ON COLUMN resource_operations.actor IS
'Who wanted it.';
COMMENT ON COLUMN resource_operations.db_user IS
'The session''s database user, whatever the actor claims; nobody can write another.';
COMMENT ON COLUMN resource_operations.revision_id IS
'The revision that it makes true.';
COMMENT ON COLUMN resource_operations.intended_at IS
'When the intent was committed.';
COMMENT ON COLUMN resource_operations.sent_at IS
'When the first call was about to be sent.';
COMMENT ON COLUMN resource_operations.accepted_at IS
'When the provider first accepted one.';
COMMENT ON COLUMN resource_operations.finished_at IS
'When it came to an end, good or bad; null while it is open.';
COMMENT ON COLUMN resource_operations.error_code IS
'The class of its error.';
COMMENT ON COLUMN resource_operations.error_message IS
'Its error, without secrets.';
CREATE UNIQUE INDEX one_open_operation ON resource_operations (resource_id)
WHERE status IN ('intended', 'sending', 'accepted');
CREATE INDEX resource_operations_resource ON resource_operations (resource_id, intended_at);
CREATE INDEX resource_operations_step ON resource_operations (plan_step_id);
CREATE INDEX resource_operations_worker ON resource_operations (worker_id);
CREATE INDEX resource_operations_revision ON resource_operations (revision_id);
CREATE INDEX resource_operations_intended ON resource_operations (intended_at);

CREATE TABLE resource_operation_calls (
    operation_id uuid NOT NULL REFERENCES resource_operations (id),
    position smallint NOT NULL,
    status text NOT NULL,
    sent_at timestamptz NOT NULL DEFAULT now(),
    accepted_at timestamptz,
    finished_at timestamptz,
    error_code text,
    error_message text,
    CONSTRAINT resource_operation_calls_pkey PRIMARY KEY (operation_id, position),
    CONSTRAINT resource_operation_calls_status CHECK (
        status IN ('sending', 'accepted', 'done', 'failed', 'ambiguous', 'skipped')
    )
);

COMMENT ON TABLE resource_operation_calls IS
'The calls of an operation that were begun.';
COMMENT ON COLUMN resource_operation_calls.operation_id IS
'The operation.';
COMMENT ON COLUMN resource_operation_calls.position IS
'The call''s place in its step, from 0.';
COMMENT ON COLUMN resource_operation_calls.status IS
'sending, accepted, done, failed, ambiguous or skipped.';
COMMENT ON COLUMN resource_operation_calls.sent_at IS
'When it was about to be sent.';
COMMENT ON COLUMN resource_operation_calls.accepted_at IS
'When the provider accepted it.';
COMMENT ON COLUMN resource_operation_calls.finished_at IS
'When it came to an end.';
COMMENT ON COLUMN resource_operation_calls.error_code IS
'The class of its error.';
COMMENT ON COLUMN resource_operation_calls.error_message IS
'Its error, without secrets.';

CREATE TABLE resource_operation_tasks (
    operation_id uuid NOT NULL,
    call_position smallint NOT NULL,
    task text NOT NULL,
    CONSTRAINT resource_operation_tasks_pkey PRIMARY KEY (operation_id, call_position, task),
    CONSTRAINT resource_operation_tasks_call FOREIGN KEY (operation_id, call_position)
    REFERENCES resource_operation_calls (operation_id, position)
);

COMMENT ON TABLE resource_operation_tasks IS
'The provider''s tasks that a call waits for.';
COMMENT ON COLUMN resource_operation_tasks.operation_id IS
'The operation.';
COMMENT ON COLUMN resource_operation_tasks.call_position IS
'The call.';
COMMENT ON COLUMN resource_operation_tasks.task IS
'The provider''s id of the task or action.';

CREATE TABLE resource_operation_results (
    operation_id uuid NOT NULL REFERENCES resource_operations (id),
    name text NOT NULL,
    data_type text NOT NULL,
    value_string text,
    value_integer bigint,
    value_decimal numeric,
    value_boolean boolean,
    value_datetime timestamptz,
    CONSTRAINT resource_operation_results_pkey PRIMARY KEY (operation_id, name),
    CONSTRAINT resource_operation_results_data_type CHECK (data_type IN ('string', 'integer', 'decimal', 'boolean', 'datetime')),
    CONSTRAINT resource_operation_results_string CHECK ((data_type = 'string') = (value_string IS NOT NULL)),
    CONSTRAINT resource_operation_results_integer CHECK ((data_type = 'integer') = (value_integer IS NOT NULL)),
    CONSTRAINT resource_operation_results_decimal CHECK ((data_type = 'decimal') = (value_decimal IS NOT NULL)),
    CONSTRAINT resource_operation_results_boolean CHECK ((data_type = 'boolean') = (value_boolean IS NOT NULL)),
    CONSTRAINT resource_operation_results_datetime CHECK ((data_type = 'datetime') = (value_datetime IS NOT NULL))
);

COMMENT ON TABLE resource_operation_results IS
'What an operation brought, one row a value.';
COMMENT ON COLUMN resource_operation_results.operation_id IS
'The operation.';
COMMENT ON COLUMN resource_operation_results.name IS
'What it is, such as external_id.';
COMMENT ON COLUMN resource_operation_results.data_type IS
'Which of the values is set.';
COMMENT ON COLUMN resource_operation_results.value_string IS
'The value where data_type is string; null otherwise.';
COMMENT ON COLUMN resource_operation_results.value_integer IS
'The value where data_type is integer, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN resource_operation_results.value_decimal IS
'The value where data_type is decimal, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN resource_operation_results.value_boolean IS
'The value where data_type is boolean; null otherwise.';
COMMENT ON COLUMN resource_operation_results.value_datetime IS
'The value where data_type is datetime; null otherwise.';
-- Who changed something, when and why: one row a transaction (and one more for each operation or reason that it names in
-- between), to which the rows of all histories refer. And marks: instants at which the whole database can be read again.
--
-- An instant alone does not say what a reader saw then, because transactions overlap. A transaction's number and a
-- snapshot do, for ever: `pg_visible_in_snapshot` compares the two and needs nothing else of the server. Numbers begin
-- anew in another cluster, as after a restore; `epoch` keeps the clusters apart.

CREATE TABLE cluster_epochs (
    id integer NOT NULL,
    system_identifier bigint NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT cluster_epochs_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE cluster_epochs IS
'The clusters that this database lived in, in order: transactions are numbered by each of its own. Written by current_epoch.';
COMMENT ON COLUMN cluster_epochs.id IS
'Counts from 1; what has a smaller one happened before what has a greater one.';
COMMENT ON COLUMN cluster_epochs.system_identifier IS
'The cluster''s own identifier, as pg_control_system() has it.';
COMMENT ON COLUMN cluster_epochs.began_at IS
'When the first change was made there.';

CREATE SEQUENCE changeset_id AS bigint;
COMMENT ON SEQUENCE changeset_id IS 'Numbers changesets.';

CREATE TABLE changesets (
    id bigint NOT NULL DEFAULT nextval('changeset_id'),
    changed_at timestamptz NOT NULL,
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    revision_id bigint,
    operation_id uuid,
    epoch integer NOT NULL,
    actor text NOT NULL,
    reason text,
    cause text NOT NULL,
    db_user text NOT NULL,
    CONSTRAINT changesets_pkey PRIMARY KEY (changed_at, id)
) PARTITION BY RANGE (changed_at);

COMMENT ON TABLE changesets IS
'Who changed something, when and why. The rows of the histories refer to it by changed_at and changeset_id. Written by current_changeset.';
COMMENT ON COLUMN changesets.id IS
'Its number.';
COMMENT ON COLUMN changesets.changed_at IS
'When the transaction began.';
COMMENT ON COLUMN changesets.xact IS
'The transaction, as the cluster of its epoch numbers it.';
COMMENT ON COLUMN changesets.revision_id IS
'The revision that it makes true; null for none.';
COMMENT ON COLUMN changesets.operation_id IS
'The operation that it belongs to; null for none.';
COMMENT ON COLUMN changesets.epoch IS
'The cluster that numbered the transaction: cluster_epochs.';
COMMENT ON COLUMN changesets.actor IS
'Who did it, as the session says; the database user where it does not.';
COMMENT ON COLUMN changesets.reason IS
'Why, as the session says.';
COMMENT ON COLUMN changesets.cause IS
'What brought it about: manifest, observation, operation and so on; manual where the session does not say.';
COMMENT ON COLUMN changesets.db_user IS
'The session''s database user, whatever the actor claims.';
CREATE INDEX changesets_xact ON changesets (epoch, xact);
CREATE INDEX changesets_operation ON changesets (operation_id) WHERE operation_id IS NOT NULL;
CREATE INDEX changesets_revision ON changesets (revision_id, changed_at) WHERE revision_id IS NOT NULL;
CREATE INDEX changesets_actor ON changesets (actor, changed_at);
CREATE INDEX changesets_db_user ON changesets (db_user, changed_at);

CREATE TABLE marks (
    id bigint GENERATED ALWAYS AS IDENTITY,
    taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    epoch integer NOT NULL REFERENCES cluster_epochs (id),
    snapshot pg_snapshot NOT NULL DEFAULT pg_current_snapshot(),
    kind text NOT NULL,
    revision_id bigint REFERENCES revisions (id),
    actor text NOT NULL,
    db_user text NOT NULL,
    CONSTRAINT marks_pkey PRIMARY KEY (id),
    CONSTRAINT marks_kind CHECK (kind IN ('revision', 'apply', 'change', 'hand')),
    CONSTRAINT marks_revision CHECK (revision_id IS NOT NULL OR kind <> 'revision')
);

COMMENT ON TABLE marks IS
'Instants at which the database can be read again exactly as it was: resources_as_of and its like. Written by take_mark.';
COMMENT ON COLUMN marks.id IS
'Key, and the marks'' order.';
COMMENT ON COLUMN marks.taken_at IS
'When it was taken. What a mark sees was committed before.';
COMMENT ON COLUMN marks.epoch IS
'The cluster whose transactions the snapshot tells apart: cluster_epochs.';
COMMENT ON COLUMN marks.snapshot IS
'Which transactions had ended by then.';
COMMENT ON COLUMN marks.kind IS
'What it was taken after: a revision was recorded, an apply ended, a look or the daemon found that something had changed; or by hand.';
COMMENT ON COLUMN marks.revision_id IS
'The revision that was recorded, or that was applied; null for none.';
COMMENT ON COLUMN marks.actor IS
'Who took it, as the session says; the database user where it does not.';
COMMENT ON COLUMN marks.db_user IS
'The session''s database user, whatever the actor claims.';
CREATE INDEX marks_taken_at ON marks (taken_at);
CREATE INDEX marks_revision ON marks (revision_id) WHERE revision_id IS NOT NULL;
-- Histories: everything that ever happened to a resource. Written by triggers and by nothing else; the runtime role may
-- only read them. Partitioned by month, so that old months can be detached and archived.
--
-- `changed_at` is the transaction's start, as in the changeset. Transactions overlap, so instants are not the order of
-- changes: `change` is, for any one row, because it is drawn while that row is locked.
--
-- Each row says what was before as well as what came after: the past is read by taking back what came later (32_as_of.sql),
-- for which the months before it need not be there.

CREATE SEQUENCE history_change AS bigint;
COMMENT ON SEQUENCE history_change IS 'Numbers all changes of all histories, in order for any one resource or row.';

CREATE TABLE resource_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    resource_id bigint NOT NULL,
    action text NOT NULL,
    address text NOT NULL,
    name text NOT NULL,
    resource_type_id integer NOT NULL,
    provider_endpoint_id integer NOT NULL,
    external_id text,
    management text NOT NULL,
    presence text NOT NULL,
    prevent_destroy boolean NOT NULL,
    on_remove text,
    allow_downtime boolean NOT NULL,
    replace_policy text NOT NULL,
    create_before_destroy boolean NOT NULL,
    source_id integer,
    location_id integer,
    datacenter_id integer,
    deleted_at timestamptz,
    old_address text,
    old_name text,
    old_provider_endpoint_id integer,
    old_external_id text,
    old_management text,
    old_presence text,
    old_prevent_destroy boolean,
    old_on_remove text,
    old_allow_downtime boolean,
    old_replace_policy text,
    old_create_before_destroy boolean,
    old_source_id integer,
    old_location_id integer,
    old_datacenter_id integer,
    old_deleted_at timestamptz,
    CONSTRAINT resource_history_pkey PRIMARY KEY (changed_at, change),
    CONSTRAINT resource_history_action CHECK (action IN ('insert', 'update', 'delete'))
) PARTITION BY RANGE (changed_at);

COMMENT ON TABLE resource_history IS
'What became of a resource''s own columns: one row a change, with the values before and after it. Written by triggers.';
COMMENT ON COLUMN resource_history.change IS
'The change''s number; orders the changes of a resource.';
COMMENT ON COLUMN resource_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN resource_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN resource_history.resource_id IS
'The resource.';
COMMENT ON COLUMN resource_history.action IS
'insert, update or delete.';
COMMENT ON COLUMN resource_history.address IS
'The address after the change.';
COMMENT ON COLUMN resource_history.name IS
'The name after it.';
COMMENT ON COLUMN resource_history.resource_type_id IS
'The type.';
COMMENT ON COLUMN resource_history.provider_endpoint_id IS
'The endpoint after it.';
COMMENT ON COLUMN resource_history.external_id IS
'The provider''s id after it.';
COMMENT ON COLUMN resource_history.management IS
'managed, unmanaged or quarantined, after it.';
COMMENT ON COLUMN resource_history.presence IS
'present, absent or unknown, after it.';
COMMENT ON COLUMN resource_history.prevent_destroy IS
'Whether it was guarded against destruction, after the change.';
COMMENT ON COLUMN resource_history.on_remove IS
'What was to happen when it left the manifests, after it; null for the type''s rule.';
COMMENT ON COLUMN resource_history.allow_downtime IS
'Whether a change might stop it, after it.';
COMMENT ON COLUMN resource_history.replace_policy IS
'Whether it might be replaced, after it.';
COMMENT ON COLUMN resource_history.create_before_destroy IS
'Whether a replacement made the new object first, after it.';
COMMENT ON COLUMN resource_history.source_id IS
'Whose manifest it was from, after it.';
COMMENT ON COLUMN resource_history.location_id IS
'Its location, after it.';
COMMENT ON COLUMN resource_history.datacenter_id IS
'Its datacenter, after it.';
COMMENT ON COLUMN resource_history.deleted_at IS
'When the resource was gone; null while it lives.';
COMMENT ON COLUMN resource_history.old_address IS
'The address before the change; null where there was none.';
COMMENT ON COLUMN resource_history.old_name IS
'The name before the change; null where there was none.';
COMMENT ON COLUMN resource_history.old_provider_endpoint_id IS
'The endpoint before the change; null where there was none.';
COMMENT ON COLUMN resource_history.old_external_id IS
'The provider''s id before the change; null where there was none.';
COMMENT ON COLUMN resource_history.old_management IS
'managed, unmanaged or quarantined, before the change; null where there was none.';
COMMENT ON COLUMN resource_history.old_presence IS
'present, absent or unknown, before the change; null where there was none.';
COMMENT ON COLUMN resource_history.old_prevent_destroy IS
'Whether it was guarded against destruction, before the change; null where there was none.';
COMMENT ON COLUMN resource_history.old_on_remove IS
'What was to happen when it left the manifests, before the change; null where there was none.';
COMMENT ON COLUMN resource_history.old_allow_downtime IS
'Whether a change might stop it, before the change; null where there was none.';
COMMENT ON COLUMN resource_history.old_replace_policy IS
'Whether it might be replaced, before the change; null where there was none.';
COMMENT ON COLUMN resource_history.old_create_before_destroy IS
'Whether a replacement made the new object first, before the change; null where there was none.';
COMMENT ON COLUMN resource_history.old_source_id IS
'Whose manifest it was from, before the change; null where there was none.';
COMMENT ON COLUMN resource_history.old_location_id IS
'Its location, before the change; null where there was none.';
COMMENT ON COLUMN resource_history.old_datacenter_id IS
'Its datacenter, before the change; null where there was none.';
COMMENT ON COLUMN resource_history.old_deleted_at IS
'When the resource was gone, before the change; null where there was none.';
CREATE INDEX resource_history_resource ON resource_history (resource_id, changed_at);
CREATE INDEX resource_history_changeset ON resource_history (changeset_id);
-- What had another address before: there are few, and each is looked for by that address.
CREATE INDEX resource_history_renamed ON resource_history (old_address) WHERE old_address <> address;

CREATE TABLE resource_state_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    resource_id bigint NOT NULL,
    from_state_id integer,
    to_state_id integer NOT NULL,
    CONSTRAINT resource_state_history_pkey PRIMARY KEY (changed_at, change)
) PARTITION BY RANGE (changed_at);

COMMENT ON TABLE resource_state_history IS
'Every state a resource was in: one row a move. Written by triggers.';
COMMENT ON COLUMN resource_state_history.change IS
'The change''s number; orders the changes of a resource.';
COMMENT ON COLUMN resource_state_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN resource_state_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN resource_state_history.resource_id IS
'The resource.';
COMMENT ON COLUMN resource_state_history.from_state_id IS
'The state before; null for the first.';
COMMENT ON COLUMN resource_state_history.to_state_id IS
'The state after.';
CREATE INDEX resource_state_history_resource ON resource_state_history (resource_id, changed_at);
CREATE INDEX resource_state_history_changeset ON resource_state_history (changeset_id);

-- Most rows of a database are these, so their columns stand in the order in which they pad least, and their indexes are
-- those whose entries are alike by the hundred and are stored once. It has no key: nothing refers to a row.
CREATE TABLE resource_attribute_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    resource_id bigint NOT NULL,
    attribute_definition_id integer NOT NULL,
    ordinal smallint NOT NULL,
    action "char" NOT NULL,  -- noqa: RF06
    old_integer bigint,
    new_integer bigint,
    old_datetime timestamptz,
    new_datetime timestamptz,
    old_boolean boolean,
    new_boolean boolean,
    old_string text,
    new_string text,
    old_decimal numeric,
    new_decimal numeric,
    old_credential text,
    new_credential text,
    old_fingerprint text,
    new_fingerprint text,
    old_target_type text,
    new_target_type text,
    old_key text,
    new_key text,
    old_inner_key text,
    new_inner_key text,
    CONSTRAINT resource_attribute_history_action CHECK (action IN ('i', 'u', 'd'))
) PARTITION BY RANGE (changed_at);

COMMENT ON TABLE resource_attribute_history IS
'Every value an attribute had: one row an element and change. Secrets are names and fingerprints here as there. Written by triggers.';
COMMENT ON COLUMN resource_attribute_history.change IS
'The change''s number; orders the changes of a resource.';
COMMENT ON COLUMN resource_attribute_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN resource_attribute_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN resource_attribute_history.resource_id IS
'The resource.';
COMMENT ON COLUMN resource_attribute_history.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN resource_attribute_history.ordinal IS
'The element''s place.';
COMMENT ON COLUMN resource_attribute_history.action IS
'i, u or d for insert, update or delete, which may be written in full to compare: one byte, because of what there is most.';
COMMENT ON COLUMN resource_attribute_history.old_string IS
'The value of a string attribute, before the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.old_integer IS
'The value of an integer attribute, in the unit of its definition, before the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.old_decimal IS
'The value of a decimal attribute, in the unit of its definition, before the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.old_boolean IS
'The value of a boolean attribute, before the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.old_datetime IS
'The value of a datetime attribute, before the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.old_credential IS
'The name of a secret''s credential, before the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.old_fingerprint IS
'A secret''s fingerprint, before the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.old_target_type IS
'The type of what is referred to by its provider''s id, before the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.old_key IS
'The key that the value had in a map, before the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.old_inner_key IS
'The key that it had inside of that key, before the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.new_string IS
'The value of a string attribute, after the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.new_integer IS
'The value of an integer attribute, in the unit of its definition, after the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.new_decimal IS
'The value of a decimal attribute, in the unit of its definition, after the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.new_boolean IS
'The value of a boolean attribute, after the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.new_datetime IS
'The value of a datetime attribute, after the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.new_credential IS
'The name of a secret''s credential, after the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.new_fingerprint IS
'A secret''s fingerprint, after the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.new_target_type IS
'The type of what is referred to by its provider''s id, after the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.new_key IS
'The key that the value had in a map, after the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.new_inner_key IS
'The key that it had inside of that key, after the change; null otherwise.';
CREATE INDEX resource_attribute_history_resource ON resource_attribute_history (resource_id, changed_at);
CREATE INDEX resource_attribute_history_changeset ON resource_attribute_history (changeset_id);

CREATE TABLE resource_tag_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    resource_id bigint NOT NULL,
    tag_id bigint NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    action text NOT NULL,
    CONSTRAINT resource_tag_history_pkey PRIMARY KEY (changed_at, change),
    CONSTRAINT resource_tag_history_action CHECK (action IN ('insert', 'delete'))
) PARTITION BY RANGE (changed_at);

COMMENT ON TABLE resource_tag_history IS
'Every tag a resource carried: one row a tag that came or went. Written by triggers.';
COMMENT ON COLUMN resource_tag_history.change IS
'The change''s number; orders the changes of a resource.';
COMMENT ON COLUMN resource_tag_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN resource_tag_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN resource_tag_history.resource_id IS
'The resource.';
COMMENT ON COLUMN resource_tag_history.tag_id IS
'The tag.';
COMMENT ON COLUMN resource_tag_history.key IS
'Its key.';
COMMENT ON COLUMN resource_tag_history.value IS
'Its value.';
COMMENT ON COLUMN resource_tag_history.action IS
'insert or delete.';
CREATE INDEX resource_tag_history_resource ON resource_tag_history (resource_id, changed_at);
CREATE INDEX resource_tag_history_changeset ON resource_tag_history (changeset_id);

CREATE TABLE resource_relationship_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    resource_id bigint NOT NULL,
    parent_resource_id bigint NOT NULL,
    relationship_type_id integer NOT NULL,
    action text NOT NULL,
    CONSTRAINT resource_relationship_history_pkey PRIMARY KEY (changed_at, change),
    CONSTRAINT resource_relationship_history_action CHECK (action IN ('insert', 'delete'))
) PARTITION BY RANGE (changed_at);

COMMENT ON TABLE resource_relationship_history IS
'Every tie between resources: one row a tie that came or went. resource_id is the child. Written by triggers.';
COMMENT ON COLUMN resource_relationship_history.change IS
'The change''s number; orders the changes of a resource.';
COMMENT ON COLUMN resource_relationship_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN resource_relationship_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN resource_relationship_history.resource_id IS
'The resource.';
COMMENT ON COLUMN resource_relationship_history.parent_resource_id IS
'The parent.';
COMMENT ON COLUMN resource_relationship_history.relationship_type_id IS
'What ties them.';
COMMENT ON COLUMN resource_relationship_history.action IS
'insert or delete.';
CREATE INDEX resource_relationship_history_resource ON resource_relationship_history (resource_id, changed_at);
CREATE INDEX resource_relationship_history_changeset ON resource_relationship_history (changeset_id);
CREATE INDEX resource_relationship_history_parent ON resource_relationship_history (parent_resource_id, changed_at);
-- Who may say where requests and secrets go. Written with the inventory and by `reconciler credentials bind`.

CREATE TABLE provider_credential_hosts (
    provider_credential_id integer NOT NULL REFERENCES provider_credentials (id),
    host text NOT NULL,
    bound_at timestamptz NOT NULL DEFAULT now(),
    bound_by text NOT NULL,
    CONSTRAINT provider_credential_hosts_pkey PRIMARY KEY (provider_credential_id, host),
    CONSTRAINT provider_credential_hosts_host CHECK (host <> '' AND host = lower(host))
);

COMMENT ON TABLE provider_credential_hosts IS
'The hosts that a credential was given for, and may be sent to. The first endpoint that logs in by it binds it; that an endpoint moves to another host does not.';
COMMENT ON COLUMN provider_credential_hosts.provider_credential_id IS
'The credential.';
COMMENT ON COLUMN provider_credential_hosts.host IS
'The host of an endpoint''s URL, in lower case and without its port.';
COMMENT ON COLUMN provider_credential_hosts.bound_at IS
'Since when.';
COMMENT ON COLUMN provider_credential_hosts.bound_by IS
'Who did it: whoever applied the manifest, or ran the command.';

CREATE TABLE provider_declarations (
    kind text NOT NULL,
    name text NOT NULL,
    source_id integer NOT NULL REFERENCES manifest_sources (id) ON DELETE CASCADE,
    CONSTRAINT provider_declarations_pkey PRIMARY KEY (kind, name),
    CONSTRAINT provider_declarations_kind CHECK (
        kind IN ('provider', 'endpoint', 'credential', 'location', 'datacenter')
    )
);

COMMENT ON TABLE provider_declarations IS
'Which source declares a provider, an endpoint, a credential or a place: one source each. Written by the loader.';
COMMENT ON COLUMN provider_declarations.kind IS
'provider, endpoint, credential, location or datacenter: what its address begins with.';
COMMENT ON COLUMN provider_declarations.name IS
'Its name in the manifests.';
COMMENT ON COLUMN provider_declarations.source_id IS
'The source that declares it.';
CREATE INDEX provider_declarations_source ON provider_declarations (source_id);
-- What became of the installation and of its inventory, sources, holds and approvals. As in the histories of resources, rows are
-- written by triggers and by nothing else, and the runtime role may only read them. Not partitioned: people change these
-- tables by the handful. What is shown of each row is all of it but `created_at` and `updated_at`.

CREATE TABLE installation_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    singleton boolean NOT NULL,
    action text NOT NULL,
    uid uuid NOT NULL,
    key_id text,
    CONSTRAINT installation_history_pkey PRIMARY KEY (change),
    CONSTRAINT installation_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE installation_history IS
'Every change of the installation''s identity and key: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN installation_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN installation_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN installation_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN installation_history.singleton IS
'Always true: there is one row.';
COMMENT ON COLUMN installation_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN installation_history.uid IS
'The installation''s id; never changes, or every object of ours becomes a stranger.';
COMMENT ON COLUMN installation_history.key_id IS
'Which key the fingerprints and stored secrets are made with, where the database is the embedded one; NULL before the
first use. Written by `secrets.use_key`, so that a lost key is noticed and no other silently takes its place.';
CREATE INDEX installation_history_row ON installation_history (singleton, change);

CREATE TABLE provider_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    provider_id integer NOT NULL,
    action text NOT NULL,
    provider_type_id integer NOT NULL,
    name text NOT NULL,
    display_name text NOT NULL,
    description text NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT provider_history_pkey PRIMARY KEY (change),
    CONSTRAINT provider_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE provider_history IS
'Every change of a provider: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN provider_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN provider_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN provider_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN provider_history.provider_id IS
'The provider.';
COMMENT ON COLUMN provider_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN provider_history.provider_type_id IS
'Which driver speaks to it.';
COMMENT ON COLUMN provider_history.name IS
'Its name in manifests.';
COMMENT ON COLUMN provider_history.display_name IS
'The name for people.';
COMMENT ON COLUMN provider_history.description IS
'What it is.';
COMMENT ON COLUMN provider_history.deleted_at IS
'When it left the manifests; null while it is there.';
CREATE INDEX provider_history_row ON provider_history (provider_id, change);

CREATE TABLE provider_credential_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    credential_id integer NOT NULL,
    action text NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    environment_variable text,
    file_path text,
    fingerprint text,
    deleted_at timestamptz,
    CONSTRAINT provider_credential_history_pkey PRIMARY KEY (change),
    CONSTRAINT provider_credential_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE provider_credential_history IS
'Every change of a credential: where it comes from and its fingerprint, never its value. One row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN provider_credential_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN provider_credential_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN provider_credential_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN provider_credential_history.credential_id IS
'The credential.';
COMMENT ON COLUMN provider_credential_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN provider_credential_history.name IS
'Its name in manifests.';
COMMENT ON COLUMN provider_credential_history.source IS
'environment, file, or stored (encrypted, in the schema vault).';
COMMENT ON COLUMN provider_credential_history.environment_variable IS
'The variable that holds it, where source is environment.';
COMMENT ON COLUMN provider_credential_history.file_path IS
'The file that holds it, where source is file.';
COMMENT ON COLUMN provider_credential_history.fingerprint IS
'Keyed hash of the secret when it was last seen, 12 hexadecimal digits; null before.';
COMMENT ON COLUMN provider_credential_history.deleted_at IS
'When it was removed; null while it is there.';
CREATE INDEX provider_credential_history_row ON provider_credential_history (credential_id, change);

CREATE TABLE provider_credential_host_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    provider_credential_id integer NOT NULL,
    host text NOT NULL,
    action text NOT NULL,
    bound_at timestamptz NOT NULL,
    bound_by text NOT NULL,
    CONSTRAINT provider_credential_host_history_pkey PRIMARY KEY (change),
    CONSTRAINT provider_credential_host_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE provider_credential_host_history IS
'Every host that a credential was given for or taken from: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN provider_credential_host_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN provider_credential_host_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN provider_credential_host_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN provider_credential_host_history.provider_credential_id IS
'The credential.';
COMMENT ON COLUMN provider_credential_host_history.host IS
'The host of an endpoint''s URL, in lower case and without its port.';
COMMENT ON COLUMN provider_credential_host_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN provider_credential_host_history.bound_at IS
'Since when.';
COMMENT ON COLUMN provider_credential_host_history.bound_by IS
'Who did it: whoever applied the manifest, or ran the command.';
CREATE INDEX provider_credential_host_history_row
ON provider_credential_host_history (provider_credential_id, host, change);

CREATE TABLE provider_endpoint_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    provider_endpoint_id integer NOT NULL,
    action text NOT NULL,
    provider_id integer NOT NULL,
    name text NOT NULL,
    display_name text NOT NULL,
    url text NOT NULL,
    ca_file text,
    credential_id integer,
    drift_policy text NOT NULL,
    request_limit_per_hour integer,
    deleted_at timestamptz,
    CONSTRAINT provider_endpoint_history_pkey PRIMARY KEY (change),
    CONSTRAINT provider_endpoint_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE provider_endpoint_history IS
'Every change of an endpoint: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN provider_endpoint_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN provider_endpoint_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN provider_endpoint_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN provider_endpoint_history.provider_endpoint_id IS
'The endpoint.';
COMMENT ON COLUMN provider_endpoint_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN provider_endpoint_history.provider_id IS
'Whose it is.';
COMMENT ON COLUMN provider_endpoint_history.name IS
'Its name in manifests, unique among all endpoints.';
COMMENT ON COLUMN provider_endpoint_history.display_name IS
'The name for people.';
COMMENT ON COLUMN provider_endpoint_history.url IS
'Where it is reached.';
COMMENT ON COLUMN provider_endpoint_history.ca_file IS
'A file of certificates to trust instead of the system''s; null for the system''s.';
COMMENT ON COLUMN provider_endpoint_history.credential_id IS
'The secret to speak with; null where none is needed.';
COMMENT ON COLUMN provider_endpoint_history.drift_policy IS
'heal (set drift right) or report (only say so).';
COMMENT ON COLUMN provider_endpoint_history.request_limit_per_hour IS
'Most requests an hour that we allow ourselves; null for the provider''s own limit.';
COMMENT ON COLUMN provider_endpoint_history.deleted_at IS
'When it left the manifests; null while it is there.';
CREATE INDEX provider_endpoint_history_row ON provider_endpoint_history (provider_endpoint_id, change);

CREATE TABLE provider_endpoint_setting_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    provider_endpoint_id integer NOT NULL,
    name text NOT NULL,
    action text NOT NULL,
    data_type text NOT NULL,
    value_string text,
    value_integer bigint,
    value_decimal numeric,
    value_boolean boolean,
    value_datetime timestamptz,
    CONSTRAINT provider_endpoint_setting_history_pkey PRIMARY KEY (change),
    CONSTRAINT provider_endpoint_setting_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE provider_endpoint_setting_history IS
'Every change of what an endpoints driver is told: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN provider_endpoint_setting_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN provider_endpoint_setting_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN provider_endpoint_setting_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN provider_endpoint_setting_history.provider_endpoint_id IS
'The endpoint.';
COMMENT ON COLUMN provider_endpoint_setting_history.name IS
'The setting, one of its provider type''s.';
COMMENT ON COLUMN provider_endpoint_setting_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN provider_endpoint_setting_history.data_type IS
'Which of the values is set.';
COMMENT ON COLUMN provider_endpoint_setting_history.value_string IS
'The value where data_type is string; null otherwise.';
COMMENT ON COLUMN provider_endpoint_setting_history.value_integer IS
'The value where data_type is integer, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN provider_endpoint_setting_history.value_decimal IS
'The value where data_type is decimal, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN provider_endpoint_setting_history.value_boolean IS
'The value where data_type is boolean; null otherwise.';
COMMENT ON COLUMN provider_endpoint_setting_history.value_datetime IS
'The value where data_type is datetime; null otherwise.';
CREATE INDEX provider_endpoint_setting_history_row
ON provider_endpoint_setting_history (provider_endpoint_id, name, change);

CREATE TABLE provider_declaration_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    action text NOT NULL,
    source_id integer NOT NULL,
    CONSTRAINT provider_declaration_history_pkey PRIMARY KEY (change),
    CONSTRAINT provider_declaration_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE provider_declaration_history IS
'Every change of which source declares a provider, an endpoint, a credential or a place: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN provider_declaration_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN provider_declaration_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN provider_declaration_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN provider_declaration_history.kind IS
'provider, endpoint or credential: what its address begins with.';
COMMENT ON COLUMN provider_declaration_history.name IS
'Its name in the manifests.';
COMMENT ON COLUMN provider_declaration_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN provider_declaration_history.source_id IS
'The source that declares it.';
CREATE INDEX provider_declaration_history_row ON provider_declaration_history (kind, name, change);

CREATE TABLE location_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    location_id integer NOT NULL,
    action text NOT NULL,
    name text NOT NULL,
    display_name text NOT NULL,
    country_code text,
    city text,
    latitude numeric(9, 6),
    longitude numeric(9, 6),
    time_zone text,
    CONSTRAINT location_history_pkey PRIMARY KEY (change),
    CONSTRAINT location_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE location_history IS
'Every change of a location: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN location_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN location_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN location_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN location_history.location_id IS
'The location.';
COMMENT ON COLUMN location_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN location_history.name IS
'Its name in manifests.';
COMMENT ON COLUMN location_history.display_name IS
'The name for people.';
COMMENT ON COLUMN location_history.country_code IS
'ISO 3166-1 alpha-2.';
COMMENT ON COLUMN location_history.city IS
'The nearest city.';
COMMENT ON COLUMN location_history.latitude IS
'Degrees north.';
COMMENT ON COLUMN location_history.longitude IS
'Degrees east.';
COMMENT ON COLUMN location_history.time_zone IS
'A name of the IANA time zone database, checked by a trigger.';
CREATE INDEX location_history_row ON location_history (location_id, change);

CREATE TABLE datacenter_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    datacenter_id integer NOT NULL,
    action text NOT NULL,
    location_id integer NOT NULL,
    name text NOT NULL,
    display_name text NOT NULL,
    description text NOT NULL,
    time_zone text,
    CONSTRAINT datacenter_history_pkey PRIMARY KEY (change),
    CONSTRAINT datacenter_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE datacenter_history IS
'Every change of a datacenter: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN datacenter_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN datacenter_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN datacenter_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN datacenter_history.datacenter_id IS
'The datacenter.';
COMMENT ON COLUMN datacenter_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN datacenter_history.location_id IS
'Where it is.';
COMMENT ON COLUMN datacenter_history.name IS
'Its name in manifests.';
COMMENT ON COLUMN datacenter_history.display_name IS
'The name for people.';
COMMENT ON COLUMN datacenter_history.description IS
'What it is.';
COMMENT ON COLUMN datacenter_history.time_zone IS
'A name of the IANA time zone database where it is not the location''s, checked by a trigger.';
CREATE INDEX datacenter_history_row ON datacenter_history (datacenter_id, change);

CREATE TABLE datacenter_capability_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    datacenter_id integer NOT NULL,
    name text NOT NULL,
    action text NOT NULL,
    data_type text NOT NULL,
    value_string text,
    value_integer bigint,
    value_decimal numeric,
    value_boolean boolean,
    value_datetime timestamptz,
    unit text,
    CONSTRAINT datacenter_capability_history_pkey PRIMARY KEY (change),
    CONSTRAINT datacenter_capability_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE datacenter_capability_history IS
'Every change of what a datacenter can do: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN datacenter_capability_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN datacenter_capability_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN datacenter_capability_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN datacenter_capability_history.datacenter_id IS
'The datacenter.';
COMMENT ON COLUMN datacenter_capability_history.name IS
'The capability, such as gpu or ipv6.';
COMMENT ON COLUMN datacenter_capability_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN datacenter_capability_history.data_type IS
'Which of the values is set.';
COMMENT ON COLUMN datacenter_capability_history.value_string IS
'The value where data_type is string; null otherwise.';
COMMENT ON COLUMN datacenter_capability_history.value_integer IS
'The value where data_type is integer, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN datacenter_capability_history.value_decimal IS
'The value where data_type is decimal, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN datacenter_capability_history.value_boolean IS
'The value where data_type is boolean; null otherwise.';
COMMENT ON COLUMN datacenter_capability_history.value_datetime IS
'The value where data_type is datetime; null otherwise.';
COMMENT ON COLUMN datacenter_capability_history.unit IS
'The unit of a number.';
CREATE INDEX datacenter_capability_history_row ON datacenter_capability_history (datacenter_id, name, change);

CREATE TABLE provider_datacenter_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    provider_id integer NOT NULL,
    datacenter_id integer NOT NULL,
    action text NOT NULL,
    external_name text NOT NULL,
    CONSTRAINT provider_datacenter_history_pkey PRIMARY KEY (change),
    CONSTRAINT provider_datacenter_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE provider_datacenter_history IS
'Every change of which providers are in which datacenters: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN provider_datacenter_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN provider_datacenter_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN provider_datacenter_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN provider_datacenter_history.provider_id IS
'The provider.';
COMMENT ON COLUMN provider_datacenter_history.datacenter_id IS
'A datacenter it is in.';
COMMENT ON COLUMN provider_datacenter_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN provider_datacenter_history.external_name IS
'What the provider calls it.';
CREATE INDEX provider_datacenter_history_row ON provider_datacenter_history (provider_id, datacenter_id, change);

CREATE TABLE manifest_source_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    source_id integer NOT NULL,
    action text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    url text,
    branch text,
    subfolder text,
    repository text,
    forgotten_at timestamptz,
    CONSTRAINT manifest_source_history_pkey PRIMARY KEY (change),
    CONSTRAINT manifest_source_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE manifest_source_history IS
'Every change of where manifests come from: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN manifest_source_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN manifest_source_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN manifest_source_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN manifest_source_history.source_id IS
'The source.';
COMMENT ON COLUMN manifest_source_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN manifest_source_history.name IS
'Its name, from its reconciler.yaml or from where it is; one source''s removal of a manifest says nothing of another''s.';
COMMENT ON COLUMN manifest_source_history.kind IS
'folder, git, stdin or files.';
COMMENT ON COLUMN manifest_source_history.url IS
'Where it is: a folder''s path or a repository''s address; null for stdin.';
COMMENT ON COLUMN manifest_source_history.branch IS
'The branch that is followed, of a repository.';
COMMENT ON COLUMN manifest_source_history.subfolder IS
'The folder inside it; null for all of it.';
COMMENT ON COLUMN manifest_source_history.repository IS
'The repository it was last read from, by host and path, whatever way leads there; null where it is known to be in none.';
COMMENT ON COLUMN manifest_source_history.forgotten_at IS
'When a person said that there is no such source any more; null while there is.';
CREATE INDEX manifest_source_history_row ON manifest_source_history (source_id, change);

CREATE TABLE hold_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    hold_id bigint NOT NULL,
    action text NOT NULL,
    address text,
    endpoint_id integer,
    resource_type_id integer,
    tag_key text,
    tag_value text,
    owner text NOT NULL,
    reason text NOT NULL,
    until timestamptz,
    released_at timestamptz,
    while_wanted boolean NOT NULL,
    CONSTRAINT hold_history_pkey PRIMARY KEY (change),
    CONSTRAINT hold_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE hold_history IS
'Every change of what shall not be changed: holds, and their release. One row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN hold_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN hold_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN hold_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN hold_history.hold_id IS
'The hold.';
COMMENT ON COLUMN hold_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN hold_history.address IS
'Holds this resource and its parts.';
COMMENT ON COLUMN hold_history.endpoint_id IS
'Holds what is at this endpoint.';
COMMENT ON COLUMN hold_history.resource_type_id IS
'Holds what is of this type.';
COMMENT ON COLUMN hold_history.tag_key IS
'Holds what carries a tag of this key.';
COMMENT ON COLUMN hold_history.tag_value IS
'With this value; null for any.';
COMMENT ON COLUMN hold_history.owner IS
'Who asked for it.';
COMMENT ON COLUMN hold_history.reason IS
'Why.';
COMMENT ON COLUMN hold_history.until IS
'Until when; null until it is released.';
COMMENT ON COLUMN hold_history.released_at IS
'When it was released; null while it holds.';
COMMENT ON COLUMN hold_history.while_wanted IS
'Whether it ends by itself once no manifest wants the address any more: what was deleted although one does.';
CREATE INDEX hold_history_row ON hold_history (hold_id, change);

CREATE TABLE pin_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    pin_id bigint NOT NULL,
    action text NOT NULL,
    address text NOT NULL,
    source_id integer NOT NULL,
    revision_id bigint NOT NULL,
    manifest_hash bytea,
    manifest_document bytea,
    path text NOT NULL,
    owner text NOT NULL,
    ended_at timestamptz,
    ended_by text,
    CONSTRAINT pin_history_pkey PRIMARY KEY (change),
    CONSTRAINT pin_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE pin_history IS
'Every change of what was rolled back and stays so: pins, and their end. One row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN pin_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN pin_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN pin_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN pin_history.pin_id IS
'The pin.';
COMMENT ON COLUMN pin_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN pin_history.address IS
'The root.';
COMMENT ON COLUMN pin_history.source_id IS
'The source whose manifest is not followed meanwhile.';
COMMENT ON COLUMN pin_history.revision_id IS
'The rollback: a revision of that kind, which says what it went back to.';
COMMENT ON COLUMN pin_history.manifest_hash IS
'SHA-256 of the specification that the manifest had then; null where there was no manifest of it.';
COMMENT ON COLUMN pin_history.manifest_document IS
'SHA-256 of its YAML document then; null where that is not known, and where there was none.';
COMMENT ON COLUMN pin_history.path IS
'The file that the manifest was in then, by its path within the source, or last before that; empty where it is not known.';
COMMENT ON COLUMN pin_history.owner IS
'Who rolled it back.';
COMMENT ON COLUMN pin_history.ended_at IS
'When its manifest was followed again; null until then.';
COMMENT ON COLUMN pin_history.ended_by IS
'agreed: the manifest says the same now. superseded: it says something new, which holds. released: a person said so. rolled_back: another rollback took its place. Null while it is in force.';
CREATE INDEX pin_history_row ON pin_history (pin_id, change);

CREATE TABLE plan_approval_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    approval_id bigint NOT NULL,
    action text NOT NULL,
    uid uuid NOT NULL,
    plan_id bigint NOT NULL,
    hash text NOT NULL,
    approved_by text NOT NULL,
    db_user text NOT NULL,
    approved_at timestamptz NOT NULL,
    used_at timestamptz,
    mac bytea NOT NULL,
    CONSTRAINT plan_approval_history_pkey PRIMARY KEY (change),
    CONSTRAINT plan_approval_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE plan_approval_history IS
'Every approval that was given or used: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN plan_approval_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN plan_approval_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN plan_approval_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN plan_approval_history.approval_id IS
'The approval.';
COMMENT ON COLUMN plan_approval_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN plan_approval_history.uid IS
'Its identity.';
COMMENT ON COLUMN plan_approval_history.plan_id IS
'The plan.';
COMMENT ON COLUMN plan_approval_history.hash IS
'The plan''s hash as the person saw it.';
COMMENT ON COLUMN plan_approval_history.approved_by IS
'Who.';
COMMENT ON COLUMN plan_approval_history.db_user IS
'The database user who approved, whatever the approver claims.';
COMMENT ON COLUMN plan_approval_history.approved_at IS
'When.';
COMMENT ON COLUMN plan_approval_history.used_at IS
'When an application used it up; null before.';
COMMENT ON COLUMN plan_approval_history.mac IS
'The HMAC that it counts by.';
CREATE INDEX plan_approval_history_row ON plan_approval_history (approval_id, change);
-- What became of the catalog, table by table: a new version of the program, a manifest or a person changed it. The sync
-- writes what differs and nothing else, so that these grow with the catalog's changes and not with its size.

CREATE TABLE provider_type_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    provider_type_id integer NOT NULL,
    action text NOT NULL,
    name text NOT NULL,
    display_name text NOT NULL,
    description text NOT NULL,
    retired_at timestamptz,
    CONSTRAINT provider_type_history_pkey PRIMARY KEY (change),
    CONSTRAINT provider_type_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE provider_type_history IS
'Every change of a provider type: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN provider_type_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN provider_type_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN provider_type_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN provider_type_history.provider_type_id IS
'The provider type.';
COMMENT ON COLUMN provider_type_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN provider_type_history.name IS
'The driver''s entry point name.';
COMMENT ON COLUMN provider_type_history.display_name IS
'The name for people.';
COMMENT ON COLUMN provider_type_history.description IS
'What it is.';
COMMENT ON COLUMN provider_type_history.retired_at IS
'When it left the catalog; rows that refer to it stay. Null while it is in use.';
CREATE INDEX provider_type_history_row ON provider_type_history (provider_type_id, change);

CREATE TABLE provider_type_setting_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    provider_type_id integer NOT NULL,
    name text NOT NULL,
    action text NOT NULL,
    position smallint NOT NULL,
    data_type text NOT NULL,
    cardinality text NOT NULL,
    format text NOT NULL,
    unit text,
    display_name text NOT NULL,
    description text NOT NULL,
    is_secret boolean NOT NULL,
    CONSTRAINT provider_type_setting_history_pkey PRIMARY KEY (change),
    CONSTRAINT provider_type_setting_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE provider_type_setting_history IS
'Every change of the settings that a provider types driver reads: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN provider_type_setting_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN provider_type_setting_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN provider_type_setting_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN provider_type_setting_history.provider_type_id IS
'The provider type.';
COMMENT ON COLUMN provider_type_setting_history.name IS
'The setting''s name in a manifest.';
COMMENT ON COLUMN provider_type_setting_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN provider_type_setting_history.position IS
'Its place in the driver''s list, from 0.';
COMMENT ON COLUMN provider_type_setting_history.data_type IS
'string, integer, decimal, boolean or datetime.';
COMMENT ON COLUMN provider_type_setting_history.cardinality IS
'one, set or list.';
COMMENT ON COLUMN provider_type_setting_history.format IS
'What the value means beyond its type; a name of the model''s formats.';
COMMENT ON COLUMN provider_type_setting_history.unit IS
'The unit of a number.';
COMMENT ON COLUMN provider_type_setting_history.display_name IS
'The name for people.';
COMMENT ON COLUMN provider_type_setting_history.description IS
'What it does.';
COMMENT ON COLUMN provider_type_setting_history.is_secret IS
'Whether its value is the name of a credential.';
CREATE INDEX provider_type_setting_history_row ON provider_type_setting_history (provider_type_id, name, change);

CREATE TABLE relationship_type_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    relationship_type_id integer NOT NULL,
    action text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    CONSTRAINT relationship_type_history_pkey PRIMARY KEY (change),
    CONSTRAINT relationship_type_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE relationship_type_history IS
'Every change of a relationship type: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN relationship_type_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN relationship_type_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN relationship_type_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN relationship_type_history.relationship_type_id IS
'The relationship type.';
COMMENT ON COLUMN relationship_type_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN relationship_type_history.name IS
'contains, depends_on, member_of, attached_to and so on.';
COMMENT ON COLUMN relationship_type_history.description IS
'What the parent is to the child.';
CREATE INDEX relationship_type_history_row ON relationship_type_history (relationship_type_id, change);

CREATE TABLE resource_type_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    resource_type_id integer NOT NULL,
    action text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    family text NOT NULL,
    collection text,
    holds_data boolean NOT NULL,
    display_name text NOT NULL,
    description text NOT NULL,
    origin text NOT NULL,
    retired_at timestamptz,
    CONSTRAINT resource_type_history_pkey PRIMARY KEY (change),
    CONSTRAINT resource_type_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE resource_type_history IS
'Every change of a resource type: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN resource_type_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN resource_type_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN resource_type_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN resource_type_history.resource_type_id IS
'The resource type.';
COMMENT ON COLUMN resource_type_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN resource_type_history.name IS
'Its name in an address: vm.';
COMMENT ON COLUMN resource_type_history.kind IS
'Its name in a manifest: VirtualMachine.';
COMMENT ON COLUMN resource_type_history.family IS
'machine (runs and stops) or object (is just there): which states it passes through.';
COMMENT ON COLUMN resource_type_history.collection IS
'The key under which a parent lists its parts; null for what stands alone.';
COMMENT ON COLUMN resource_type_history.holds_data IS
'Whether losing it loses what people stored.';
COMMENT ON COLUMN resource_type_history.display_name IS
'The name for people.';
COMMENT ON COLUMN resource_type_history.description IS
'What it is.';
COMMENT ON COLUMN resource_type_history.origin IS
'driver (shipped) or user (from a manifest).';
COMMENT ON COLUMN resource_type_history.retired_at IS
'When it left the catalog; rows that refer to it stay. Null while it is in use.';
CREATE INDEX resource_type_history_row ON resource_type_history (resource_type_id, change);

CREATE TABLE resource_type_parent_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    resource_type_id integer NOT NULL,
    parent_type_id integer NOT NULL,
    action text NOT NULL,
    position smallint NOT NULL,
    CONSTRAINT resource_type_parent_history_pkey PRIMARY KEY (change),
    CONSTRAINT resource_type_parent_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE resource_type_parent_history IS
'Every change of which types may contain a part type: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN resource_type_parent_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN resource_type_parent_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN resource_type_parent_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN resource_type_parent_history.resource_type_id IS
'The part''s type.';
COMMENT ON COLUMN resource_type_parent_history.parent_type_id IS
'The type that may contain it.';
COMMENT ON COLUMN resource_type_parent_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN resource_type_parent_history.position IS
'The parent''s place in the catalog''s list, from 0.';
CREATE INDEX resource_type_parent_history_row
ON resource_type_parent_history (resource_type_id, parent_type_id, change);

CREATE TABLE resource_type_key_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    resource_type_id integer NOT NULL,
    attribute_definition_id integer NOT NULL,
    action text NOT NULL,
    position smallint NOT NULL,
    CONSTRAINT resource_type_key_history_pkey PRIMARY KEY (change),
    CONSTRAINT resource_type_key_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE resource_type_key_history IS
'Every change of what tells a part from its siblings: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN resource_type_key_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN resource_type_key_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN resource_type_key_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN resource_type_key_history.resource_type_id IS
'The part''s type.';
COMMENT ON COLUMN resource_type_key_history.attribute_definition_id IS
'An attribute of its key.';
COMMENT ON COLUMN resource_type_key_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN resource_type_key_history.position IS
'Its place in the key, from 0.';
CREATE INDEX resource_type_key_history_row
ON resource_type_key_history (resource_type_id, attribute_definition_id, change);

CREATE TABLE attribute_definition_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    attribute_definition_id integer NOT NULL,
    action text NOT NULL,
    name text NOT NULL,
    display_name text NOT NULL,
    description text NOT NULL,
    data_type text NOT NULL,
    cardinality text NOT NULL,
    format text NOT NULL,
    unit text,
    is_secret boolean NOT NULL,
    is_bookkeeping boolean NOT NULL,
    relationship_type_id integer,
    retired_at timestamptz,
    CONSTRAINT attribute_definition_history_pkey PRIMARY KEY (change),
    CONSTRAINT attribute_definition_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE attribute_definition_history IS
'Every change of what an attribute means: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN attribute_definition_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN attribute_definition_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN attribute_definition_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN attribute_definition_history.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN attribute_definition_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN attribute_definition_history.name IS
'The attribute''s name: cpu_cores.';
COMMENT ON COLUMN attribute_definition_history.display_name IS
'The name for people.';
COMMENT ON COLUMN attribute_definition_history.description IS
'What it means.';
COMMENT ON COLUMN attribute_definition_history.data_type IS
'string, integer, decimal, boolean or datetime: which value column its rows fill.';
COMMENT ON COLUMN attribute_definition_history.cardinality IS
'one, set (order means nothing) or list: how many rows a resource may have.';
COMMENT ON COLUMN attribute_definition_history.format IS
'What the value means beyond its type; it decides the canonical spelling.';
COMMENT ON COLUMN attribute_definition_history.unit IS
'The unit of a number, such as MiB; null where it has none.';
COMMENT ON COLUMN attribute_definition_history.is_secret IS
'Whether its rows hold a credential''s name and fingerprint, never a value.';
COMMENT ON COLUMN attribute_definition_history.is_bookkeeping IS
'Whether histories for people leave it out.';
COMMENT ON COLUMN attribute_definition_history.relationship_type_id IS
'The tie that a reference makes, with its target as the parent.';
COMMENT ON COLUMN attribute_definition_history.retired_at IS
'When it left the catalog; rows that refer to it stay. Null while it is in use.';
CREATE INDEX attribute_definition_history_row ON attribute_definition_history (attribute_definition_id, change);

CREATE TABLE attribute_reference_type_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    attribute_definition_id integer NOT NULL,
    resource_type_id integer NOT NULL,
    action text NOT NULL,
    position smallint NOT NULL,
    CONSTRAINT attribute_reference_type_history_pkey PRIMARY KEY (change),
    CONSTRAINT attribute_reference_type_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE attribute_reference_type_history IS
'Every change of what a reference may point at: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN attribute_reference_type_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN attribute_reference_type_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN attribute_reference_type_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN attribute_reference_type_history.attribute_definition_id IS
'The reference.';
COMMENT ON COLUMN attribute_reference_type_history.resource_type_id IS
'A type it may point at.';
COMMENT ON COLUMN attribute_reference_type_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN attribute_reference_type_history.position IS
'The type''s place in the catalog''s list, from 0.';
CREATE INDEX attribute_reference_type_history_row
ON attribute_reference_type_history (attribute_definition_id, resource_type_id, change);

CREATE TABLE provider_resource_type_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    provider_type_id integer NOT NULL,
    resource_type_id integer NOT NULL,
    action text NOT NULL,
    identity text NOT NULL,
    unique_name boolean NOT NULL,
    stores_tags boolean NOT NULL,
    CONSTRAINT provider_resource_type_history_pkey PRIMARY KEY (change),
    CONSTRAINT provider_resource_type_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE provider_resource_type_history IS
'Every change of which provider types offer a resource type: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN provider_resource_type_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN provider_resource_type_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN provider_resource_type_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN provider_resource_type_history.provider_type_id IS
'The provider type.';
COMMENT ON COLUMN provider_resource_type_history.resource_type_id IS
'What it offers.';
COMMENT ON COLUMN provider_resource_type_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN provider_resource_type_history.identity IS
'How an object is found again after a lost answer: name, reserved_id, key, parent or none.';
COMMENT ON COLUMN provider_resource_type_history.unique_name IS
'Whether the provider refuses a second object of the same name.';
COMMENT ON COLUMN provider_resource_type_history.stores_tags IS
'Whether the provider keeps tags on it; where not, they are in resource_tags alone.';
CREATE INDEX provider_resource_type_history_row
ON provider_resource_type_history (provider_type_id, resource_type_id, change);

CREATE TABLE resource_type_attribute_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    resource_type_id integer NOT NULL,
    attribute_definition_id integer NOT NULL,
    action text NOT NULL,
    data_type text NOT NULL,
    CONSTRAINT resource_type_attribute_history_pkey PRIMARY KEY (change),
    CONSTRAINT resource_type_attribute_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE resource_type_attribute_history IS
'Every change of which attributes a resource type has: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN resource_type_attribute_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN resource_type_attribute_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN resource_type_attribute_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN resource_type_attribute_history.resource_type_id IS
'The resource type.';
COMMENT ON COLUMN resource_type_attribute_history.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN resource_type_attribute_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN resource_type_attribute_history.data_type IS
'The attribute''s data type again, so that one foreign key carries all three.';
CREATE INDEX resource_type_attribute_history_row
ON resource_type_attribute_history (resource_type_id, attribute_definition_id, change);

CREATE TABLE provider_type_attribute_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    provider_type_id integer NOT NULL,
    resource_type_id integer NOT NULL,
    attribute_definition_id integer NOT NULL,
    action text NOT NULL,
    mutability text NOT NULL,
    is_required boolean NOT NULL,
    has_default boolean NOT NULL,
    clear_when_unset boolean NOT NULL,
    minimum bigint,
    maximum bigint,
    max_length integer,
    pattern text,
    grow_only boolean NOT NULL,
    also_definition_id integer,
    is_unique boolean NOT NULL,
    unique_within_definition_id integer,
    unset_meaning text NOT NULL,
    CONSTRAINT provider_type_attribute_history_pkey PRIMARY KEY (change),
    CONSTRAINT provider_type_attribute_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE provider_type_attribute_history IS
'Every change of the rules of an attribute on a provider type: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN provider_type_attribute_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN provider_type_attribute_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN provider_type_attribute_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN provider_type_attribute_history.provider_type_id IS
'The provider type.';
COMMENT ON COLUMN provider_type_attribute_history.resource_type_id IS
'The resource type.';
COMMENT ON COLUMN provider_type_attribute_history.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN provider_type_attribute_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN provider_type_attribute_history.mutability IS
'in_place, needs_stop, replace, create_only, read_only or write_only.';
COMMENT ON COLUMN provider_type_attribute_history.is_required IS
'Whether a manifest must give it.';
COMMENT ON COLUMN provider_type_attribute_history.has_default IS
'Whether a default is enforced; without default rows it is the empty set or list.';
COMMENT ON COLUMN provider_type_attribute_history.clear_when_unset IS
'Whether a manifest that is silent means "no value".';
COMMENT ON COLUMN provider_type_attribute_history.minimum IS
'Least value, in the attribute''s unit.';
COMMENT ON COLUMN provider_type_attribute_history.maximum IS
'Greatest value, in the attribute''s unit.';
COMMENT ON COLUMN provider_type_attribute_history.max_length IS
'Greatest length of a text, in characters.';
COMMENT ON COLUMN provider_type_attribute_history.pattern IS
'A regular expression that a text matches as a whole.';
COMMENT ON COLUMN provider_type_attribute_history.grow_only IS
'Whether a smaller value is refused when planning.';
COMMENT ON COLUMN provider_type_attribute_history.also_definition_id IS
'A read-only attribute that says the same in other words (an image''s number beside its name); null for none.';
COMMENT ON COLUMN provider_type_attribute_history.is_unique IS
'Whether no two objects of the type may have one value at an endpoint.';
COMMENT ON COLUMN provider_type_attribute_history.unique_within_definition_id IS
'The attribute within one value of which it is unique (an address within its network); null: the endpoint.';
COMMENT ON COLUMN provider_type_attribute_history.unset_meaning IS
'What a manifest''s null does to it; empty where it cannot be unset.';
CREATE INDEX provider_type_attribute_history_row
ON provider_type_attribute_history (provider_type_id, resource_type_id, attribute_definition_id, change);

CREATE TABLE provider_type_attribute_default_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    provider_type_id integer NOT NULL,
    resource_type_id integer NOT NULL,
    attribute_definition_id integer NOT NULL,
    ordinal smallint NOT NULL,
    action text NOT NULL,
    data_type text NOT NULL,
    value_string text,
    value_integer bigint,
    value_decimal numeric,
    value_boolean boolean,
    value_datetime timestamptz,
    CONSTRAINT provider_type_attribute_default_history_pkey PRIMARY KEY (change),
    CONSTRAINT provider_type_attribute_default_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE provider_type_attribute_default_history IS
'Every change of an attributes default, element by element: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN provider_type_attribute_default_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN provider_type_attribute_default_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN provider_type_attribute_default_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN provider_type_attribute_default_history.provider_type_id IS
'The provider type.';
COMMENT ON COLUMN provider_type_attribute_default_history.resource_type_id IS
'The resource type.';
COMMENT ON COLUMN provider_type_attribute_default_history.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN provider_type_attribute_default_history.ordinal IS
'The element''s place, from 0.';
COMMENT ON COLUMN provider_type_attribute_default_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN provider_type_attribute_default_history.data_type IS
'The attribute''s data type.';
COMMENT ON COLUMN provider_type_attribute_default_history.value_string IS
'The value where data_type is string; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_default_history.value_integer IS
'The value where data_type is integer, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_default_history.value_decimal IS
'The value where data_type is decimal, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_default_history.value_boolean IS
'The value where data_type is boolean; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_default_history.value_datetime IS
'The value where data_type is datetime; null otherwise.';
CREATE INDEX provider_type_attribute_default_history_row
ON provider_type_attribute_default_history (provider_type_id, resource_type_id, attribute_definition_id, ordinal, change);

CREATE TABLE provider_type_attribute_allowed_value_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    provider_type_id integer NOT NULL,
    resource_type_id integer NOT NULL,
    attribute_definition_id integer NOT NULL,
    ordinal smallint NOT NULL,
    action text NOT NULL,
    data_type text NOT NULL,
    value_string text,
    value_integer bigint,
    value_decimal numeric,
    value_boolean boolean,
    value_datetime timestamptz,
    CONSTRAINT provider_type_attribute_allowed_value_history_pkey PRIMARY KEY (change),
    CONSTRAINT provider_type_attribute_allowed_value_history_action CHECK (action IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE provider_type_attribute_allowed_value_history IS
'Every change of the only values that an attribute may have: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN provider_type_attribute_allowed_value_history.change IS
'The change''s number; orders the changes of a row.';
COMMENT ON COLUMN provider_type_attribute_allowed_value_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN provider_type_attribute_allowed_value_history.changeset_id IS
'The changeset that it belongs to: when, who made it, and why.';
COMMENT ON COLUMN provider_type_attribute_allowed_value_history.provider_type_id IS
'The provider type.';
COMMENT ON COLUMN provider_type_attribute_allowed_value_history.resource_type_id IS
'The resource type.';
COMMENT ON COLUMN provider_type_attribute_allowed_value_history.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN provider_type_attribute_allowed_value_history.ordinal IS
'The value''s place in the catalog''s list, from 0.';
COMMENT ON COLUMN provider_type_attribute_allowed_value_history.action IS
'insert, update or delete; a deleted row is shown as it was last.';
COMMENT ON COLUMN provider_type_attribute_allowed_value_history.data_type IS
'The attribute''s data type.';
COMMENT ON COLUMN provider_type_attribute_allowed_value_history.value_string IS
'The value where data_type is string; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_allowed_value_history.value_integer IS
'The value where data_type is integer, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_allowed_value_history.value_decimal IS
'The value where data_type is decimal, in the unit of its definition; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_allowed_value_history.value_boolean IS
'The value where data_type is boolean; null otherwise.';
COMMENT ON COLUMN provider_type_attribute_allowed_value_history.value_datetime IS
'The value where data_type is datetime; null otherwise.';
CREATE INDEX provider_type_attribute_allowed_value_history_row
ON provider_type_attribute_allowed_value_history (provider_type_id, resource_type_id, attribute_definition_id, ordinal, change);
-- When credentials expire, in the history of credentials too: its trigger takes every column that both tables have.

ALTER TABLE provider_credential_history ADD COLUMN expires_at timestamptz;
ALTER TABLE provider_credential_history ADD COLUMN value_expires_at timestamptz;
COMMENT ON COLUMN provider_credential_history.expires_at IS
'When it is to be replaced, as its manifest says; null where it does not.';
COMMENT ON COLUMN provider_credential_history.value_expires_at IS
'When the present value ceases to be accepted, as the provider said or who stored it; null where nobody did.';
-- Who did at a provider what a look found there, as the provider's own log of tasks has it: beside the changeset of the
-- look, never in place of its actor or database user. It is a history: one row a task, written once. It grows with what
-- people do behind our back and not with the fleet, so that it is in no months, and stays where a month of changes is
-- archived. With a deleted resource it goes into a file (26_resource_moves.sql).

CREATE TABLE observed_tasks (
    changed_at timestamptz NOT NULL,
    changeset_id bigint NOT NULL,
    resource_id bigint NOT NULL REFERENCES resources (id),
    happening text NOT NULL,
    task text NOT NULL,
    kind text NOT NULL,
    provider_user text NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    is_sure boolean NOT NULL,
    CONSTRAINT observed_tasks_pkey PRIMARY KEY (changed_at, changeset_id, resource_id, happening, task),
    CONSTRAINT observed_tasks_happening CHECK (happening IN ('appeared', 'vanished', 'started', 'stopped', 'changed')),
    CONSTRAINT observed_tasks_sure CHECK (NOT is_sure OR (happening <> 'changed' AND ended_at IS NOT NULL))
);

COMMENT ON TABLE observed_tasks IS
'Tasks at a provider, begun by somebody else, that may have made what a look found. Written by record_observed_tasks.';
COMMENT ON COLUMN observed_tasks.changed_at IS
'When the transaction began that recorded what was found: that of the changeset.';
COMMENT ON COLUMN observed_tasks.changeset_id IS
'The changeset of the look.';
COMMENT ON COLUMN observed_tasks.resource_id IS
'The resource that was found otherwise than before; where it was a part of it, its root.';
COMMENT ON COLUMN observed_tasks.happening IS
'What the task may have brought about: the object appeared, vanished, was started, stopped, or changed in any other way.';
COMMENT ON COLUMN observed_tasks.task IS
'The provider''s id of the task.';
COMMENT ON COLUMN observed_tasks.kind IS
'The provider''s word for what it does, such as qmstop.';
COMMENT ON COLUMN observed_tasks.provider_user IS
'Who began it, as the provider names its users: root@pam, or jane@pve!laptop by a token.';
COMMENT ON COLUMN observed_tasks.began_at IS
'When it began, by the provider''s clock.';
COMMENT ON COLUMN observed_tasks.ended_at IS
'When it ended, by the provider''s clock; null if it ran still.';
COMMENT ON COLUMN observed_tasks.is_sure IS
'Whether it was this task, or another of the same changeset, resource and happening. Otherwise it may have been, and so may something that left no task.';
CREATE INDEX observed_tasks_resource ON observed_tasks (resource_id);

CREATE FUNCTION record_observed_tasks(
    p_changed_at timestamptz, p_changeset bigint, p_resource bigint[], p_happening text[], p_task text[], p_kind text[],
    p_user text[], p_began_at timestamptz[], p_ended_at timestamptz[], p_sure boolean[]
)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_written integer;
BEGIN
  IF NOT EXISTS (
    SELECT FROM changesets AS s
    WHERE
      s.changed_at = p_changed_at AND s.id = p_changeset AND s.cause = 'observation' AND s.operation_id IS NULL
      AND s.db_user = session_user
  ) THEN
    RAISE EXCEPTION 'changeset % was made by no look of %', p_changeset, session_user
      USING ERRCODE = 'RC024', HINT = 'Only what a look found is explained by tasks, and by whoever looked.';
  END IF;
  INSERT INTO observed_tasks (
    changed_at, changeset_id, resource_id, happening, task, kind, provider_user, began_at, ended_at, is_sure
  )
  SELECT
    p_changed_at, p_changeset, t.resource_id, t.happening, t.task, t.kind, t.provider_user, t.began_at, t.ended_at, t.is_sure
  FROM unnest(p_resource, p_happening, p_task, p_kind, p_user, p_began_at, p_ended_at, p_sure)
    AS t (resource_id, happening, task, kind, provider_user, began_at, ended_at, is_sure);
  GET DIAGNOSTICS v_written = ROW_COUNT;
  RETURN v_written;
END
$$;
COMMENT ON FUNCTION record_observed_tasks(
    timestamptz, bigint, bigint[], text[], text[], text[], text[], timestamptz[], timestamptz[], boolean[]
) IS
'Writes which tasks may have made what a changeset''s look found, and gives their number. Raises RC024 for any other changeset.';
REVOKE ALL ON FUNCTION record_observed_tasks(
    timestamptz, bigint, bigint[], text[], text[], text[], text[], timestamptz[], timestamptz[], boolean[]
) FROM public;
-- Functions that triggers and sessions share. Those that must write where the runtime role may not are SECURITY DEFINER,
-- with a search path that nobody else can put objects into.

CREATE FUNCTION change_context()
RETURNS TABLE (
    changed_at timestamptz, actor text, reason text, cause text, operation_id uuid, revision_id bigint, db_user text
)
LANGUAGE sql STABLE
AS $$
  -- Unset settings read as null, settings of an earlier transaction as ''.
  SELECT
    transaction_timestamp(),
    coalesce(nullif(current_setting('reconciler.actor', true), ''), session_user),
    nullif(current_setting('reconciler.reason', true), ''),
    coalesce(nullif(current_setting('reconciler.cause', true), ''), 'manual'),
    nullif(current_setting('reconciler.operation', true), '')::uuid,
    nullif(current_setting('reconciler.revision', true), '')::bigint,
    session_user::text
$$;
COMMENT ON FUNCTION change_context() IS
'Who makes the change that is under way, and why, as the transaction''s settings say. One row.';

CREATE FUNCTION current_epoch()
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_here CONSTANT bigint := (SELECT c.system_identifier FROM pg_control_system() AS c);
  v_last record;
BEGIN
  LOOP
    SELECT e.id, e.system_identifier INTO v_last FROM cluster_epochs AS e ORDER BY e.id DESC LIMIT 1;
    IF v_last.system_identifier = v_here THEN
      RETURN v_last.id;
    END IF;
    -- Whoever comes second waits for the first, and finds what it wrote.
    INSERT INTO cluster_epochs (id, system_identifier) VALUES (coalesce(v_last.id, 0) + 1, v_here)
    ON CONFLICT (id) DO NOTHING;
  END LOOP;
END
$$;
COMMENT ON FUNCTION current_epoch() IS
'The epoch of the cluster that the database lives in now; a new one where it is another than before, as after a restore.';
REVOKE ALL ON FUNCTION current_epoch() FROM public;

CREATE FUNCTION current_changeset()
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_context record;
  v_id bigint;
BEGIN
  SELECT * INTO STRICT v_context FROM change_context();
  SELECT s.id INTO v_id
  FROM changesets AS s
  WHERE
    s.changed_at = v_context.changed_at AND s.xact = pg_current_xact_id()
    AND (s.actor, s.reason, s.cause, s.operation_id, s.revision_id, s.db_user) IS NOT DISTINCT FROM (
      v_context.actor, v_context.reason, v_context.cause, v_context.operation_id, v_context.revision_id, v_context.db_user
    );
  IF v_id IS NULL THEN
    INSERT INTO changesets (changed_at, epoch, actor, reason, cause, operation_id, revision_id, db_user)
    VALUES (
      v_context.changed_at, current_epoch(), v_context.actor, v_context.reason, v_context.cause, v_context.operation_id,
      v_context.revision_id, v_context.db_user
    )
    RETURNING id INTO v_id;
  END IF;
  RETURN v_id;
END
$$;
COMMENT ON FUNCTION current_changeset() IS
'The changeset of the change that is under way, made where the transaction has none for this actor and reason yet.';
REVOKE ALL ON FUNCTION current_changeset() FROM public;

CREATE FUNCTION refuse_truncate()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION '% cannot be truncated: its rows would vanish without a trace in the history', tg_table_name
    USING ERRCODE = 'RC002', HINT = 'Mark resources as deleted instead.';
END
$$;
COMMENT ON FUNCTION refuse_truncate() IS 'Refuses TRUNCATE, which no row''s history could follow.';

CREATE FUNCTION sessions_in_the_way(p_waiter integer)
RETURNS TABLE (pid integer, usename text, application_name text, state text, since timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT
    a.pid, a.usename::text, a.application_name, a.state, coalesce(a.xact_start, a.state_change, a.backend_start)
  FROM pg_stat_activity AS a
  CROSS JOIN LATERAL (
    SELECT
      coalesce(bool_or(l.locktype = 'virtualxid'), FALSE) AS is_at_work,
      coalesce(bool_or(l.locktype = 'advisory'), FALSE) AND a.application_name <> 'reconciler' AS is_holding
    FROM pg_locks AS l
    WHERE l.pid = a.pid AND l.granted
  ) AS has
  WHERE
    a.datname = current_database() AND a.pid NOT IN (pg_backend_pid(), p_waiter)
    AND (has.is_at_work OR has.is_holding)
  ORDER BY a.state LIKE 'idle in transaction%' DESC, has.is_holding DESC, 5 ASC
  LIMIT 3
$$;
COMMENT ON FUNCTION sessions_in_the_way(integer) IS
'Who may hold what a session waited for in vain: transactions left open, foreign holders of advisory locks, others at work; the longest first. It shows no statements.';
REVOKE ALL ON FUNCTION sessions_in_the_way(integer) FROM public;

CREATE FUNCTION value_text(
    p_target_type text, p_key text, p_inner_key text, p_string text, p_integer bigint, p_decimal numeric, p_boolean boolean,
    p_datetime timestamptz, p_credential text, p_fingerprint text
)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(
    p_target_type || '#' || p_string,
    p_key || coalesce(':' || p_inner_key, '') || '=' || p_string,
    p_string,
    p_integer::text,
    trim_scale(p_decimal)::text,
    p_boolean::text,
    p_datetime::text,
    'credential/' || p_credential || coalesce('#' || p_fingerprint, '')
);
COMMENT ON FUNCTION value_text(
    text, text, text, text, bigint, numeric, boolean, timestamptz, text, text
) IS 'A value as one text, as the views have it; a secret by its credential''s name and fingerprint.';
-- Guards: what a row may never become, whoever writes it.

CREATE FUNCTION guard_resource_update()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF (new.id, new.uid, new.resource_type_id, new.is_root)
    IS DISTINCT FROM (old.id, old.uid, old.resource_type_id, old.is_root) THEN
    RAISE EXCEPTION 'the identity of % (id, uid, type, root or part) cannot be changed', old.address
      USING ERRCODE = 'RC003', HINT = 'Mark it as deleted and insert another resource.';
  END IF;
  IF new.presence <> 'unknown' THEN
    new.presence_reason := NULL;
  END IF;
  new.version := old.version + 1;
  new.updated_at := now();
  RETURN new;
END
$$;
COMMENT ON FUNCTION guard_resource_update() IS
'Counts a change that a plan must not overlook, and refuses one of the identity.';

CREATE TRIGGER guard_update BEFORE UPDATE ON resources FOR EACH ROW
WHEN (
    old.recorded_hash IS DISTINCT FROM new.recorded_hash
    OR old.external_id IS DISTINCT FROM new.external_id
    OR old.management IS DISTINCT FROM new.management
    OR old.presence IS DISTINCT FROM new.presence
    OR old.prevent_destroy IS DISTINCT FROM new.prevent_destroy
    OR old.on_remove IS DISTINCT FROM new.on_remove
    OR old.allow_downtime IS DISTINCT FROM new.allow_downtime
    OR old.replace_policy IS DISTINCT FROM new.replace_policy
    OR old.create_before_destroy IS DISTINCT FROM new.create_before_destroy
    OR old.source_id IS DISTINCT FROM new.source_id
    OR old.location_id IS DISTINCT FROM new.location_id
    OR old.datacenter_id IS DISTINCT FROM new.datacenter_id
    OR old.deleted_at IS DISTINCT FROM new.deleted_at
    OR old.id IS DISTINCT FROM new.id
    OR old.uid IS DISTINCT FROM new.uid
    OR old.resource_type_id IS DISTINCT FROM new.resource_type_id
    OR old.is_root IS DISTINCT FROM new.is_root
)
EXECUTE FUNCTION guard_resource_update();

CREATE FUNCTION guard_first_states()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  v_found record;
BEGIN
  -- However many rows there are, they are of few types and begin in few states.
  SELECT n.address, s.name INTO v_found
  FROM (
    SELECT r.resource_type_id, r.state_id, min(r.address) AS address
    FROM new_rows AS r
    GROUP BY r.resource_type_id, r.state_id
  ) AS n
  INNER JOIN public.resource_types AS t ON n.resource_type_id = t.id
  INNER JOIN public.resource_states AS s ON n.state_id = s.id
  WHERE NOT EXISTS (
    SELECT FROM public.resource_initial_states AS i WHERE i.family = t.family AND i.state_id = n.state_id
  )
  LIMIT 1;
  IF FOUND AND NOT public.is_archive_move() THEN
    RAISE EXCEPTION 'a resource (%) cannot begin in the state %', v_found.address, v_found.name
      USING ERRCODE = 'RC001';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_first_states() IS 'Refuses first states that are not in resource_initial_states.';

CREATE FUNCTION guard_states()
RETURNS trigger
LANGUAGE plpgsql SET enable_nestloop = off
AS $$
DECLARE
  v_moved record;
  v_by_hand boolean;
  v_from text;
  v_to text;
BEGIN
  -- However many rows there are, they are of few types and make few moves. Of most statements there is none.
  FOR v_moved IN
    SELECT
      n.resource_type_id, o.state_id AS from_state_id, n.state_id AS to_state_id,
      n.management = 'quarantined' AS is_quarantined, min(n.address) AS address
    FROM new_rows AS n
    INNER JOIN old_rows AS o ON n.id = o.id
    WHERE n.state_id <> o.state_id
    GROUP BY 1, 2, 3, 4
  LOOP
    SELECT m.by_hand INTO v_by_hand
    FROM public.resource_types AS t
    INNER JOIN public.resource_state_transitions AS m ON t.family = m.family
    WHERE
      t.id = v_moved.resource_type_id
      AND m.from_state_id = v_moved.from_state_id AND m.to_state_id = v_moved.to_state_id;
    -- Once a person has decided whose it is, the state follows what is seen.
    CONTINUE WHEN NOT v_by_hand OR (
      v_by_hand AND (NOT v_moved.is_quarantined OR (SELECT c.cause FROM public.change_context() AS c) = 'manual')
    );
    SELECT s.name INTO v_from FROM public.resource_states AS s WHERE s.id = v_moved.from_state_id;
    IF v_by_hand THEN
      RAISE EXCEPTION '% can leave the state % only by a person''s decision', v_moved.address, v_from
        USING ERRCODE = 'RC001', HINT = 'Look whose the object is, then adopt or forget it by hand.';
    END IF;
    SELECT s.name INTO v_to FROM public.resource_states AS s WHERE s.id = v_moved.to_state_id;
    RAISE EXCEPTION '% cannot go from the state % to %', v_moved.address, v_from, v_to
      USING ERRCODE = 'RC001', HINT = 'What may follow what is in resource_state_transitions.';
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_states() IS 'Refuses moves between states that are not in resource_state_transitions.';

CREATE TRIGGER guard_state_insert AFTER INSERT ON resources
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_first_states();
CREATE TRIGGER guard_state_update AFTER UPDATE ON resources
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_states();

CREATE FUNCTION guard_operation_status()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF tg_op = 'INSERT' THEN
    IF new.status <> 'intended' AND NOT public.is_archive_move() THEN
      RAISE EXCEPTION 'an operation begins as intended, not as %', new.status USING ERRCODE = 'RC004';
    END IF;
    RETURN new;
  END IF;
  IF (old.status, new.status) NOT IN (
    ('intended', 'sending'), ('intended', 'failed'), ('intended', 'interrupted'),
    -- A step that needs no call, of a resource that no provider has.
    ('intended', 'done'),
    ('sending', 'accepted'), ('sending', 'done'), ('sending', 'failed'), ('sending', 'ambiguous'),
    ('sending', 'interrupted'),
    -- The next call of the same step is sent.
    ('accepted', 'sending'), ('accepted', 'done'), ('accepted', 'failed'), ('accepted', 'ambiguous'),
    ('accepted', 'interrupted'),
    -- Somebody looked, and it is no longer in doubt.
    ('ambiguous', 'sending'), ('ambiguous', 'accepted'), ('ambiguous', 'done'), ('ambiguous', 'failed'),
    ('ambiguous', 'interrupted')
  ) THEN
    RAISE EXCEPTION 'operation % cannot go from % to %', old.id, old.status, new.status
      USING ERRCODE = 'RC004', HINT = 'What has ended stays as it ended; make a new operation.';
  END IF;
  RETURN new;
END
$$;
COMMENT ON FUNCTION guard_operation_status() IS 'Refuses moves of an operation''s status that no execution makes.';

CREATE TRIGGER guard_status_insert BEFORE INSERT ON resource_operations FOR EACH ROW
EXECUTE FUNCTION guard_operation_status();
CREATE TRIGGER guard_status_update BEFORE UPDATE OF status ON resource_operations FOR EACH ROW
WHEN (old.status IS DISTINCT FROM new.status)
EXECUTE FUNCTION guard_operation_status();

CREATE FUNCTION guard_ended_operation()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'operation % has ended as %, and what has ended is never changed', old.id, old.status
    USING ERRCODE = 'RC004', HINT = 'What has ended stays as it ended; make a new operation.';
END
$$;
COMMENT ON FUNCTION guard_ended_operation() IS 'Refuses any change of an operation that has ended, as the histories do.';

-- Where it is the status that moves, the guard of the status refuses it.
CREATE TRIGGER guard_ended BEFORE UPDATE ON resource_operations FOR EACH ROW
WHEN (old.status IN ('done', 'failed', 'interrupted') AND old.status = new.status AND old.* IS DISTINCT FROM new.*)
EXECUTE FUNCTION guard_ended_operation();

CREATE FUNCTION guard_ended_operation_row()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  v_operation uuid := new.operation_id;
  v_ended timestamptz;
BEGIN
  IF tg_op = 'UPDATE' AND old.operation_id IS DISTINCT FROM new.operation_id THEN
    RAISE EXCEPTION 'a row of operation % cannot become one of another', old.operation_id USING ERRCODE = 'RC004';
  END IF;
  SELECT finished_at INTO v_ended FROM public.resource_operations
  WHERE id = v_operation AND status IN ('done', 'failed', 'interrupted');
  -- In the transaction that ends it, what belongs to its end may still be written.
  IF v_ended IS NOT NULL AND v_ended <> transaction_timestamp() AND NOT public.is_archive_move() THEN
    RAISE EXCEPTION 'operation % has ended at %, and nothing is added to it or changed in it', v_operation, v_ended
      USING ERRCODE = 'RC004', HINT = 'What has ended stays as it ended; make a new operation.';
  END IF;
  RETURN new;
END
$$;
COMMENT ON FUNCTION guard_ended_operation_row() IS
'Refuses to write calls, tasks or results of an operation that ended in an earlier transaction.';

CREATE TRIGGER guard_ended BEFORE INSERT OR UPDATE ON resource_operation_calls FOR EACH ROW
EXECUTE FUNCTION guard_ended_operation_row();
CREATE TRIGGER guard_ended BEFORE INSERT OR UPDATE ON resource_operation_tasks FOR EACH ROW
EXECUTE FUNCTION guard_ended_operation_row();
CREATE TRIGGER guard_ended BEFORE INSERT OR UPDATE ON resource_operation_results FOR EACH ROW
EXECUTE FUNCTION guard_ended_operation_row();

CREATE FUNCTION guard_approval_use()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'the approval of plan % by % was used at % and cannot be used again',
    old.plan_id, old.approved_by, old.used_at
    USING ERRCODE = 'RC005', HINT = 'Approve the plan again.';
END
$$;
COMMENT ON FUNCTION guard_approval_use() IS 'Refuses to use an approval twice, or to take its use back.';

CREATE TRIGGER guard_use BEFORE UPDATE OF used_at ON plan_approvals FOR EACH ROW
WHEN (old.used_at IS NOT NULL AND old.used_at IS DISTINCT FROM new.used_at)
EXECUTE FUNCTION guard_approval_use();

CREATE FUNCTION guard_pin()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM public.revisions AS r WHERE r.id = new.revision_id AND r.back_to_revision IS NOT NULL
  ) THEN
    RAISE EXCEPTION 'the pin of % is of revision %, which went back to nothing', new.address, new.revision_id
      USING ERRCODE = 'RC003', HINT = 'A pin is of the revision of a rollback, not of the end of one.';
  END IF;
  RETURN new;
END
$$;
COMMENT ON FUNCTION guard_pin() IS 'Refuses a pin of a revision that is no rollback: no list of pins would show it.';

CREATE TRIGGER guard_revision BEFORE INSERT OR UPDATE OF revision_id ON pins FOR EACH ROW
EXECUTE FUNCTION guard_pin();

CREATE FUNCTION guard_time_zone()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_timezone_names AS z WHERE z.name = new.time_zone) THEN
    RAISE EXCEPTION '%: there is no time zone %', new.name, new.time_zone
      USING ERRCODE = 'RC006', HINT = 'Use a name of the IANA time zone database, such as Europe/Berlin.';
  END IF;
  RETURN new;
END
$$;
COMMENT ON FUNCTION guard_time_zone() IS 'Refuses a time zone that the server does not know.';

CREATE TRIGGER guard_time_zone BEFORE INSERT OR UPDATE OF time_zone ON locations FOR EACH ROW
WHEN (new.time_zone IS NOT NULL)
EXECUTE FUNCTION guard_time_zone();
CREATE TRIGGER guard_time_zone BEFORE INSERT OR UPDATE OF time_zone ON datacenters FOR EACH ROW
WHEN (new.time_zone IS NOT NULL)
EXECUTE FUNCTION guard_time_zone();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resources EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_attributes EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_tags EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_relationships EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON external_id_reservations EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_history EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_state_history EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_attribute_history EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_tag_history EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON resource_relationship_history EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON changesets EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON marks EXECUTE FUNCTION refuse_truncate();

CREATE FUNCTION drop_uncontained()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF is_archive_move() THEN
    RETURN NULL;
  END IF;
  UPDATE resources AS part
  SET deleted_at = now()
  FROM old_ties AS tie, relationship_types AS kind
  WHERE kind.id = tie.relationship_type_id AND kind.name = 'contains'
    AND part.id = tie.child_resource_id AND part.deleted_at IS NULL;
  UPDATE resources AS whole
  SET recorded_hash = NULL
  FROM old_ties AS tie, relationship_types AS kind
  WHERE kind.id = tie.relationship_type_id AND kind.name = 'contains'
    AND whole.id = tie.parent_resource_id AND whole.recorded_hash IS NOT NULL;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION drop_uncontained() IS
'A part that nothing contains any more is gone, and what contained it is looked at again.';

CREATE TRIGGER drop_uncontained AFTER DELETE ON resource_relationships
REFERENCING OLD TABLE AS old_ties FOR EACH STATEMENT
EXECUTE FUNCTION drop_uncontained();
-- What writes the histories: statement triggers over transition tables, so that no way of writing goes by them and a
-- bulk load costs one pass. An update that changes nothing writes nothing. An update of a key is a row gone and another
-- come, as the full joins below see it. Rows that go into a file or come back from one have not changed.

-- The rows before and after are joined by hash: a plan made for one row is kept, and as nested loops it would take
-- minutes for an observation of ten thousand.
CREATE FUNCTION write_resource_history()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off
AS $$
-- The changeset is asked for in a subquery, which is run once, and not at all where there is nothing to write.
BEGIN
  IF is_archive_move() THEN
    RETURN NULL;
  END IF;
  IF tg_op = 'INSERT' THEN
    INSERT INTO resource_history (
      changed_at, changeset_id, resource_id, action,
      address, name, resource_type_id, provider_endpoint_id, external_id, management, presence, prevent_destroy,
      on_remove, allow_downtime, replace_policy, create_before_destroy, source_id, location_id, datacenter_id,
      deleted_at
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()), n.id, 'insert',
      n.address, n.name, n.resource_type_id, n.provider_endpoint_id, n.external_id, n.management, n.presence,
      n.prevent_destroy, n.on_remove, n.allow_downtime, n.replace_policy, n.create_before_destroy, n.source_id,
      n.location_id, n.datacenter_id, n.deleted_at
    FROM new_rows AS n
    ORDER BY n.id;
    INSERT INTO resource_state_history (changed_at, changeset_id, resource_id, from_state_id, to_state_id)
    SELECT transaction_timestamp(), (SELECT current_changeset()), n.id, NULL, n.state_id
    FROM new_rows AS n
    ORDER BY n.id;
  ELSIF tg_op = 'UPDATE' THEN
    INSERT INTO resource_history (
      changed_at, changeset_id, resource_id, action,
      address, name, resource_type_id, provider_endpoint_id, external_id, management, presence, prevent_destroy,
      on_remove, allow_downtime, replace_policy, create_before_destroy, source_id, location_id, datacenter_id,
      deleted_at,
      old_address, old_name, old_provider_endpoint_id, old_external_id, old_management, old_presence,
      old_prevent_destroy, old_on_remove, old_allow_downtime, old_replace_policy, old_create_before_destroy,
      old_source_id, old_location_id, old_datacenter_id, old_deleted_at
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()), n.id, 'update',
      n.address, n.name, n.resource_type_id, n.provider_endpoint_id, n.external_id, n.management, n.presence,
      n.prevent_destroy, n.on_remove, n.allow_downtime, n.replace_policy, n.create_before_destroy, n.source_id,
      n.location_id, n.datacenter_id, n.deleted_at,
      o.address, o.name, o.provider_endpoint_id, o.external_id, o.management, o.presence, o.prevent_destroy,
      o.on_remove, o.allow_downtime, o.replace_policy, o.create_before_destroy, o.source_id, o.location_id,
      o.datacenter_id, o.deleted_at
    FROM new_rows AS n JOIN old_rows AS o ON n.id = o.id
    WHERE
      (
        o.address, o.name, o.provider_endpoint_id, o.external_id, o.management, o.presence, o.prevent_destroy,
        o.on_remove, o.allow_downtime, o.replace_policy, o.create_before_destroy, o.source_id, o.location_id,
        o.datacenter_id, o.deleted_at
      )
      IS DISTINCT FROM
      (
        n.address, n.name, n.provider_endpoint_id, n.external_id, n.management, n.presence, n.prevent_destroy,
        n.on_remove, n.allow_downtime, n.replace_policy, n.create_before_destroy, n.source_id, n.location_id,
        n.datacenter_id, n.deleted_at
      );
    INSERT INTO resource_state_history (changed_at, changeset_id, resource_id, from_state_id, to_state_id)
    SELECT transaction_timestamp(), (SELECT current_changeset()), n.id, o.state_id, n.state_id
    FROM new_rows AS n JOIN old_rows AS o ON n.id = o.id
    WHERE o.state_id <> n.state_id;
  ELSE
    INSERT INTO resource_history (
      changed_at, changeset_id, resource_id, action,
      address, name, resource_type_id, provider_endpoint_id, external_id, management, presence, prevent_destroy,
      on_remove, allow_downtime, replace_policy, create_before_destroy, source_id, location_id, datacenter_id,
      deleted_at,
      old_address, old_name, old_provider_endpoint_id, old_external_id, old_management, old_presence,
      old_prevent_destroy, old_on_remove, old_allow_downtime, old_replace_policy, old_create_before_destroy,
      old_source_id, old_location_id, old_datacenter_id, old_deleted_at
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()), o.id, 'delete',
      o.address, o.name, o.resource_type_id, o.provider_endpoint_id, o.external_id, o.management, o.presence,
      o.prevent_destroy, o.on_remove, o.allow_downtime, o.replace_policy, o.create_before_destroy, o.source_id,
      o.location_id, o.datacenter_id, coalesce(o.deleted_at, transaction_timestamp()),
      o.address, o.name, o.provider_endpoint_id, o.external_id, o.management, o.presence, o.prevent_destroy,
      o.on_remove, o.allow_downtime, o.replace_policy, o.create_before_destroy, o.source_id, o.location_id,
      o.datacenter_id, o.deleted_at
    FROM old_rows AS o;
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION write_resource_history() IS 'Writes what became of resources and of their states.';

CREATE TRIGGER write_history_insert AFTER INSERT ON resources
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_resource_history();
CREATE TRIGGER write_history_update AFTER UPDATE ON resources
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_resource_history();
CREATE TRIGGER write_history_delete AFTER DELETE ON resources
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_resource_history();

CREATE FUNCTION forget_recorded_hash(p_resource_ids bigint[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  -- A hash that no longer fits what is recorded would hide the change from the planner: of the resource, and of what
  -- contains it, whose hash covers its parts.
BEGIN
  WITH RECURSIVE touched AS (
    SELECT unnest(p_resource_ids) AS id
    UNION
    SELECT rr.parent_resource_id
    FROM touched JOIN resource_relationships AS rr ON rr.child_resource_id = touched.id
    WHERE rr.relationship_type_id = 1
  )

  UPDATE resources SET recorded_hash = NULL
  WHERE id IN (SELECT touched.id FROM touched) AND recorded_hash IS NOT NULL;
END
$$;
COMMENT ON FUNCTION forget_recorded_hash(bigint[]) IS
'Makes the planner look again at resources that somebody changed past the program.';
REVOKE ALL ON FUNCTION forget_recorded_hash(bigint[]) FROM public;

CREATE FUNCTION is_by_program()
RETURNS boolean
LANGUAGE sql STABLE
RETURN nullif(current_setting('reconciler.cause', TRUE), '') IS NOT NULL;
COMMENT ON FUNCTION is_by_program() IS
'Whether the session says what causes its changes, as the program does and a person with a SQL prompt does not.';

CREATE FUNCTION write_attribute_history()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_touched bigint[];
BEGIN
  IF is_archive_move() THEN
    IF tg_op = 'INSERT' THEN
      PERFORM project_attributes(ARRAY(SELECT DISTINCT n.resource_id FROM new_rows AS n));
    END IF;
    RETURN NULL;
  END IF;
  IF tg_op = 'INSERT' THEN
    INSERT INTO resource_attribute_history (
      changed_at, changeset_id,
      resource_id, attribute_definition_id, ordinal, action,
      new_string, new_integer, new_decimal, new_boolean, new_datetime,
      new_credential, new_fingerprint, new_target_type, new_key, new_inner_key
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()),
      n.resource_id, n.attribute_definition_id, n.ordinal, 'i',
      n.value_string, n.value_integer, n.value_decimal, n.value_boolean, n.value_datetime,
      n.value_credential, n.value_fingerprint, n.value_target_type, n.value_key, n.value_inner_key
    FROM new_rows AS n;
    SELECT array_agg(DISTINCT n.resource_id) INTO v_touched FROM new_rows AS n;
  ELSIF tg_op = 'UPDATE' THEN
    WITH changes AS (
      SELECT
        coalesce(n.resource_id, o.resource_id) AS resource_id,
        coalesce(n.attribute_definition_id, o.attribute_definition_id) AS attribute_definition_id,
        coalesce(n.ordinal, o.ordinal) AS ordinal,
        CASE WHEN o.resource_id IS NULL THEN 'i' WHEN n.resource_id IS NULL THEN 'd' ELSE 'u' END AS action,
        o.value_string AS old_string, o.value_integer AS old_integer, o.value_decimal AS old_decimal,
        o.value_boolean AS old_boolean, o.value_datetime AS old_datetime,
        n.value_string AS new_string, n.value_integer AS new_integer, n.value_decimal AS new_decimal,
        n.value_boolean AS new_boolean, n.value_datetime AS new_datetime,
        o.value_credential AS old_credential, o.value_fingerprint AS old_fingerprint, o.value_target_type AS old_target_type,
        o.value_key AS old_key, o.value_inner_key AS old_inner_key,
        n.value_credential AS new_credential, n.value_fingerprint AS new_fingerprint, n.value_target_type AS new_target_type,
        n.value_key AS new_key, n.value_inner_key AS new_inner_key
      FROM old_rows AS o
      FULL JOIN new_rows AS n
        ON o.resource_id = n.resource_id
        AND o.attribute_definition_id = n.attribute_definition_id
        AND o.ordinal = n.ordinal
      WHERE
        (
          o.resource_id, o.data_type, o.value_string, o.value_integer, o.value_decimal, o.value_boolean, o.value_datetime,
          o.value_credential, o.value_fingerprint, o.value_target_type, o.value_key, o.value_inner_key
        )
        IS DISTINCT FROM
        (
          n.resource_id, n.data_type, n.value_string, n.value_integer, n.value_decimal, n.value_boolean, n.value_datetime,
          n.value_credential, n.value_fingerprint, n.value_target_type, n.value_key, n.value_inner_key
        )
    ),

    written AS (
      INSERT INTO resource_attribute_history (
        changed_at, changeset_id,
        resource_id, attribute_definition_id, ordinal, action,
        old_string, old_integer, old_decimal, old_boolean, old_datetime,
        old_credential, old_fingerprint, old_target_type, old_key, old_inner_key,
        new_string, new_integer, new_decimal, new_boolean, new_datetime,
        new_credential, new_fingerprint, new_target_type, new_key, new_inner_key
      )
      SELECT
        transaction_timestamp(), (SELECT current_changeset()),
        h.resource_id, h.attribute_definition_id, h.ordinal, h.action,
        h.old_string, h.old_integer, h.old_decimal, h.old_boolean, h.old_datetime,
        h.old_credential, h.old_fingerprint, h.old_target_type, h.old_key, h.old_inner_key,
        h.new_string, h.new_integer, h.new_decimal, h.new_boolean, h.new_datetime,
        h.new_credential, h.new_fingerprint, h.new_target_type, h.new_key, h.new_inner_key
      FROM changes AS h
      RETURNING resource_id
    )

    SELECT array_agg(DISTINCT w.resource_id) INTO v_touched FROM written AS w;
  ELSE
    INSERT INTO resource_attribute_history (
      changed_at, changeset_id,
      resource_id, attribute_definition_id, ordinal, action,
      old_string, old_integer, old_decimal, old_boolean, old_datetime,
      old_credential, old_fingerprint, old_target_type, old_key, old_inner_key
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()),
      o.resource_id, o.attribute_definition_id, o.ordinal, 'd',
      o.value_string, o.value_integer, o.value_decimal, o.value_boolean, o.value_datetime,
      o.value_credential, o.value_fingerprint, o.value_target_type, o.value_key, o.value_inner_key
    FROM old_rows AS o;
    SELECT array_agg(DISTINCT o.resource_id) INTO v_touched FROM old_rows AS o;
  END IF;
  IF v_touched IS NOT NULL THEN
    PERFORM project_attributes(v_touched);
    IF NOT is_by_program() THEN
      PERFORM forget_recorded_hash(v_touched);
    END IF;
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION write_attribute_history() IS
'Writes every change of an attribute, and brings the extension tables along.';

CREATE TRIGGER write_history_insert AFTER INSERT ON resource_attributes
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_attribute_history();
CREATE TRIGGER write_history_update AFTER UPDATE ON resource_attributes
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_attribute_history();
CREATE TRIGGER write_history_delete AFTER DELETE ON resource_attributes
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_attribute_history();

CREATE FUNCTION write_tag_history()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_touched bigint[];
BEGIN
  IF is_archive_move() THEN
    RETURN NULL;
  END IF;
  IF tg_op = 'DELETE' THEN
    INSERT INTO resource_tag_history (
      changed_at, changeset_id,
      resource_id, tag_id, key, value, action
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()),
      o.resource_id, o.tag_id, t.key, t.value, 'delete'
    FROM old_rows AS o JOIN tags AS t ON o.tag_id = t.id;
    SELECT array_agg(DISTINCT o.resource_id) INTO v_touched FROM old_rows AS o;
  ELSE
    INSERT INTO resource_tag_history (
      changed_at, changeset_id,
      resource_id, tag_id, key, value, action
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()),
      n.resource_id, n.tag_id, t.key, t.value, 'insert'
    FROM new_rows AS n JOIN tags AS t ON n.tag_id = t.id;
    SELECT array_agg(DISTINCT n.resource_id) INTO v_touched FROM new_rows AS n;
  END IF;
  IF v_touched IS NOT NULL AND NOT is_by_program() THEN
    PERFORM forget_recorded_hash(v_touched);
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION write_tag_history() IS 'Writes every tag that came to a resource or went from it.';

CREATE TRIGGER write_history_insert AFTER INSERT ON resource_tags
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_tag_history();
CREATE TRIGGER write_history_delete AFTER DELETE ON resource_tags
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_tag_history();

CREATE FUNCTION write_relationship_history()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF is_archive_move() THEN
    RETURN NULL;
  END IF;
  IF tg_op = 'INSERT' THEN
    INSERT INTO resource_relationship_history (
      changed_at, changeset_id,
      resource_id, parent_resource_id, relationship_type_id, action
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()),
      n.child_resource_id, n.parent_resource_id, n.relationship_type_id, 'insert'
    FROM new_rows AS n;
  ELSE
    INSERT INTO resource_relationship_history (
      changed_at, changeset_id,
      resource_id, parent_resource_id, relationship_type_id, action
    )
    SELECT
      transaction_timestamp(), (SELECT current_changeset()),
      o.child_resource_id, o.parent_resource_id, o.relationship_type_id, 'delete'
    FROM old_rows AS o;
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION write_relationship_history() IS 'Writes every tie that came or went.';

CREATE TRIGGER write_history_insert AFTER INSERT ON resource_relationships
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_relationship_history();
CREATE TRIGGER write_history_delete AFTER DELETE ON resource_relationships
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION write_relationship_history();

-- Tags, their pairs and ties are all key: there is nothing in a row that could be updated and stay the same row.
CREATE FUNCTION refuse_update()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never updated', tg_table_name
    USING ERRCODE = 'RC007', HINT = 'Delete the row and insert another.';
END
$$;
COMMENT ON FUNCTION refuse_update() IS 'Refuses UPDATE where a row is nothing but its key.';

CREATE TRIGGER refuse_update BEFORE UPDATE ON tags FOR EACH ROW EXECUTE FUNCTION refuse_update();
CREATE TRIGGER refuse_update BEFORE UPDATE ON resource_tags FOR EACH ROW EXECUTE FUNCTION refuse_update();
CREATE TRIGGER refuse_update BEFORE UPDATE ON resource_relationships FOR EACH ROW
EXECUTE FUNCTION refuse_update();

CREATE FUNCTION follow_deletion()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  -- Most updates mark nothing as deleted, and most of those touch nothing that ever was.
  IF NOT EXISTS (SELECT FROM new_rows AS n WHERE n.deleted_at IS NOT NULL)
    OR NOT EXISTS (
      SELECT FROM new_rows AS n JOIN old_rows AS o ON n.id = o.id
      WHERE n.deleted_at IS NOT NULL AND o.deleted_at IS NULL
    ) THEN
    RETURN NULL;
  END IF;
  UPDATE resources AS part
  SET
    deleted_at = gone.deleted_at,
    state_id = CASE WHEN gone.state_id = d.id THEN d.id ELSE part.state_id END,
    presence = gone.presence
  FROM new_rows AS gone
  JOIN old_rows AS o ON gone.id = o.id
  JOIN resource_relationships AS rr ON rr.parent_resource_id = gone.id AND rr.relationship_type_id = 1
  CROSS JOIN (SELECT s.id FROM resource_states AS s WHERE s.name = 'deleted') AS d
  WHERE
    gone.deleted_at IS NOT NULL AND o.deleted_at IS NULL
    AND part.id = rr.child_resource_id AND part.deleted_at IS NULL;
  -- Its ties end with it; what it contained stays tied to it, or nobody could tell whose parts those rows were.
  DELETE FROM resource_relationships AS rr
  USING new_rows AS gone, old_rows AS o
  WHERE
    gone.id = o.id AND gone.deleted_at IS NOT NULL AND o.deleted_at IS NULL
    AND rr.relationship_type_id <> 1
    AND (rr.child_resource_id = gone.id OR rr.parent_resource_id = gone.id);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION follow_deletion() IS
'Marks the parts of a deleted resource as deleted, and ends its ties.';

-- Its name puts it after the histories' trigger, so that a parent's end is written before its parts'.
CREATE TRIGGER zz_follow_deletion AFTER UPDATE ON resources
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION follow_deletion();

-- All other histories have the columns of their table, and one function writes them all: it reads from the catalog which
-- those are, so that a column added to a table and to its history is kept without another word.
CREATE FUNCTION write_row_history()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_history CONSTANT text := tg_argv[0];
  v_key CONSTANT text[] := tg_argv[1];
  v_renamed CONSTANT text[] := tg_argv[2];
  v_to CONSTANT text[] := tg_argv[3];
  v_columns text;
  v_old text;
  v_new text;
  v_same_row text;
  v_changes text;
BEGIN
  -- Most statements that could have changed something did not.
  IF tg_op = 'DELETE' THEN
    IF NOT EXISTS (SELECT FROM old_rows) THEN
      RETURN NULL;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM new_rows) THEN
    RETURN NULL;
  END IF;
  SELECT
    string_agg(quote_ident(h.attname), ', ' ORDER BY h.attnum),
    string_agg('o.' || quote_ident(t.attname), ', ' ORDER BY h.attnum),
    string_agg('n.' || quote_ident(t.attname), ', ' ORDER BY h.attnum)
  INTO STRICT v_columns, v_old, v_new
  FROM pg_attribute AS h
  JOIN pg_attribute AS t ON t.attname = coalesce(v_renamed[array_position(v_to, h.attname::text)], h.attname)
  WHERE
    h.attrelid = v_history::regclass AND h.attnum > 0 AND NOT h.attisdropped
    AND t.attrelid = tg_relid AND t.attnum > 0 AND NOT t.attisdropped
    AND h.attname NOT IN (
      'change', 'changed_at', 'changeset_id', 'action'
    );
  SELECT string_agg(format('o.%1$I = n.%1$I', k.name), ' AND ') INTO STRICT v_same_row FROM unnest(v_key) AS k (name);
  v_changes := CASE tg_op
    WHEN 'INSERT' THEN format('SELECT ''insert'', %s FROM new_rows AS n', v_new)
    WHEN 'DELETE' THEN format('SELECT ''delete'', %s FROM old_rows AS o', v_old)
    ELSE format(
      'SELECT ''delete'', %1$s FROM old_rows AS o LEFT JOIN new_rows AS n ON %3$s WHERE n.%4$I IS NULL'
      ' UNION ALL'
      ' SELECT CASE WHEN o.%4$I IS NULL THEN ''insert'' ELSE ''update'' END, %2$s'
      ' FROM new_rows AS n LEFT JOIN old_rows AS o ON %3$s'
      ' WHERE ROW(%1$s) IS DISTINCT FROM ROW(%2$s)',
      v_old, v_new, v_same_row, v_key[1]
    )
  END;
  EXECUTE format(
    'INSERT INTO %I (changed_at, changeset_id, action, %s)'
    ' SELECT transaction_timestamp(), (SELECT current_changeset()), h.* FROM (%s) AS h',
    v_history, v_columns, v_changes
  );
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION write_row_history() IS
'Writes every change of a table''s rows into its history. Its arguments are those of keep_history after the table.';

CREATE FUNCTION keep_history(
    p_table text, p_history text, p_key text[], p_renamed text[] DEFAULT '{}', p_to text[] DEFAULT '{}'
)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  v_write text := format(
    'FOR EACH STATEMENT EXECUTE FUNCTION write_row_history(%L, %L, %L, %L)', p_history, p_key, p_renamed, p_to
  );
BEGIN
  EXECUTE format(
    'CREATE TRIGGER write_history_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows %s', p_table, v_write
  );
  EXECUTE format(
    'CREATE TRIGGER write_history_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows %s',
    p_table, v_write
  );
  EXECUTE format(
    'CREATE TRIGGER write_history_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows %s', p_table, v_write
  );
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_truncate()', p_table);
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_truncate()', p_history);
END
$$;
COMMENT ON FUNCTION keep_history(text, text, text[], text[], text[]) IS
'Makes the triggers by which a table keeps a history: of the table''s key, and of the columns that both have, those in p_renamed under the names in p_to. For migrations.';

SELECT keep_history('installation', 'installation_history', '{singleton}');
SELECT keep_history('providers', 'provider_history', '{id}', '{id}', '{provider_id}');
SELECT keep_history('provider_credentials', 'provider_credential_history', '{id}', '{id}', '{credential_id}');
SELECT keep_history('provider_credential_hosts', 'provider_credential_host_history', '{provider_credential_id, host}');
SELECT keep_history('provider_endpoints', 'provider_endpoint_history', '{id}', '{id}', '{provider_endpoint_id}');
SELECT keep_history('provider_endpoint_settings', 'provider_endpoint_setting_history', '{provider_endpoint_id, name}');
SELECT keep_history('provider_declarations', 'provider_declaration_history', '{kind, name}');
SELECT keep_history('locations', 'location_history', '{id}', '{id}', '{location_id}');
SELECT keep_history('datacenters', 'datacenter_history', '{id}', '{id}', '{datacenter_id}');
SELECT keep_history('datacenter_capabilities', 'datacenter_capability_history', '{datacenter_id, name}');
SELECT keep_history('provider_datacenters', 'provider_datacenter_history', '{provider_id, datacenter_id}');
SELECT keep_history('manifest_sources', 'manifest_source_history', '{id}', '{id}', '{source_id}');
SELECT keep_history('holds', 'hold_history', '{id}', '{id}', '{hold_id}');
SELECT keep_history('pins', 'pin_history', '{id}', '{id}', '{pin_id}');
SELECT keep_history('plan_approvals', 'plan_approval_history', '{id}', '{id}', '{approval_id}');
SELECT keep_history('provider_types', 'provider_type_history', '{id}', '{id}', '{provider_type_id}');
SELECT keep_history('provider_type_settings', 'provider_type_setting_history', '{provider_type_id, name}');
SELECT keep_history('relationship_types', 'relationship_type_history', '{id}', '{id}', '{relationship_type_id}');
SELECT keep_history('resource_types', 'resource_type_history', '{id}', '{id}', '{resource_type_id}');
SELECT keep_history('resource_type_parents', 'resource_type_parent_history', '{resource_type_id, parent_type_id}');
SELECT keep_history('resource_type_keys', 'resource_type_key_history', '{resource_type_id, attribute_definition_id}');
SELECT keep_history(
    'attribute_definitions', 'attribute_definition_history',
    '{id}', '{id}', '{attribute_definition_id}'
);
SELECT keep_history(
    'attribute_reference_types', 'attribute_reference_type_history',
    '{attribute_definition_id, resource_type_id}'
);
SELECT keep_history(
    'provider_resource_types', 'provider_resource_type_history',
    '{provider_type_id, resource_type_id}'
);
SELECT keep_history(
    'resource_type_attributes', 'resource_type_attribute_history',
    '{resource_type_id, attribute_definition_id}'
);
SELECT keep_history(
    'provider_type_attributes', 'provider_type_attribute_history',
    '{provider_type_id, resource_type_id, attribute_definition_id}'
);
SELECT keep_history(
    'provider_type_attribute_defaults', 'provider_type_attribute_default_history',
    '{provider_type_id, resource_type_id, attribute_definition_id, ordinal}'
);
SELECT keep_history(
    'provider_type_attribute_allowed_values', 'provider_type_attribute_allowed_value_history',
    '{provider_type_id, resource_type_id, attribute_definition_id, ordinal}'
);

-- Whoever may name these in a trigger of a table of their own could write any history through it.
REVOKE ALL ON FUNCTION
write_resource_history(), write_attribute_history(), write_tag_history(), write_relationship_history(), write_row_history(),
follow_deletion(), keep_history(text, text, text[], text[], text[]) FROM public;
-- What keeps the extension tables: each is worked out from the attributes, in the statement that changes them. The tables
-- are written by this function alone, which is why a trigger on each can refuse everybody else.

CREATE FUNCTION refuse_direct_write()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  -- Written from inside another trigger, it is the projection at work.
  IF pg_trigger_depth() > 1 THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION '% follows from resource_attributes and is not written itself', tg_table_name
    USING ERRCODE = 'RC008', HINT = 'Write the attribute in resource_attributes; the column follows.';
END
$$;
COMMENT ON FUNCTION refuse_direct_write() IS 'Refuses to write an extension table by hand.';

CREATE FUNCTION projected_definitions(p_table_name text, p_columns text[])
RETURNS integer[]
LANGUAGE sql STABLE
RETURN array(
    SELECT (
        SELECT ad.id
        FROM attribute_projections AS p
        INNER JOIN attribute_definitions AS ad ON p.attribute = ad.name
        WHERE p.table_name = p_table_name AND p.column_name = c.name
    )
    FROM unnest(p_columns) WITH ORDINALITY AS c (name, position)
    ORDER BY c.position
);
COMMENT ON FUNCTION projected_definitions(text, text[]) IS
'The attributes that fill these columns of an extension table, in the order of the columns; null for one that none fills.';

CREATE FUNCTION projected_values(p_resource_ids bigint[], p_definitions integer[])
RETURNS TABLE (resource_id bigint, attribute_definition_id integer, value_string text, value_integer bigint)
LANGUAGE sql STABLE
AS $$
    SELECT r.id, v.attribute_definition_id, v.value_string, v.value_integer
    FROM unnest(p_resource_ids) AS r (id)
    LEFT JOIN LATERAL (
        SELECT a.attribute_definition_id, a.value_string, a.value_integer
        FROM public.resource_attributes AS a
        WHERE a.resource_id = r.id AND a.ordinal = 0 AND a.attribute_definition_id = ANY(p_definitions)
        ORDER BY a.resource_id
        OFFSET 0
    ) AS v ON TRUE
$$;
COMMENT ON FUNCTION projected_values(bigint[], integer[]) IS
'The attributes of resources that fill columns of an extension table; a row without an attribute for one that has none.';

-- Rows are found by index even where the tables are small, by a plan that is made once: what was quickest for an
-- empty table would read all of a large one for every new resource, and planning takes longer than the work.
CREATE FUNCTION project_attributes(p_resource_ids bigint[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  v_table text;
  v_ids bigint[];
  v_of integer[];
BEGIN
  FOR v_table, v_ids IN
    SELECT x.table_name, array_agg(r.id)
    FROM resources AS r
    JOIN resource_types AS t ON r.resource_type_id = t.id
    JOIN extension_types AS x ON x.resource_type = t.name
    WHERE r.id = ANY(p_resource_ids)
    GROUP BY x.table_name
  LOOP
    CASE v_table
    WHEN 'virtual_machines' THEN
      v_of := projected_definitions(v_table, '{cpu_cores, memory_mb, power_state, image, hostname, primary_ipv4, primary_ipv6}');
      INSERT INTO virtual_machines (resource_id)
      SELECT p.id
      FROM unnest(v_ids) AS p (id)
      WHERE NOT EXISTS (SELECT FROM virtual_machines AS x WHERE x.resource_id = p.id);
      UPDATE virtual_machines AS x
      SET
        cpu_cores = v.cpu_cores,
        memory_mb = v.memory_mb,
        power_state = v.power_state,
        image = v.image,
        hostname = v.hostname,
        primary_ipv4 = v.primary_ipv4,
        primary_ipv6 = v.primary_ipv6
      FROM (
        SELECT
          v.resource_id,
          (max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[1]))::integer AS cpu_cores,
          (max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[2]))::integer AS memory_mb,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[3]) AS power_state,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[4]) AS image,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[5]) AS hostname,
          (max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[6]))::inet AS primary_ipv4,
          (max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[7]))::inet AS primary_ipv6
        FROM projected_values(v_ids, v_of) AS v
        GROUP BY v.resource_id
      ) AS v
      WHERE
        x.resource_id = v.resource_id
        AND (x.cpu_cores, x.memory_mb, x.power_state, x.image, x.hostname, x.primary_ipv4, x.primary_ipv6)
        IS DISTINCT FROM
        (v.cpu_cores, v.memory_mb, v.power_state, v.image, v.hostname, v.primary_ipv4, v.primary_ipv6);
    WHEN 'containers' THEN
      v_of := projected_definitions(v_table, '{cpu_cores, memory_mb, swap_mb, power_state, image, hostname, primary_ipv4, primary_ipv6}');
      INSERT INTO containers (resource_id)
      SELECT p.id
      FROM unnest(v_ids) AS p (id)
      WHERE NOT EXISTS (SELECT FROM containers AS x WHERE x.resource_id = p.id);
      UPDATE containers AS x
      SET
        cpu_cores = v.cpu_cores,
        memory_mb = v.memory_mb,
        swap_mb = v.swap_mb,
        power_state = v.power_state,
        image = v.image,
        hostname = v.hostname,
        primary_ipv4 = v.primary_ipv4,
        primary_ipv6 = v.primary_ipv6
      FROM (
        SELECT
          v.resource_id,
          (max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[1]))::integer AS cpu_cores,
          (max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[2]))::integer AS memory_mb,
          (max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[3]))::integer AS swap_mb,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[4]) AS power_state,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[5]) AS image,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[6]) AS hostname,
          (max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[7]))::inet AS primary_ipv4,
          (max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[8]))::inet AS primary_ipv6
        FROM projected_values(v_ids, v_of) AS v
        GROUP BY v.resource_id
      ) AS v
      WHERE
        x.resource_id = v.resource_id
        AND (x.cpu_cores, x.memory_mb, x.swap_mb, x.power_state, x.image, x.hostname, x.primary_ipv4, x.primary_ipv6)
        IS DISTINCT FROM
        (v.cpu_cores, v.memory_mb, v.swap_mb, v.power_state, v.image, v.hostname, v.primary_ipv4, v.primary_ipv6);
    WHEN 'networks' THEN
      v_of := projected_definitions(v_table, '{cidr, gateway, vlan_id, mtu}');
      INSERT INTO networks (resource_id)
      SELECT p.id
      FROM unnest(v_ids) AS p (id)
      WHERE NOT EXISTS (SELECT FROM networks AS x WHERE x.resource_id = p.id);
      UPDATE networks AS x
      SET
        cidr = v.cidr,
        gateway = v.gateway,
        vlan_id = v.vlan_id,
        mtu = v.mtu
      FROM (
        SELECT
          v.resource_id,
          (max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[1]))::cidr AS cidr,
          (max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[2]))::inet AS gateway,
          (max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[3]))::integer AS vlan_id,
          (max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[4]))::integer AS mtu
        FROM projected_values(v_ids, v_of) AS v
        GROUP BY v.resource_id
      ) AS v
      WHERE
        x.resource_id = v.resource_id
        AND (x.cidr, x.gateway, x.vlan_id, x.mtu)
        IS DISTINCT FROM
        (v.cidr, v.gateway, v.vlan_id, v.mtu);
    WHEN 'storage_volumes' THEN
      v_of := projected_definitions(v_table, '{size_gb, size_mib, storage, format, slot}');
      INSERT INTO storage_volumes (resource_id)
      SELECT p.id
      FROM unnest(v_ids) AS p (id)
      WHERE NOT EXISTS (SELECT FROM storage_volumes AS x WHERE x.resource_id = p.id);
      UPDATE storage_volumes AS x
      SET
        size_gb = v.size_gb,
        size_mib = v.size_mib,
        storage = v.storage,
        format = v.format,
        slot = v.slot
      FROM (
        SELECT
          v.resource_id,
          max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[1]) AS size_gb,
          max(v.value_integer) FILTER (WHERE v.attribute_definition_id = v_of[2]) AS size_mib,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[3]) AS storage,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[4]) AS format,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[5]) AS slot
        FROM projected_values(v_ids, v_of) AS v
        GROUP BY v.resource_id
      ) AS v
      WHERE
        x.resource_id = v.resource_id
        AND (x.size_gb, x.size_mib, x.storage, x.format, x.slot)
        IS DISTINCT FROM
        (v.size_gb, v.size_mib, v.storage, v.format, v.slot);
    WHEN 'clusters' THEN
      v_of := projected_definitions(v_table, '{engine, version, endpoint_url}');
      INSERT INTO clusters (resource_id)
      SELECT p.id
      FROM unnest(v_ids) AS p (id)
      WHERE NOT EXISTS (SELECT FROM clusters AS x WHERE x.resource_id = p.id);
      UPDATE clusters AS x
      SET
        engine = v.engine,
        version = v.version,
        endpoint_url = v.endpoint_url
      FROM (
        SELECT
          v.resource_id,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[1]) AS engine,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[2]) AS version,
          max(v.value_string) FILTER (WHERE v.attribute_definition_id = v_of[3]) AS endpoint_url
        FROM projected_values(v_ids, v_of) AS v
        GROUP BY v.resource_id
      ) AS v
      WHERE
        x.resource_id = v.resource_id
        AND (x.engine, x.version, x.endpoint_url)
        IS DISTINCT FROM
        (v.engine, v.version, v.endpoint_url);
    END CASE;
  END LOOP;
END
$$;
COMMENT ON FUNCTION project_attributes(bigint[]) IS
'Works out the extension rows of resources from their attributes, and writes those that differ.';
REVOKE ALL ON FUNCTION project_attributes(bigint[]) FROM public;

CREATE FUNCTION project_new_resources()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_table text;
BEGIN
  FOR v_table IN
    SELECT DISTINCT x.table_name
    FROM (SELECT DISTINCT r.resource_type_id FROM new_rows AS r) AS n
    JOIN resource_types AS t ON n.resource_type_id = t.id
    JOIN extension_types AS x ON x.resource_type = t.name
  LOOP
    -- What is new has no attribute yet.
    CASE v_table
    WHEN 'virtual_machines' THEN
      INSERT INTO virtual_machines (resource_id)
      SELECT n.id
      FROM new_rows AS n
      JOIN resource_types AS t ON n.resource_type_id = t.id
      JOIN extension_types AS x ON x.resource_type = t.name AND x.table_name = v_table;
    WHEN 'containers' THEN
      INSERT INTO containers (resource_id)
      SELECT n.id
      FROM new_rows AS n
      JOIN resource_types AS t ON n.resource_type_id = t.id
      JOIN extension_types AS x ON x.resource_type = t.name AND x.table_name = v_table;
    WHEN 'networks' THEN
      INSERT INTO networks (resource_id)
      SELECT n.id
      FROM new_rows AS n
      JOIN resource_types AS t ON n.resource_type_id = t.id
      JOIN extension_types AS x ON x.resource_type = t.name AND x.table_name = v_table;
    WHEN 'storage_volumes' THEN
      INSERT INTO storage_volumes (resource_id)
      SELECT n.id
      FROM new_rows AS n
      JOIN resource_types AS t ON n.resource_type_id = t.id
      JOIN extension_types AS x ON x.resource_type = t.name AND x.table_name = v_table;
    WHEN 'clusters' THEN
      INSERT INTO clusters (resource_id)
      SELECT n.id
      FROM new_rows AS n
      JOIN resource_types AS t ON n.resource_type_id = t.id
      JOIN extension_types AS x ON x.resource_type = t.name AND x.table_name = v_table;
    END CASE;
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION project_new_resources() IS 'Gives each new resource its extension row.';

CREATE TRIGGER project_insert AFTER INSERT ON resources
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION project_new_resources();

CREATE TRIGGER refuse_direct_write BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON virtual_machines
FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct_write();
CREATE TRIGGER refuse_direct_write BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON containers
FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct_write();
CREATE TRIGGER refuse_direct_write BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON networks
FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct_write();
CREATE TRIGGER refuse_direct_write BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON storage_volumes
FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct_write();
CREATE TRIGGER refuse_direct_write BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON clusters
FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct_write();
-- Which roots may differ: whoever asks for drift, or for what is pending, looks at these and not at the fleet.
--
-- What moves on the recorded side alone is told by the row itself, and has an index. What the two sides say of each other
-- is noted here by triggers: what is wanted, no more wanted, or gone. A note may be of what agrees, because whoever reads
-- it compares; that of what differs is never missing. Who found that an address agrees takes its note away first, which
-- waits for whoever is noting it, and looks again afterwards (resources.settle); who notes what is noted already writes
-- it anew, so that the two meet.

CREATE TABLE unsettled_addresses (
    address text NOT NULL,
    CONSTRAINT unsettled_addresses_pkey PRIMARY KEY (address)
);

COMMENT ON TABLE unsettled_addresses IS
'Addresses of roots that may differ, because something moved since they were found to agree. Written by triggers; taken out by whoever finds that they agree.';
COMMENT ON COLUMN unsettled_addresses.address IS
'The root''s address.';

CREATE INDEX resources_unsettled ON resources (address)
WHERE
deleted_at IS NULL
AND is_root
AND management <> 'unmanaged'
AND (
    recorded_hash IS NULL
    OR settled_desired_hash IS NULL
    OR settled_recorded_hash IS DISTINCT FROM recorded_hash
    OR presence = 'absent'
);

CREATE FUNCTION unsettled_roots()
RETURNS TABLE (address text)
LANGUAGE sql STABLE ROWS 100
-- The planner cannot tell how few they are, and would read the fleet.
SET enable_seqscan = off
AS $$
  SELECT u.address FROM public.unsettled_addresses AS u
  UNION
  SELECT r.address
  FROM public.resources AS r
  WHERE
    r.deleted_at IS NULL
    AND r.is_root
    AND r.management <> 'unmanaged'
    AND (
      r.recorded_hash IS NULL
      OR r.settled_desired_hash IS NULL
      OR r.settled_recorded_hash IS DISTINCT FROM r.recorded_hash
      OR r.presence = 'absent'
    )
$$;
COMMENT ON FUNCTION unsettled_roots() IS
'The addresses of roots that may differ: all that do, and perhaps some that agree.';

CREATE FUNCTION note_unsettled(p_addresses text[])
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  -- In one order, so that two never wait for each other.
  INSERT INTO unsettled_addresses AS u (address)
  SELECT DISTINCT noted.address FROM unnest(p_addresses) AS noted (address) ORDER BY noted.address
  ON CONFLICT (address) DO UPDATE SET address = excluded.address
$$;
COMMENT ON FUNCTION note_unsettled(text[]) IS 'Notes that roots may differ.';
REVOKE ALL ON FUNCTION note_unsettled(text[]) FROM public;

CREATE FUNCTION note_new_desired()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM note_unsettled(array_agg(n.address))
  FROM new_rows AS n
  WHERE n.parent_id IS NULL AND n.valid_to_revision IS NULL
  HAVING count(*) > 0;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION note_new_desired() IS 'Notes the roots that manifests want anew, or otherwise than before.';
CREATE TRIGGER note_new_desired AFTER INSERT ON desired_resources
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION note_new_desired();

CREATE FUNCTION note_changed_desired()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM note_unsettled(array_agg(moved.address))
  FROM (
    SELECT unnest(ARRAY[o.address, n.address]) AS address
    FROM old_rows AS o
    INNER JOIN new_rows AS n ON o.id = n.id
    WHERE
      (o.parent_id IS NULL OR n.parent_id IS NULL)
      AND (o.valid_to_revision IS NULL OR n.valid_to_revision IS NULL)
      AND (o.address, o.spec_hash, o.valid_to_revision, o.parent_id)
      IS DISTINCT FROM (n.address, n.spec_hash, n.valid_to_revision, n.parent_id)
  ) AS moved
  HAVING count(*) > 0;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION note_changed_desired() IS 'Notes the roots of which manifests say something else, or nothing any more.';
CREATE TRIGGER note_changed_desired AFTER UPDATE ON desired_resources
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION note_changed_desired();

CREATE FUNCTION note_removed_desired()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM note_unsettled(array_agg(o.address))
  FROM old_rows AS o
  WHERE o.parent_id IS NULL AND o.valid_to_revision IS NULL
  HAVING count(*) > 0;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION note_removed_desired() IS 'Notes the roots whose row of what is wanted was taken out.';
CREATE TRIGGER note_removed_desired AFTER DELETE ON desired_resources
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION note_removed_desired();

CREATE FUNCTION note_moved_root()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM note_unsettled(ARRAY[OLD.address, NEW.address]);
  IF NEW.deleted_at IS NOT NULL THEN
    -- Of what is gone on both sides no note stays. Its row is ours now, so nobody else can be noting it.
    DELETE FROM unsettled_addresses AS u
    WHERE
      u.address = NEW.address
      AND NOT EXISTS (
        SELECT FROM desired_resources AS d
        WHERE d.address = u.address AND d.valid_to_revision IS NULL AND d.parent_id IS NULL
      )
      AND NOT EXISTS (
        SELECT FROM resources AS r
        WHERE r.address = u.address AND r.deleted_at IS NULL AND r.management <> 'unmanaged'
      );
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION note_moved_root() IS 'Notes a root that is gone, or is another''s than before.';
CREATE TRIGGER note_moved_root
AFTER UPDATE OF deleted_at, management, address, source_id, is_root ON resources
FOR EACH ROW
WHEN (
    (old.is_root OR new.is_root)
    AND (
        old.deleted_at IS DISTINCT FROM new.deleted_at
        OR old.management <> new.management
        OR old.address <> new.address
        OR old.source_id IS DISTINCT FROM new.source_id
        OR old.is_root <> new.is_root
    )
)
EXECUTE FUNCTION note_moved_root();
-- Guards of values and ties that no constraint of one row can express. By statement, because a call for each row costs
-- several times as much; where only a rare update matters, by row with a WHEN, which costs nothing when it is false.
-- What is in the tables is found by index, by a plan that is made once: what was quickest for an empty table would read
-- all of a large one for every row.

CREATE FUNCTION guard_elements()
RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  v_found record;
  -- Of a fleet's rows few are elements of a set: which they are is told by their attribute, without a look-up a row.
  v_sets constant integer[] := array(
    SELECT ad.id FROM public.attribute_definitions AS ad WHERE ad.cardinality IN ('set', 'map')
  );
BEGIN
  SELECT n.resource_id, ad.name INTO v_found
  FROM new_rows AS n
  INNER JOIN public.attribute_definitions AS ad ON n.attribute_definition_id = ad.id AND ad.cardinality = 'one'
  WHERE n.ordinal > 0
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'resource %: % has one value, and a second was given', v_found.resource_id, v_found.name
      USING ERRCODE = 'RC010', HINT = 'Update the row with ordinal 0.';
  END IF;
  -- Each element looks up its own siblings by key: a join as the planner likes it, made for one row and kept, would
  -- read all of the table, or all of it for each row.
  SELECT n.resource_id, ad.name INTO v_found
  FROM (SELECT r.* FROM new_rows AS r WHERE r.attribute_definition_id = ANY(v_sets) OFFSET 0) AS n
  INNER JOIN public.attribute_definitions AS ad ON n.attribute_definition_id = ad.id
  CROSS JOIN LATERAL (
    SELECT other.ordinal
    FROM public.resource_attributes AS other
    WHERE
      other.resource_id = n.resource_id
      AND other.attribute_definition_id = n.attribute_definition_id
      AND other.ordinal <> n.ordinal
      AND (
        n.value_string, n.value_integer, n.value_decimal, n.value_boolean, n.value_datetime,
        n.value_credential, n.value_target_type, n.value_key, n.value_inner_key
      )
      IS NOT DISTINCT FROM
      (
        other.value_string, other.value_integer, other.value_decimal, other.value_boolean, other.value_datetime,
        other.value_credential, other.value_target_type, other.value_key, other.value_inner_key
      )
    LIMIT 1
  ) AS twin
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'resource %: % is a set, and has one of its values twice', v_found.resource_id, v_found.name
      USING ERRCODE = 'RC010', HINT = 'Leave one of them out.';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_elements() IS
'Refuses a second value where there is one, and the same value twice in a set. Bounds are not asked of what a provider answers.';

CREATE TRIGGER guard_elements_insert AFTER INSERT ON resource_attributes
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_elements();
CREATE TRIGGER guard_elements_update AFTER UPDATE ON resource_attributes
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_elements();

CREATE FUNCTION guard_wanted_values()
RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  v_found record;
  v_sets constant integer[] := array(
    SELECT ad.id FROM public.attribute_definitions AS ad WHERE ad.cardinality = 'set'
  );
BEGIN
  SELECT d.address, ad.name INTO v_found
  FROM new_rows AS n
  INNER JOIN public.attribute_definitions AS ad ON n.attribute_definition_id = ad.id AND ad.cardinality = 'one'
  INNER JOIN public.desired_resources AS d ON n.desired_resource_id = d.id
  WHERE n.ordinal > 0
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '%: % has one value, and a second was given', v_found.address, v_found.name
      USING ERRCODE = 'RC010';
  END IF;
  SELECT d.address, ad.name INTO v_found
  FROM (SELECT r.* FROM new_rows AS r WHERE r.attribute_definition_id = ANY(v_sets) OFFSET 0) AS n
  INNER JOIN public.attribute_definitions AS ad ON n.attribute_definition_id = ad.id
  CROSS JOIN LATERAL (
    SELECT other.desired_resource_id
    FROM public.desired_attributes AS other
    WHERE
      other.desired_resource_id = n.desired_resource_id
      AND other.attribute_definition_id = n.attribute_definition_id
      AND other.ordinal <> n.ordinal
      AND (
        n.value_string, n.value_integer, n.value_decimal, n.value_boolean, n.value_datetime,
        n.value_credential
      )
      IS NOT DISTINCT FROM
      (
        other.value_string, other.value_integer, other.value_decimal, other.value_boolean, other.value_datetime,
        other.value_credential
      )
    LIMIT 1
  ) AS twin
  INNER JOIN public.desired_resources AS d ON twin.desired_resource_id = d.id
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '%: % is a set, and has one of its values twice', v_found.address, v_found.name
      USING ERRCODE = 'RC010';
  END IF;
  -- A secret's row and a reference's hold a name, which is not the value that the rule is about. Which provider's rule
  -- it is, is asked only of what some provider's rule refuses.
  SELECT d.address, ad.name INTO v_found
  FROM new_rows AS n
  INNER JOIN public.attribute_definitions AS ad
    ON n.attribute_definition_id = ad.id AND NOT ad.is_secret AND ad.format <> 'reference'
  INNER JOIN (
    SELECT
      r.*,
      EXISTS (
        SELECT FROM public.provider_type_attribute_allowed_values AS v
        WHERE
          v.provider_type_id = r.provider_type_id
          AND v.resource_type_id = r.resource_type_id
          AND v.attribute_definition_id = r.attribute_definition_id
      ) AS is_limited
    FROM public.provider_type_attributes AS r
    OFFSET 0
  ) AS rule
    ON n.resource_type_id = rule.resource_type_id AND n.attribute_definition_id = rule.attribute_definition_id
  CROSS JOIN LATERAL (
    SELECT want.address
    FROM public.desired_resources AS want
    INNER JOIN public.provider_endpoints AS e ON want.provider_endpoint_id = e.id
    INNER JOIN public.providers AS p ON e.provider_id = p.id
    WHERE want.id = n.desired_resource_id AND p.provider_type_id = rule.provider_type_id
    LIMIT 1
  ) AS d
  WHERE
    coalesce(n.value_integer, n.value_decimal) < rule.minimum
    OR coalesce(n.value_integer, n.value_decimal) > rule.maximum
    OR length(n.value_string) > rule.max_length
    OR (
      rule.is_limited
      AND NOT EXISTS (
        SELECT FROM public.provider_type_attribute_allowed_values AS v
        WHERE
          v.provider_type_id = rule.provider_type_id
          AND v.resource_type_id = rule.resource_type_id
          AND v.attribute_definition_id = rule.attribute_definition_id
          AND (v.value_string, v.value_integer, v.value_decimal, v.value_boolean, v.value_datetime)
          IS NOT DISTINCT FROM
          (n.value_string, n.value_integer, n.value_decimal, n.value_boolean, n.value_datetime)
      )
    )
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '%: % is out of its bounds, or none of its allowed values', v_found.address, v_found.name
      USING ERRCODE = 'RC011', HINT = 'The rule is in provider_type_attributes; `reconciler explain` shows it.';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_wanted_values() IS
'Refuses to want a second value where there is one, a value twice in a set, and one out of bounds or not allowed. Patterns are the loader''s alone: its regular expressions are not the server''s.';

CREATE TRIGGER guard_wanted_values AFTER INSERT ON desired_attributes
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_wanted_values();
CREATE TRIGGER guard_wanted_values_update AFTER UPDATE ON desired_attributes
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_wanted_values();

CREATE FUNCTION guard_tag_keys()
RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  v_found record;
BEGIN
  -- The tags of what was touched and no others, found by keys. OFFSET 0 fixes the order of that: of tables that have
  -- just grown the planner believes what makes it take minutes.
  SELECT had.resource_id, had.key INTO v_found
  FROM (
    SELECT n.resource_id, t.key
    FROM (SELECT DISTINCT r.resource_id FROM new_rows AS r) AS n
    CROSS JOIN LATERAL (
      SELECT rt.tag_id FROM public.resource_tags AS rt WHERE rt.resource_id = n.resource_id OFFSET 0
    ) AS rt
    CROSS JOIN LATERAL (SELECT tag.key FROM public.tags AS tag WHERE tag.id = rt.tag_id OFFSET 0) AS t
    OFFSET 0
  ) AS had
  GROUP BY had.resource_id, had.key
  HAVING count(*) > 1
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'resource %: the tag % has a value already', v_found.resource_id, v_found.key
      USING ERRCODE = 'RC012', HINT = 'Remove the tag with the old value first.';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_tag_keys() IS 'Refuses two values of one tag key on a resource.';

CREATE TRIGGER guard_tag_keys AFTER INSERT ON resource_tags
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_tag_keys();

CREATE FUNCTION guard_circle()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  v_address text;
BEGIN
  -- UNION leaves out what was reached before, so that a circle ends the walk.
  WITH RECURSIVE above AS (
    SELECT n.child_resource_id AS start_id, n.parent_resource_id AS id
    FROM new_rows AS n
    WHERE n.relationship_type_id = 1
    UNION
    SELECT a.start_id, rr.parent_resource_id
    FROM above AS a
    INNER JOIN public.resource_relationships AS rr
      ON a.id = rr.child_resource_id AND rr.relationship_type_id = 1
  )

  SELECT r.address INTO v_address
  FROM above AS a
  INNER JOIN public.resources AS r ON a.id = r.id
  WHERE a.id = a.start_id
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% would contain itself', v_address
      USING ERRCODE = 'RC013', HINT = 'What is contained may contain nothing that it is in.';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_circle() IS 'Refuses a circle of `contains`.';

CREATE TRIGGER guard_circle AFTER INSERT ON resource_relationships
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_circle();

CREATE FUNCTION refuse_misplaced(p_address text, p_resource_type_id integer, p_endpoint_id integer, p_datacenter_id integer)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_found record;
BEGIN
  SELECT
    t.name AS resource_type, pt.name AS provider_type, e.name AS endpoint, e.deleted_at,
    dc.name AS datacenter, p.name AS provider, offer.provider_type_id AS offered
  INTO v_found
  FROM public.resource_types AS t
  INNER JOIN public.provider_endpoints AS e ON e.id = p_endpoint_id
  INNER JOIN public.providers AS p ON e.provider_id = p.id
  INNER JOIN public.provider_types AS pt ON p.provider_type_id = pt.id
  LEFT JOIN public.provider_resource_types AS offer
    ON p.provider_type_id = offer.provider_type_id AND t.id = offer.resource_type_id
  LEFT JOIN public.datacenters AS dc ON dc.id = p_datacenter_id
  WHERE
    t.id = p_resource_type_id
    AND (
      e.deleted_at IS NOT NULL
      OR offer.provider_type_id IS NULL
      OR (
        -- A datacenter that no provider is named for is open to all.
        dc.id IS NOT NULL
        AND EXISTS (SELECT FROM public.provider_datacenters AS pd WHERE pd.datacenter_id = dc.id)
        AND NOT EXISTS (
          SELECT FROM public.provider_datacenters AS pd WHERE pd.datacenter_id = dc.id AND pd.provider_id = p.id
        )
      )
    );
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF v_found.deleted_at IS NOT NULL THEN
    RAISE EXCEPTION '%: the endpoint % was removed at %', p_address, v_found.endpoint, v_found.deleted_at
      USING ERRCODE = 'RC014', HINT = 'Declare the endpoint anew, or use another.';
  ELSIF v_found.offered IS NULL THEN
    RAISE EXCEPTION '%: the provider type % offers no %', p_address, v_found.provider_type, v_found.resource_type
      USING ERRCODE = 'RC014', HINT = 'What it offers is in provider_resource_types.';
  END IF;
  RAISE EXCEPTION '%: the datacenter % is not one of the provider %', p_address, v_found.datacenter, v_found.provider
    USING ERRCODE = 'RC014', HINT = 'Name the provider in the manifest of the datacenter, or use another.';
END
$$;
COMMENT ON FUNCTION refuse_misplaced(text, integer, integer, integer) IS
'Refuses a resource at a removed endpoint, of a type that its provider does not offer, or in another provider''s datacenter.';

CREATE FUNCTION guard_places()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  -- However many rows there are, they are of few types at few places.
  PERFORM public.refuse_misplaced(min(n.address), n.resource_type_id, n.provider_endpoint_id, n.datacenter_id)
  FROM new_rows AS n
  WHERE n.deleted_at IS NULL
  GROUP BY n.resource_type_id, n.provider_endpoint_id, n.datacenter_id;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_places() IS 'Asks of new resources whether they may be where they are.';

CREATE FUNCTION guard_place()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF new.deleted_at IS NULL THEN
    PERFORM public.refuse_misplaced(new.address, new.resource_type_id, new.provider_endpoint_id, new.datacenter_id);
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_place() IS 'Asks the same of a resource that is moved, or brought back.';

CREATE TRIGGER guard_places AFTER INSERT ON resources
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_places();
CREATE TRIGGER guard_place AFTER UPDATE ON resources FOR EACH ROW
WHEN (
    old.provider_endpoint_id IS DISTINCT FROM new.provider_endpoint_id
    OR old.datacenter_id IS DISTINCT FROM new.datacenter_id
    OR (old.deleted_at IS NOT NULL AND new.deleted_at IS NULL)
)
EXECUTE FUNCTION guard_place();

CREATE FUNCTION guard_endpoint_removal()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  v_address text;
BEGIN
  -- What is not ours stays where it is, and is looked at no more.
  SELECT r.address INTO v_address
  FROM public.resources AS r
  WHERE r.provider_endpoint_id = new.id AND r.deleted_at IS NULL AND r.management <> 'unmanaged'
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the endpoint % cannot be removed: % lives there', new.name, v_address
      USING ERRCODE = 'RC015', HINT = 'Destroy or forget what lives there first.';
  END IF;
  RETURN new;
END
$$;
COMMENT ON FUNCTION guard_endpoint_removal() IS
'Refuses to remove an endpoint while a resource of ours lives there: it could neither be looked at nor be removed any more.';

CREATE TRIGGER guard_removal BEFORE UPDATE OF deleted_at ON provider_endpoints FOR EACH ROW
WHEN (old.deleted_at IS NULL AND new.deleted_at IS NOT NULL)
EXECUTE FUNCTION guard_endpoint_removal();
-- Who sees what: the grants of people's roles, by provider and by datacenter, and what follows from them for a session.
-- A member that no grant names sees nothing: what is forgotten hides rows and does not show them.
--
-- The policies in 92_policies.sql ask the functions below, which are in PL/pgSQL because that keeps its plans as long as a
-- session lasts. They say that they cost little and give few rows, which is so once a statement; the planner would count
-- them for every row.

CREATE TABLE access_grants (
    id integer GENERATED ALWAYS AS IDENTITY,
    member text NOT NULL,
    role text NOT NULL,
    provider_id integer REFERENCES providers (id),
    datacenter_id integer REFERENCES datacenters (id),
    granted_at timestamptz NOT NULL DEFAULT now(),
    granted_by text NOT NULL DEFAULT session_user,
    revoked_at timestamptz,
    revoked_by text,
    CONSTRAINT access_grants_pkey PRIMARY KEY (id),
    CONSTRAINT access_grants_member CHECK (member <> ''),
    CONSTRAINT access_grants_role CHECK (role IN ('planner', 'reader', 'auditor')),
    CONSTRAINT access_grants_revoked CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);

COMMENT ON TABLE access_grants IS
'What a member of planner, reader or auditor sees: one row a provider or datacenter, or one for all. It is its own history: a grant is revoked and never deleted. Written by `reconciler db grant` and `db revoke`, as the owner.';
COMMENT ON COLUMN access_grants.id IS
'Key.';
COMMENT ON COLUMN access_grants.member IS
'The database role of a person, or of a group of them.';
COMMENT ON COLUMN access_grants.role IS
'As what it was granted: planner, reader or auditor. It counts as long as the member is one, and then in each of its roles: what it was granted in one adds to what it sees in the others.';
COMMENT ON COLUMN access_grants.provider_id IS
'Only what this provider has; null for any provider.';
COMMENT ON COLUMN access_grants.datacenter_id IS
'Only what stands in this datacenter; null for any, and for what stands in none.';
COMMENT ON COLUMN access_grants.granted_at IS
'Since when.';
COMMENT ON COLUMN access_grants.granted_by IS
'The database user that granted it.';
COMMENT ON COLUMN access_grants.revoked_at IS
'When it was revoked; null while it holds.';
COMMENT ON COLUMN access_grants.revoked_by IS
'The database user that revoked it.';
CREATE UNIQUE INDEX access_grants_held ON access_grants (
    member, role, coalesce(provider_id, 0), coalesce(datacenter_id, 0)
)
WHERE revoked_at IS NULL;
CREATE INDEX access_grants_provider ON access_grants (provider_id);
CREATE INDEX access_grants_datacenter ON access_grants (datacenter_id);

CREATE FUNCTION held_grants()
RETURNS TABLE (provider_id integer, datacenter_id integer)
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  -- Of the session's user and not the current one: SET ROLE gives nobody another's view.
  RETURN QUERY
  SELECT g.provider_id, g.datacenter_id
  FROM access_grants AS g
  WHERE
    g.revoked_at IS NULL
    AND pg_has_role(session_user, to_regrole(quote_ident(g.member)), 'MEMBER')
    AND pg_has_role(session_user, ('reconciler_' || g.role)::name, 'MEMBER');
END
$$;
COMMENT ON FUNCTION held_grants() IS
'What the session''s user was granted to see, by itself or through a group.';

CREATE FUNCTION sees_everything()
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN EXISTS (SELECT FROM held_grants() AS g WHERE g.provider_id IS NULL AND g.datacenter_id IS NULL);
END
$$;
COMMENT ON FUNCTION sees_everything() IS
'Whether a grant of the session''s user names neither provider nor datacenter.';

CREATE FUNCTION sees_by_datacenter()
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN EXISTS (SELECT FROM held_grants() AS g WHERE g.datacenter_id IS NOT NULL);
END
$$;
COMMENT ON FUNCTION sees_by_datacenter() IS
'Whether a grant of the session''s user names a datacenter, so that a part has to be judged by its root.';

CREATE FUNCTION seen_endpoints()
RETURNS SETOF integer
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT e.id
  FROM held_grants() AS g
  JOIN provider_endpoints AS e ON e.provider_id = g.provider_id
  WHERE g.datacenter_id IS NULL;
END
$$;
COMMENT ON FUNCTION seen_endpoints() IS
'The endpoints whose resources the session''s user sees, wherever they stand.';

CREATE FUNCTION seen_datacenters()
RETURNS SETOF integer
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT g.datacenter_id FROM held_grants() AS g WHERE g.provider_id IS NULL AND g.datacenter_id IS NOT NULL;
END
$$;
COMMENT ON FUNCTION seen_datacenters() IS
'The datacenters whose resources the session''s user sees, whoever provides them.';

CREATE FUNCTION place(p_endpoint_id integer, p_datacenter_id integer)
RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_datacenter_id::bigint << 32) | p_endpoint_id;
COMMENT ON FUNCTION place(integer, integer) IS
'An endpoint and a datacenter as one number, so that a pair can be looked up in one array.';

CREATE FUNCTION seen_places()
RETURNS SETOF bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT place(e.id, g.datacenter_id)
  FROM held_grants() AS g
  JOIN provider_endpoints AS e ON e.provider_id = g.provider_id
  WHERE g.datacenter_id IS NOT NULL;
END
$$;
COMMENT ON FUNCTION seen_places() IS
'The pairs of endpoint and datacenter, each one number, whose resources the session''s user sees.';

CREATE FUNCTION seen_providers()
RETURNS SETOF integer
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT g.provider_id FROM held_grants() AS g WHERE g.provider_id IS NOT NULL
  UNION
  SELECT pd.provider_id
  FROM held_grants() AS g
  JOIN provider_datacenters AS pd ON pd.datacenter_id = g.datacenter_id
  WHERE g.provider_id IS NULL;
END
$$;
COMMENT ON FUNCTION seen_providers() IS
'The providers that the session''s user sees in the inventory: those granted, and those in a granted datacenter.';

CREATE FUNCTION seen_inventory_endpoints()
RETURNS SETOF integer
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT e.id FROM provider_endpoints AS e WHERE e.provider_id IN (SELECT seen_providers());
END
$$;
COMMENT ON FUNCTION seen_inventory_endpoints() IS
'The endpoints that the session''s user sees in the inventory: all of the providers that it sees there.';

CREATE FUNCTION seen_credentials()
RETURNS SETOF integer
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT e.credential_id FROM provider_endpoints AS e
  WHERE e.provider_id IN (SELECT seen_providers()) AND e.credential_id IS NOT NULL;
END
$$;
COMMENT ON FUNCTION seen_credentials() IS
'The credentials whose names the session''s user sees: those that an endpoint logs in by which it sees.';

CREATE FUNCTION seen_inventory_datacenters()
RETURNS SETOF integer
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT g.datacenter_id FROM held_grants() AS g WHERE g.datacenter_id IS NOT NULL
  UNION
  SELECT pd.datacenter_id
  FROM held_grants() AS g
  JOIN provider_datacenters AS pd ON pd.provider_id = g.provider_id
  WHERE g.datacenter_id IS NULL;
END
$$;
COMMENT ON FUNCTION seen_inventory_datacenters() IS
'The datacenters that the session''s user sees in the inventory: those granted, and those of a granted provider.';

CREATE FUNCTION is_seen_part(p_resource_id bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN (
    WITH RECURSIVE up AS (
      SELECT p_resource_id AS id
      UNION
      SELECT rr.parent_resource_id
      FROM up JOIN resource_relationships AS rr ON rr.child_resource_id = up.id
      WHERE rr.relationship_type_id = 1
    )

    SELECT EXISTS (
      SELECT FROM up JOIN resources AS r ON r.id = up.id
      WHERE
        r.datacenter_id IN (SELECT seen_datacenters())
        OR place(r.provider_endpoint_id, r.datacenter_id) IN (SELECT seen_places())
    )
  );
END
$$;
COMMENT ON FUNCTION is_seen_part(bigint) IS
'Whether what contains a part stands where the session''s user sees it: a part stands where its root does.';

CREATE FUNCTION is_seen_desired(p_desired_resource_id bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  RETURN (
    WITH RECURSIVE up AS (
      SELECT d.id, d.parent_id, d.provider_endpoint_id, d.datacenter
      FROM desired_resources AS d
      WHERE d.id = p_desired_resource_id
      UNION
      SELECT d.id, d.parent_id, d.provider_endpoint_id, d.datacenter
      FROM up JOIN desired_resources AS d ON d.id = up.parent_id
    )

    SELECT EXISTS (
      SELECT FROM up JOIN datacenters AS dc ON dc.name = up.datacenter
      WHERE
        dc.id IN (SELECT seen_datacenters())
        OR place(up.provider_endpoint_id, dc.id) IN (SELECT seen_places())
    )
  );
END
$$;
COMMENT ON FUNCTION is_seen_desired(bigint) IS
'Whether a wanted resource, or what contains it, is wanted in a datacenter that the session''s user sees.';
-- The histories' partitions: a month each, made ahead, and a default that takes what no month is there for, because a
-- clock that was wrong or a program that was off for a year must not stop every apply. What is a history is read from
-- the server's catalog: every table that is partitioned by ranges of `changed_at`. A month is there if one that covers
-- it is attached; what a table is called proves nothing.
--
-- Locks: a month that is attached while a default is there locks the default, which readers of all months hold too and
-- writers do not. Each function waits for a lock for half a second, which is less than `deadlock_timeout`, so that where
-- it and a writer wait for each other it is the one that gives up. It is called for one history at a time, because who
-- holds one could wait for a writer that holds another.

CREATE VIEW v_histories WITH (security_invoker = TRUE) AS
SELECT c.relname::text AS history, p.partrelid AS history_oid, p.partdefid AS default_oid
FROM pg_partitioned_table AS p
INNER JOIN pg_class AS c ON p.partrelid = c.oid
INNER JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
WHERE
    p.partstrat = 'r' AND p.partnatts = 1 AND a.attname = 'changed_at'
    AND c.relnamespace = 'public'::regnamespace;
COMMENT ON VIEW v_histories IS 'The tables that are partitioned by ranges of changed_at.';
COMMENT ON COLUMN v_histories.history IS 'The table''s name.';
COMMENT ON COLUMN v_histories.history_oid IS 'The table, as the server''s catalog numbers it.';
COMMENT ON COLUMN v_histories.default_oid IS 'Its default partition there; 0 for none.';

CREATE VIEW v_history_partitions WITH (security_invoker = TRUE) AS
WITH attached AS (
    SELECT
        h.history,
        c.relname::text AS partition_name,
        c.oid = h.default_oid AS is_default,
        regexp_match(
            pg_get_expr(c.relpartbound, c.oid), '^FOR VALUES FROM \((MINVALUE|''.*'')\) TO \((MAXVALUE|''.*'')\)$'
        ) AS bounds
    FROM v_histories AS h
    INNER JOIN pg_inherits AS i ON h.history_oid = i.inhparent
    INNER JOIN pg_class AS c ON i.inhrelid = c.oid
    WHERE NOT i.inhdetachpending
)

SELECT
    a.history,
    a.partition_name,
    a.is_default,
    CASE
        WHEN a.bounds[1] = 'MINVALUE' THEN timestamptz '-infinity' ELSE trim(BOTH '''' FROM a.bounds[1])::timestamptz
    END AS from_at,
    CASE
        WHEN a.bounds[2] = 'MAXVALUE' THEN timestamptz 'infinity' ELSE trim(BOTH '''' FROM a.bounds[2])::timestamptz
    END AS to_at
FROM attached AS a;
COMMENT ON VIEW v_history_partitions IS 'The partitions that are attached to a history, by what the server''s catalog says.';
COMMENT ON COLUMN v_history_partitions.history IS 'The history.';
COMMENT ON COLUMN v_history_partitions.partition_name IS 'The partition''s own name.';
COMMENT ON COLUMN v_history_partitions.is_default IS 'Whether it takes what fits in no other.';
COMMENT ON COLUMN v_history_partitions.from_at IS 'The first instant that it takes; null for a default.';
COMMENT ON COLUMN v_history_partitions.to_at IS 'The first instant that it no longer takes; null for a default.';

CREATE FUNCTION copy_columns(p_table regclass)
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
  FROM pg_attribute AS a
  WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
$$;
COMMENT ON FUNCTION copy_columns(regclass) IS 'The columns of a table that can be written, as a statement lists them.';

CREATE FUNCTION attach_partition(p_history text, p_partition text, p_bounds text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I %s', p_history, p_partition, p_bounds);
EXCEPTION
  WHEN lock_not_available OR deadlock_detected OR query_canceled THEN
    RAISE;
  WHEN OTHERS THEN
    RAISE EXCEPTION 'the table % cannot be attached to % %: %', p_partition, p_history, p_bounds, SQLERRM
      USING ERRCODE = 'RC022', HINT = format(
        'Look at what it is: SELECT * FROM %I LIMIT 1; then rename it: ALTER TABLE %I RENAME TO …', p_partition, p_partition
      );
END
$$;
COMMENT ON FUNCTION attach_partition(text, text, text) IS
'Attaches a table to a history, or says why the server refuses it and what to do.';

CREATE FUNCTION make_history_month(p_history text, p_month timestamptz)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
  v_to CONSTANT timestamptz := p_month + interval '1 month';
  v_name CONSTANT text := p_history || to_char(p_month, '_YYYY_MM');
  v_default CONSTANT text := (
    SELECT p.partition_name FROM v_history_partitions AS p WHERE p.history = p_history AND p.is_default
  );
  v_there record;
  v_has_strays boolean := FALSE;
  v_moved bigint := 0;
BEGIN
  SELECT p.partition_name, p.from_at, p.to_at INTO v_there
  FROM v_history_partitions AS p
  WHERE p.history = p_history AND p.from_at < v_to AND p.to_at > p_month
  LIMIT 1;
  IF v_there.from_at <= p_month AND v_there.to_at >= v_to THEN
    RETURN NULL;
  ELSIF v_there.from_at IS NOT NULL THEN
    RAISE EXCEPTION 'the partition % of % goes from % to % and covers only a part of %', v_there.partition_name, p_history,
      v_there.from_at, v_there.to_at, to_char(p_month, 'YYYY-MM')
      USING ERRCODE = 'RC022', HINT = format(
        'Detach it, and attach what it has as whole months: ALTER TABLE %I DETACH PARTITION %I', p_history, v_there.partition_name
      );
  END IF;
  SELECT c.oid, c.relkind, c.relispartition INTO v_there
  FROM pg_class AS c WHERE c.oid = to_regclass(format('public.%I', v_name));
  IF v_there.relispartition OR v_there.relkind <> 'r' THEN
    RAISE EXCEPTION 'there is a % that is called % and is not the month that its name says',
      CASE WHEN v_there.relispartition THEN 'partition' ELSE 'relation' END, v_name
      USING ERRCODE = 'RC022', HINT = format('Rename it: ALTER TABLE %I RENAME TO …', v_name);
  END IF;
  IF v_default IS NOT NULL THEN
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE changed_at >= $1 AND changed_at < $2)', v_default)
    INTO v_has_strays USING p_month, v_to;
  END IF;
  IF v_default IS NOT NULL AND (v_has_strays OR p_month <= transaction_timestamp()) THEN
    -- Rows of this month may be on their way into the default. A writer that waits for the default would be refused once
    -- the month is attached; one that waits for the history finds it. The default first: writers read before they write.
    EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', v_default);
    EXECUTE format('LOCK TABLE public.%I IN SHARE ROW EXCLUSIVE MODE', p_history);
  END IF;
  IF v_there.oid IS NULL THEN
    -- Made apart and then attached, because making it in place would lock out everyone who writes history.
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', v_name, p_history);
  END IF;
  IF v_default IS NOT NULL THEN
    EXECUTE format(
      'WITH gone AS (DELETE FROM public.%1$I WHERE changed_at >= $1 AND changed_at < $2 RETURNING %3$s)'
      ' INSERT INTO public.%2$I (%3$s) SELECT %3$s FROM gone',
      v_default, v_name, copy_columns(format('public.%I', p_history)::regclass)
    ) USING p_month, v_to;
    GET DIAGNOSTICS v_moved = ROW_COUNT;
  END IF;
  PERFORM attach_partition(p_history, v_name, format('FOR VALUES FROM (%L) TO (%L)', p_month, v_to));
  RETURN v_moved;
END
$$;
COMMENT ON FUNCTION make_history_month(text, timestamptz) IS
'Sees to it that a history has a month, and moves rows of it there from the default. Gives how many; null where it was there.';

CREATE FUNCTION make_history_partitions(p_months_ahead integer, p_history text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms'
AS $$
DECLARE
  v_first CONSTANT timestamptz := date_trunc('month', transaction_timestamp());
  v_made integer := 0;
  v_history record;
  v_month timestamptz;
  v_default text;
BEGIN
  IF p_months_ahead IS NULL OR p_months_ahead NOT BETWEEN 0 AND 24 THEN
    RAISE EXCEPTION 'history is made for 0 to 24 months ahead, and not for %', p_months_ahead
      USING ERRCODE = 'RC022', HINT = 'Each month is a table of every history. What none is there for goes into the default.';
  END IF;
  -- One at a time: two that make the same month would both find it missing.
  PERFORM pg_advisory_xact_lock(hashtextextended('reconciler.history_partitions', 0));
  FOR v_history IN
    SELECT h.history, h.default_oid FROM v_histories AS h
    WHERE p_history IS NULL OR h.history = p_history ORDER BY h.history
  LOOP
    FOR v_month IN SELECT generate_series(v_first, v_first + make_interval(months => p_months_ahead), interval '1 month') LOOP
      IF make_history_month(v_history.history, v_month) IS NOT NULL THEN
        v_made := v_made + 1;
      END IF;
    END LOOP;
    IF v_history.default_oid = 0 THEN
      v_default := v_history.history || '_default';
      IF to_regclass(format('public.%I', v_default)) IS NULL THEN
        EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', v_default, v_history.history);
      END IF;
      PERFORM attach_partition(v_history.history, v_default, 'DEFAULT');
    END IF;
  END LOOP;
  RETURN v_made;
END
$$;
COMMENT ON FUNCTION make_history_partitions(integer, text) IS
'Makes the months of all histories, or of one, from this one to so many ahead, and the default, where they are missing. Gives how many months it made.';

CREATE FUNCTION wanting_histories(p_months_ahead integer)
RETURNS TABLE (history text)
LANGUAGE sql STABLE SET timezone = 'UTC'
AS $$
  SELECT h.history
  FROM v_histories AS h
  WHERE
    h.default_oid = 0
    OR EXISTS (
      SELECT
      FROM generate_series(
        date_trunc('month', transaction_timestamp()),
        date_trunc('month', transaction_timestamp()) + make_interval(months => least(p_months_ahead, 24)), interval '1 month'
      ) AS m (from_at)
      WHERE NOT EXISTS (
        SELECT
        FROM v_history_partitions AS p
        WHERE p.history = h.history AND p.from_at <= m.from_at AND p.to_at >= m.from_at + interval '1 month'
      )
    )
  ORDER BY h.history
$$;
COMMENT ON FUNCTION wanting_histories(integer) IS
'The histories that have no default, or lack a month from this one to so many ahead. Takes no lock.';

CREATE FUNCTION stray_history(p_most integer DEFAULT NULL)
RETURNS TABLE (history text, stray_rows bigint, first_at timestamptz, last_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_each record;
BEGIN
  FOR v_each IN SELECT p.history, p.partition_name FROM v_history_partitions AS p WHERE p.is_default ORDER BY p.history LOOP
    EXECUTE format(
      'SELECT (SELECT count(*) FROM (SELECT FROM public.%1$I LIMIT $1) AS few), min(changed_at), max(changed_at)'
      ' FROM public.%1$I', v_each.partition_name
    ) INTO stray_rows, first_at, last_at USING p_most;
    IF stray_rows > 0 THEN
      history := v_each.history;
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION stray_history(integer) IS
'The histories whose default holds rows, with how many (counted up to p_most) and of which time. None is as it should be.';

CREATE FUNCTION move_stray_history(p_history text, p_until timestamptz DEFAULT 'infinity')
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms'
AS $$
DECLARE
  v_default CONSTANT text := (
    SELECT p.partition_name FROM v_history_partitions AS p WHERE p.history = p_history AND p.is_default
  );
  v_next timestamptz;
  v_moved bigint := 0;
BEGIN
  IF v_default IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('reconciler.history_partitions', 0));
  FOR v_count IN 1..24 LOOP
    EXECUTE format('SELECT date_trunc(''month'', min(changed_at)) FROM public.%I WHERE changed_at < $1', v_default)
    INTO v_next USING p_until;
    EXIT WHEN v_next IS NULL;
    v_moved := v_moved + make_history_month(p_history, v_next);
  END LOOP;
  RETURN v_moved;
END
$$;
COMMENT ON FUNCTION move_stray_history(text, timestamptz) IS
'Moves the rows of a history''s default that are older than an instant into months of their own, the 24 oldest months at most. Gives how many rows.';

REVOKE ALL ON FUNCTION
make_history_partitions(integer, text), make_history_month(text, timestamptz), attach_partition(text, text, text),
move_stray_history(text, timestamptz), stray_history(integer) FROM public;
-- Old months of the histories leave the database for files, and come back from them. Only the tables' owner can: the
-- program's own role takes nothing out of a history. A month is detached when its file is on disk and was read again, and
-- its table is dropped when it was compared with the file once more; each step is a transaction that says how far it came.

CREATE TABLE history_archives (
    id bigint GENERATED ALWAYS AS IDENTITY,
    history text NOT NULL,
    partition_name text NOT NULL,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    file text NOT NULL,
    row_count bigint NOT NULL,
    byte_count bigint NOT NULL,
    sha256 bytea NOT NULL,
    last_epoch integer,
    last_xact xid8,
    detached_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    dropped_at timestamptz,
    restored_at timestamptz,
    archived_by text NOT NULL DEFAULT session_user,
    CONSTRAINT history_archives_pkey PRIMARY KEY (id),
    CONSTRAINT history_archives_sha256 CHECK (octet_length(sha256) = 32),
    CONSTRAINT history_archives_bounds CHECK (from_at < to_at)
);

COMMENT ON TABLE history_archives IS
'The months of histories that went into files. Written by reconciler db archive, as the tables'' owner.';
COMMENT ON COLUMN history_archives.id IS 'Key.';
COMMENT ON COLUMN history_archives.history IS 'The history.';
COMMENT ON COLUMN history_archives.partition_name IS 'The partition that was detached.';
COMMENT ON COLUMN history_archives.from_at IS 'The first instant that it took.';
COMMENT ON COLUMN history_archives.to_at IS 'The first instant that it no longer took.';
COMMENT ON COLUMN history_archives.file IS 'The file''s path when it was written.';
COMMENT ON COLUMN history_archives.row_count IS 'How many rows it holds.';
COMMENT ON COLUMN history_archives.byte_count IS 'How many bytes they are before they are compressed.';
COMMENT ON COLUMN history_archives.sha256 IS 'SHA-256 of these bytes.';
COMMENT ON COLUMN history_archives.last_epoch IS 'The epoch of the month''s last changeset; null for a month without.';
COMMENT ON COLUMN history_archives.last_xact IS
'The last transaction of that epoch in the month: no mark that does not see it can be read without the file.';
COMMENT ON COLUMN history_archives.detached_at IS 'When it was taken from the history.';
COMMENT ON COLUMN history_archives.dropped_at IS 'When its table was dropped; null while it is there.';
COMMENT ON COLUMN history_archives.restored_at IS 'When it was brought back; null while it is away.';
COMMENT ON COLUMN history_archives.archived_by IS 'The database user that did it.';

CREATE FUNCTION history_key(p_table text)
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY array_position(ARRAY['changed_at', 'change', 'id'], a.attname::text))
  FROM pg_attribute AS a
  WHERE a.attrelid = to_regclass(format('public.%I', p_table)) AND a.attname IN ('changed_at', 'change', 'id')
$$;
COMMENT ON FUNCTION history_key(text) IS
'The columns that number the rows of a history, as a statement lists them: the largest history has them and no index of them.';

CREATE FUNCTION copy_out_statement(p_table text)
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT format(
    'COPY (SELECT %s FROM public.%I ORDER BY %s) TO STDOUT (FORMAT csv, HEADER, ENCODING ''UTF8'')',
    copy_columns(format('public.%I', p_table)::regclass), p_table, history_key(p_table)
  )
$$;
COMMENT ON FUNCTION copy_out_statement(text) IS
'The statement that gives a partition''s rows as CSV in the order of its key: the same rows, the same bytes.';

CREATE FUNCTION copy_in_statement(p_table text, p_columns text[])
RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_unknown text;
BEGIN
  SELECT string_agg(c.name, ', ') INTO v_unknown
  FROM unnest(p_columns) AS c (name)
  WHERE NOT EXISTS (
    SELECT FROM pg_attribute AS a
    WHERE a.attrelid = to_regclass(format('public.%I', p_table)) AND a.attname = c.name AND a.attnum > 0 AND NOT a.attisdropped
  );
  IF v_unknown IS NOT NULL THEN
    RAISE EXCEPTION 'the file has columns that % no longer has: %', p_table, v_unknown
      USING ERRCODE = 'RC023', HINT = 'Restore it with the version of reconciler that wrote it, or load it by hand: it is CSV.';
  END IF;
  RETURN format(
    'COPY public.%I (%s) FROM STDIN (FORMAT csv, HEADER MATCH, ENCODING ''UTF8'')', p_table,
    (SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.place) FROM unnest(p_columns) WITH ORDINALITY AS c (name, place))
  );
END
$$;
COMMENT ON FUNCTION copy_in_statement(text, text[]) IS
'The statement that takes such rows back: columns that the table has gained since are filled by their defaults.';

CREATE FUNCTION detach_history_month(
    p_history text, p_partition text, p_file text, p_rows bigint, p_bytes bigint, p_sha256 bytea
)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '500ms'
AS $$
DECLARE
  v_id bigint;
BEGIN
  INSERT INTO history_archives (
    history, partition_name, from_at, to_at, file, row_count, byte_count, sha256, last_epoch, last_xact
  )
  SELECT p.history, p.partition_name, p.from_at, p.to_at, p_file, p_rows, p_bytes, p_sha256, l.epoch, l.xact
  FROM v_history_partitions AS p
  LEFT JOIN LATERAL (
    SELECT s.epoch, s.xact FROM changesets AS s
    WHERE s.changed_at >= p.from_at AND s.changed_at < p.to_at
    ORDER BY s.epoch DESC, s.xact DESC LIMIT 1
  ) AS l ON TRUE
  WHERE p.history = p_history AND p.partition_name = p_partition AND p.to_at <= date_trunc('month', now())
  RETURNING id INTO STRICT v_id;
  EXECUTE format('ALTER TABLE public.%I DETACH PARTITION public.%I', p_history, p_partition);
  RETURN v_id;
END
$$;
COMMENT ON FUNCTION detach_history_month(text, text, text, bigint, bigint, bytea) IS
'Takes a month from its history and writes down in which file it is. Its table stays.';

CREATE FUNCTION drop_detached_month(p_archive bigint)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_partition CONSTANT text := (
    SELECT a.partition_name FROM history_archives AS a WHERE a.id = p_archive AND a.dropped_at IS NULL FOR UPDATE
  );
BEGIN
  -- Of a partition that is attached this is refused: DROP TABLE would take it from its history without a word.
  IF (SELECT c.relispartition FROM pg_class AS c WHERE c.oid = to_regclass(format('public.%I', v_partition))) THEN
    RAISE EXCEPTION 'the partition % is a part of its history and is not dropped', v_partition
      USING ERRCODE = 'RC023', HINT = 'Run the archiving again: it begins anew with this month.';
  END IF;
  EXECUTE format('DROP TABLE public.%I', v_partition);
  UPDATE history_archives SET dropped_at = clock_timestamp() WHERE id = p_archive;
END
$$;
COMMENT ON FUNCTION drop_detached_month(bigint) IS
'Drops the table of a month that is in its file. Whoever calls it has compared the two.';

CREATE FUNCTION give_up_archive(p_archive bigint)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms'
AS $$
DECLARE
  v_archive record;
BEGIN
  DELETE FROM history_archives WHERE id = p_archive AND dropped_at IS NULL RETURNING * INTO STRICT v_archive;
  IF NOT (
    SELECT c.relispartition FROM pg_class AS c WHERE c.oid = to_regclass(format('public.%I', v_archive.partition_name))
  ) THEN
    PERFORM attach_partition(
      v_archive.history, v_archive.partition_name,
      format('FOR VALUES FROM (%L) TO (%L)', v_archive.from_at, v_archive.to_at)
    );
  END IF;
END
$$;
COMMENT ON FUNCTION give_up_archive(bigint) IS
'Puts a month back into its history whose table is still there, as if it had never been detached.';

CREATE FUNCTION begin_restore(p_history text, p_from timestamptz, p_to timestamptz)
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
  v_partition text := (
    SELECT p.partition_name FROM v_history_partitions AS p
    WHERE p.history = p_history AND p.from_at <= p_from AND p.to_at >= p_to
  );
  v_strays bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM v_histories AS h WHERE h.history = p_history) THEN
    RAISE EXCEPTION 'there is no history that is called %', p_history
      USING ERRCODE = 'RC023', HINT = 'Restore it with the version of reconciler that wrote it, or load it by hand: it is CSV.';
  END IF;
  IF v_partition IS NULL THEN
    v_partition := p_history || to_char(p_from, '_YYYY_MM');
    IF to_regclass('public.' || quote_ident(v_partition)) IS NOT NULL THEN
      RAISE EXCEPTION 'the table of that month, %, is still there: an archiving was cut off', v_partition
        USING ERRCODE = 'RC023', HINT = 'It is brought to its end by: reconciler db archive';
    END IF;
    EXECUTE format('SELECT count(*) FROM public.%I WHERE changed_at >= $1 AND changed_at < $2', p_history)
    INTO v_strays USING p_from, p_to;
    IF v_strays > 0 THEN
      RAISE EXCEPTION '% has % rows of that month where no month was there for them', p_history, v_strays
        USING ERRCODE = 'RC023', HINT = 'First: reconciler db partitions --move; then again.';
    END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', v_partition, p_history);
    -- So that it need not be read again when it is attached, while others wait.
    EXECUTE format(
      'ALTER TABLE public.%I ADD CONSTRAINT restored_month CHECK (changed_at >= %L AND changed_at < %L)',
      v_partition, p_from, p_to
    );
  END IF;
  RETURN v_partition;
END
$$;
COMMENT ON FUNCTION begin_restore(text, timestamptz, timestamptz) IS
'The table into which a file''s rows go: the attached partition of that time, or a new table that end_restore attaches.';

CREATE FUNCTION end_restore(p_history text, p_partition text, p_from timestamptz, p_to timestamptz)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms'
AS $$
DECLARE
  v_is_twice boolean;
BEGIN
  EXECUTE format(
    'SELECT EXISTS (SELECT FROM public.%I GROUP BY %s HAVING count(*) > 1)', p_partition, history_key(p_partition)
  ) INTO v_is_twice;
  IF v_is_twice THEN
    RAISE EXCEPTION 'rows of that file are in % already', p_partition
      USING ERRCODE = 'RC023', HINT = 'It was brought back before: reconciler db archive list';
  END IF;
  IF NOT EXISTS (
    SELECT FROM v_history_partitions AS p WHERE p.history = p_history AND p.partition_name = p_partition
  ) THEN
    PERFORM attach_partition(p_history, p_partition, format('FOR VALUES FROM (%L) TO (%L)', p_from, p_to));
    EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT restored_month', p_partition);
  END IF;
END
$$;
COMMENT ON FUNCTION end_restore(text, text, timestamptz, timestamptz) IS
'Makes a restored month a part of its history again.';

CREATE FUNCTION archived_after(p_epoch integer, p_snapshot pg_snapshot, p_taken_at timestamptz)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT string_agg(DISTINCT to_char(a.from_at AT TIME ZONE 'UTC', 'YYYY-MM'), ' ')
  FROM history_archives AS a
  WHERE
    a.restored_at IS NULL AND (a.last_epoch, a.last_xact) >= (p_epoch, pg_snapshot_xmin(p_snapshot))
    -- What was detached before the mark had ended before it, whatever else was under way then.
    AND a.detached_at >= p_taken_at
$$;
COMMENT ON FUNCTION archived_after(integer, pg_snapshot, timestamptz) IS
'The months, in an archive, of which a mark does not see everything; null for none.';

CREATE FUNCTION is_within_reach(p_epoch integer, p_snapshot pg_snapshot, p_taken_at timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
DECLARE
  v_month text := archived_after(p_epoch, p_snapshot, p_taken_at);
BEGIN
  IF v_month IS NOT NULL THEN
    RAISE EXCEPTION 'what changed after that time is in the archive: %', v_month
      USING ERRCODE = 'RC023', HINT = format('Bring it back: reconciler db archive restore %s', v_month);
  END IF;
  RETURN TRUE;
END
$$;
COMMENT ON FUNCTION is_within_reach(integer, pg_snapshot, timestamptz) IS
'True where all that a mark''s snapshot does not see is in the histories; raises RC023 where some is in an archive.';

REVOKE ALL ON FUNCTION
history_key(text), copy_out_statement(text), copy_in_statement(text, text[]),
detach_history_month(text, text, text, bigint, bigint, bytea), drop_detached_month(bigint), give_up_archive(bigint),
begin_restore(text, timestamptz, timestamptz), end_restore(text, text, timestamptz, timestamptz) FROM public;
-- Deleted resources leave the database for files, and come back from them: what they were, with their parts, attributes,
-- tags, ties and ended operations. What happened to them stays in the histories and leaves with its months. A narrow row of
-- each stays for ever, so that its uid, its id at the provider and its address are known as before.
--
-- Taking a row out, or putting it back, is no change of a resource, and no history says that it was one. The triggers are
-- told so by a row in archive_moves, which nobody but the tables' owner can write; it is gone before the commit.

CREATE TABLE resource_archives (
    id bigint GENERATED ALWAYS AS IDENTITY,
    file text NOT NULL,
    planned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_at timestamptz,
    restored_at timestamptz,
    first_deleted_at timestamptz,
    last_deleted_at timestamptz,
    resource_count integer,
    row_count bigint,
    byte_count bigint,
    sha256 bytea,
    archived_by text NOT NULL DEFAULT session_user,
    CONSTRAINT resource_archives_pkey PRIMARY KEY (id),
    CONSTRAINT resource_archives_sha256 CHECK (octet_length(sha256) = 32),
    CONSTRAINT resource_archives_removed CHECK ((removed_at IS NULL) = (sha256 IS NULL)),
    CONSTRAINT resource_archives_restored CHECK (restored_at IS NULL OR removed_at IS NOT NULL)
);

COMMENT ON TABLE resource_archives IS
'The files that deleted resources went into. Written by reconciler db archive, as the tables'' owner.';
COMMENT ON COLUMN resource_archives.id IS 'Key.';
COMMENT ON COLUMN resource_archives.file IS 'The file''s path when it was written.';
COMMENT ON COLUMN resource_archives.planned_at IS 'When it was begun. Nothing is taken out by that.';
COMMENT ON COLUMN resource_archives.removed_at IS 'When its rows left the database; null until then.';
COMMENT ON COLUMN resource_archives.restored_at IS 'When they were brought back; null while they are away.';
COMMENT ON COLUMN resource_archives.first_deleted_at IS 'When the first of its resources was deleted; null until its rows left.';
COMMENT ON COLUMN resource_archives.last_deleted_at IS 'When the last of them was; null until its rows left.';
COMMENT ON COLUMN resource_archives.resource_count IS 'How many resources and parts it holds; null until its rows left.';
COMMENT ON COLUMN resource_archives.row_count IS 'How many rows of all tables; null until its rows left.';
COMMENT ON COLUMN resource_archives.byte_count IS 'How many bytes it is before it is compressed; null until its rows left.';
COMMENT ON COLUMN resource_archives.sha256 IS 'SHA-256 of these bytes; null until its rows left.';
COMMENT ON COLUMN resource_archives.archived_by IS 'The database user that did it.';

CREATE TABLE archived_resources (
    id bigint NOT NULL,
    uid uuid NOT NULL,
    resource_type_id integer NOT NULL REFERENCES resource_types (id),
    provider_endpoint_id integer NOT NULL REFERENCES provider_endpoints (id),
    datacenter_id integer REFERENCES datacenters (id),
    address text NOT NULL,
    external_id text,
    management text NOT NULL,
    is_root boolean NOT NULL,
    parent_id bigint,
    root_id bigint NOT NULL,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz NOT NULL,
    epoch integer NOT NULL,
    xact xid8 NOT NULL,
    is_known boolean NOT NULL,
    archive_id bigint NOT NULL REFERENCES resource_archives (id),
    restored_at timestamptz,
    CONSTRAINT archived_resources_pkey PRIMARY KEY (id),
    CONSTRAINT archived_resources_uid UNIQUE (uid)
);

COMMENT ON TABLE archived_resources IS
'What is left here of a deleted resource or part that is in a file: whose it was, and when it went. Written with resource_archives.';
COMMENT ON COLUMN archived_resources.id IS 'The key that it had in resources, by which the histories name it.';
COMMENT ON COLUMN archived_resources.uid IS 'Its identity for ever, as in the mark on the provider''s object.';
COMMENT ON COLUMN archived_resources.resource_type_id IS 'What it was.';
COMMENT ON COLUMN archived_resources.provider_endpoint_id IS 'Where it lived.';
COMMENT ON COLUMN archived_resources.datacenter_id IS 'In which datacenter it or its root stood, if that was known.';
COMMENT ON COLUMN archived_resources.address IS 'Its address when it was deleted.';
COMMENT ON COLUMN archived_resources.external_id IS 'The provider''s id; null where it had none.';
COMMENT ON COLUMN archived_resources.management IS 'managed, unmanaged or quarantined, as it was last.';
COMMENT ON COLUMN archived_resources.is_root IS 'False for a part.';
COMMENT ON COLUMN archived_resources.parent_id IS 'What contained it; null for a root.';
COMMENT ON COLUMN archived_resources.root_id IS 'The root that it was in; itself, where it was one.';
COMMENT ON COLUMN archived_resources.created_at IS 'When its row was first written.';
COMMENT ON COLUMN archived_resources.deleted_at IS 'When it was found or made to be gone.';
COMMENT ON COLUMN archived_resources.epoch IS 'The cluster that numbered the transaction that deleted it.';
COMMENT ON COLUMN archived_resources.xact IS
'That transaction, or where is_known is false, the last one that it can have been: no mark that does not see it can be read without the file.';
COMMENT ON COLUMN archived_resources.is_known IS
'False where the month of its deletion was in a file already, so that the transaction could not be told.';
COMMENT ON COLUMN archived_resources.archive_id IS 'The file that it is in, or was.';
COMMENT ON COLUMN archived_resources.restored_at IS 'When it was brought back; null while it is away.';
CREATE INDEX archived_resources_address ON archived_resources (address) WHERE restored_at IS NULL;
CREATE INDEX archived_resources_parent ON archived_resources (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX archived_resources_root ON archived_resources (root_id);
CREATE INDEX archived_resources_external_id ON archived_resources (provider_endpoint_id, external_id)
WHERE is_root AND external_id IS NOT NULL;
CREATE INDEX archived_resources_xact ON archived_resources (epoch, xact) WHERE restored_at IS NULL;
CREATE INDEX archived_resources_archive ON archived_resources (archive_id);
CREATE INDEX archived_resources_type ON archived_resources (resource_type_id);
CREATE INDEX archived_resources_datacenter ON archived_resources (datacenter_id) WHERE datacenter_id IS NOT NULL;

CREATE TABLE archive_moves (
    xact xid8 NOT NULL,
    CONSTRAINT archive_moves_pkey PRIMARY KEY (xact)
);

COMMENT ON TABLE archive_moves IS
'The transaction that moves rows between tables and files right now. None is ever committed, so nobody else sees a row. Written by begin_archive_move.';
COMMENT ON COLUMN archive_moves.xact IS 'The transaction.';

CREATE FUNCTION has_archive_move()
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT EXISTS (SELECT FROM archive_moves AS m WHERE m.xact = pg_current_xact_id_if_assigned())
$$;
COMMENT ON FUNCTION has_archive_move() IS 'Whether the owner of the tables said that this transaction moves rows.';

CREATE FUNCTION is_archive_move()
RETURNS boolean
LANGUAGE sql STABLE
-- The setting alone is nobody's word: it spares every other transaction the look into the table.
RETURN coalesce(current_setting('reconciler.archive', TRUE), '') = 'moving' AND has_archive_move();
COMMENT ON FUNCTION is_archive_move() IS
'Whether rows are being taken out into a file or put back, which is no change of what they say. For triggers.';

CREATE FUNCTION begin_archive_move()
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  INSERT INTO archive_moves (xact) VALUES (pg_current_xact_id());
  PERFORM set_config('reconciler.archive', 'moving', TRUE);
END
$$;
COMMENT ON FUNCTION begin_archive_move() IS 'From here on the transaction moves rows. For the tables'' owner.';

CREATE FUNCTION end_archive_move()
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM set_config('reconciler.archive', '', TRUE);
  DELETE FROM archive_moves WHERE xact = pg_current_xact_id();
END
$$;
COMMENT ON FUNCTION end_archive_move() IS 'From here on it changes what it writes, as any other.';

CREATE FUNCTION address_of(p_resource bigint)
RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT coalesce(
    (SELECT r.address FROM public.resources AS r WHERE r.id = p_resource),
    (SELECT a.address FROM public.archived_resources AS a WHERE a.id = p_resource AND a.restored_at IS NULL)
  )
$$;
COMMENT ON FUNCTION address_of(bigint) IS
'The address of a resource or part, also of one that is in the archive; null where there is none, or none that may be seen.';

REVOKE ALL ON FUNCTION begin_archive_move(), end_archive_move() FROM public;
-- How deleted resources go into files and come back (26_resource_archive.sql): which rows those are, and when they may go.
-- All but what only reads is for the tables' owner.

CREATE FUNCTION archived_tables()
RETURNS TABLE (place integer, table_name text, belongs text)
LANGUAGE sql IMMUTABLE
AS $$
  VALUES
  (1, 'resources', 'id = ANY($1)'),
  (2, 'resource_attributes', 'resource_id = ANY($1)'),
  (3, 'resource_pending_attributes', 'resource_id = ANY($1)'),
  (4, 'resource_tags', 'resource_id = ANY($1)'),
  (5, 'resource_relationships', 'child_resource_id = ANY($1)'),
  (6, 'resource_failures', 'resource_id = ANY($1)'),
  (7, 'resource_operations', 'resource_id = ANY($1)'),
  (8, 'resource_operation_calls', 'operation_id IN (SELECT o.id FROM public.resource_operations AS o WHERE o.resource_id = ANY($1))'),
  (9, 'resource_operation_tasks', 'operation_id IN (SELECT o.id FROM public.resource_operations AS o WHERE o.resource_id = ANY($1))'),
  (10, 'resource_operation_results', 'operation_id IN (SELECT o.id FROM public.resource_operations AS o WHERE o.resource_id = ANY($1))'),
  (11, 'observed_tasks', 'resource_id = ANY($1)')
$$;
COMMENT ON FUNCTION archived_tables() IS
'What leaves with a resource, in the order in which it comes back, and which rows are a resource''s ($1: ids). The extension tables follow by themselves.';

CREATE FUNCTION tree_of(p_resource bigint)
RETURNS TABLE (id bigint)
LANGUAGE sql STABLE
AS $$
  WITH RECURSIVE whole AS (
    SELECT p_resource AS id
    UNION
    SELECT rr.child_resource_id
    FROM whole AS w
    INNER JOIN public.resource_relationships AS rr ON w.id = rr.parent_resource_id
    WHERE rr.relationship_type_id = 1
  )

  SELECT w.id FROM whole AS w
$$;
COMMENT ON FUNCTION tree_of(bigint) IS 'A resource and all that it contains, be it alive or not.';

CREATE FUNCTION is_archivable(p_resource bigint, p_before timestamptz)
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT NOT EXISTS (
    SELECT
    FROM tree_of(p_resource) AS t
    INNER JOIN resources AS r ON t.id = r.id
    WHERE
      r.deleted_at IS NULL OR r.deleted_at >= p_before OR r.claimed_by IS NOT NULL
      -- What is in doubt may still be looked for.
      OR EXISTS (
        SELECT FROM resource_operations AS o
        WHERE o.resource_id = r.id AND o.status NOT IN ('done', 'failed', 'interrupted')
      )
      OR EXISTS (
        SELECT FROM resource_relationships AS rr
        WHERE (rr.child_resource_id = r.id OR rr.parent_resource_id = r.id) AND rr.relationship_type_id <> 1
      )
  )
$$;
COMMENT ON FUNCTION is_archivable(bigint, timestamptz) IS
'Whether a resource and all its parts were deleted before an instant, and nothing is under way or tied to them.';

CREATE FUNCTION copy_archived_statement(p_table text, p_ids bigint[])
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT format(
    'COPY (SELECT %s FROM public.%I WHERE %s ORDER BY %s) TO STDOUT (FORMAT csv, HEADER, ENCODING ''UTF8'')',
    copy_columns(format('public.%I', t.table_name)::regclass), t.table_name,
    replace(t.belongs, '$1', format('%L::bigint[]', p_ids)),
    (
      SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place)
      FROM pg_index AS i
      CROSS JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (number, place)
      INNER JOIN pg_attribute AS a ON i.indrelid = a.attrelid AND k.number = a.attnum
      WHERE i.indrelid = format('public.%I', t.table_name)::regclass AND i.indisprimary
    )
  )
  FROM archived_tables() AS t
  WHERE t.table_name = p_table
$$;
COMMENT ON FUNCTION copy_archived_statement(text, bigint[]) IS
'The statement that gives the rows of resources as CSV in the order of their key: the same rows, the same bytes.';

CREATE FUNCTION lock_archived(p_ids bigint[])
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '500ms'
AS $$
DECLARE
  v_each record;
BEGIN
  -- No row can come to a resource that is locked so, because of the foreign keys.
  FOR v_each IN SELECT t.table_name, t.belongs FROM archived_tables() AS t ORDER BY t.place LOOP
    EXECUTE format('SELECT FROM public.%I WHERE %s FOR UPDATE', v_each.table_name, v_each.belongs) USING p_ids;
  END LOOP;
END
$$;
COMMENT ON FUNCTION lock_archived(bigint[]) IS
'Locks every row that leaves with these resources, so that they can be compared with a file and then taken out.';

CREATE FUNCTION remove_archived(
    p_archive bigint, p_ids bigint[], p_file text, p_rows bigint, p_bytes bigint, p_sha256 bytea
)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_each record;
  v_count bigint;
  v_removed bigint := 0;
BEGIN
  INSERT INTO archived_resources AS a (
    id, uid, resource_type_id, provider_endpoint_id, datacenter_id, address, external_id, management, is_root, parent_id,
    root_id, created_at, deleted_at, epoch, xact, is_known, archive_id
  )
  SELECT
    r.id, r.uid, r.resource_type_id, r.provider_endpoint_id, coalesce(r.datacenter_id, root.datacenter_id), r.address,
    r.external_id, r.management, r.is_root, tie.parent_resource_id, root.id, r.created_at, r.deleted_at,
    coalesce(known.epoch, month.last_epoch, current_epoch()), coalesce(known.xact, month.last_xact, pg_current_xact_id()),
    known.xact IS NOT NULL, p_archive
  FROM resources AS r
  LEFT JOIN resource_relationships AS tie ON r.id = tie.child_resource_id AND tie.relationship_type_id = 1
  CROSS JOIN LATERAL (
    WITH RECURSIVE above AS (
      SELECT r.id
      UNION
      SELECT rr.parent_resource_id
      FROM above AS w
      INNER JOIN resource_relationships AS rr ON w.id = rr.child_resource_id AND rr.relationship_type_id = 1
    )

    SELECT w.id, top.datacenter_id
    FROM above AS w
    INNER JOIN resources AS top ON w.id = top.id
    WHERE NOT EXISTS (
      SELECT FROM resource_relationships AS rr WHERE rr.child_resource_id = w.id AND rr.relationship_type_id = 1
    )
    LIMIT 1
  ) AS root
  LEFT JOIN LATERAL (
    SELECT s.epoch, s.xact
    FROM resource_history AS h
    INNER JOIN changesets AS s ON h.changed_at = s.changed_at AND h.changeset_id = s.id
    WHERE h.resource_id = r.id AND h.deleted_at IS NOT NULL AND h.old_deleted_at IS NULL
    ORDER BY h.change DESC LIMIT 1
  ) AS known ON TRUE
  LEFT JOIN LATERAL (
    SELECT m.last_epoch, m.last_xact
    FROM history_archives AS m
    WHERE
      m.history = 'changesets' AND m.restored_at IS NULL AND m.last_xact IS NOT NULL
      AND r.deleted_at >= m.from_at AND r.deleted_at < m.to_at
    ORDER BY m.last_epoch DESC, m.last_xact DESC LIMIT 1
  ) AS month ON TRUE
  WHERE r.id = ANY(p_ids)
  ON CONFLICT (id) DO UPDATE
  SET
    datacenter_id = excluded.datacenter_id, address = excluded.address, external_id = excluded.external_id,
    management = excluded.management, parent_id = excluded.parent_id, root_id = excluded.root_id,
    deleted_at = excluded.deleted_at, epoch = excluded.epoch, xact = excluded.xact, is_known = excluded.is_known,
    archive_id = excluded.archive_id, restored_at = NULL
  WHERE a.restored_at IS NOT NULL;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  IF v_count <> cardinality(p_ids) THEN
    RAISE EXCEPTION '% resources would leave, and % of them can', cardinality(p_ids), v_count
      USING ERRCODE = 'RC023', HINT = 'Nothing was taken out. What hangs in a circle, reconciler db doctor names.';
  END IF;
  PERFORM begin_archive_move();
  FOR v_each IN SELECT t.table_name, t.belongs FROM archived_tables() AS t ORDER BY t.place DESC LOOP
    EXECUTE format('DELETE FROM public.%I WHERE %s', v_each.table_name, v_each.belongs) USING p_ids;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_removed := v_removed + v_count;
  END LOOP;
  PERFORM end_archive_move();
  IF v_removed <> p_rows THEN
    RAISE EXCEPTION 'the file has % rows, and % would leave the tables', p_rows, v_removed
      USING ERRCODE = 'RC023', HINT = 'Nothing was taken out. Run it again.';
  END IF;
  UPDATE resource_archives AS f
  SET
    file = p_file, removed_at = clock_timestamp(), row_count = p_rows, byte_count = p_bytes, sha256 = p_sha256,
    resource_count = cardinality(p_ids), first_deleted_at = span.first_at, last_deleted_at = span.last_at
  FROM (
    SELECT min(a.deleted_at) AS first_at, max(a.deleted_at) AS last_at
    FROM archived_resources AS a WHERE a.archive_id = p_archive
  ) AS span
  WHERE f.id = p_archive AND f.removed_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the archive % was ended by another', p_archive
      USING ERRCODE = 'RC023', HINT = 'Nothing was taken out. Run it again.';
  END IF;
END
$$;
COMMENT ON FUNCTION remove_archived(bigint, bigint[], text, bigint, bigint, bytea) IS
'Takes resources out of all tables, and writes down in which file they are. Whoever calls it has locked their rows and compared them with the file.';

CREATE FUNCTION begin_restore_resources(p_sha256 bytea)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_archive CONSTANT bigint := (
    SELECT f.id FROM resource_archives AS f
    WHERE f.sha256 = p_sha256 AND f.restored_at IS NULL ORDER BY f.id DESC LIMIT 1 FOR UPDATE
  );
  v_whole record;
BEGIN
  IF v_archive IS NULL THEN
    RAISE EXCEPTION 'nothing of that file is away: its resources are in the database, or in another file'
      USING ERRCODE = 'RC023', HINT = 'What is away, and in which file: reconciler db archive list';
  END IF;
  SELECT whole.address, f.file INTO v_whole
  FROM archived_resources AS a
  INNER JOIN archived_resources AS whole ON a.parent_id = whole.id AND whole.restored_at IS NULL
  INNER JOIN resource_archives AS f ON whole.archive_id = f.id
  WHERE a.archive_id = v_archive AND whole.archive_id <> v_archive
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'it has parts of %, which is in another file', v_whole.address
      USING ERRCODE = 'RC023', HINT = format('First: reconciler db archive restore %s', v_whole.file);
  END IF;
  PERFORM begin_archive_move();
  RETURN v_archive;
END
$$;
COMMENT ON FUNCTION begin_restore_resources(bytea) IS
'The archive that a file is, by its hash, where it is away and can come back. From here on the transaction moves rows.';

CREATE FUNCTION stage_archived_statement(p_table text, p_columns text[])
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM archived_tables() AS t WHERE t.table_name = p_table) THEN
    RAISE EXCEPTION 'the file has rows of %, and no such table comes from files', p_table
      USING ERRCODE = 'RC023', HINT = 'Restore it with the version of reconciler that wrote it, or load it by hand: it is CSV.';
  END IF;
  -- Without the constraints: columns that the file does not have are filled later.
  EXECUTE format(
    'CREATE TEMPORARY TABLE restored_%s ON COMMIT DROP AS SELECT * FROM public.%I WITH NO DATA', p_table, p_table
  );
  RETURN replace(copy_in_statement(p_table, p_columns), format('COPY public.%I', p_table), format('COPY pg_temp.restored_%s', p_table));
END
$$;
COMMENT ON FUNCTION stage_archived_statement(text, text[]) IS
'Makes the table of the session''s own that a file''s rows of a table go into, and gives the statement for it: tables with policies take no COPY.';

CREATE FUNCTION take_archived(p_table text, p_columns text[])
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_columns CONSTANT text := (
    SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.place) FROM unnest(p_columns) WITH ORDINALITY AS c (name, place)
  );
  v_count bigint;
BEGIN
  EXECUTE format(
    'INSERT INTO public.%I (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM pg_temp.restored_%s', p_table, v_columns, v_columns, p_table
  );
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END
$$;
COMMENT ON FUNCTION take_archived(text, text[]) IS 'Puts the rows back that were staged for a table. Gives how many.';

CREATE FUNCTION end_restore_resources(p_archive bigint)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM end_archive_move();
  UPDATE archived_resources SET restored_at = clock_timestamp() WHERE archive_id = p_archive AND restored_at IS NULL;
  UPDATE resource_archives SET restored_at = clock_timestamp() WHERE id = p_archive;
END
$$;
COMMENT ON FUNCTION end_restore_resources(bigint) IS 'Writes down that the resources of a file are here again.';

CREATE FUNCTION is_whole(p_mark bigint, p_resources bigint[] DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
DECLARE
  v_lived record;
BEGIN
  IF p_mark IS NULL THEN
    RETURN TRUE;
  END IF;
  SELECT min(found.address) AS address, count(DISTINCT found.address) AS number, string_agg(DISTINCT found.file, ' ') AS files
  INTO v_lived
  FROM (
    SELECT a.address, f.file
    FROM marks AS m
    INNER JOIN archived_resources AS a ON (a.epoch, a.xact) >= (m.epoch, pg_snapshot_xmin(m.snapshot))
    INNER JOIN resource_archives AS f ON a.archive_id = f.id
    WHERE
      m.id = p_mark AND a.restored_at IS NULL
      AND (NOT a.is_known OR a.epoch > m.epoch OR NOT pg_visible_in_snapshot(a.xact, m.snapshot))
      -- Not what came later, nor what had left before the mark.
      AND a.created_at <= m.taken_at AND f.removed_at >= m.taken_at
      AND (p_resources IS NULL OR a.id = ANY(p_resources) OR a.root_id = ANY(p_resources))
  ) AS found;
  IF v_lived.number > 0 THEN
    RAISE EXCEPTION '%', CASE v_lived.number
      WHEN 1 THEN format('%s lived at that time and is in the archive', v_lived.address)
      ELSE format('%s and %s more that lived at that time are in the archive', v_lived.address, v_lived.number - 1)
    END
      USING ERRCODE = 'RC023', HINT = format('Bring it back: reconciler db archive restore %s', v_lived.files);
  END IF;
  RETURN TRUE;
END
$$;
COMMENT ON FUNCTION is_whole(bigint, bigint[]) IS
'True where no archived resource lived as of a mark, or none of these and of their parts; raises RC023 otherwise.';

REVOKE ALL ON FUNCTION
copy_archived_statement(text, bigint[]), lock_archived(bigint[]),
remove_archived(bigint, bigint[], text, bigint, bigint, bytea), begin_restore_resources(bytea),
stage_archived_statement(text, text[]), take_archived(text, text[]), end_restore_resources(bigint) FROM public;
-- How rows come in by COPY, which PostgreSQL refuses for a table with policies: into a table of the session's own, and
-- from there by one INSERT, which the policies, the constraints and the triggers judge. Both functions have the rights of
-- whoever calls them, and no more.

CREATE FUNCTION staged_copy(p_copy text, OUT table_name text, OUT columns text)
LANGUAGE sql IMMUTABLE
AS $$
  SELECT m[1], m[2] FROM regexp_match(p_copy, '^\s*COPY staged_(\w+) \(([\w\s,]+)\) FROM STDIN$', 'n') AS m
$$;
COMMENT ON FUNCTION staged_copy(text) IS
'The table and the columns that a COPY into a staged table is for; both null where it is none.';

CREATE FUNCTION stage(p_copy text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  v_table text := (public.staged_copy(p_copy)).table_name;
BEGIN
  IF to_regclass('pg_temp.staged_' || v_table) IS NULL THEN
    EXECUTE format(
      'CREATE TEMPORARY TABLE staged_%s ON COMMIT DELETE ROWS AS SELECT * FROM public.%I WITH NO DATA', v_table, v_table
    );
  END IF;
END
$$;
COMMENT ON FUNCTION stage(text) IS
'Makes the session''s own table that a COPY goes into, unless it is there. It is empty after each transaction.';

CREATE FUNCTION take_staged(p_copy text)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
  v_copy record := public.staged_copy(p_copy);
  v_count bigint;
BEGIN
  EXECUTE format(
    'INSERT INTO public.%I (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM pg_temp.staged_%s',
    v_copy.table_name, v_copy.columns, v_copy.columns, v_copy.table_name
  );
  GET DIAGNOSTICS v_count = ROW_COUNT;
  EXECUTE format('TRUNCATE pg_temp.staged_%s', v_copy.table_name);
  RETURN v_count;
END
$$;
COMMENT ON FUNCTION take_staged(text) IS
'Writes what a COPY brought into the table that it is for, and empties the staged one. Gives the number of rows.';
-- Planners preview, and commit nothing. A preview is an apply that is rolled back, so a planner may write what one
-- writes; whatever it wrote is refused when its transaction would become lasting.

CREATE TABLE rehearsals (
    xact xid8 NOT NULL,
    CONSTRAINT rehearsals_pkey PRIMARY KEY (xact)
);

COMMENT ON TABLE rehearsals IS
'Transactions in which a planner wrote something. None is ever committed, so nobody sees a row. Written by triggers.';
COMMENT ON COLUMN rehearsals.xact IS
'The transaction.';

CREATE FUNCTION is_planner()
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT
    pg_has_role(current_user, 'reconciler_planner', 'USAGE')
    AND NOT pg_has_role(current_user, 'reconciler_runtime', 'USAGE')
$$;
COMMENT ON FUNCTION is_planner() IS
'Whether whoever writes now may do so as a planner alone.';

CREATE FUNCTION note_rehearsal()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  INSERT INTO rehearsals (xact) VALUES (pg_current_xact_id()) ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION note_rehearsal() IS 'Notes that a planner wrote something in this transaction.';

CREATE FUNCTION refuse_commit()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'the database role of % is that of a planner: it previews, and keeps nothing that it writes', session_user
    USING ERRCODE = 'RC020', HINT = 'Ask whoever runs the program to do it; the role for that is reconciler_runtime.';
END
$$;
COMMENT ON FUNCTION refuse_commit() IS 'Refuses the commit of a transaction in which a planner wrote something.';

CREATE CONSTRAINT TRIGGER refuse_commit AFTER INSERT ON rehearsals DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse_commit();

CREATE FUNCTION mark_rehearsals()
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  v_table regclass;
BEGIN
  FOR v_table IN
    SELECT c.oid FROM pg_class AS c
    WHERE
      c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND (
        has_table_privilege('reconciler_planner', c.oid, 'DELETE')
        OR has_any_column_privilege('reconciler_planner', c.oid, 'INSERT, UPDATE')
      )
      AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = 'note_rehearsal')
  LOOP
    EXECUTE format(
      'CREATE TRIGGER note_rehearsal AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT WHEN (public.is_planner()) '
      'EXECUTE FUNCTION public.note_rehearsal()', v_table
    );
  END LOOP;
END
$$;
COMMENT ON FUNCTION mark_rehearsals() IS
'Puts the trigger that keeps planners from committing on every table that they may write. For the owner, after grants.';
REVOKE ALL ON FUNCTION mark_rehearsals() FROM public;
-- The commits of a step, each by one function: what it rests on is checked and what follows is written where the rows are,
-- so that a commit costs one statement. Who acts and why are parameters, because the statement is the whole transaction.
-- Whoever has lost the resource to another worker is refused with RC031, and nothing is written.

CREATE FUNCTION act_as(p_actor text, p_reason text, p_cause text, p_operation text, p_revision text)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM
    set_config('reconciler.actor', p_actor, TRUE), set_config('reconciler.reason', p_reason, TRUE),
    set_config('reconciler.cause', p_cause, TRUE), set_config('reconciler.operation', p_operation, TRUE),
    set_config('reconciler.revision', p_revision, TRUE);
END
$$;
COMMENT ON FUNCTION act_as(text, text, text, text, text) IS
'Tells the histories who acts and why, until the transaction ends. What is empty is not said.';

CREATE FUNCTION refuse_lost_claim(p_operation uuid)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'operation % was taken over by another worker; nothing was written', p_operation
    USING ERRCODE = 'RC031';
END
$$;
COMMENT ON FUNCTION refuse_lost_claim(uuid) IS
'Refuses a write of a worker that has lost its claim.';

CREATE FUNCTION claim_resource(
    p_resource_id bigint, p_worker uuid, p_address text, p_expected_version bigint, p_state text, p_is_made_anew boolean
)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_epoch bigint;
  v_holder record;
BEGIN
  UPDATE resources AS r
  SET
    claim_epoch = r.claim_epoch + 1,
    claimed_by = p_worker,
    claimed_at = now(),
    -- What leaves the quarantine shows its state when it is next seen.
    state_id = coalesce(
      (
        SELECT st.id FROM resource_states AS st
        WHERE
          st.name = p_state
          AND r.state_id <> (SELECT was.id FROM resource_states AS was WHERE was.name = 'quarantined')
      ),
      r.state_id
    ),
    external_id = CASE WHEN p_is_made_anew THEN NULL ELSE r.external_id END
  WHERE
    r.id = p_resource_id
    AND (p_expected_version IS NULL OR r.version = p_expected_version)
    AND (
      r.claimed_by IS NULL
      OR r.claimed_by = p_worker
      OR (SELECT pg_try_advisory_xact_lock(w.lock_key) FROM workers AS w WHERE w.id = r.claimed_by)
    )
  RETURNING r.claim_epoch INTO v_epoch;
  IF FOUND THEN
    RETURN v_epoch;
  END IF;
  SELECT r.version, w.host, w.pid, r.claimed_at INTO v_holder
  FROM resources AS r LEFT JOIN workers AS w ON r.claimed_by = w.id
  WHERE r.id = p_resource_id;
  IF v_holder.version <> p_expected_version THEN
    RAISE EXCEPTION '% changed after the plan was made', p_address USING ERRCODE = 'RC030', HINT = 'plan again';
  END IF;
  RAISE EXCEPTION '% is being worked on by %', p_address,
    CASE
      WHEN v_holder.host IS NULL THEN 'another worker'
      ELSE format(
        'process %s on %s since %s UTC', v_holder.pid, v_holder.host,
        to_char(v_holder.claimed_at AT TIME ZONE 'UTC', 'HH24:MI:SS')
      )
    END
    USING ERRCODE = 'RC031', HINT = 'wait for it; nothing needs unlocking';
END
$$;
COMMENT ON FUNCTION claim_resource(bigint, uuid, text, bigint, text, boolean) IS
'Takes a resource for a worker, if it is as the plan saw it (null: however it is) and nobody who is alive holds it. Gives the new epoch, which fences everybody else. It has the state from then on, if one is given; what is made anew has no object any more.';
REVOKE ALL ON FUNCTION claim_resource(bigint, uuid, text, bigint, text, boolean) FROM public;

CREATE FUNCTION next_reserved_id(p_endpoint_id integer, p_low bigint, p_high bigint)
RETURNS bigint
LANGUAGE sql STABLE
AS $$
  -- One after another is tried, from the last that was given out, and each is a look into an index.
  WITH RECURSIVE given AS (
    SELECT max(last.id) AS id
    FROM (
      SELECT res.external_id::bigint AS id
      FROM public.external_id_reservations AS res
      WHERE
        res.provider_endpoint_id = p_endpoint_id
        AND res.external_id ~ '^[0-9]{1,18}$'
        AND res.external_id::bigint BETWEEN p_low AND p_high
      ORDER BY res.external_id::bigint DESC
      LIMIT 1
    ) AS last
  ),

  candidate (id, is_used) AS (
    SELECT coalesce(given.id, p_low - 1), TRUE FROM given
    UNION ALL
    SELECT
      next.id,
      EXISTS (
        SELECT FROM public.resources AS r
        WHERE r.provider_endpoint_id = p_endpoint_id AND r.is_root AND r.external_id = next.id::text
      )
      OR EXISTS (
        SELECT FROM public.archived_resources AS a
        WHERE a.provider_endpoint_id = p_endpoint_id AND a.is_root AND a.external_id = next.id::text
      )
    FROM (SELECT c.id + 1 AS id FROM candidate AS c WHERE c.is_used AND c.id < p_high) AS next
  )

  SELECT c.id FROM candidate AS c WHERE NOT c.is_used
$$;
COMMENT ON FUNCTION next_reserved_id(integer, bigint, bigint) IS
'The first id of a range at an endpoint that was never given out and that nothing is known to use; null where none is left.';

CREATE FUNCTION reserve_external_id(p_resource_id bigint, p_low bigint, p_high bigint, p_is_another boolean)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_resource record;
  v_chosen text;
BEGIN
  SELECT r.uid, r.provider_endpoint_id, r.resource_type_id, e.name AS endpoint INTO STRICT v_resource
  FROM resources AS r JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
  WHERE r.id = p_resource_id;
  PERFORM pg_advisory_xact_lock(hashtextextended('external id at ' || v_resource.endpoint, 0));
  IF NOT p_is_another THEN
    SELECT last.external_id INTO v_chosen
    FROM (
      SELECT res.external_id
      FROM external_id_reservations AS res
      WHERE
        res.resource_uid = v_resource.uid
        AND res.provider_endpoint_id = v_resource.provider_endpoint_id
        AND res.resource_type_id = v_resource.resource_type_id
      ORDER BY res.external_id::bigint DESC
      LIMIT 1
    ) AS last
    WHERE
      last.external_id::bigint BETWEEN p_low AND p_high
      AND NOT EXISTS (
        SELECT FROM resource_history AS h
        WHERE h.resource_id = p_resource_id AND h.external_id = last.external_id
      )
      AND NOT EXISTS (
        SELECT
        FROM resource_operation_results AS found JOIN resource_operations AS o ON found.operation_id = o.id
        WHERE
          o.resource_id = p_resource_id AND found.name = 'external_id' AND found.value_string = last.external_id
      );
    IF FOUND THEN
      RETURN v_chosen;
    END IF;
  END IF;
  v_chosen := next_reserved_id(v_resource.provider_endpoint_id, p_low, p_high)::text;
  IF v_chosen IS NULL THEN
    RAISE EXCEPTION '%: no id is left between % and %', v_resource.endpoint, p_low, p_high
      USING ERRCODE = 'RC030', HINT = 'widen the endpoint''s id range in its settings';
  END IF;
  INSERT INTO external_id_reservations (provider_endpoint_id, resource_type_id, external_id, resource_uid)
  VALUES (v_resource.provider_endpoint_id, v_resource.resource_type_id, v_chosen, v_resource.uid);
  RETURN v_chosen;
END
$$;
COMMENT ON FUNCTION reserve_external_id(bigint, bigint, bigint, boolean) IS
'The id for an object to be made: the one that was last chosen for its resource, if no object was ever known by it (a creation that was cut off is sent again with the same identity, so that there cannot be two); or a new one. Where another is asked for, always a new one.';
REVOKE ALL ON FUNCTION reserve_external_id(bigint, bigint, bigint, boolean) FROM public;

CREATE FUNCTION resource_to_work_on(p_uid uuid, p_address text, p_spec_hash bytea)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_id bigint;
BEGIN
  IF p_uid IS NOT NULL THEN
    SELECT r.id INTO v_id FROM resources AS r WHERE r.uid = p_uid AND r.deleted_at IS NULL;
  ELSE
    INSERT INTO resources (
      resource_type_id, provider_endpoint_id, address, name, state_id, management, presence, is_root, source_id,
      prevent_destroy, on_remove, allow_downtime, replace_policy, create_before_destroy, location_id, datacenter_id
    )
    SELECT
      d.resource_type_id, d.provider_endpoint_id, d.address, d.name, st.id, 'managed', 'absent', TRUE, d.source_id,
      d.prevent_destroy, d.on_remove, d.allow_downtime, d.replace_policy, d.create_before_destroy, l.id, dc.id
    FROM desired_resources AS d
    JOIN resource_states AS st ON st.name = 'pending'
    LEFT JOIN locations AS l ON d.location = l.name
    LEFT JOIN datacenters AS dc ON d.datacenter = dc.name
    WHERE
      d.valid_to_revision IS NULL AND d.parent_id IS NULL AND d.address = p_address AND d.spec_hash = p_spec_hash
    -- Another worker was faster with the same resource: then there is nothing to begin.
    ON CONFLICT (address) WHERE deleted_at IS NULL AND management <> 'unmanaged' DO NOTHING
    RETURNING id INTO v_id;
  END IF;
  IF v_id IS NULL THEN
    RAISE EXCEPTION '% is not what the plan was made for any more', p_address
      USING ERRCODE = 'RC030', HINT = 'plan again';
  END IF;
  RETURN v_id;
END
$$;
COMMENT ON FUNCTION resource_to_work_on(uuid, text, bytea) IS
'The live row of a uid; without one a new row for what manifests want at an address, as that specification has it.';
REVOKE ALL ON FUNCTION resource_to_work_on(uuid, text, bytea) FROM public;

CREATE FUNCTION take_over_object(p_resource_id bigint, p_address text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_before text;
BEGIN
  SELECT r.address INTO STRICT v_before FROM resources AS r WHERE r.id = p_resource_id;
  -- A row that never had an object makes room for the one that is taken over at its address.
  UPDATE resources AS r
  SET deleted_at = now(), presence = 'absent', state_id = st.id
  FROM resource_states AS st
  WHERE
    r.address = p_address AND r.deleted_at IS NULL AND r.management = 'managed' AND r.presence = 'absent'
    AND r.external_id IS NULL AND r.claimed_by IS NULL AND st.name = 'deleted';
  UPDATE resources AS r
  SET
    address = d.address,
    management = 'managed',
    source_id = d.source_id,
    prevent_destroy = d.prevent_destroy,
    on_remove = d.on_remove,
    allow_downtime = d.allow_downtime,
    replace_policy = d.replace_policy,
    create_before_destroy = d.create_before_destroy,
    location_id = l.id,
    datacenter_id = dc.id
  FROM desired_resources AS d
  LEFT JOIN locations AS l ON d.location = l.name
  LEFT JOIN datacenters AS dc ON d.datacenter = dc.name
  WHERE
    r.id = p_resource_id AND r.deleted_at IS NULL AND r.management <> 'managed'
    AND d.valid_to_revision IS NULL AND d.parent_id IS NULL AND d.address = p_address
    -- Another worker was faster, and makes an object of that address.
    AND NOT EXISTS (
      SELECT FROM resources AS other
      WHERE
        other.address = p_address AND other.deleted_at IS NULL AND other.management <> 'unmanaged'
        AND other.id <> r.id
    );
  IF NOT FOUND THEN
    RAISE EXCEPTION '% is not what the plan was made for any more', p_address
      USING ERRCODE = 'RC030', HINT = 'plan again';
  END IF;
  IF v_before = p_address THEN
    RETURN;
  END IF;
  -- Its parts follow it to the other address, and so does what points at it, which is recorded by address.
  UPDATE resources AS r
  SET address = p_address || substr(r.address, length(v_before) + 1)
  FROM resource_relationships AS rr
  WHERE
    rr.parent_resource_id = p_resource_id AND rr.relationship_type_id = 1 AND r.id = rr.child_resource_id
    AND r.deleted_at IS NULL AND starts_with(r.address, v_before || '/');
  UPDATE resource_attributes AS a
  SET value_string = p_address
  FROM resource_relationships AS rr, attribute_definitions AS ad
  WHERE
    rr.parent_resource_id = p_resource_id AND a.resource_id = rr.child_resource_id
    AND a.attribute_definition_id = ad.id AND ad.format = 'reference' AND a.value_string = v_before
    AND a.value_target_type IS NULL;
END
$$;
COMMENT ON FUNCTION take_over_object(bigint, text) IS
'An object that was nobody''s becomes the managed resource of an address, and so does what hangs on it.';
REVOKE ALL ON FUNCTION take_over_object(bigint, text) FROM public;

CREATE FUNCTION objects_at(p_addresses text[])
RETURNS TABLE (address text, external_id text, provider_endpoint_id integer)
LANGUAGE sql STABLE
AS $$
  -- An object that is not ours counts where nothing of ours has its address and no other shares it: a resource of ours
  -- may have to let go of it.
  SELECT r.address, min(r.external_id), min(r.provider_endpoint_id)
  FROM public.resources AS r
  WHERE
    r.deleted_at IS NULL AND r.is_root AND r.address = ANY(p_addresses)
    AND (
      r.management = 'managed'
      OR NOT EXISTS (
        SELECT FROM public.resources AS ours
        WHERE ours.address = r.address AND ours.deleted_at IS NULL AND ours.management = 'managed'
      )
    )
  GROUP BY r.address
  HAVING count(*) = 1
$$;
COMMENT ON FUNCTION objects_at(text[]) IS
'What stands for an address in a call: the provider''s id of the object there, null while it has none, and its endpoint.';

CREATE FUNCTION step_intended(
    p_actor text, p_reason text, p_cause text, p_cause_operation text, p_revision text,
    p_operation uuid, p_action text, p_uid uuid, p_address text, p_spec_hash bytea, p_expected_version bigint,
    p_worker uuid, p_plan_step_id bigint, p_revision_id bigint, p_request_hash bytea, p_name text,
    p_low bigint, p_high bigint, p_addresses text[]
)
RETURNS TABLE (
    resource_id bigint, uid uuid, epoch bigint, reserved text, external_id text, is_repeated boolean,
    address text[], address_id text[], is_here boolean[]
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  v_id bigint;
  v_epoch bigint;
  v_reserved text;
  v_status text;
  v_is_repeated boolean;
BEGIN
  PERFORM act_as(p_actor, p_reason, p_cause, p_cause_operation, p_revision);
  v_id := resource_to_work_on(p_uid, p_address, p_spec_hash);
  v_epoch := claim_resource(
    v_id, p_worker, p_address, p_expected_version,
    CASE p_action
      WHEN 'create' THEN 'creating' WHEN 'delete' THEN 'deleting' WHEN 'adopt' THEN NULL WHEN 'forget' THEN NULL
      ELSE 'updating'
    END,
    p_action = 'create'
  );
  SELECT o.status INTO v_status
  FROM resource_operations AS o
  WHERE o.resource_id = v_id AND o.status IN ('intended', 'sending', 'accepted');
  IF FOUND THEN
    RAISE EXCEPTION '%: its last operation is still open (%)', p_address, v_status
      USING ERRCODE = 'RC031', HINT = 'it is looked at again before the next plan; nothing needs unlocking';
  END IF;
  IF p_action = 'adopt' THEN
    PERFORM take_over_object(v_id, p_address);
    UPDATE resources AS r
    SET state_id = st.id
    FROM resource_states AS st
    WHERE
      r.id = v_id AND st.name = 'updating'
      -- What leaves the quarantine shows its state when it is next seen.
      AND r.state_id <> (SELECT was.id FROM resource_states AS was WHERE was.name = 'quarantined');
  END IF;
  IF p_low IS NOT NULL THEN
    v_reserved := reserve_external_id(v_id, p_low, p_high, FALSE);
  END IF;
  SELECT o.status = 'done' AND s.desired_hash = p_spec_hash INTO v_is_repeated
  FROM resource_operations AS o LEFT JOIN plan_steps AS s ON o.plan_step_id = s.id
  WHERE o.resource_id = v_id
  ORDER BY o.intended_at DESC
  LIMIT 1;
  INSERT INTO resource_operations (
    id, resource_id, operation_type_id, plan_step_id, status, worker_id, claim_epoch, request_hash, identity,
    rests_on_version, actor, revision_id
  )
  SELECT
    p_operation, v_id, t.id, p_plan_step_id, 'intended', p_worker, v_epoch, p_request_hash,
    coalesce(v_reserved, p_name), p_expected_version, p_actor, p_revision_id
  FROM operation_types AS t
  WHERE t.name = p_action;
  RETURN QUERY
  SELECT
    v_id, r.uid, v_epoch, v_reserved, r.external_id, coalesce(v_is_repeated, FALSE), n.address, n.external_id, n.is_here
  FROM resources AS r
  CROSS JOIN LATERAL (
    SELECT
      array_agg(f.address) AS address,
      array_agg(f.external_id) AS external_id,
      array_agg(f.provider_endpoint_id = r.provider_endpoint_id) AS is_here
    FROM objects_at(p_addresses) AS f
  ) AS n
  WHERE r.id = v_id;
END
$$;
COMMENT ON FUNCTION step_intended(
    text, text, text, text, text, uuid, text, uuid, text, bytea, bigint, uuid, bigint, bigint, bytea, text, bigint, bigint,
    text[]
) IS
'T1 of a step: its row, its claim, the id reserved for its object (where a range is given), and the intent. Gives these, whether the operation before it did the same, and which objects stand at the addresses that its calls or its specification name; is_here says which of them are at the same endpoint.';
REVOKE ALL ON FUNCTION step_intended(
    text, text, text, text, text, uuid, text, uuid, text, bytea, bigint, uuid, bigint, bigint, bytea, text, bigint, bigint,
    text[]
) FROM public;

CREATE FUNCTION end_call(p_operation uuid, p_position smallint, p_status text, p_code text, p_message text)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  UPDATE resource_operation_calls
  SET status = p_status, finished_at = now(), error_code = p_code, error_message = p_message
  WHERE operation_id = p_operation AND position = p_position
$$;
COMMENT ON FUNCTION end_call(uuid, smallint, text, text, text) IS
'A call''s own end: done, failed, ambiguous or skipped.';
REVOKE ALL ON FUNCTION end_call(uuid, smallint, text, text, text) FROM public;

CREATE FUNCTION step_call_ended(
    p_actor text, p_reason text, p_cause text, p_cause_operation text, p_revision text,
    p_operation uuid, p_epoch bigint, p_position smallint, p_status text, p_code text, p_message text
)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM act_as(p_actor, p_reason, p_cause, p_cause_operation, p_revision);
  IF NOT EXISTS (
    SELECT FROM resource_operations AS o JOIN resources AS r ON o.resource_id = r.id
    WHERE o.id = p_operation AND r.claim_epoch = p_epoch
    FOR SHARE OF r
  ) THEN
    PERFORM refuse_lost_claim(p_operation);
  END IF;
  PERFORM end_call(p_operation, p_position, p_status, p_code, p_message);
END
$$;
COMMENT ON FUNCTION step_call_ended(
    text, text, text, text, text, uuid, bigint, smallint, text, text, text
) IS
'A call''s own end, where it is told by itself.';
REVOKE ALL ON FUNCTION step_call_ended(
    text, text, text, text, text, uuid, bigint, smallint, text, text, text
) FROM public;

CREATE FUNCTION step_sending(
    p_actor text, p_reason text, p_cause text, p_cause_operation text, p_revision text,
    p_operation uuid, p_epoch bigint, p_position smallint, p_ended smallint, p_addresses text[], p_ids text[],
    p_login_as text, p_login text
)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
  v_moved boolean;
BEGIN
  PERFORM act_as(p_actor, p_reason, p_cause, p_cause_operation, p_revision);
  SELECT bool_or(f.external_id IS DISTINCT FROM n.external_id) INTO v_moved
  FROM unnest(p_addresses, p_ids) AS n (address, external_id)
  LEFT JOIN objects_at(p_addresses) AS f ON n.address = f.address;
  IF v_moved THEN
    RETURN FALSE;
  END IF;
  UPDATE resource_operations AS o
  SET status = 'sending', current_call = p_position, sent_at = coalesce(o.sent_at, now())
  FROM resources AS r
  WHERE
    o.id = p_operation AND o.resource_id = r.id AND r.claim_epoch = p_epoch
    AND o.status IN ('intended', 'sending', 'accepted');
  IF NOT FOUND THEN
    PERFORM refuse_lost_claim(p_operation);
  END IF;
  IF p_ended IS NOT NULL THEN
    PERFORM end_call(p_operation, p_ended, 'done', NULL, NULL);
  END IF;
  INSERT INTO resource_operation_calls (operation_id, position, status) VALUES (p_operation, p_position, 'sending');
  IF p_login_as IS NOT NULL THEN
    INSERT INTO resource_operation_results (operation_id, name, data_type, value_string)
    VALUES (p_operation, p_login_as, 'string', p_login)
    ON CONFLICT (operation_id, name) DO UPDATE SET value_string = excluded.value_string;
  END IF;
  RETURN TRUE;
END
$$;
COMMENT ON FUNCTION step_sending(
    text, text, text, text, text, uuid, bigint, smallint, smallint, text[], text[], text, text
) IS
'T2 of a call: from here on it may have been sent. The call before it, if one is given, is done. False, and nothing is written, where another object than the one that the call is filled with stands at one of the addresses. The login that sends it is kept under the name that p_login_as gives.';
REVOKE ALL ON FUNCTION step_sending(
    text, text, text, text, text, uuid, bigint, smallint, smallint, text[], text[], text, text
) FROM public;

CREATE FUNCTION object_known(p_operation uuid, p_resource_id bigint, p_external_id text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_stranger bigint;
BEGIN
  -- Somebody else's look at the endpoint may have recorded our new object as nobody's, before its mark was on it; or
  -- as of unknown ownership, where the object that it replaces was still there. Now it is known whose it is.
  SELECT other.id INTO v_stranger
  FROM resources AS r
  JOIN resources AS other
    ON r.provider_endpoint_id = other.provider_endpoint_id AND r.resource_type_id = other.resource_type_id
  WHERE
    r.id = p_resource_id
    AND other.external_id = p_external_id
    AND other.id <> r.id
    AND other.is_root
    AND other.deleted_at IS NULL
    AND other.management IN ('unmanaged', 'quarantined');
  IF FOUND THEN
    UPDATE resources SET deleted_at = now() WHERE id = v_stranger;
  END IF;
  UPDATE resources SET external_id = p_external_id, presence = 'present' WHERE id = p_resource_id;
  IF p_operation IS NOT NULL THEN
    INSERT INTO resource_operation_results (operation_id, name, data_type, value_string)
    VALUES (p_operation, 'external_id', 'string', p_external_id)
    ON CONFLICT (operation_id, name) DO UPDATE SET value_string = excluded.value_string;
  END IF;
END
$$;
COMMENT ON FUNCTION object_known(uuid, bigint, text) IS
'A resource''s object is this one from now on; it is a result of the operation, if one is given.';
REVOKE ALL ON FUNCTION object_known(uuid, bigint, text) FROM public;

CREATE FUNCTION step_accepted(
    p_actor text, p_reason text, p_cause text, p_cause_operation text, p_revision text,
    p_operation uuid, p_epoch bigint, p_position smallint, p_external_id text, p_tasks text[]
)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
  v_id bigint;
BEGIN
  PERFORM act_as(p_actor, p_reason, p_cause, p_cause_operation, p_revision);
  UPDATE resource_operations AS o
  SET status = 'accepted', accepted_at = coalesce(o.accepted_at, now())
  FROM resources AS r
  WHERE o.id = p_operation AND o.resource_id = r.id AND r.claim_epoch = p_epoch AND o.status = 'sending'
  RETURNING r.id INTO v_id;
  IF NOT FOUND THEN
    PERFORM refuse_lost_claim(p_operation);
  END IF;
  UPDATE resource_operation_calls
  SET status = 'accepted', accepted_at = now()
  WHERE operation_id = p_operation AND position = p_position;
  IF cardinality(p_tasks) > 0 THEN
    INSERT INTO resource_operation_tasks (operation_id, call_position, task)
    SELECT p_operation, p_position, t.task FROM unnest(p_tasks) AS t (task)
    ON CONFLICT DO NOTHING;
  END IF;
  IF p_external_id IS NOT NULL THEN
    PERFORM object_known(p_operation, v_id, p_external_id);
  END IF;
END
$$;
COMMENT ON FUNCTION step_accepted(
    text, text, text, text, text, uuid, bigint, smallint, text, text[]
) IS
'T3 of a call: the provider took it. Its object''s id, where it made one, and its tasks are known before any waiting.';
REVOKE ALL ON FUNCTION step_accepted(
    text, text, text, text, text, uuid, bigint, smallint, text, text[]
) FROM public;

CREATE FUNCTION record_written(p_address text, p_spec_hash bytea)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  -- The rows of the one manifest are gathered first, so that the rest are look-ups from there.
  INSERT INTO resource_attributes (
    resource_id, resource_type_id, attribute_definition_id, ordinal, data_type,
    value_string, value_integer, value_decimal, value_boolean, value_datetime, value_credential, value_fingerprint
  )
  SELECT
    r.id, a.resource_type_id, a.attribute_definition_id, a.ordinal, a.data_type,
    a.value_string, a.value_integer, a.value_decimal, a.value_boolean, a.value_datetime, a.value_credential,
    a.value_fingerprint
  FROM desired_attributes AS a
  JOIN desired_resources AS d ON a.desired_resource_id = d.id
  CROSS JOIN LATERAL (
    SELECT managed.id, managed.provider_endpoint_id
    FROM resources AS managed
    WHERE managed.address = d.address AND managed.deleted_at IS NULL AND managed.management = 'managed'
    ORDER BY managed.address
    LIMIT 1
  ) AS r
  JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
  JOIN providers AS p ON e.provider_id = p.id
  JOIN provider_type_attributes AS rule
    ON a.resource_type_id = rule.resource_type_id
    AND a.attribute_definition_id = rule.attribute_definition_id
    AND p.provider_type_id = rule.provider_type_id
    AND rule.mutability = 'write_only'
  WHERE
    a.desired_resource_id = ANY(array(
      SELECT root.id
      FROM desired_resources AS root
      WHERE
        root.valid_to_revision IS NULL AND root.parent_id IS NULL
        AND root.spec_hash = p_spec_hash AND root.address = p_address
      UNION ALL
      SELECT part.id
      FROM desired_resources AS root JOIN desired_resources AS part ON root.id = part.parent_id
      WHERE
        root.valid_to_revision IS NULL AND root.parent_id IS NULL
        AND root.spec_hash = p_spec_hash AND root.address = p_address
    ))
  ON CONFLICT (resource_id, attribute_definition_id, ordinal) DO UPDATE
  SET
    value_string = excluded.value_string,
    value_integer = excluded.value_integer,
    value_decimal = excluded.value_decimal,
    value_boolean = excluded.value_boolean,
    value_datetime = excluded.value_datetime,
    value_credential = excluded.value_credential,
    value_fingerprint = excluded.value_fingerprint
$$;
COMMENT ON FUNCTION record_written(text, bytea) IS
'Records the write-only attributes of a specification as written: no provider will ever show them.';
REVOKE ALL ON FUNCTION record_written(text, bytea) FROM public;

-- What was seen of an object, as parameters of the functions below: the root is item 0, its parts follow, and what hangs on
-- them says by number on which.
CREATE TYPE seen_item AS (
    n integer, id bigint, type text, address text, name text, state text, external_id text, kept text []
);
COMMENT ON TYPE seen_item IS
'A root or part as it shall be recorded. Of a part without a row the id is null. kept: attributes that stay as they were written.';
CREATE TYPE seen_value AS (
    n integer, name text, ordinal smallint, value_string text, value_integer bigint, value_decimal numeric,
    value_boolean boolean, value_datetime timestamptz, value_credential text, value_fingerprint text,
    value_target_type text, value_key text, value_inner_key text
);
COMMENT ON TYPE seen_value IS 'An element of an attribute of an item, in the columns of resource_attributes.';
CREATE TYPE seen_tag AS (n integer, key text, value text);
COMMENT ON TYPE seen_tag IS 'A tag of an item.';
CREATE TYPE seen_pending AS (n integer, name text);
COMMENT ON TYPE seen_pending IS 'An attribute of an item whose new value waits for a restart.';
CREATE TYPE seen_tie AS (n integer, type text, address text);
COMMENT ON TYPE seen_tie IS 'What an item is tied to by a reference: the relationship type, and the address of the other.';

CREATE TYPE wanted_tie AS (n integer, type_id integer, parent_id bigint);
COMMENT ON TYPE wanted_tie IS 'What an item shall be tied to, by keys.';

CREATE FUNCTION write_parts(p_root_id bigint, p_items seen_item[])
RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_ids bigint[];
  v_gone bigint[];
BEGIN
  -- The row of item n is element n + 1; the root is item 0. Those of new parts are drawn here.
  SELECT array_agg(coalesce(i.id, nextval('resources_id_seq')) ORDER BY i.n) INTO v_ids
  FROM unnest(p_items) AS i;
  -- What is gone goes first: it frees its address.
  SELECT array_agg(r.id) INTO v_gone
  FROM resource_relationships AS rr JOIN resources AS r ON rr.child_resource_id = r.id
  WHERE
    rr.parent_resource_id = p_root_id AND rr.relationship_type_id = 1 AND r.deleted_at IS NULL
    AND r.id <> ALL(v_ids);
  IF v_gone IS NOT NULL THEN
    UPDATE resources AS r SET deleted_at = now() WHERE r.id = ANY(v_gone);
  END IF;
  IF cardinality(v_ids) = 1 THEN
    RETURN v_ids;
  END IF;
  IF EXISTS (SELECT FROM unnest(p_items) AS i WHERE i.n > 0 AND i.id IS NOT NULL) THEN
    UPDATE resources AS r
    SET
      address = i.address,
      name = i.name,
      state_id = st.id,
      external_id = i.external_id,
      management = root.management,
      presence = 'present',
      observed_at = now()
    FROM unnest(p_items) AS i
    JOIN resource_states AS st ON i.state = st.name
    JOIN resources AS root ON root.id = p_root_id
    WHERE
      i.n > 0 AND r.id = i.id
      AND (r.address, r.name, r.state_id, r.external_id, r.management, r.presence)
      IS DISTINCT FROM (i.address, i.name, st.id, i.external_id, root.management, 'present');
  END IF;
  IF NOT EXISTS (SELECT FROM unnest(p_items) AS i WHERE i.id IS NULL) THEN
    RETURN v_ids;
  END IF;
  INSERT INTO resources (
    id, resource_type_id, provider_endpoint_id, address, name, state_id, external_id, management, presence, is_root,
    observed_at
  )
  OVERRIDING SYSTEM VALUE
  SELECT
    v_ids[i.n + 1], t.id, root.provider_endpoint_id, i.address, i.name, st.id, i.external_id, root.management, 'present',
    FALSE, now()
  FROM unnest(p_items) AS i
  JOIN resource_types AS t ON i.type = t.name
  JOIN resource_states AS st ON i.state = st.name
  JOIN resources AS root ON root.id = p_root_id
  WHERE i.id IS NULL;
  INSERT INTO resource_relationships (parent_resource_id, child_resource_id, relationship_type_id)
  SELECT p_root_id, v_ids[i.n + 1], 1
  FROM unnest(p_items) AS i
  WHERE i.id IS NULL;
  RETURN v_ids;
END
$$;
COMMENT ON FUNCTION write_parts(bigint, seen_item[]) IS
'Makes the parts of a root those that were seen; gives the rows of all items, the root''s first.';
REVOKE ALL ON FUNCTION write_parts(bigint, seen_item[]) FROM public;

CREATE FUNCTION write_values(p_ids bigint[], p_items seen_item[], p_attributes seen_value[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_has_gone boolean;
  v_has_changed boolean;
  v_has_new boolean;
BEGIN
  -- It is looked first, because a statement that writes nothing runs its triggers all the same.
  IF NOT EXISTS (SELECT FROM resource_attributes AS a WHERE a.resource_id = ANY(p_ids)) THEN
    v_has_new := cardinality(p_attributes) > 0;
  ELSE
    SELECT
      bool_or(
        s.n IS NULL
        AND NOT EXISTS (
          SELECT FROM unnest(p_items) AS i WHERE p_ids[i.n + 1] = a.resource_id AND a.name = ANY(i.kept)
        )
      ),
      bool_or(
        s.n IS NOT NULL AND a.resource_id IS NOT NULL
        AND (
          a.value_string, a.value_integer, a.value_decimal, a.value_boolean, a.value_datetime, a.value_credential,
          a.value_fingerprint, a.value_target_type, a.value_key, a.value_inner_key
        )
        IS DISTINCT FROM
        (
          s.value_string, s.value_integer, s.value_decimal, s.value_boolean, s.value_datetime, s.value_credential,
          s.value_fingerprint, s.value_target_type, s.value_key, s.value_inner_key
        )
      ),
      bool_or(a.resource_id IS NULL)
    INTO v_has_gone, v_has_changed, v_has_new
    FROM (
      SELECT there.*, ad.name
      FROM resource_attributes AS there JOIN attribute_definitions AS ad ON there.attribute_definition_id = ad.id
      WHERE there.resource_id = ANY(p_ids)
    ) AS a
    FULL JOIN unnest(p_attributes) AS s
      ON p_ids[s.n + 1] = a.resource_id AND s.name = a.name AND s.ordinal = a.ordinal;
  END IF;
  IF v_has_gone THEN
    DELETE FROM resource_attributes AS a
    USING attribute_definitions AS ad
    WHERE
      a.resource_id = ANY(p_ids) AND a.attribute_definition_id = ad.id
      AND NOT EXISTS (
        SELECT FROM unnest(p_attributes) AS s
        WHERE p_ids[s.n + 1] = a.resource_id AND s.name = ad.name AND s.ordinal = a.ordinal
      )
      AND NOT EXISTS (
        SELECT FROM unnest(p_items) AS i WHERE p_ids[i.n + 1] = a.resource_id AND ad.name = ANY(i.kept)
      );
  END IF;
  IF v_has_changed THEN
    UPDATE resource_attributes AS a
    SET
      value_string = s.value_string,
      value_integer = s.value_integer,
      value_decimal = s.value_decimal,
      value_boolean = s.value_boolean,
      value_datetime = s.value_datetime,
      value_credential = s.value_credential,
      value_fingerprint = s.value_fingerprint,
      value_target_type = s.value_target_type,
      value_key = s.value_key,
      value_inner_key = s.value_inner_key
    FROM unnest(p_attributes) AS s JOIN attribute_definitions AS ad ON s.name = ad.name
    WHERE
      p_ids[s.n + 1] = a.resource_id AND ad.id = a.attribute_definition_id AND s.ordinal = a.ordinal
      AND (
        a.value_string, a.value_integer, a.value_decimal, a.value_boolean, a.value_datetime, a.value_credential,
        a.value_fingerprint, a.value_target_type, a.value_key, a.value_inner_key
      )
      IS DISTINCT FROM
      (
        s.value_string, s.value_integer, s.value_decimal, s.value_boolean, s.value_datetime, s.value_credential,
        s.value_fingerprint, s.value_target_type, s.value_key, s.value_inner_key
      );
  END IF;
  IF NOT coalesce(v_has_new, FALSE) THEN
    RETURN;
  END IF;
  INSERT INTO resource_attributes (
    resource_id, resource_type_id, attribute_definition_id, ordinal, data_type,
    value_string, value_integer, value_decimal, value_boolean, value_datetime, value_credential, value_fingerprint,
    value_target_type, value_key, value_inner_key
  )
  SELECT
    p_ids[s.n + 1], t.id, ad.id, s.ordinal, ad.data_type,
    s.value_string, s.value_integer, s.value_decimal, s.value_boolean, s.value_datetime, s.value_credential,
    s.value_fingerprint, s.value_target_type, s.value_key, s.value_inner_key
  FROM unnest(p_attributes) AS s
  CROSS JOIN LATERAL (
    SELECT d.id, d.data_type FROM attribute_definitions AS d WHERE d.name = s.name ORDER BY d.name OFFSET 0
  ) AS ad
  CROSS JOIN LATERAL (
    SELECT y.id FROM resource_types AS y WHERE y.name = p_items[s.n + 1].type ORDER BY y.name OFFSET 0
  ) AS t
  WHERE
    NOT EXISTS (
      SELECT FROM resource_attributes AS a
      WHERE a.resource_id = p_ids[s.n + 1] AND a.attribute_definition_id = ad.id AND a.ordinal = s.ordinal
      OFFSET 0
    );
END
$$;
COMMENT ON FUNCTION write_values(bigint[], seen_item[], seen_value[]) IS
'Makes the attributes of these rows what was seen; of those that an item keeps, what is not seen stays as it was written.';
REVOKE ALL ON FUNCTION write_values(bigint[], seen_item[], seen_value[]) FROM public;

CREATE FUNCTION write_tags_and_ties(
    p_ids bigint[], p_address text, p_tags seen_tag[], p_pending seen_pending[], p_ties seen_tie[]
)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_wanted wanted_tie[];
BEGIN
  IF EXISTS (SELECT FROM resource_tags AS rt WHERE rt.resource_id = ANY(p_ids)) THEN
    DELETE FROM resource_tags AS rt
    USING tags AS t
    WHERE
      rt.resource_id = ANY(p_ids) AND rt.tag_id = t.id
      AND NOT EXISTS (
        SELECT FROM unnest(p_tags) AS s
        WHERE p_ids[s.n + 1] = rt.resource_id AND s.key = t.key AND s.value = t.value
      );
  END IF;
  IF EXISTS (
    SELECT FROM unnest(p_tags) AS s
    WHERE NOT EXISTS (SELECT FROM tags AS t WHERE t.key = s.key AND t.value = s.value)
  ) THEN
    INSERT INTO tags (key, value)
    SELECT DISTINCT s.key, s.value
    FROM unnest(p_tags) AS s
    ORDER BY s.key, s.value
    ON CONFLICT (key, value) DO NOTHING;
  END IF;
  INSERT INTO resource_tags (resource_id, tag_id)
  SELECT p_ids[s.n + 1], t.id
  FROM unnest(p_tags) AS s
  JOIN tags AS t ON s.key = t.key AND s.value = t.value
  WHERE NOT EXISTS (SELECT FROM resource_tags AS rt WHERE rt.resource_id = p_ids[s.n + 1] AND rt.tag_id = t.id);
  IF EXISTS (SELECT FROM resource_pending_attributes AS p WHERE p.resource_id = ANY(p_ids)) THEN
    DELETE FROM resource_pending_attributes AS p
    USING attribute_definitions AS ad
    WHERE
      p.resource_id = ANY(p_ids) AND p.attribute_definition_id = ad.id
      AND NOT EXISTS (
        SELECT FROM unnest(p_pending) AS s WHERE p_ids[s.n + 1] = p.resource_id AND s.name = ad.name
      );
  END IF;
  IF cardinality(p_pending) > 0 THEN
    INSERT INTO resource_pending_attributes (resource_id, attribute_definition_id)
    SELECT p_ids[s.n + 1], ad.id
    FROM unnest(p_pending) AS s
    JOIN attribute_definitions AS ad ON s.name = ad.name
    ON CONFLICT DO NOTHING;
  END IF;
  PERFORM
  FROM unnest(p_ties) AS s
  WHERE
    NOT EXISTS (
      SELECT FROM resources AS r
      WHERE r.address = s.address AND r.deleted_at IS NULL AND r.management <> 'unmanaged'
    );
  IF FOUND THEN
    RAISE EXCEPTION '%: what it is tied to has moved', p_address USING ERRCODE = 'RC032';
  END IF;
  -- By its references, and what its manifest says that it depends on or belongs to. 1 is `contains`.
  SELECT array_agg((w.n, w.type_id, w.parent_id)::public.wanted_tie) INTO v_wanted
  FROM (
    SELECT s.n, t.id AS type_id, r.id AS parent_id
    FROM unnest(p_ties) AS s
    JOIN relationship_types AS t ON s.type = t.name
    JOIN resources AS r ON r.address = s.address AND r.deleted_at IS NULL AND r.management <> 'unmanaged'
    WHERE r.id <> p_ids[s.n + 1]
    UNION
    SELECT 0, d.relationship_type_id, r.id
    FROM desired_resources AS root
    JOIN desired_relationships AS d ON root.id = d.desired_resource_id
    JOIN resources AS r ON r.address = d.target_address AND r.deleted_at IS NULL AND r.management <> 'unmanaged'
    WHERE
      root.address = p_address AND root.valid_to_revision IS NULL AND root.parent_id IS NULL AND r.id <> p_ids[1]
  ) AS w;
  IF EXISTS (
    SELECT FROM resource_relationships AS rr
    WHERE rr.child_resource_id = ANY(p_ids) AND rr.relationship_type_id <> 1
  ) THEN
    DELETE FROM resource_relationships AS rr
    WHERE
      rr.child_resource_id = ANY(p_ids) AND rr.relationship_type_id <> 1
      AND NOT EXISTS (
        SELECT FROM unnest(v_wanted) AS w
        WHERE
          p_ids[w.n + 1] = rr.child_resource_id AND w.parent_id = rr.parent_resource_id
          AND w.type_id = rr.relationship_type_id
      );
  END IF;
  IF v_wanted IS NOT NULL THEN
    INSERT INTO resource_relationships (parent_resource_id, child_resource_id, relationship_type_id)
    SELECT w.parent_id, p_ids[w.n + 1], w.type_id
    FROM unnest(v_wanted) AS w
    WHERE
      NOT EXISTS (
        SELECT FROM resource_relationships AS rr
        WHERE
          rr.child_resource_id = p_ids[w.n + 1] AND rr.parent_resource_id = w.parent_id
          AND rr.relationship_type_id = w.type_id
      );
  END IF;
END
$$;
COMMENT ON FUNCTION write_tags_and_ties(bigint[], text, seen_tag[], seen_pending[], seen_tie[]) IS
'Makes the tags of these rows, what of them waits for a restart, and what they are tied to what was seen, and what the manifest at the address says of the first.';
REVOKE ALL ON FUNCTION write_tags_and_ties(bigint[], text, seen_tag[], seen_pending[], seen_tie[]) FROM public;

CREATE FUNCTION step_done(
    p_actor text, p_reason text, p_cause text, p_cause_operation text, p_revision text,
    p_operation uuid, p_epoch bigint, p_action text, p_ended smallint, p_spec_hash bytea, p_is_whole boolean,
    p_has_written boolean, p_recorded_hash bytea, p_name text, p_items seen_item[], p_attributes seen_value[], p_tags seen_tag[],
    p_pending seen_pending[], p_ties seen_tie[]
)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
  v_id bigint;
  v_address text;
  v_ids bigint[];
BEGIN
  PERFORM act_as(p_actor, p_reason, p_cause, p_cause_operation, p_revision);
  IF p_ended IS NOT NULL THEN
    PERFORM end_call(p_operation, p_ended, 'done', NULL, NULL);
  END IF;
  UPDATE resource_operations AS o
  SET status = 'done', finished_at = now(), error_code = NULL, error_message = NULL
  FROM resources AS r
  WHERE
    o.id = p_operation AND o.resource_id = r.id AND r.claim_epoch = p_epoch
    AND o.status IN ('intended', 'sending', 'accepted')
  RETURNING r.id, r.address INTO v_id, v_address;
  IF NOT FOUND THEN
    PERFORM refuse_lost_claim(p_operation);
  END IF;
  IF cardinality(p_items) = 0 THEN
    -- The row stays for its history, and so do its parts'.
    UPDATE resources AS r
    SET deleted_at = now(), presence = 'absent', state_id = st.id, claimed_by = NULL, claimed_at = NULL
    FROM resource_states AS st
    WHERE r.id = v_id AND st.name = 'deleted';
  ELSE
    UPDATE resources AS r
    SET
      name = p_name,
      state_id = st.id,
      external_id = s.external_id,
      presence = 'present',
      recorded_hash = p_recorded_hash,
      observed_at = now(),
      applied_desired_hash = CASE WHEN p_is_whole THEN p_spec_hash ELSE r.applied_desired_hash END,
      claimed_by = NULL,
      claimed_at = NULL
    FROM unnest(p_items) AS s JOIN resource_states AS st ON s.state = st.name
    WHERE
      s.n = 0 AND r.id = v_id AND r.management = 'managed' AND r.deleted_at IS NULL
      AND EXISTS (
        SELECT FROM desired_resources AS d
        WHERE
          d.address = v_address AND d.valid_to_revision IS NULL AND d.parent_id IS NULL
          AND d.spec_hash = p_spec_hash
      );
    IF NOT FOUND THEN
      RAISE EXCEPTION '% is another now, or is wanted otherwise', v_address USING ERRCODE = 'RC032';
    END IF;
    v_ids := write_parts(v_id, p_items);
    PERFORM write_values(v_ids, p_items, p_attributes);
    PERFORM write_tags_and_ties(v_ids, v_address, p_tags, p_pending, p_ties);
    IF p_has_written THEN
      PERFORM record_written(v_address, p_spec_hash);
    END IF;
  END IF;
  -- What succeeded has no failures any more. What another action is parked for good for stays so, unless the object
  -- that it was about is gone.
  DELETE FROM resource_failures AS f
  USING operation_types AS t
  WHERE
    f.resource_id = v_id AND f.operation_type_id = t.id
    AND (f.not_before IS NOT NULL OR t.name = p_action OR p_action = 'delete');
END
$$;
COMMENT ON FUNCTION step_done(
    text, text, text, text, text, uuid, bigint, text, smallint, bytea, boolean, boolean, bytea, text,
    seen_item[], seen_value[], seen_tag[], seen_pending[], seen_tie[]
) IS
'T4 of a step that made, changed or (without items) deleted an object: what was seen of it, what was applied, the failures that are void, the end of the operation and of the claim. RC032 where it is no ordinary end, and then nothing is written.';
REVOKE ALL ON FUNCTION step_done(
    text, text, text, text, text, uuid, bigint, text, smallint, bytea, boolean, boolean, bytea, text,
    seen_item[], seen_value[], seen_tag[], seen_pending[], seen_tie[]
) FROM public;
-- Views for people and for the faces: names instead of ids, one question each. They run with the rights of whoever asks,
-- so that policies on the tables hold in them too.

CREATE VIEW v_resources WITH (security_invoker = TRUE) AS
SELECT
    r.id,
    r.uid,
    r.address,
    t.name AS resource_type,
    pt.name AS provider_type,
    p.name AS provider,
    e.name AS endpoint,
    s.name AS state,
    r.management,
    r.presence,
    r.external_id,
    container.address AS contained_in,
    m.name AS source,
    l.name AS location,
    dc.name AS datacenter,
    r.prevent_destroy,
    r.version,
    w.host AS claimed_by_host,
    r.claimed_at,
    r.observed_at,
    r.created_at,
    r.updated_at
FROM resources AS r
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
INNER JOIN resource_states AS s ON r.state_id = s.id
LEFT JOIN resource_relationships AS c ON r.id = c.child_resource_id AND c.relationship_type_id = 1
LEFT JOIN resources AS container ON c.parent_resource_id = container.id
LEFT JOIN manifest_sources AS m ON r.source_id = m.id
LEFT JOIN locations AS l ON r.location_id = l.id
LEFT JOIN datacenters AS dc ON r.datacenter_id = dc.id
LEFT JOIN workers AS w ON r.claimed_by = w.id
WHERE r.deleted_at IS NULL;
COMMENT ON VIEW v_resources IS 'What lives: every resource and part that is not deleted, with names.';
COMMENT ON COLUMN v_resources.id IS
'Key of the resource.';
COMMENT ON COLUMN v_resources.uid IS
'Its identity, in its mark and for ever.';
COMMENT ON COLUMN v_resources.address IS
'Its address: vm/web-1, or vm/web-1/disk/scsi0 of a part.';
COMMENT ON COLUMN v_resources.resource_type IS
'Its type''s name.';
COMMENT ON COLUMN v_resources.provider_type IS
'The kind of provider that it is at.';
COMMENT ON COLUMN v_resources.provider IS
'The provider''s name.';
COMMENT ON COLUMN v_resources.endpoint IS
'The endpoint''s name.';
COMMENT ON COLUMN v_resources.state IS
'What it is or what is being done to it, by the state''s name.';
COMMENT ON COLUMN v_resources.management IS
'managed, unmanaged or quarantined: whose the object is.';
COMMENT ON COLUMN v_resources.presence IS
'present, absent or unknown, as the last look says.';
COMMENT ON COLUMN v_resources.external_id IS
'The provider''s id of its object; null where there is none.';
COMMENT ON COLUMN v_resources.contained_in IS
'The address of what contains it; null for a root.';
COMMENT ON COLUMN v_resources.source IS
'The source whose manifest it is from; null for none.';
COMMENT ON COLUMN v_resources.location IS
'Its location''s name; null where none is known.';
COMMENT ON COLUMN v_resources.datacenter IS
'Its datacenter''s name; null where none is known.';
COMMENT ON COLUMN v_resources.prevent_destroy IS
'Whether it is guarded against destruction.';
COMMENT ON COLUMN v_resources.version IS
'Counts its changes; a plan rests on one.';
COMMENT ON COLUMN v_resources.claimed_by_host IS
'The host of the worker that holds it; null while nobody does.';
COMMENT ON COLUMN v_resources.claimed_at IS
'Since when it is held; null while nobody does.';
COMMENT ON COLUMN v_resources.observed_at IS
'When it was last seen; null for never.';
COMMENT ON COLUMN v_resources.created_at IS
'When it was first recorded.';
COMMENT ON COLUMN v_resources.updated_at IS
'When its row last changed.';

CREATE VIEW v_attributes WITH (security_invoker = TRUE) AS
SELECT
    r.id AS resource_id,
    r.address,
    ad.name AS attribute,
    a.ordinal,
    a.data_type,
    value_text(
        a.value_target_type, a.value_key, a.value_inner_key, a.value_string, a.value_integer, a.value_decimal,
        a.value_boolean, a.value_datetime, a.value_credential, a.value_fingerprint
    ) AS value,
    ad.unit,
    ad.is_secret
FROM resource_attributes AS a
INNER JOIN resources AS r ON a.resource_id = r.id
INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id
WHERE r.deleted_at IS NULL;
COMMENT ON VIEW v_attributes IS 'The recorded attributes of what lives, as text, one row a value or element.';
COMMENT ON COLUMN v_attributes.resource_id IS
'The resource or part.';
COMMENT ON COLUMN v_attributes.address IS
'Its address.';
COMMENT ON COLUMN v_attributes.attribute IS
'The attribute''s name.';
COMMENT ON COLUMN v_attributes.ordinal IS
'The element''s place, from 0; always 0 where there is one value.';
COMMENT ON COLUMN v_attributes.data_type IS
'string, integer, decimal, boolean or datetime.';
COMMENT ON COLUMN v_attributes.value IS
'The value as text, in the unit beside it; a secret as its credential''s name and fingerprint.';
COMMENT ON COLUMN v_attributes.unit IS
'The unit of a number, such as MiB; null for none.';
COMMENT ON COLUMN v_attributes.is_secret IS
'Whether the value is a secret''s name and fingerprint.';

CREATE VIEW v_tags WITH (security_invoker = TRUE) AS
SELECT
    r.id AS resource_id,
    r.address,
    t.key,
    t.value
FROM resource_tags AS rt
INNER JOIN resources AS r ON rt.resource_id = r.id
INNER JOIN tags AS t ON rt.tag_id = t.id
WHERE r.deleted_at IS NULL;
COMMENT ON VIEW v_tags IS 'The recorded tags of what lives.';
COMMENT ON COLUMN v_tags.resource_id IS
'The resource.';
COMMENT ON COLUMN v_tags.address IS
'Its address.';
COMMENT ON COLUMN v_tags.key IS
'The tag''s key.';
COMMENT ON COLUMN v_tags.value IS
'The tag''s value; may be empty.';

CREATE VIEW v_relationships WITH (security_invoker = TRUE) AS
SELECT
    parent.address AS parent,
    t.name AS relationship,
    child.address AS child,
    parent.id AS parent_resource_id,
    child.id AS child_resource_id
FROM resource_relationships AS rr
INNER JOIN relationship_types AS t ON rr.relationship_type_id = t.id
INNER JOIN resources AS parent ON rr.parent_resource_id = parent.id
INNER JOIN resources AS child ON rr.child_resource_id = child.id
WHERE parent.deleted_at IS NULL AND child.deleted_at IS NULL;
COMMENT ON VIEW v_relationships IS
'The ties of what lives. The parent is what is depended on, contains, hosts or is joined.';
COMMENT ON COLUMN v_relationships.parent IS
'The parent''s address.';
COMMENT ON COLUMN v_relationships.relationship IS
'What ties them, by its name.';
COMMENT ON COLUMN v_relationships.child IS
'The child''s address.';
COMMENT ON COLUMN v_relationships.parent_resource_id IS
'The parent.';
COMMENT ON COLUMN v_relationships.child_resource_id IS
'The child.';

CREATE VIEW v_desired_values WITH (security_invoker = TRUE) AS
SELECT
    a.desired_resource_id,
    a.attribute_definition_id,
    string_agg(
        coalesce(
            a.value_string,
            a.value_integer::text,
            trim_scale(a.value_decimal)::text,
            a.value_boolean::text,
            a.value_datetime::text,
            'credential/' || a.value_credential || coalesce('#' || a.value_fingerprint, '')
        ),
        chr(31) ORDER BY a.ordinal
    ) AS value
FROM desired_attributes AS a
GROUP BY a.desired_resource_id, a.attribute_definition_id;
COMMENT ON VIEW v_desired_values IS
'Desired attributes as one text each, the elements of a set or list set apart by a unit separator (character 31).';
COMMENT ON COLUMN v_desired_values.desired_resource_id IS
'The desired resource.';
COMMENT ON COLUMN v_desired_values.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN v_desired_values.value IS
'All its values as one text, set apart by character 31.';

CREATE VIEW v_recorded_values WITH (security_invoker = TRUE) AS
SELECT
    a.resource_id,
    a.attribute_definition_id,
    string_agg(
        value_text(
            a.value_target_type, a.value_key, a.value_inner_key, a.value_string, a.value_integer, a.value_decimal,
            a.value_boolean, a.value_datetime, a.value_credential, a.value_fingerprint
        ),
        chr(31) ORDER BY a.ordinal
    ) AS value
FROM resource_attributes AS a
GROUP BY a.resource_id, a.attribute_definition_id;
COMMENT ON VIEW v_recorded_values IS
'Recorded attributes as one text each, the elements of a set or list set apart by a unit separator (character 31).';
COMMENT ON COLUMN v_recorded_values.resource_id IS
'The resource or part.';
COMMENT ON COLUMN v_recorded_values.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN v_recorded_values.value IS
'All its values as one text, set apart by character 31.';

-- Few roots are not known to agree, and each is looked at by itself: OFFSET 0 keeps the planner, who cannot tell how few
-- there are, from gathering all attributes and tags of both sides first.
CREATE VIEW v_differences WITH (security_invoker = TRUE) AS
WITH roots AS (
    -- What is known to agree is left out, so the work follows what changed.
    SELECT
        d.id AS desired_id,
        d.address,
        r.id AS resource_id,
        r.presence,
        r.external_id,
        d.names_tags,
        applied.id AS applied_id,
        coalesce(r.applied_desired_hash = d.spec_hash, FALSE) AS is_applied
    FROM unsettled_roots() AS u
    INNER JOIN desired_resources AS d ON u.address = d.address
    LEFT JOIN resources AS r
        ON d.address = r.address AND r.deleted_at IS NULL AND r.management <> 'unmanaged'
    -- What was applied last, where that is another specification: what only it names is taken off.
    LEFT JOIN LATERAL (
        SELECT former.id
        FROM desired_resources AS former
        WHERE
            former.address = d.address
            AND former.parent_id IS NULL
            AND former.spec_hash = r.applied_desired_hash
            AND former.spec_hash <> d.spec_hash
        ORDER BY former.valid_from_revision DESC
        LIMIT 1
    ) AS applied ON TRUE
    WHERE
        d.valid_to_revision IS NULL
        AND d.parent_id IS NULL
        AND (
            r.settled_desired_hash IS DISTINCT FROM d.spec_hash
            OR r.settled_recorded_hash IS DISTINCT FROM r.recorded_hash
            OR r.recorded_hash IS NULL
            OR r.presence = 'absent'
        )
),

pairs AS (
    SELECT
        d.id AS desired_id,
        d.address,
        d.resource_type_id,
        d.provider_endpoint_id,
        roots.desired_id AS root_desired_id,
        CASE WHEN d.parent_id IS NULL THEN roots.applied_id ELSE former.id END AS applied_id,
        roots.is_applied,
        CASE WHEN d.parent_id IS NULL THEN roots.resource_id ELSE part.id END AS resource_id,
        coalesce(roots.resource_id IS NOT NULL AND roots.presence <> 'absent', FALSE) AS is_there
    FROM roots
    CROSS JOIN
        LATERAL (
            SELECT
                root.id,
                root.parent_id,
                root.address,
                root.resource_type_id,
                root.provider_endpoint_id
            FROM desired_resources AS root
            WHERE root.id = roots.desired_id
            UNION ALL
            SELECT
                child.id,
                child.parent_id,
                child.address,
                child.resource_type_id,
                child.provider_endpoint_id
            FROM desired_resources AS child
            WHERE child.parent_id = roots.desired_id
            ORDER BY id
        ) AS d
    LEFT JOIN LATERAL (
        SELECT live.id
        FROM resources AS live
        WHERE
            d.parent_id IS NOT NULL
            AND live.address = d.address
            AND live.deleted_at IS NULL
            AND live.management <> 'unmanaged'
        ORDER BY live.address
        OFFSET 0
    ) AS part ON TRUE
    LEFT JOIN LATERAL (
        SELECT before.id
        FROM desired_resources AS before
        WHERE before.parent_id = roots.applied_id AND before.address = d.address
        ORDER BY before.parent_id
        OFFSET 0
    ) AS former ON TRUE
),

given AS (
    -- What was given by the manifest that was applied last, and can be taken off again.
    SELECT DISTINCT
        pairs.desired_id,
        a.attribute_definition_id
    FROM pairs
    CROSS JOIN
        LATERAL (
            SELECT said.*
            FROM desired_attributes AS said
            WHERE said.desired_resource_id = pairs.applied_id AND said.is_explicit
            ORDER BY said.desired_resource_id
            OFFSET 0
        ) AS a
    INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id
    INNER JOIN provider_endpoints AS e ON pairs.provider_endpoint_id = e.id
    INNER JOIN providers AS p ON e.provider_id = p.id
    INNER JOIN provider_type_attributes AS rule
        ON
            p.provider_type_id = rule.provider_type_id
            AND pairs.resource_type_id = rule.resource_type_id
            AND a.attribute_definition_id = rule.attribute_definition_id
    WHERE
        CASE
            WHEN ad.cardinality = 'one' THEN rule.unset_meaning <> ''
            ELSE EXISTS (
                SELECT FROM resource_attributes AS ra
                WHERE
                    ra.resource_id = pairs.resource_id
                    AND ra.attribute_definition_id = a.attribute_definition_id
                    AND (ra.value_string, ra.value_integer, ra.value_decimal, ra.value_boolean, ra.value_datetime)
                    IS NOT DISTINCT FROM
                    (a.value_string, a.value_integer, a.value_decimal, a.value_boolean, a.value_datetime)
                    AND ra.value_target_type IS NULL
                    AND ra.value_key IS NULL
            )
        END
        AND NOT EXISTS (
            SELECT FROM desired_ignored_attributes AS i
            INNER JOIN desired_resources AS former ON i.desired_resource_id IN (former.id, former.parent_id)
            WHERE former.id = pairs.applied_id AND i.name = ad.name
        )
),

wanted AS (
    SELECT
        pairs.address,
        pairs.is_applied,
        ad.name,
        ad.unit,
        dv.value AS desired,
        rv.value AS recorded
    FROM pairs
    INNER JOIN provider_endpoints AS e ON pairs.provider_endpoint_id = e.id
    INNER JOIN providers AS p ON e.provider_id = p.id
    INNER JOIN provider_type_attributes AS rule
        ON p.provider_type_id = rule.provider_type_id AND pairs.resource_type_id = rule.resource_type_id
    INNER JOIN attribute_definitions AS ad ON rule.attribute_definition_id = ad.id
    LEFT JOIN LATERAL (
        SELECT v.value
        FROM v_desired_values AS v
        WHERE v.desired_resource_id = pairs.desired_id AND v.attribute_definition_id = rule.attribute_definition_id
        ORDER BY v.desired_resource_id
        OFFSET 0
    ) AS dv ON TRUE
    LEFT JOIN desired_cleared_attributes AS cleared
        ON
            pairs.desired_id = cleared.desired_resource_id
            AND rule.attribute_definition_id = cleared.attribute_definition_id
    LEFT JOIN given
        ON pairs.desired_id = given.desired_id AND rule.attribute_definition_id = given.attribute_definition_id
    LEFT JOIN LATERAL (
        SELECT v.value
        FROM v_recorded_values AS v
        WHERE v.resource_id = pairs.resource_id AND v.attribute_definition_id = rule.attribute_definition_id
        ORDER BY v.resource_id
        OFFSET 0
    ) AS rv ON TRUE
    WHERE
        pairs.resource_id IS NOT NULL
        AND pairs.is_there
        AND rule.mutability <> 'create_only'
        -- What nobody can set and is cleared where it is unset is a fault that the driver mends.
        AND (rule.mutability <> 'read_only' OR rule.clear_when_unset)
        AND (
            dv.value IS NOT NULL
            OR cleared.desired_resource_id IS NOT NULL
            OR given.desired_id IS NOT NULL
            OR rule.clear_when_unset
        )
        AND dv.value IS DISTINCT FROM rv.value
        AND NOT EXISTS (
            SELECT FROM desired_ignored_attributes AS i
            WHERE i.desired_resource_id IN (pairs.desired_id, pairs.root_desired_id) AND i.name = ad.name
        )
)

SELECT
    wanted.address,
    'attribute' AS what,
    wanted.name,
    replace(wanted.desired, chr(31), ', ') AS desired,
    replace(wanted.recorded, chr(31), ', ') AS recorded,
    wanted.unit,
    wanted.is_applied
FROM wanted

UNION ALL

SELECT
    coalesce(want.address, have.address) AS address,
    'tag' AS what,
    coalesce(want.key, have.key) AS name,
    want.value AS desired,
    have.value AS recorded,
    NULL AS unit,
    coalesce(want.is_applied, have.is_applied) AS is_applied
FROM (
    SELECT
        roots.desired_id,
        roots.address,
        roots.is_applied,
        t.key,
        t.value
    FROM roots
    CROSS JOIN
        LATERAL (
            SELECT
                said.key,
                said.value
            FROM desired_tags AS said
            WHERE said.desired_resource_id = roots.desired_id
            ORDER BY said.desired_resource_id
            OFFSET 0
        ) AS t
    WHERE roots.resource_id IS NOT NULL AND roots.presence <> 'absent'
) AS want
FULL JOIN (
    SELECT
        roots.desired_id,
        roots.address,
        roots.is_applied,
        t.key,
        t.value
    FROM roots
    CROSS JOIN
        LATERAL (
            SELECT
                tag.key,
                tag.value
            FROM resource_tags AS rt
            CROSS JOIN
                LATERAL (
                    SELECT
                        tags.key,
                        tags.value
                    FROM tags
                    WHERE tags.id = rt.tag_id
                    ORDER BY tags.id
                    OFFSET 0
                ) AS tag
            WHERE rt.resource_id = roots.resource_id
            ORDER BY rt.resource_id
            OFFSET 0
        ) AS t
    LEFT JOIN LATERAL (
        SELECT said.key
        FROM desired_tags AS said
        WHERE said.desired_resource_id = roots.applied_id AND said.key = t.key
        ORDER BY said.desired_resource_id
        OFFSET 0
    ) AS former ON TRUE
    WHERE roots.presence <> 'absent' AND (roots.names_tags OR former.key IS NOT NULL)
) AS have ON want.desired_id = have.desired_id AND want.key = have.key
WHERE
    want.value IS DISTINCT FROM have.value
    AND NOT EXISTS (
        SELECT FROM desired_ignored_attributes AS i
        WHERE i.desired_resource_id = coalesce(want.desired_id, have.desired_id) AND i.name = 'tags'
    )

UNION ALL

SELECT
    pairs.address,
    'resource' AS what,
    NULL AS name,
    'present' AS desired,
    'absent' AS recorded,
    NULL AS unit,
    pairs.is_applied
FROM pairs
WHERE pairs.resource_id IS NULL OR (NOT pairs.is_there AND pairs.desired_id = pairs.root_desired_id)

UNION ALL

SELECT
    part.address,
    'resource' AS what,
    NULL AS name,
    'absent' AS desired,
    'present' AS recorded,
    NULL AS unit,
    roots.is_applied
FROM roots
CROSS JOIN
    LATERAL (
        SELECT live.address
        FROM resource_relationships AS rr
        CROSS JOIN
            LATERAL (
                SELECT
                    child.address,
                    child.resource_type_id
                FROM resources AS child
                WHERE child.id = rr.child_resource_id AND child.deleted_at IS NULL
                ORDER BY child.id
                OFFSET 0
            ) AS live
        WHERE
            rr.parent_resource_id = roots.resource_id
            AND rr.relationship_type_id = 1
            AND EXISTS (
                SELECT FROM desired_collections AS c
                WHERE c.desired_resource_id = roots.desired_id AND c.resource_type_id = live.resource_type_id
                ORDER BY c.desired_resource_id
                OFFSET 0
            )
            AND NOT EXISTS (
                SELECT FROM desired_resources AS d
                WHERE d.address = live.address AND d.valid_to_revision IS NULL
                ORDER BY d.address
                OFFSET 0
            )
        ORDER BY live.address
        OFFSET 0
    ) AS part

UNION ALL

-- A list of parts that is gone from the manifest as a whole, and held no data.
SELECT
    part.address,
    'resource' AS what,
    NULL AS name,
    'absent' AS desired,
    'present' AS recorded,
    NULL AS unit,
    roots.is_applied
FROM roots
CROSS JOIN
    LATERAL (
        SELECT
            said.address,
            said.resource_type_id
        FROM desired_resources AS said
        WHERE said.parent_id = roots.applied_id
        ORDER BY said.parent_id
        OFFSET 0
    ) AS former
INNER JOIN resource_types AS t ON former.resource_type_id = t.id AND NOT t.holds_data
CROSS JOIN
    LATERAL (
        SELECT live.address
        FROM resources AS live
        WHERE live.address = former.address AND live.deleted_at IS NULL
        ORDER BY live.address
        OFFSET 0
    ) AS part
WHERE
    NOT EXISTS (
        SELECT FROM desired_collections AS c
        WHERE c.desired_resource_id = roots.desired_id AND c.resource_type_id = former.resource_type_id
    )
    AND NOT EXISTS (
        SELECT FROM desired_ignored_attributes AS i
        WHERE i.desired_resource_id IN (roots.desired_id, roots.applied_id) AND i.name = t.collection
    );
COMMENT ON VIEW v_differences IS
'Every difference between what is desired and what is recorded, of what is not known to agree. is_applied: whether what is desired was applied before, so that the difference is drift.';
COMMENT ON COLUMN v_differences.address IS
'The resource or part that differs.';
COMMENT ON COLUMN v_differences.what IS
'What differs: attribute, tag, part or resource.';
COMMENT ON COLUMN v_differences.name IS
'The attribute''s, tag''s or part''s name; null for the resource itself.';
COMMENT ON COLUMN v_differences.desired IS
'What is desired, as text; null for nothing.';
COMMENT ON COLUMN v_differences.recorded IS
'What is recorded, as text; null for nothing.';
COMMENT ON COLUMN v_differences.unit IS
'The unit of both; null for none.';
COMMENT ON COLUMN v_differences.is_applied IS
'Whether what is desired was applied before, so that the difference is drift.';

CREATE VIEW v_drift WITH (security_invoker = TRUE) AS
SELECT
    d.address,
    d.what,
    d.name AS attribute,
    d.desired,
    d.recorded,
    d.unit
FROM v_differences AS d
WHERE d.is_applied;
COMMENT ON VIEW v_drift IS
'What moved away from what was applied: one row an attribute, tag, part or resource.';
COMMENT ON COLUMN v_drift.address IS
'The resource or part that moved.';
COMMENT ON COLUMN v_drift.what IS
'What moved: attribute, tag, part or resource.';
COMMENT ON COLUMN v_drift.attribute IS
'The attribute''s, tag''s or part''s name; null for the resource itself.';
COMMENT ON COLUMN v_drift.desired IS
'What was applied, as text; null for nothing.';
COMMENT ON COLUMN v_drift.recorded IS
'What is there now, as text; null for nothing.';
COMMENT ON COLUMN v_drift.unit IS
'The unit of both; null for none.';

CREATE VIEW v_pending WITH (security_invoker = TRUE) AS
SELECT
    d.address,
    d.what,
    d.name AS attribute,
    d.desired,
    d.recorded,
    d.unit
FROM v_differences AS d
WHERE NOT d.is_applied

UNION ALL

SELECT
    r.address,
    'resource' AS what,
    NULL AS attribute,
    'absent' AS desired,
    'present' AS recorded,
    NULL AS unit
FROM unsettled_roots() AS u
INNER JOIN resources AS r ON u.address = r.address
WHERE
    r.deleted_at IS NULL
    AND r.is_root
    AND r.management = 'managed'
    AND r.source_id IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM desired_resources AS d
        WHERE d.address = r.address AND d.valid_to_revision IS NULL AND d.parent_id IS NULL
    );
COMMENT ON VIEW v_pending IS
'What manifests want and nobody applied yet: one row an attribute, tag, part or resource.';
COMMENT ON COLUMN v_pending.address IS
'The resource or part that is to change.';
COMMENT ON COLUMN v_pending.what IS
'What is to change: attribute, tag, part or resource.';
COMMENT ON COLUMN v_pending.attribute IS
'The attribute''s, tag''s or part''s name; null for the resource itself.';
COMMENT ON COLUMN v_pending.desired IS
'What a manifest wants, as text; null for nothing.';
COMMENT ON COLUMN v_pending.recorded IS
'What is there now, as text; null for nothing.';
COMMENT ON COLUMN v_pending.unit IS
'The unit of both; null for none.';

CREATE VIEW v_operations WITH (security_invoker = TRUE) AS
SELECT
    o.id,
    r.address,
    t.name AS operation,
    o.status,
    o.actor,
    w.host,
    w.pid,
    o.current_call,
    o.identity,
    rev.commit_id,
    s.plan_id,
    o.intended_at,
    o.sent_at,
    o.accepted_at,
    o.finished_at,
    o.error_code,
    o.error_message
FROM resource_operations AS o
INNER JOIN resources AS r ON o.resource_id = r.id
INNER JOIN operation_types AS t ON o.operation_type_id = t.id
INNER JOIN workers AS w ON o.worker_id = w.id
LEFT JOIN revisions AS rev ON o.revision_id = rev.id
LEFT JOIN plan_steps AS s ON o.plan_step_id = s.id;
COMMENT ON VIEW v_operations IS 'Every operation with names: what was done to what, by whom, and how it ended.';
COMMENT ON COLUMN v_operations.id IS
'Key of the operation.';
COMMENT ON COLUMN v_operations.address IS
'The resource.';
COMMENT ON COLUMN v_operations.operation IS
'What is done: create, update, replace, delete, adopt or forget.';
COMMENT ON COLUMN v_operations.status IS
'intended, sending, accepted, done, failed, ambiguous or interrupted.';
COMMENT ON COLUMN v_operations.actor IS
'Who did it, as the session said.';
COMMENT ON COLUMN v_operations.host IS
'The host of the worker that carried it out.';
COMMENT ON COLUMN v_operations.pid IS
'That worker''s process.';
COMMENT ON COLUMN v_operations.current_call IS
'The call that it is at, from 0.';
COMMENT ON COLUMN v_operations.identity IS
'How the object is found again after a lost answer; null for no way.';
COMMENT ON COLUMN v_operations.commit_id IS
'The commit that it makes true; null for none.';
COMMENT ON COLUMN v_operations.plan_id IS
'The plan that it is of; null for none.';
COMMENT ON COLUMN v_operations.intended_at IS
'When its intent was committed.';
COMMENT ON COLUMN v_operations.sent_at IS
'When its first request was about to be sent; null before.';
COMMENT ON COLUMN v_operations.accepted_at IS
'When the provider first took one; null before.';
COMMENT ON COLUMN v_operations.finished_at IS
'When it ended; null while it is open.';
COMMENT ON COLUMN v_operations.error_code IS
'Why it failed, as a code; null where it did not.';
COMMENT ON COLUMN v_operations.error_message IS
'Why it failed, in words; null where it did not.';

CREATE VIEW v_open_operations WITH (security_invoker = TRUE) AS
SELECT
    r.address,
    t.name AS operation,
    o.status,
    o.actor,
    w.kind AS worker_kind,
    w.host,
    w.pid,
    w.seen_at AS worker_seen_at,
    o.intended_at AS since,
    o.current_call,
    c.summary AS current_call_summary,
    o.claim_epoch = r.claim_epoch AS is_claim_current,
    o.id AS operation_id,
    o.worker_id
FROM resource_operations AS o
INNER JOIN resources AS r ON o.resource_id = r.id
INNER JOIN operation_types AS t ON o.operation_type_id = t.id
INNER JOIN workers AS w ON o.worker_id = w.id
LEFT JOIN plan_calls AS c ON o.plan_step_id = c.plan_step_id AND o.current_call = c.position
WHERE o.status IN ('intended', 'sending', 'accepted');
COMMENT ON VIEW v_open_operations IS 'Who is at work on what, since when, and at which call.';
COMMENT ON COLUMN v_open_operations.address IS
'The resource.';
COMMENT ON COLUMN v_open_operations.operation IS
'What is being done to it.';
COMMENT ON COLUMN v_open_operations.status IS
'intended, sending or accepted.';
COMMENT ON COLUMN v_open_operations.actor IS
'Who does it, as the session said.';
COMMENT ON COLUMN v_open_operations.worker_kind IS
'cli or daemon.';
COMMENT ON COLUMN v_open_operations.host IS
'The worker''s host.';
COMMENT ON COLUMN v_open_operations.pid IS
'The worker''s process.';
COMMENT ON COLUMN v_open_operations.worker_seen_at IS
'When the worker last gave a sign of life.';
COMMENT ON COLUMN v_open_operations.since IS
'When the intent was committed.';
COMMENT ON COLUMN v_open_operations.current_call IS
'The call that it is at, from 0.';
COMMENT ON COLUMN v_open_operations.current_call_summary IS
'That call, in a line for people; null where the plan is not kept.';
COMMENT ON COLUMN v_open_operations.is_claim_current IS
'Whether the worker still holds the resource.';
COMMENT ON COLUMN v_open_operations.operation_id IS
'The operation.';
COMMENT ON COLUMN v_open_operations.worker_id IS
'The worker.';

CREATE VIEW v_plan_changes WITH (security_invoker = TRUE) AS
SELECT
    s.plan_id,
    c.plan_step_id,
    c.position,
    s.address,
    c.part_address,
    c.part_action,
    c.attribute,
    c.tag_key,
    CASE WHEN c.has_before THEN CASE WHEN c.is_many THEN '[' || coalesce(v.before, '') || ']' ELSE v.before END END AS before,
    CASE WHEN c.has_after THEN CASE WHEN c.is_many THEN '[' || coalesce(v.after, '') || ']' ELSE v.after END END AS after,
    c.reason,
    c.mutability,
    c.is_secret
FROM plan_step_changes AS c
INNER JOIN plan_steps AS s ON c.plan_step_id = s.id
LEFT JOIN LATERAL (
    SELECT
        string_agg(item.value, ', ' ORDER BY item.ordinal) FILTER (WHERE NOT item.is_after) AS before,
        string_agg(item.value, ', ' ORDER BY item.ordinal) FILTER (WHERE item.is_after) AS after
    FROM (
        SELECT
            e.is_after,
            e.ordinal,
            value_text(
                e.value_target_type, e.value_key, e.value_inner_key, e.value_string, e.value_integer, e.value_decimal,
                e.value_boolean, e.value_datetime, e.value_credential, e.value_fingerprint
            ) AS value
        FROM plan_step_change_values AS e
        WHERE c.plan_step_id = e.plan_step_id AND c.position = e.change_position
    ) AS item
) AS v ON TRUE;
COMMENT ON VIEW v_plan_changes IS
'What the steps of saved plans change, with values as text. Secrets appear as their credential''s name and fingerprint.';
COMMENT ON COLUMN v_plan_changes.plan_id IS
'The plan.';
COMMENT ON COLUMN v_plan_changes.plan_step_id IS
'The step.';
COMMENT ON COLUMN v_plan_changes.position IS
'The change''s place in its step, from 0.';
COMMENT ON COLUMN v_plan_changes.address IS
'The step''s resource.';
COMMENT ON COLUMN v_plan_changes.part_address IS
'The part that changes; null for the resource itself.';
COMMENT ON COLUMN v_plan_changes.part_action IS
'What happens to the part: create, update or delete; null for the resource itself.';
COMMENT ON COLUMN v_plan_changes.attribute IS
'The attribute that changes; null where it is a tag.';
COMMENT ON COLUMN v_plan_changes.tag_key IS
'The tag that changes; null where it is an attribute.';
COMMENT ON COLUMN v_plan_changes.before IS
'What is recorded, as text, a set or list in brackets; null for nothing.';
COMMENT ON COLUMN v_plan_changes.after IS
'What is desired, in the same form; null for nothing.';
COMMENT ON COLUMN v_plan_changes.reason IS
'Why it differs: manifest, drift or default.';
COMMENT ON COLUMN v_plan_changes.mutability IS
'How it can change.';
COMMENT ON COLUMN v_plan_changes.is_secret IS
'Whether both are names and fingerprints of secrets.';

CREATE VIEW v_operation_parameters WITH (security_invoker = TRUE) AS
SELECT
    o.id AS operation_id,
    s.address,
    c.position AS call_position,
    c.operation,
    c.method,
    c.path,
    p.is_path,
    p.name || coalesce(inside.path, '') AS name,
    p.kind,
    CASE p.kind
        WHEN 'empty_list' THEN '[]'
        WHEN 'empty_map' THEN '{}'
        WHEN 'external_id' THEN 'id of ' || p.target_address
        WHEN 'mark' THEN replace(coalesce(p.template, '{}'), '{}', '<' || p.mark_field || '>')
        WHEN 'secret' THEN 'credential ' || p.credential
        WHEN 'reserved_id' THEN 'reserved id'
        ELSE coalesce(
            p.value_string, p.value_integer::text, trim_scale(p.value_decimal)::text, p.value_boolean::text
        )
    END AS value
FROM resource_operations AS o
INNER JOIN plan_steps AS s ON o.plan_step_id = s.id
INNER JOIN plan_calls AS c ON s.id = c.plan_step_id
INNER JOIN plan_call_parameters AS p ON c.plan_step_id = p.plan_step_id AND c.position = p.call_position
LEFT JOIN LATERAL (
    SELECT
        string_agg(
            CASE
                WHEN l.key IS NULL THEN '[' || l.list_index || ']'
                WHEN l.key ~ '[].["\\]' OR l.key = '' THEN '."' || replace(replace(l.key, E'\\', E'\\\\'), '"', E'\\"') || '"'
                ELSE '.' || l.key
            END, '' ORDER BY l.depth
        ) AS path
    FROM plan_call_parameter_paths AS l
    WHERE
        p.plan_step_id = l.plan_step_id
        AND p.call_position = l.call_position
        AND p.position = l.parameter_position
) AS inside ON TRUE;
COMMENT ON VIEW v_operation_parameters IS
'What the calls of operations send, parameter by parameter, by names as people write them; secrets by name only.';
COMMENT ON COLUMN v_operation_parameters.operation_id IS
'The operation.';
COMMENT ON COLUMN v_operation_parameters.address IS
'Its resource.';
COMMENT ON COLUMN v_operation_parameters.call_position IS
'The call''s place in the step, from 0.';
COMMENT ON COLUMN v_operation_parameters.operation IS
'The driver''s name for the call.';
COMMENT ON COLUMN v_operation_parameters.method IS
'The HTTP method.';
COMMENT ON COLUMN v_operation_parameters.path IS
'The path, with names in braces for its parameters.';
COMMENT ON COLUMN v_operation_parameters.is_path IS
'Whether the parameter stands in the path.';
COMMENT ON COLUMN v_operation_parameters.name IS
'The parameter''s name, and its place inside of lists and mappings.';
COMMENT ON COLUMN v_operation_parameters.kind IS
'What the value is: a plain one, or a placeholder that is filled just before it is sent.';
COMMENT ON COLUMN v_operation_parameters.value IS
'The value as text, or what stands for it; a secret by its credential''s name.';

CREATE VIEW v_holds WITH (security_invoker = TRUE) AS
SELECT
    h.id,
    h.address,
    e.name AS endpoint,
    t.name AS resource_type,
    h.tag_key,
    h.tag_value,
    h.owner,
    h.reason,
    h.created_at AS since,
    h.until,
    h.released_at,
    h.released_at IS NULL AND (h.until IS NULL OR h.until > now()) AS is_holding
FROM holds AS h
LEFT JOIN provider_endpoints AS e ON h.endpoint_id = e.id
LEFT JOIN resource_types AS t ON h.resource_type_id = t.id;
COMMENT ON VIEW v_holds IS 'What is held, by whom and until when; and what was.';
COMMENT ON COLUMN v_holds.id IS
'Key of the hold.';
COMMENT ON COLUMN v_holds.address IS
'The resource that is held; null for any.';
COMMENT ON COLUMN v_holds.endpoint IS
'The endpoint that is held; null for any.';
COMMENT ON COLUMN v_holds.resource_type IS
'The type that is held; null for any.';
COMMENT ON COLUMN v_holds.tag_key IS
'The tag that is held; null for any.';
COMMENT ON COLUMN v_holds.tag_value IS
'The tag''s value; null for any.';
COMMENT ON COLUMN v_holds.owner IS
'Who asked for it.';
COMMENT ON COLUMN v_holds.reason IS
'Why.';
COMMENT ON COLUMN v_holds.since IS
'Since when.';
COMMENT ON COLUMN v_holds.until IS
'Until when; null until it is released.';
COMMENT ON COLUMN v_holds.released_at IS
'When it was released; null while it was not.';
COMMENT ON COLUMN v_holds.is_holding IS
'Whether it holds now.';

CREATE VIEW v_credentials WITH (security_invoker = TRUE) AS
SELECT
    c.id AS credential_id,
    c.name,
    c.source,
    c.environment_variable,
    c.file_path,
    c.fingerprint,
    least(c.expires_at, c.value_expires_at) AS expires_at,
    c.updated_at,
    e.name AS used_by_endpoint
FROM provider_credentials AS c
LEFT JOIN provider_endpoints AS e ON c.id = e.credential_id AND e.deleted_at IS NULL
WHERE c.deleted_at IS NULL;
COMMENT ON VIEW v_credentials IS
'Credentials by name and fingerprint, one row for each endpoint that uses one. No value is here or anywhere else in clear.';
COMMENT ON COLUMN v_credentials.credential_id IS
'The credential.';
COMMENT ON COLUMN v_credentials.name IS
'The credential''s name.';
COMMENT ON COLUMN v_credentials.source IS
'Where its value is: environment, file or stored.';
COMMENT ON COLUMN v_credentials.environment_variable IS
'The variable that holds it; null for another place.';
COMMENT ON COLUMN v_credentials.file_path IS
'The file that holds it; null for another place.';
COMMENT ON COLUMN v_credentials.fingerprint IS
'Tells one value from another and nothing else; null where none was read yet.';
COMMENT ON COLUMN v_credentials.expires_at IS
'When its value expires, by its manifest, by whoever stored it, or by the provider; null where nobody said.';
COMMENT ON COLUMN v_credentials.updated_at IS
'When its row last changed.';
COMMENT ON COLUMN v_credentials.used_by_endpoint IS
'An endpoint that logs in with it; null where none does.';

CREATE VIEW v_history WITH (security_invoker = TRUE) AS
WITH changes AS (
    SELECT
        h.change, h.changed_at, h.resource_id, 'resource' AS what, h.action AS name,
        NULL::text AS before,
        CASE
            WHEN h.deleted_at IS NOT NULL THEN 'gone'
            ELSE
                concat_ws(
                    ' ',
                    h.management, h.presence, h.external_id,
                    CASE WHEN h.prevent_destroy THEN 'prevent_destroy' END,
                    'on_remove ' || h.on_remove,
                    CASE WHEN h.allow_downtime THEN 'allow_downtime' END,
                    CASE WHEN h.replace_policy <> 'never' THEN 'replace ' || h.replace_policy END,
                    CASE WHEN h.create_before_destroy THEN 'create_before_destroy' END
                )
        END AS after,
        h.changeset_id
    FROM resource_history AS h

    UNION ALL

    SELECT
        h.change, h.changed_at, h.resource_id, 'state', 'state',
        f.name, t.name,
        h.changeset_id
    FROM resource_state_history AS h
    INNER JOIN resource_states AS t ON h.to_state_id = t.id
    LEFT JOIN resource_states AS f ON h.from_state_id = f.id

    UNION ALL

    SELECT
        h.change, h.changed_at, h.resource_id, 'attribute', ad.name,
        value_text(
            h.old_target_type, h.old_key, h.old_inner_key, h.old_string, h.old_integer, h.old_decimal,
            h.old_boolean, h.old_datetime, h.old_credential, h.old_fingerprint
        ),
        value_text(
            h.new_target_type, h.new_key, h.new_inner_key, h.new_string, h.new_integer, h.new_decimal,
            h.new_boolean, h.new_datetime, h.new_credential, h.new_fingerprint
        ),
        h.changeset_id
    FROM resource_attribute_history AS h
    INNER JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id

    UNION ALL

    SELECT
        h.change, h.changed_at, h.resource_id, 'tag', h.key,
        CASE h.action WHEN 'delete' THEN h.value END,
        CASE h.action WHEN 'insert' THEN h.value END,
        h.changeset_id
    FROM resource_tag_history AS h

    UNION ALL

    SELECT
        h.change, h.changed_at, h.resource_id, 'relationship', t.name,
        CASE h.action WHEN 'delete' THEN coalesce(parent.address, address_of(h.parent_resource_id)) END,
        CASE h.action WHEN 'insert' THEN coalesce(parent.address, address_of(h.parent_resource_id)) END,
        h.changeset_id
    FROM resource_relationship_history AS h
    INNER JOIN relationship_types AS t ON h.relationship_type_id = t.id
    LEFT JOIN resources AS parent ON h.parent_resource_id = parent.id
)

SELECT
    c.change,
    c.changed_at,
    c.resource_id,
    coalesce(r.address, address_of(c.resource_id)) AS address,
    c.what,
    c.name,
    c.before,
    c.after,
    s.actor,
    s.reason,
    s.cause,
    s.operation_id,
    s.revision_id,
    rev.commit_id,
    s.db_user,
    c.changeset_id
FROM changes AS c
INNER JOIN changesets AS s ON c.changed_at = s.changed_at AND c.changeset_id = s.id
LEFT JOIN resources AS r ON c.resource_id = r.id
LEFT JOIN revisions AS rev ON s.revision_id = rev.id;
COMMENT ON VIEW v_history IS
'Everything that ever happened to resources, in one list, for people: order it by changed_at and change. Name a resource_id, or bound changed_at on both sides, or it reads all there is; a machine''s own is quickest by history_of_resource.';
COMMENT ON COLUMN v_history.change IS
'Orders the changes of one thing.';
COMMENT ON COLUMN v_history.changed_at IS
'When the transaction that made it began; bound it, so that only these months are read.';
COMMENT ON COLUMN v_history.resource_id IS
'The resource or part.';
COMMENT ON COLUMN v_history.address IS
'Its address today.';
COMMENT ON COLUMN v_history.what IS
'resource, state, attribute, tag or relationship.';
COMMENT ON COLUMN v_history.name IS
'The attribute''s, tag''s or relationship''s name; of a resource whether it came or changed.';
COMMENT ON COLUMN v_history.before IS
'The value before, as text; null for none.';
COMMENT ON COLUMN v_history.after IS
'The value after, as text; null for none. Of a resource what it was then, in few words.';
COMMENT ON COLUMN v_history.actor IS
'Who did it, as the session said; the database user where it did not.';
COMMENT ON COLUMN v_history.reason IS
'Why, as the session said; null where it did not.';
COMMENT ON COLUMN v_history.cause IS
'What brought it about: manifest, observation, operation and so on; manual for a person at a prompt.';
COMMENT ON COLUMN v_history.operation_id IS
'The operation that it belongs to; null for none.';
COMMENT ON COLUMN v_history.revision_id IS
'The revision that it makes true; null for none.';
COMMENT ON COLUMN v_history.commit_id IS
'That revision''s commit; null for none.';
COMMENT ON COLUMN v_history.db_user IS
'The session''s database user, whatever the actor claims.';
COMMENT ON COLUMN v_history.changeset_id IS
'The changeset: what one transaction changed for one reason.';

CREATE VIEW v_inventory_history WITH (security_invoker = TRUE) AS
WITH fields AS (
    SELECT
        h.change, h.changed_at, 'provider' AS what, h.provider_id::text AS row_key,
        'provider/' || h.name AS address, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END AS value,
        h.changeset_id
    FROM provider_history AS h
    LEFT JOIN provider_types AS pt ON h.provider_type_id = pt.id
    CROSS JOIN
        LATERAL (
            VALUES
            ('provider_type', pt.name),
            ('name', h.name),
            ('display_name', h.display_name),
            ('description', h.description),
            ('removed_at', h.deleted_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'endpoint', h.provider_endpoint_id::text,
        'endpoint/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM provider_endpoint_history AS h
    LEFT JOIN providers AS p ON h.provider_id = p.id
    LEFT JOIN provider_credentials AS c ON h.credential_id = c.id
    CROSS JOIN
        LATERAL (
            VALUES
            ('provider', p.name),
            ('name', h.name),
            ('display_name', h.display_name),
            ('url', h.url),
            ('ca_file', h.ca_file),
            ('credential', c.name),
            ('drift_policy', h.drift_policy),
            ('request_limit_per_hour', h.request_limit_per_hour::text),
            ('removed_at', h.deleted_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'endpoint', h.provider_endpoint_id::text,
        'endpoint/' || e.name, 'setting ' || h.name,
        CASE WHEN h.action <> 'delete' THEN coalesce(
            h.value_string, h.value_integer::text, trim_scale(h.value_decimal)::text, h.value_boolean::text,
            h.value_datetime::text
        ) END,
        h.changeset_id
    FROM provider_endpoint_setting_history AS h
    LEFT JOIN provider_endpoints AS e ON h.provider_endpoint_id = e.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'credential', h.credential_id::text,
        'credential/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM provider_credential_history AS h
    CROSS JOIN
        LATERAL (
            VALUES
            ('name', h.name),
            ('source', h.source),
            ('environment_variable', h.environment_variable),
            ('file_path', h.file_path),
            ('fingerprint', h.fingerprint),
            ('removed_at', h.deleted_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'credential', h.provider_credential_id::text,
        'credential/' || c.name, 'host ' || h.host,
        CASE WHEN h.action <> 'delete' THEN 'bound by ' || h.bound_by END,
        h.changeset_id
    FROM provider_credential_host_history AS h
    LEFT JOIN provider_credentials AS c ON h.provider_credential_id = c.id

    UNION ALL

    SELECT
        h.change, h.changed_at, h.kind, h.name,
        h.kind || '/' || h.name, 'declared by',
        CASE WHEN h.action <> 'delete' THEN m.name END,
        h.changeset_id
    FROM provider_declaration_history AS h
    LEFT JOIN manifest_sources AS m ON h.source_id = m.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'location', h.location_id::text,
        'location/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM location_history AS h
    CROSS JOIN
        LATERAL (
            VALUES
            ('name', h.name),
            ('display_name', h.display_name),
            ('country_code', h.country_code),
            ('city', h.city),
            ('latitude', h.latitude::text),
            ('longitude', h.longitude::text),
            ('time_zone', h.time_zone)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'datacenter', h.datacenter_id::text,
        'datacenter/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM datacenter_history AS h
    LEFT JOIN locations AS l ON h.location_id = l.id
    CROSS JOIN
        LATERAL (
            VALUES
            ('location', l.name),
            ('name', h.name),
            ('display_name', h.display_name),
            ('description', h.description),
            ('time_zone', h.time_zone)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'datacenter', h.datacenter_id::text,
        'datacenter/' || d.name, 'capability ' || h.name,
        CASE WHEN h.action <> 'delete' THEN concat_ws(
            ' ',
            coalesce(
                h.value_string, h.value_integer::text, trim_scale(h.value_decimal)::text, h.value_boolean::text,
                h.value_datetime::text
            ),
            h.unit
        ) END,
        h.changeset_id
    FROM datacenter_capability_history AS h
    LEFT JOIN datacenters AS d ON h.datacenter_id = d.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'provider', h.provider_id::text,
        'provider/' || p.name, 'datacenter ' || d.name,
        CASE WHEN h.action <> 'delete' THEN h.external_name END,
        h.changeset_id
    FROM provider_datacenter_history AS h
    LEFT JOIN providers AS p ON h.provider_id = p.id
    LEFT JOIN datacenters AS d ON h.datacenter_id = d.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'source', h.source_id::text,
        'source/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM manifest_source_history AS h
    CROSS JOIN
        LATERAL (
            VALUES
            ('name', h.name),
            ('kind', h.kind),
            ('url', h.url),
            ('branch', h.branch),
            ('subfolder', h.subfolder),
            ('repository', h.repository),
            ('forgotten_at', h.forgotten_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'hold', h.hold_id::text,
        'hold/' || h.hold_id, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM hold_history AS h
    LEFT JOIN provider_endpoints AS e ON h.endpoint_id = e.id
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
    CROSS JOIN
        LATERAL (
            VALUES
            ('address', h.address),
            ('endpoint', e.name),
            ('resource_type', t.name),
            ('tag_key', h.tag_key),
            ('tag_value', h.tag_value),
            ('owner', h.owner),
            ('reason', h.reason),
            ('until', h.until::text),
            ('released_at', h.released_at::text),
            ('while_wanted', CASE WHEN h.while_wanted THEN 'true' END)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'approval', h.approval_id::text,
        'approval/' || h.approval_id, f.name,
        CASE WHEN h.action <> 'delete' THEN f.value END,
        h.changeset_id
    FROM plan_approval_history AS h
    CROSS JOIN
        LATERAL (
            VALUES
            ('plan', h.plan_id::text),
            ('hash', h.hash),
            ('approved_by', h.approved_by),
            ('db_user', h.db_user),
            ('used_at', h.used_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'installation', '',
        'installation/' || h.uid, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM installation_history AS h
    CROSS JOIN LATERAL (
        VALUES
        ('uid', h.uid::text),
        ('key_id', h.key_id)
    ) AS f (name, value)
),

changes AS (
    SELECT
        f.change, f.changed_at, f.address, f.what, f.name,
        lag(f.value) OVER (PARTITION BY f.what, f.row_key, f.name ORDER BY f.change) AS before,
        f.value AS after,
        f.changeset_id
    FROM fields AS f
)

SELECT
    c.change,
    c.changed_at,
    c.address,
    c.what,
    c.name,
    c.before,
    c.after,
    s.actor,
    s.reason,
    s.cause,
    s.operation_id,
    s.revision_id,
    rev.commit_id,
    s.db_user,
    c.changeset_id
FROM changes AS c
INNER JOIN changesets AS s ON c.changed_at = s.changed_at AND c.changeset_id = s.id
LEFT JOIN revisions AS rev ON s.revision_id = rev.id
WHERE c.before IS DISTINCT FROM c.after;
COMMENT ON VIEW v_inventory_history IS
'What became of providers, endpoints, credentials, places, sources, holds, approvals and the installation: one row a change and what it changed, by address: endpoint/NAME, hold/NUMBER, approval/NUMBER and so on.';
COMMENT ON COLUMN v_inventory_history.change IS
'Orders the changes of one thing.';
COMMENT ON COLUMN v_inventory_history.changed_at IS
'When the transaction that made it began; bound it, so that only these months are read.';
COMMENT ON COLUMN v_inventory_history.address IS
'endpoint/NAME, hold/NUMBER, approval/NUMBER and so on.';
COMMENT ON COLUMN v_inventory_history.what IS
'provider, endpoint, credential, location, datacenter, source, hold, approval or installation.';
COMMENT ON COLUMN v_inventory_history.name IS
'The field that changed.';
COMMENT ON COLUMN v_inventory_history.before IS
'The value before, as text; null for none.';
COMMENT ON COLUMN v_inventory_history.after IS
'The value after, as text; null for none.';
COMMENT ON COLUMN v_inventory_history.actor IS
'Who did it, as the session said; the database user where it did not.';
COMMENT ON COLUMN v_inventory_history.reason IS
'Why, as the session said; null where it did not.';
COMMENT ON COLUMN v_inventory_history.cause IS
'What brought it about: manifest, observation, operation and so on; manual for a person at a prompt.';
COMMENT ON COLUMN v_inventory_history.operation_id IS
'The operation that it belongs to; null for none.';
COMMENT ON COLUMN v_inventory_history.revision_id IS
'The revision that it makes true; null for none.';
COMMENT ON COLUMN v_inventory_history.commit_id IS
'That revision''s commit; null for none.';
COMMENT ON COLUMN v_inventory_history.db_user IS
'The session''s database user, whatever the actor claims.';
COMMENT ON COLUMN v_inventory_history.changeset_id IS
'The changeset: what one transaction changed for one reason.';

CREATE VIEW v_catalog_history WITH (security_invoker = TRUE) AS
WITH fields AS (
    SELECT
        h.change, h.changed_at, 'provider_type' AS what, h.provider_type_id::text AS row_key,
        'provider_type/' || h.name AS address, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END AS value,
        h.changeset_id
    FROM provider_type_history AS h
    CROSS JOIN
        LATERAL (
            VALUES
            ('name', h.name),
            ('display_name', h.display_name),
            ('description', h.description),
            ('retired_at', h.retired_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'provider_type', h.provider_type_id::text,
        'provider_type/' || pt.name, 'setting ' || h.name,
        CASE WHEN h.action <> 'delete' THEN concat_ws(
            ' ',
            h.position, h.data_type, h.cardinality, h.format, h.unit,
            CASE WHEN h.is_secret THEN 'secret' END, h.display_name, h.description
        ) END,
        h.changeset_id
    FROM provider_type_setting_history AS h
    LEFT JOIN provider_types AS pt ON h.provider_type_id = pt.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'relationship_type', h.relationship_type_id::text,
        'relationship_type/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM relationship_type_history AS h
    CROSS JOIN
        LATERAL (
            VALUES
            ('name', h.name),
            ('description', h.description)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM resource_type_history AS h
    CROSS JOIN
        LATERAL (
            VALUES
            ('name', h.name),
            ('kind', h.kind),
            ('family', h.family),
            ('collection', h.collection),
            ('holds_data', h.holds_data::text),
            ('display_name', h.display_name),
            ('description', h.description),
            ('origin', h.origin),
            ('retired_at', h.retired_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || t.name, 'parent ' || parent.name,
        CASE WHEN h.action <> 'delete' THEN h.position::text END,
        h.changeset_id
    FROM resource_type_parent_history AS h
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
    LEFT JOIN resource_types AS parent ON h.parent_type_id = parent.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || t.name, 'key ' || ad.name,
        CASE WHEN h.action <> 'delete' THEN h.position::text END,
        h.changeset_id
    FROM resource_type_key_history AS h
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
    LEFT JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || t.name, 'attribute ' || ad.name,
        CASE WHEN h.action <> 'delete' THEN h.data_type END,
        h.changeset_id
    FROM resource_type_attribute_history AS h
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
    LEFT JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'attribute', h.attribute_definition_id::text,
        'attribute/' || h.name, f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM attribute_definition_history AS h
    LEFT JOIN relationship_types AS rt ON h.relationship_type_id = rt.id
    CROSS JOIN
        LATERAL (
            VALUES
            ('name', h.name),
            ('display_name', h.display_name),
            ('description', h.description),
            ('data_type', h.data_type),
            ('cardinality', h.cardinality),
            ('format', h.format),
            ('unit', h.unit),
            ('is_secret', h.is_secret::text),
            ('is_bookkeeping', h.is_bookkeeping::text),
            ('relationship', rt.name),
            ('retired_at', h.retired_at::text)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'attribute', h.attribute_definition_id::text,
        'attribute/' || ad.name, 'reference to ' || t.name,
        CASE WHEN h.action <> 'delete' THEN h.position::text END,
        h.changeset_id
    FROM attribute_reference_type_history AS h
    LEFT JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || t.name, 'offer of ' || pt.name,
        CASE WHEN h.action <> 'delete' THEN concat_ws(
            ' ',
            h.identity, CASE WHEN h.unique_name THEN 'unique_name' END, CASE WHEN h.stores_tags THEN 'stores_tags' END
        ) END,
        h.changeset_id
    FROM provider_resource_type_history AS h
    LEFT JOIN provider_types AS pt ON h.provider_type_id = pt.id
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || t.name, ad.name || ' at ' || pt.name || ': ' || f.name,
        CASE WHEN h.action <> 'delete' THEN nullif(f.value, '') END,
        h.changeset_id
    FROM provider_type_attribute_history AS h
    LEFT JOIN provider_types AS pt ON h.provider_type_id = pt.id
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
    LEFT JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
    LEFT JOIN attribute_definitions AS also ON h.also_definition_id = also.id
    LEFT JOIN attribute_definitions AS within ON h.unique_within_definition_id = within.id
    CROSS JOIN
        LATERAL (
            VALUES
            ('mutability', h.mutability),
            ('is_required', h.is_required::text),
            ('has_default', h.has_default::text),
            ('clear_when_unset', h.clear_when_unset::text),
            ('minimum', h.minimum::text),
            ('maximum', h.maximum::text),
            ('max_length', h.max_length::text),
            ('pattern', h.pattern),
            ('grow_only', h.grow_only::text),
            ('also', also.name),
            ('is_unique', h.is_unique::text),
            ('unique_within', within.name),
            ('unset_meaning', h.unset_meaning)
        ) AS f (name, value)

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || t.name, ad.name || ' at ' || pt.name || ': default ' || h.ordinal,
        CASE WHEN h.action <> 'delete' THEN coalesce(
            h.value_string, h.value_integer::text, trim_scale(h.value_decimal)::text, h.value_boolean::text,
            h.value_datetime::text
        ) END,
        h.changeset_id
    FROM provider_type_attribute_default_history AS h
    LEFT JOIN provider_types AS pt ON h.provider_type_id = pt.id
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
    LEFT JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id

    UNION ALL

    SELECT
        h.change, h.changed_at, 'resource_type', h.resource_type_id::text,
        'resource_type/' || t.name, ad.name || ' at ' || pt.name || ': allowed ' || h.ordinal,
        CASE WHEN h.action <> 'delete' THEN coalesce(
            h.value_string, h.value_integer::text, trim_scale(h.value_decimal)::text, h.value_boolean::text,
            h.value_datetime::text
        ) END,
        h.changeset_id
    FROM provider_type_attribute_allowed_value_history AS h
    LEFT JOIN provider_types AS pt ON h.provider_type_id = pt.id
    LEFT JOIN resource_types AS t ON h.resource_type_id = t.id
    LEFT JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
),

changes AS (
    SELECT
        f.change, f.changed_at, f.address, f.what, f.name,
        lag(f.value) OVER (PARTITION BY f.what, f.row_key, f.name ORDER BY f.change) AS before,
        f.value AS after,
        f.changeset_id
    FROM fields AS f
)

SELECT
    c.change,
    c.changed_at,
    c.address,
    c.what,
    c.name,
    c.before,
    c.after,
    s.actor,
    s.reason,
    s.cause,
    s.operation_id,
    s.revision_id,
    rev.commit_id,
    s.db_user,
    c.changeset_id
FROM changes AS c
INNER JOIN changesets AS s ON c.changed_at = s.changed_at AND c.changeset_id = s.id
LEFT JOIN revisions AS rev ON s.revision_id = rev.id
WHERE c.before IS DISTINCT FROM c.after;
COMMENT ON VIEW v_catalog_history IS
'What became of the catalog: one row a change and what it changed, by resource_type/NAME, attribute/NAME, provider_type/NAME or relationship_type/NAME.';
COMMENT ON COLUMN v_catalog_history.change IS
'Orders the changes of one thing.';
COMMENT ON COLUMN v_catalog_history.changed_at IS
'When the transaction that made it began; bound it, so that only these months are read.';
COMMENT ON COLUMN v_catalog_history.address IS
'attribute/NAME, resource_type/NAME and so on.';
COMMENT ON COLUMN v_catalog_history.what IS
'provider_type, relationship_type, resource_type or attribute.';
COMMENT ON COLUMN v_catalog_history.name IS
'The field that changed.';
COMMENT ON COLUMN v_catalog_history.before IS
'The value before, as text; null for none.';
COMMENT ON COLUMN v_catalog_history.after IS
'The value after, as text; null for none.';
COMMENT ON COLUMN v_catalog_history.actor IS
'Who did it, as the session said; the database user where it did not.';
COMMENT ON COLUMN v_catalog_history.reason IS
'Why, as the session said; null where it did not.';
COMMENT ON COLUMN v_catalog_history.cause IS
'What brought it about: manifest, observation, operation and so on; manual for a person at a prompt.';
COMMENT ON COLUMN v_catalog_history.operation_id IS
'The operation that it belongs to; null for none.';
COMMENT ON COLUMN v_catalog_history.revision_id IS
'The revision that it makes true; null for none.';
COMMENT ON COLUMN v_catalog_history.commit_id IS
'That revision''s commit; null for none.';
COMMENT ON COLUMN v_catalog_history.db_user IS
'The session''s database user, whatever the actor claims.';
COMMENT ON COLUMN v_catalog_history.changeset_id IS
'The changeset: what one transaction changed for one reason.';

CREATE FUNCTION resources_with(p_attribute text, p_value text)
RETURNS TABLE (resource_id bigint, address text, ordinal smallint)
LANGUAGE sql STABLE
AS $$
    WITH wanted AS MATERIALIZED (
        -- With nothing of the row in it, the planner would convert the text before it knows to which type.
        SELECT
            ad.id,
            CASE ad.data_type WHEN 'string' THEN p_value END AS as_string,
            CASE ad.data_type WHEN 'integer' THEN (p_value || left(ad.data_type, 0))::bigint END AS as_integer,
            CASE ad.data_type WHEN 'decimal' THEN (p_value || left(ad.data_type, 0))::numeric END AS as_decimal,
            CASE ad.data_type WHEN 'boolean' THEN (p_value || left(ad.data_type, 0))::boolean END AS as_boolean,
            CASE ad.data_type WHEN 'datetime' THEN (p_value || left(ad.data_type, 0))::timestamptz END AS as_datetime
        FROM public.attribute_definitions AS ad
        WHERE ad.name = p_attribute AND NOT ad.is_secret
    ),

    found AS (
        SELECT a.resource_id, a.ordinal
        FROM wanted
        CROSS JOIN LATERAL (
            SELECT a.resource_id, a.ordinal
            FROM public.resource_attributes AS a
            WHERE
                a.attribute_definition_id = wanted.id
                AND octet_length(a.value_string) <= 1000
                AND a.value_string = wanted.as_string
            UNION ALL
            -- Of these there are few, and no index holds them.
            SELECT a.resource_id, a.ordinal
            FROM public.resource_attributes AS a
            WHERE
                a.attribute_definition_id = wanted.id
                AND octet_length(wanted.as_string) > 1000
                AND octet_length(a.value_string) > 1000
                AND a.value_string = wanted.as_string
            UNION ALL
            SELECT a.resource_id, a.ordinal
            FROM public.resource_attributes AS a
            WHERE
                a.attribute_definition_id = wanted.id
                AND a.value_integer = wanted.as_integer
            UNION ALL
            SELECT a.resource_id, a.ordinal
            FROM public.resource_attributes AS a
            WHERE
                a.attribute_definition_id = wanted.id
                AND a.value_decimal = wanted.as_decimal
            UNION ALL
            SELECT a.resource_id, a.ordinal
            FROM public.resource_attributes AS a
            WHERE
                a.attribute_definition_id = wanted.id
                AND a.value_datetime = wanted.as_datetime
            UNION ALL
            SELECT a.resource_id, a.ordinal
            FROM public.resource_attributes AS a
            WHERE
                wanted.as_boolean
                AND a.attribute_definition_id = wanted.id
                AND a.value_boolean
            UNION ALL
            -- Most are false, so that no index would be quicker.
            SELECT a.resource_id, a.ordinal
            FROM public.resource_attributes AS a
            WHERE
                wanted.as_boolean IS FALSE
                AND a.attribute_definition_id = wanted.id
                AND NOT a.value_boolean
            ORDER BY resource_id
            OFFSET 0
        ) AS a
    )

    SELECT found.resource_id, r.address, found.ordinal
    FROM found
    CROSS JOIN LATERAL (
        SELECT live.address
        FROM public.resources AS live
        WHERE live.id = found.resource_id AND live.deleted_at IS NULL
        ORDER BY live.id
        OFFSET 0
    ) AS r
$$;
COMMENT ON FUNCTION resources_with(text, text) IS
'What lives and has an attribute of a value, given as text in the unit of its definition; found by index, except where a boolean is false or a text is longer than 1,000 bytes. Of a set each element counts. Never secrets.';
-- The past, as of a mark: each function gives the rows that its table had when the mark was taken, whatever was under way
-- at that time. What is recorded now is taken, and what changed since is taken back, so that the work follows the change
-- and months from before the mark need not be there. They run with the rights of whoever asks.
--
-- With p_resources the answer is bounded to these resources, and quick: their rows are found by index, and the changeset of
-- each by its key. Without, a changeset is found by its number alone, which is unique: a join by both columns would be
-- planned for far fewer rows than there are. And only months are read that have something to take back.

CREATE FUNCTION take_mark(p_kind text, p_revision_id bigint DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  v_epoch integer;
  v_mark bigint;
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RAISE EXCEPTION 'a mark would not see what its own transaction changed'
      USING ERRCODE = 'RC016', HINT = 'Take it in a transaction of its own, after the changes are committed.';
  END IF;
  IF p_kind IN ('change', 'apply') THEN
    -- What changed after the last one may be in the archive by now; then it is not asked, and another is taken.
    SELECT m.id INTO v_mark FROM (SELECT k.* FROM marks AS k ORDER BY k.id DESC LIMIT 1) AS m
    WHERE
      archived_after(m.epoch, m.snapshot, m.taken_at) IS NULL
      -- An apply's end is looked for by its revision, and no other mark says it.
      AND (p_kind = 'change' OR (m.kind = 'apply' AND m.revision_id IS NOT DISTINCT FROM p_revision_id));
    IF v_mark IS NOT NULL AND NOT changed_after(v_mark) THEN
      RETURN v_mark;
    END IF;
  ELSIF p_kind = 'revision' THEN
    SELECT m.id INTO v_mark FROM marks AS m WHERE m.revision_id = p_revision_id AND m.kind = 'revision';
    IF v_mark IS NOT NULL THEN
      RETURN v_mark;
    END IF;
  END IF;
  v_epoch := current_epoch();
  INSERT INTO marks (epoch, kind, revision_id, actor, db_user)
  SELECT v_epoch, p_kind, p_revision_id, c.actor, c.db_user FROM change_context() AS c
  RETURNING id INTO v_mark;
  RETURN v_mark;
END
$$;
COMMENT ON FUNCTION take_mark(text, bigint) IS
'Takes a mark and gives its id: of a revision once, and of an apply or a change only where something changed since the last mark, which is given otherwise.';
REVOKE ALL ON FUNCTION take_mark(text, bigint) FROM public;

CREATE FUNCTION mark_seen(p_mark bigint)
RETURNS TABLE (epoch integer, snapshot pg_snapshot)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
AS $$
BEGIN
  RETURN QUERY
  SELECT m.epoch, m.snapshot FROM marks AS m WHERE m.id = p_mark AND is_within_reach(m.epoch, m.snapshot, m.taken_at);
  IF NOT FOUND AND p_mark IS NOT NULL THEN
    RAISE EXCEPTION 'there is no mark %', p_mark USING ERRCODE = 'RC016', HINT = 'SELECT * FROM marks lists them.';
  END IF;
END
$$;
COMMENT ON FUNCTION mark_seen(bigint) IS
'What a mark saw; no row for a null, which means the present. Raises RC016 where there is no such mark, and RC023 where what changed since is in an archive.';

CREATE FUNCTION changesets_after(p_mark bigint)
RETURNS TABLE (changed_at timestamptz, id bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT s.changed_at, s.id
  FROM mark_seen(p_mark) AS m
  INNER JOIN changesets AS s ON (s.epoch, s.xact) >= (m.epoch, pg_snapshot_xmin(m.snapshot))
  WHERE s.epoch > m.epoch OR NOT pg_visible_in_snapshot(s.xact, m.snapshot)
$$;
COMMENT ON FUNCTION changesets_after(bigint) IS 'The changesets that a mark does not see: later ones, and what was under way.';

-- Each heartbeat of a daemon asks. Whether there is a row at all is a question that the planner answers by reading the
-- table, because it expects to find one soon; where nothing has changed, that is all of the history.
CREATE FUNCTION changed_after(p_mark bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE SET enable_seqscan = off
AS $$
DECLARE
  v_epoch integer;
  v_snapshot pg_snapshot;
BEGIN
  SELECT m.epoch, m.snapshot INTO v_epoch, v_snapshot FROM mark_seen(p_mark) AS m;
  RETURN
    EXISTS (
      SELECT FROM changesets AS s
      WHERE
        s.epoch = v_epoch
        AND s.xact >= pg_snapshot_xmin(v_snapshot)
        AND NOT pg_visible_in_snapshot(s.xact, v_snapshot)
    )
    OR EXISTS (SELECT FROM changesets AS s WHERE s.epoch > v_epoch);
END
$$;
COMMENT ON FUNCTION changed_after(bigint) IS
'Whether there is a changeset that a mark does not see. What it costs does not follow the history.';

CREATE FUNCTION resources_as_of(p_mark bigint, p_resources bigint[] DEFAULT NULL)
RETURNS TABLE (
    id bigint, uid uuid, resource_type_id integer, provider_endpoint_id integer, address text, name text, state_id integer,
    external_id text, management text, presence text, is_root boolean, source_id integer, location_id integer,
    datacenter_id integer, prevent_destroy boolean, on_remove text, allow_downtime boolean, replace_policy text,
    create_before_destroy boolean, created_at timestamptz, deleted_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  WITH undone AS (
    SELECT DISTINCT ON (h.resource_id) h.*
    FROM changesets_after(p_mark) AS s
    INNER JOIN resource_history AS h
      ON s.id = h.changeset_id AND (p_resources IS NULL OR s.changed_at = h.changed_at)
    WHERE
      (p_resources IS NULL OR h.resource_id = ANY(p_resources))
      AND (p_resources IS NOT NULL OR h.changed_at >= (SELECT min(b.changed_at) FROM changesets_after(p_mark) AS b))
    ORDER BY h.resource_id, h.change
  ),

  moved AS (
    SELECT DISTINCT ON (h.resource_id) h.resource_id, h.from_state_id
    FROM changesets_after(p_mark) AS s
    INNER JOIN resource_state_history AS h
      ON s.id = h.changeset_id AND (p_resources IS NULL OR s.changed_at = h.changed_at)
    WHERE
      (p_resources IS NULL OR h.resource_id = ANY(p_resources))
      AND (p_resources IS NOT NULL OR h.changed_at >= (SELECT min(b.changed_at) FROM changesets_after(p_mark) AS b))
    ORDER BY h.resource_id, h.change
  )

  SELECT
    r.id, r.uid, r.resource_type_id,
    CASE WHEN u.change IS NULL THEN r.provider_endpoint_id ELSE u.old_provider_endpoint_id END,
    CASE WHEN u.change IS NULL THEN r.address ELSE u.old_address END,
    CASE WHEN u.change IS NULL THEN r.name ELSE u.old_name END,
    CASE WHEN m.resource_id IS NULL THEN r.state_id ELSE m.from_state_id END,
    CASE WHEN u.change IS NULL THEN r.external_id ELSE u.old_external_id END,
    CASE WHEN u.change IS NULL THEN r.management ELSE u.old_management END,
    CASE WHEN u.change IS NULL THEN r.presence ELSE u.old_presence END,
    r.is_root,
    CASE WHEN u.change IS NULL THEN r.source_id ELSE u.old_source_id END,
    CASE WHEN u.change IS NULL THEN r.location_id ELSE u.old_location_id END,
    CASE WHEN u.change IS NULL THEN r.datacenter_id ELSE u.old_datacenter_id END,
    CASE WHEN u.change IS NULL THEN r.prevent_destroy ELSE u.old_prevent_destroy END,
    CASE WHEN u.change IS NULL THEN r.on_remove ELSE u.old_on_remove END,
    CASE WHEN u.change IS NULL THEN r.allow_downtime ELSE u.old_allow_downtime END,
    CASE WHEN u.change IS NULL THEN r.replace_policy ELSE u.old_replace_policy END,
    CASE WHEN u.change IS NULL THEN r.create_before_destroy ELSE u.old_create_before_destroy END,
    r.created_at,
    CASE WHEN u.change IS NULL THEN r.deleted_at ELSE u.old_deleted_at END
  FROM resources AS r
  LEFT JOIN undone AS u ON r.id = u.resource_id
  LEFT JOIN moved AS m ON r.id = m.resource_id
  WHERE
    u.action IS DISTINCT FROM 'insert' AND (p_resources IS NULL OR r.id = ANY(p_resources))
    AND (SELECT is_whole(p_mark, p_resources))
$$;
COMMENT ON FUNCTION resources_as_of(bigint, bigint[]) IS
'Resources and parts as a mark saw them, with those that were deleted by then and are not in the archive; without hashes, claims and other bookkeeping. Raises RC023 where one that lived then is in the archive, as its like do.';

CREATE FUNCTION attributes_as_of(p_mark bigint, p_resources bigint[] DEFAULT NULL)
RETURNS TABLE (
    resource_id bigint, resource_type_id integer, attribute_definition_id integer, ordinal smallint, data_type text,
    value_string text, value_integer bigint, value_decimal numeric, value_boolean boolean, value_datetime timestamptz,
    value_credential text, value_fingerprint text, value_target_type text, value_key text, value_inner_key text
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  WITH undone AS (
    SELECT DISTINCT ON (h.resource_id, h.attribute_definition_id, h.ordinal) h.*
    FROM changesets_after(p_mark) AS s
    INNER JOIN resource_attribute_history AS h
      ON s.id = h.changeset_id AND (p_resources IS NULL OR s.changed_at = h.changed_at)
    WHERE
      (p_resources IS NULL OR h.resource_id = ANY(p_resources))
      AND (p_resources IS NOT NULL OR h.changed_at >= (SELECT min(b.changed_at) FROM changesets_after(p_mark) AS b))
    ORDER BY h.resource_id, h.attribute_definition_id, h.ordinal, h.change
  )

  SELECT
    a.resource_id, a.resource_type_id, a.attribute_definition_id, a.ordinal, a.data_type, a.value_string, a.value_integer,
    a.value_decimal, a.value_boolean, a.value_datetime, a.value_credential, a.value_fingerprint, a.value_target_type,
    a.value_key, a.value_inner_key
  FROM resource_attributes AS a
  LEFT JOIN undone AS u
    ON
      a.resource_id = u.resource_id
      AND a.attribute_definition_id = u.attribute_definition_id
      AND a.ordinal = u.ordinal
  WHERE
    u.resource_id IS NULL AND (p_resources IS NULL OR a.resource_id = ANY(p_resources))
    AND (SELECT is_whole(p_mark, p_resources))
  UNION ALL
  SELECT
    u.resource_id, r.resource_type_id, u.attribute_definition_id, u.ordinal,
    CASE
      WHEN u.old_integer IS NOT NULL THEN 'integer'
      WHEN u.old_decimal IS NOT NULL THEN 'decimal'
      WHEN u.old_boolean IS NOT NULL THEN 'boolean'
      WHEN u.old_datetime IS NOT NULL THEN 'datetime'
      ELSE 'string'
    END,
    u.old_string, u.old_integer, u.old_decimal, u.old_boolean, u.old_datetime, u.old_credential, u.old_fingerprint,
    u.old_target_type, u.old_key, u.old_inner_key
  FROM undone AS u
  INNER JOIN resources AS r ON u.resource_id = r.id
  WHERE u.action <> 'i'
$$;
COMMENT ON FUNCTION attributes_as_of(bigint, bigint[]) IS 'The attributes of resources and parts as a mark saw them.';

CREATE FUNCTION tags_as_of(p_mark bigint, p_resources bigint[] DEFAULT NULL)
RETURNS TABLE (resource_id bigint, tag_id bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  WITH undone AS (
    SELECT DISTINCT ON (h.resource_id, h.tag_id) h.resource_id, h.tag_id, h.action
    FROM changesets_after(p_mark) AS s
    INNER JOIN resource_tag_history AS h
      ON s.id = h.changeset_id AND (p_resources IS NULL OR s.changed_at = h.changed_at)
    WHERE
      (p_resources IS NULL OR h.resource_id = ANY(p_resources))
      AND (p_resources IS NOT NULL OR h.changed_at >= (SELECT min(b.changed_at) FROM changesets_after(p_mark) AS b))
    ORDER BY h.resource_id, h.tag_id, h.change
  )

  SELECT rt.resource_id, rt.tag_id
  FROM resource_tags AS rt
  LEFT JOIN undone AS u ON rt.resource_id = u.resource_id AND rt.tag_id = u.tag_id
  WHERE
    u.resource_id IS NULL AND (p_resources IS NULL OR rt.resource_id = ANY(p_resources))
    AND (SELECT is_whole(p_mark, p_resources))
  UNION ALL
  SELECT u.resource_id, u.tag_id FROM undone AS u WHERE u.action = 'delete'
$$;
COMMENT ON FUNCTION tags_as_of(bigint, bigint[]) IS 'The tags of resources as a mark saw them.';

CREATE FUNCTION relationships_as_of(p_mark bigint, p_resources bigint[] DEFAULT NULL)
RETURNS TABLE (parent_resource_id bigint, child_resource_id bigint, relationship_type_id integer)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  WITH undone AS (
    SELECT DISTINCT ON (h.parent_resource_id, h.resource_id, h.relationship_type_id)
      h.parent_resource_id, h.resource_id AS child_resource_id, h.relationship_type_id, h.action
    FROM changesets_after(p_mark) AS s
    INNER JOIN resource_relationship_history AS h
      ON s.id = h.changeset_id AND (p_resources IS NULL OR s.changed_at = h.changed_at)
    WHERE
      (p_resources IS NULL OR h.resource_id = ANY(p_resources) OR h.parent_resource_id = ANY(p_resources))
      AND (p_resources IS NOT NULL OR h.changed_at >= (SELECT min(b.changed_at) FROM changesets_after(p_mark) AS b))
    ORDER BY h.parent_resource_id, h.resource_id, h.relationship_type_id, h.change
  )

  SELECT rr.parent_resource_id, rr.child_resource_id, rr.relationship_type_id
  FROM resource_relationships AS rr
  LEFT JOIN undone AS u
    ON
      rr.parent_resource_id = u.parent_resource_id
      AND rr.child_resource_id = u.child_resource_id
      AND rr.relationship_type_id = u.relationship_type_id
  WHERE
    u.child_resource_id IS NULL
    AND (
      p_resources IS NULL OR rr.child_resource_id = ANY(p_resources) OR rr.parent_resource_id = ANY(p_resources)
    )
    AND (SELECT is_whole(p_mark, p_resources))
  UNION ALL
  SELECT u.parent_resource_id, u.child_resource_id, u.relationship_type_id FROM undone AS u WHERE u.action = 'delete'
$$;
COMMENT ON FUNCTION relationships_as_of(bigint, bigint[]) IS
'The ties as a mark saw them; with p_resources those in which one of them takes part.';
-- More of the past, as of a mark: what the manifests wanted, who had an address, and what changed between two marks.
-- As in 31_as_of.sql, a null for the mark means the present.

CREATE FUNCTION stamp_revision()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  new.epoch := current_epoch();
  RETURN new;
END
$$;
COMMENT ON FUNCTION stamp_revision() IS 'Says of a revision which cluster numbered its transaction.';
REVOKE ALL ON FUNCTION stamp_revision() FROM public;

CREATE TRIGGER stamp BEFORE INSERT ON revisions
FOR EACH ROW EXECUTE FUNCTION stamp_revision();

CREATE FUNCTION revisions_after(p_mark bigint)
RETURNS TABLE (id bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT r.id
  FROM mark_seen(p_mark) AS m
  INNER JOIN revisions AS r ON (r.epoch, r.xact) >= (m.epoch, pg_snapshot_xmin(m.snapshot))
  WHERE r.epoch > m.epoch OR NOT pg_visible_in_snapshot(r.xact, m.snapshot)
$$;
COMMENT ON FUNCTION revisions_after(bigint) IS 'The revisions that a mark does not see: later ones, and what was being loaded.';

CREATE FUNCTION desired_as_of(p_mark bigint, p_addresses text[] DEFAULT NULL)
RETURNS TABLE (id bigint, address text)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT d.id, d.address
  FROM desired_resources AS d
  WHERE
    d.parent_id IS NULL
    AND (p_addresses IS NULL OR d.address = ANY(p_addresses))
    AND NOT EXISTS (SELECT FROM revisions_after(p_mark) AS late WHERE late.id = d.valid_from_revision)
    AND (
      d.valid_to_revision IS NULL
      OR EXISTS (SELECT FROM revisions_after(p_mark) AS late WHERE late.id = d.valid_to_revision)
    )
$$;
COMMENT ON FUNCTION desired_as_of(bigint, text[]) IS
'The rows of desired_resources, of roots, that held as a mark saw them; with p_addresses those of these addresses.';

CREATE FUNCTION resources_called(p_address text)
RETURNS TABLE (id bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT r.id
  FROM resources AS r
  WHERE r.address = p_address
  UNION
  SELECT h.resource_id
  FROM resource_history AS h
  WHERE h.old_address = p_address AND h.old_address <> h.address
  UNION
  SELECT a.id
  FROM archived_resources AS a
  WHERE a.address = p_address AND a.restored_at IS NULL
$$;
COMMENT ON FUNCTION resources_called(text) IS
'The resources and parts that have an address or had it before, the deleted ones too, and those in the archive. Of which of them it was at a mark, resources_as_of says.';

CREATE FUNCTION resources_changed(p_from bigint, p_to bigint DEFAULT NULL)
RETURNS TABLE (id bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  WITH span AS MATERIALIZED (
    SELECT late.changed_at, late.id FROM changesets_after(p_from) AS late
    EXCEPT
    SELECT late.changed_at, late.id FROM changesets_after(p_to) AS late
  )

  SELECT h.resource_id
  FROM span
  INNER JOIN resource_history AS h ON span.changed_at = h.changed_at AND span.id = h.changeset_id
  UNION
  SELECT h.resource_id
  FROM span
  INNER JOIN resource_state_history AS h ON span.changed_at = h.changed_at AND span.id = h.changeset_id
  UNION
  SELECT h.resource_id
  FROM span
  INNER JOIN resource_attribute_history AS h ON span.changed_at = h.changed_at AND span.id = h.changeset_id
  UNION
  SELECT h.resource_id
  FROM span
  INNER JOIN resource_tag_history AS h ON span.changed_at = h.changed_at AND span.id = h.changeset_id
  UNION
  SELECT h.resource_id
  FROM span
  INNER JOIN resource_relationship_history AS h ON span.changed_at = h.changed_at AND span.id = h.changeset_id
$$;
COMMENT ON FUNCTION resources_changed(bigint, bigint) IS
'The resources and parts of which something was written after a mark and not after a later one; with none, up to now. It may have been changed back. A tie counts as its child''s.';
-- Trends: what changes, drifts, fails and takes how long, by day; what there is by datacenter; who deleted and who
-- approved. What reads a history reads no more than the last days of it: thirty, or as many as the setting
-- `reconciler.trend_days` says.

CREATE FUNCTION trend_start()
RETURNS timestamptz
LANGUAGE sql STABLE
RETURN transaction_timestamp()
- make_interval(days => coalesce(nullif(current_setting('reconciler.trend_days', TRUE), ''), '30')::integer);
COMMENT ON FUNCTION trend_start() IS
'From when on the views of trends look: so many days ago as the setting reconciler.trend_days says, thirty where it does not.';

CREATE FUNCTION step_approved_by(p_plan_step_id bigint)
RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT string_agg(DISTINCT g.approved_by, ', ')
  FROM plan_steps AS s
  INNER JOIN plans AS p ON s.plan_id = p.id
  INNER JOIN plan_approvals AS g
    -- One approves a saved plan; an apply plans again, and uses the approval up for the very same step.
    ON g.used_at IS NOT NULL AND (s.plan_id = g.plan_id OR p.created_at = g.used_at)
  WHERE
    s.id = p_plan_step_id
    AND (
      s.plan_id = g.plan_id
      OR EXISTS (
        SELECT FROM plan_steps AS same
        WHERE same.plan_id = g.plan_id AND same.address = s.address AND same.hash = s.hash
      )
    )
$$;
COMMENT ON FUNCTION step_approved_by(bigint) IS
'Who approved what a step did, with commas between several; null where nobody had to.';

CREATE VIEW v_trend_changes WITH (security_invoker = TRUE) AS
SELECT
    date_trunc('day', h.changed_at, 'UTC') AS day,
    e.name AS endpoint,
    t.name AS resource_type,
    ad.name AS attribute,
    count(*) AS changes,
    count(DISTINCT h.resource_id) AS resources,
    count(*) FILTER (
        WHERE s.cause = 'observation' AND h.action = 'u' AND rule.mutability IS DISTINCT FROM 'read_only'
    ) AS drift,
    count(*) FILTER (WHERE s.cause = 'manual') AS by_hand
FROM resource_attribute_history AS h
INNER JOIN changesets AS s ON h.changed_at = s.changed_at AND h.changeset_id = s.id
INNER JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
INNER JOIN resources AS r ON h.resource_id = r.id
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
LEFT JOIN provider_type_attributes AS rule
    ON
        p.provider_type_id = rule.provider_type_id
        AND r.resource_type_id = rule.resource_type_id
        AND h.attribute_definition_id = rule.attribute_definition_id
LEFT JOIN resource_operations AS o ON s.operation_id = o.id
LEFT JOIN operation_types AS ot ON o.operation_type_id = ot.id
WHERE
    h.changed_at >= trend_start()
    AND s.changed_at >= trend_start()
    AND r.management = 'managed'
    AND NOT ad.is_bookkeeping
    AND (ot.name IS NULL OR ot.name NOT IN ('create', 'delete', 'replace'))
GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW v_trend_changes IS
'How often attributes of managed resources changed, by day: without what came or went with its object, and without bookkeeping.';
COMMENT ON COLUMN v_trend_changes.day IS
'The day, as its beginning in UTC.';
COMMENT ON COLUMN v_trend_changes.endpoint IS
'The endpoint''s name.';
COMMENT ON COLUMN v_trend_changes.resource_type IS
'The type''s name.';
COMMENT ON COLUMN v_trend_changes.attribute IS
'The attribute''s name.';
COMMENT ON COLUMN v_trend_changes.changes IS
'How many values and elements changed, whoever did it.';
COMMENT ON COLUMN v_trend_changes.resources IS
'Of how many resources and parts.';
COMMENT ON COLUMN v_trend_changes.drift IS
'How many of the changes were seen at the provider and not made by us, of what can be changed at all.';
COMMENT ON COLUMN v_trend_changes.by_hand IS
'How many of them were made at a SQL prompt.';

CREATE VIEW v_trend_operations WITH (security_invoker = TRUE) AS
SELECT
    date_trunc('day', o.intended_at, 'UTC') AS day,
    e.name AS endpoint,
    t.name AS resource_type,
    ot.name AS operation,
    count(*) AS operations,
    count(*) FILTER (WHERE o.status = 'done') AS done,
    count(*) FILTER (WHERE o.status = 'failed') AS failed,
    count(*) FILTER (WHERE o.status = 'ambiguous') AS in_doubt,
    count(*) FILTER (WHERE o.status = 'interrupted') AS interrupted,
    round(avg(extract(EPOCH FROM o.finished_at - o.intended_at)) FILTER (WHERE o.status = 'done'), 1) AS average_seconds,
    round(
        (
            percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(EPOCH FROM o.finished_at - o.intended_at))
            FILTER (WHERE o.status = 'done')
        )::numeric, 1
    ) AS slowest_twentieth_seconds
FROM resource_operations AS o
INNER JOIN operation_types AS ot ON o.operation_type_id = ot.id
INNER JOIN resources AS r ON o.resource_id = r.id
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
WHERE o.intended_at >= trend_start()
GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW v_trend_operations IS
'How many operations there were by day, how they ended and how long they took.';
COMMENT ON COLUMN v_trend_operations.day IS
'The day that they began on, as its beginning in UTC.';
COMMENT ON COLUMN v_trend_operations.endpoint IS
'The endpoint''s name.';
COMMENT ON COLUMN v_trend_operations.resource_type IS
'The type''s name.';
COMMENT ON COLUMN v_trend_operations.operation IS
'What was done: create, update, replace, delete, adopt or forget.';
COMMENT ON COLUMN v_trend_operations.operations IS
'How many were begun.';
COMMENT ON COLUMN v_trend_operations.done IS
'How many of them were done.';
COMMENT ON COLUMN v_trend_operations.failed IS
'How many failed.';
COMMENT ON COLUMN v_trend_operations.in_doubt IS
'Of how many it is not known whether they took effect.';
COMMENT ON COLUMN v_trend_operations.interrupted IS
'How many ended before anything was sent.';
COMMENT ON COLUMN v_trend_operations.average_seconds IS
'How long those that were done took, on average; null where none was.';
COMMENT ON COLUMN v_trend_operations.slowest_twentieth_seconds IS
'How long the slowest twentieth of them took at least; null where none was done.';

CREATE VIEW v_trend_failures WITH (security_invoker = TRUE) AS
SELECT
    e.name AS endpoint,
    t.name AS resource_type,
    ot.name AS operation,
    coalesce(o.error_code, 'unknown') AS error_code,
    count(*) AS failures,
    count(DISTINCT o.resource_id) AS resources,
    min(o.intended_at) AS first_at,
    max(o.intended_at) AS last_at,
    (array_agg(o.error_message ORDER BY o.intended_at DESC))[1] AS last_message
FROM resource_operations AS o
INNER JOIN operation_types AS ot ON o.operation_type_id = ot.id
INNER JOIN resources AS r ON o.resource_id = r.id
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
WHERE o.intended_at >= trend_start() AND o.status IN ('failed', 'ambiguous')
GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW v_trend_failures IS
'What failed or ended in doubt, by class.';
COMMENT ON COLUMN v_trend_failures.endpoint IS
'The endpoint''s name.';
COMMENT ON COLUMN v_trend_failures.resource_type IS
'The type''s name.';
COMMENT ON COLUMN v_trend_failures.operation IS
'What was tried.';
COMMENT ON COLUMN v_trend_failures.error_code IS
'Why it failed, as a code; unknown where there is none.';
COMMENT ON COLUMN v_trend_failures.failures IS
'How often.';
COMMENT ON COLUMN v_trend_failures.resources IS
'Of how many resources.';
COMMENT ON COLUMN v_trend_failures.first_at IS
'When the first of them began.';
COMMENT ON COLUMN v_trend_failures.last_at IS
'When the last of them began.';
COMMENT ON COLUMN v_trend_failures.last_message IS
'What the last one said.';

CREATE VIEW v_trend_drifters WITH (security_invoker = TRUE) AS
SELECT
    root.address,
    e.name AS endpoint,
    t.name AS resource_type,
    count(*) AS drift,
    count(DISTINCT date_trunc('day', h.changed_at, 'UTC')) AS days,
    string_agg(DISTINCT ad.name, ', ') AS attributes,
    max(h.changed_at) AS last_at
FROM resource_attribute_history AS h
INNER JOIN changesets AS s ON h.changed_at = s.changed_at AND h.changeset_id = s.id
INNER JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
INNER JOIN resources AS r ON h.resource_id = r.id
LEFT JOIN resource_relationships AS c ON r.id = c.child_resource_id AND c.relationship_type_id = 1
INNER JOIN resources AS root ON coalesce(c.parent_resource_id, r.id) = root.id
INNER JOIN resource_types AS t ON root.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON root.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
LEFT JOIN provider_type_attributes AS rule
    ON
        p.provider_type_id = rule.provider_type_id
        AND r.resource_type_id = rule.resource_type_id
        AND h.attribute_definition_id = rule.attribute_definition_id
WHERE
    h.changed_at >= trend_start()
    AND s.changed_at >= trend_start()
    AND s.cause = 'observation'
    AND h.action = 'u'
    AND root.management = 'managed'
    AND root.deleted_at IS NULL
    AND NOT ad.is_bookkeeping
    AND rule.mutability IS DISTINCT FROM 'read_only'
GROUP BY 1, 2, 3;
COMMENT ON VIEW v_trend_drifters IS
'Which managed resources somebody else changes, those of their parts with them; order it by drift.';
COMMENT ON COLUMN v_trend_drifters.address IS
'The resource.';
COMMENT ON COLUMN v_trend_drifters.endpoint IS
'The endpoint''s name.';
COMMENT ON COLUMN v_trend_drifters.resource_type IS
'The type''s name.';
COMMENT ON COLUMN v_trend_drifters.drift IS
'How many values of it were seen to have changed.';
COMMENT ON COLUMN v_trend_drifters.days IS
'On how many days.';
COMMENT ON COLUMN v_trend_drifters.attributes IS
'Which attributes, by name.';
COMMENT ON COLUMN v_trend_drifters.last_at IS
'When the last of them was seen.';

CREATE VIEW v_trend_deletions WITH (security_invoker = TRUE) AS
SELECT
    h.changed_at AS deleted_at,
    h.address,
    t.name AS resource_type,
    e.name AS endpoint,
    coalesce(ot.name, s.cause) AS how,
    s.actor,
    s.db_user,
    rev.author,
    rev.commit_id,
    step_approved_by(o.plan_step_id) AS approved_by
FROM resource_history AS h
INNER JOIN changesets AS s ON h.changed_at = s.changed_at AND h.changeset_id = s.id
INNER JOIN resource_types AS t ON h.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON h.provider_endpoint_id = e.id
LEFT JOIN revisions AS rev ON s.revision_id = rev.id
LEFT JOIN resource_operations AS o ON s.operation_id = o.id
LEFT JOIN operation_types AS ot ON o.operation_type_id = ot.id
WHERE
    h.changed_at >= trend_start()
    AND s.changed_at >= trend_start()
    AND h.deleted_at IS NOT NULL
    AND h.old_deleted_at IS NULL
    AND h.old_management IS DISTINCT FROM 'unmanaged'
    AND (
        EXISTS (
            SELECT FROM resources AS r
            WHERE r.id = h.resource_id AND r.is_root
        )
        OR EXISTS (
            SELECT FROM archived_resources AS a
            WHERE a.id = h.resource_id AND a.is_root AND a.restored_at IS NULL
        )
    );
COMMENT ON VIEW v_trend_deletions IS
'What of ours is gone, and by whom.';
COMMENT ON COLUMN v_trend_deletions.deleted_at IS
'When it was recorded to be gone.';
COMMENT ON COLUMN v_trend_deletions.address IS
'What it was.';
COMMENT ON COLUMN v_trend_deletions.resource_type IS
'The type''s name.';
COMMENT ON COLUMN v_trend_deletions.endpoint IS
'The endpoint''s name.';
COMMENT ON COLUMN v_trend_deletions.how IS
'By which operation, such as delete or forget; without one, or where that is in the archive, what brought it about, such as observation.';
COMMENT ON COLUMN v_trend_deletions.actor IS
'Who did it, as the session said; of what an observation found, who looked.';
COMMENT ON COLUMN v_trend_deletions.db_user IS
'The session''s database user, whatever the actor claims.';
COMMENT ON COLUMN v_trend_deletions.author IS
'Whose commit it was; null for none.';
COMMENT ON COLUMN v_trend_deletions.commit_id IS
'The commit that it was done for; null for none.';
COMMENT ON COLUMN v_trend_deletions.approved_by IS
'Who approved its plan; null where nobody had to.';

CREATE VIEW v_trend_approvals WITH (security_invoker = TRUE) AS
SELECT
    a.approved_at,
    a.approved_by,
    a.plan_id,
    p.actor AS planned_by,
    a.used_at,
    (
        SELECT count(*)
        FROM plan_steps AS s
        WHERE s.plan_id = a.plan_id
    ) AS steps,
    (
        SELECT count(*)
        FROM plan_steps AS s
        INNER JOIN operation_types AS ot ON s.operation_type_id = ot.id
        WHERE s.plan_id = a.plan_id AND ot.name IN ('delete', 'replace')
    ) AS destroying
FROM plan_approvals AS a
INNER JOIN plans AS p ON a.plan_id = p.id
WHERE a.approved_at >= trend_start();
COMMENT ON VIEW v_trend_approvals IS
'Who approved which plan, and whether that was used.';
COMMENT ON COLUMN v_trend_approvals.approved_at IS
'When.';
COMMENT ON COLUMN v_trend_approvals.approved_by IS
'Who.';
COMMENT ON COLUMN v_trend_approvals.plan_id IS
'The plan.';
COMMENT ON COLUMN v_trend_approvals.planned_by IS
'Who made the plan.';
COMMENT ON COLUMN v_trend_approvals.used_at IS
'When an apply used it up; null while none did.';
COMMENT ON COLUMN v_trend_approvals.steps IS
'How many steps the plan has.';
COMMENT ON COLUMN v_trend_approvals.destroying IS
'How many of them delete or replace something.';

CREATE VIEW v_capacity WITH (security_invoker = TRUE) AS
WITH machines AS (
    SELECT
        vm.resource_id,
        vm.cpu_cores,
        vm.memory_mb,
        vm.power_state
    FROM virtual_machines AS vm
    UNION ALL
    SELECT
        c.resource_id,
        c.cpu_cores,
        c.memory_mb,
        c.power_state
    FROM containers AS c
),

held AS (
    SELECT
        r.id,
        m.cpu_cores,
        m.memory_mb,
        m.power_state,
        NULL::bigint AS disk_mib,
        m.resource_id IS NOT NULL AS is_machine
    FROM resources AS r
    INNER JOIN machines AS m ON r.id = m.resource_id

    UNION ALL

    SELECT
        coalesce(c.parent_resource_id, r.id),
        NULL,
        NULL,
        NULL,
        coalesce(v.size_mib, v.size_gb * 1024),
        FALSE
    FROM resources AS r
    INNER JOIN storage_volumes AS v ON r.id = v.resource_id
    LEFT JOIN resource_relationships AS c ON r.id = c.child_resource_id AND c.relationship_type_id = 1
    WHERE r.deleted_at IS NULL

    UNION ALL

    SELECT
        r.id,
        NULL,
        NULL,
        NULL,
        (a.value_integer * 1000000000 / 1048576)::bigint,
        FALSE
    FROM resources AS r
    INNER JOIN resource_attributes AS a ON r.id = a.resource_id
    INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id AND ad.name = 'primary_disk_gb'
)

SELECT
    coalesce(d.name, l.name, 'unplaced') AS datacenter,
    e.name AS endpoint,
    count(*) FILTER (WHERE h.is_machine) AS machines,
    count(*) FILTER (WHERE h.is_machine AND h.power_state = 'running') AS running,
    coalesce(sum(h.cpu_cores), 0) AS cpu_cores,
    coalesce(sum(h.memory_mb), 0) AS memory_mib,
    (coalesce(sum(h.disk_mib), 0) / 1024)::bigint AS disk_gib
FROM held AS h
INNER JOIN resources AS r ON h.id = r.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
LEFT JOIN datacenters AS d ON r.datacenter_id = d.id
LEFT JOIN locations AS l ON r.location_id = l.id
WHERE r.deleted_at IS NULL AND r.management = 'managed' AND r.presence <> 'absent'
GROUP BY 1, 2;
COMMENT ON VIEW v_capacity IS
'What managed machines and volumes take up, by datacenter, or by location where no datacenter is known.';
COMMENT ON COLUMN v_capacity.datacenter IS
'The datacenter''s name, or the location''s; unplaced where neither is known.';
COMMENT ON COLUMN v_capacity.endpoint IS
'The endpoint''s name.';
COMMENT ON COLUMN v_capacity.machines IS
'How many virtual machines and containers there are.';
COMMENT ON COLUMN v_capacity.running IS
'How many of them run.';
COMMENT ON COLUMN v_capacity.cpu_cores IS
'Their processor cores.';
COMMENT ON COLUMN v_capacity.memory_mib IS
'Their memory, in MiB.';
COMMENT ON COLUMN v_capacity.disk_gib IS
'Their disks and the volumes, built-in ones too, in GiB.';
-- The histories as they are read: every change as names and texts, of one resource or of one changeset. Each function
-- gives so many rows of each history at most, the newest of a resource, so that the work follows what is asked for and
-- not how much there is. They run with the rights of whoever asks. Names are looked up row by row: a join with all
-- resources would be planned for more rows than there are, and go through all of them.

CREATE FUNCTION resource_changes(h resource_history)
RETURNS TABLE (name text, before text, after text)
LANGUAGE sql STABLE
AS $$
  -- What came is said once, by its management; the columns of what is gone stay as they were.
  SELECT f.name, f.before, f.after
  FROM (
    VALUES
    ('recorded', NULL, CASE WHEN (h).action = 'insert' THEN (h).management END),
    ('address', (h).old_address, CASE WHEN (h).action = 'update' THEN (h).address END),
    ('name', (h).old_name, CASE WHEN (h).action = 'update' THEN (h).name END),
    (
      'endpoint',
      (SELECT e.name FROM provider_endpoints AS e WHERE e.id = (h).old_provider_endpoint_id),
      CASE
        WHEN (h).action = 'update'
          THEN (SELECT e.name FROM provider_endpoints AS e WHERE e.id = (h).provider_endpoint_id)
      END
    ),
    ('external_id', (h).old_external_id, (h).external_id),
    ('management', (h).old_management, CASE WHEN (h).action = 'update' THEN (h).management END),
    ('presence', (h).old_presence, (h).presence),
    ('prevent_destroy', (h).old_prevent_destroy::text, (h).prevent_destroy::text),
    ('on_remove', (h).old_on_remove, (h).on_remove),
    ('allow_downtime', (h).old_allow_downtime::text, (h).allow_downtime::text),
    ('replace', (h).old_replace_policy, (h).replace_policy),
    ('create_before_destroy', (h).old_create_before_destroy::text, (h).create_before_destroy::text),
    (
      'source',
      (SELECT s.name FROM manifest_sources AS s WHERE s.id = (h).old_source_id),
      (SELECT s.name FROM manifest_sources AS s WHERE s.id = (h).source_id)
    ),
    (
      'location',
      (SELECT l.name FROM locations AS l WHERE l.id = (h).old_location_id),
      (SELECT l.name FROM locations AS l WHERE l.id = (h).location_id)
    ),
    (
      'datacenter',
      (SELECT d.name FROM datacenters AS d WHERE d.id = (h).old_datacenter_id),
      (SELECT d.name FROM datacenters AS d WHERE d.id = (h).datacenter_id)
    ),
    ('deleted', (h).old_deleted_at::text, (h).deleted_at::text)
  ) AS f (name, before, after)
  WHERE
    CASE (h).action
      WHEN 'update' THEN f.before IS DISTINCT FROM f.after
      ELSE f.after NOT IN ('false', 'never')
    END
$$;
COMMENT ON FUNCTION resource_changes(resource_history) IS
'What one row of resource_history changed of a resource''s own columns: each by itself, before and after.';

CREATE FUNCTION history_of_resource(
    p_resource bigint, p_since timestamptz, p_until timestamptz, p_most integer
)
RETURNS TABLE (
    what text, name text, label text, before text, after text, unit text, cardinality text, is_secret boolean,
    is_bookkeeping boolean, action text, ordinal smallint, resource_id bigint, change bigint, changed_at timestamptz,
    changeset_id bigint
)
LANGUAGE sql STABLE
AS $$
  (
    SELECT
      'resource', c.name, NULL, c.before, c.after, NULL, 'one', FALSE, FALSE, h.action, 0::smallint, h.resource_id, h.change,
      h.changed_at, h.changeset_id
    FROM resource_history AS h
    CROSS JOIN LATERAL resource_changes(h) AS c
    WHERE
      h.resource_id = p_resource
      AND h.changed_at >= coalesce(p_since, '-infinity')
      AND h.changed_at <= coalesce(p_until, 'infinity')
    ORDER BY h.changed_at DESC LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'state', 'state', NULL, f.name, t.name, NULL, 'one', FALSE, FALSE,
      CASE WHEN h.from_state_id IS NULL THEN 'insert' ELSE 'update' END, 0::smallint, h.resource_id, h.change, h.changed_at,
      h.changeset_id
    FROM resource_state_history AS h
    INNER JOIN resource_states AS t ON h.to_state_id = t.id
    LEFT JOIN resource_states AS f ON h.from_state_id = f.id
    WHERE
      h.resource_id = p_resource
      AND h.changed_at >= coalesce(p_since, '-infinity')
      AND h.changed_at <= coalesce(p_until, 'infinity')
    ORDER BY h.changed_at DESC LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'attribute', ad.name, ad.display_name,
      value_text(
        h.old_target_type, h.old_key, h.old_inner_key, h.old_string, h.old_integer, h.old_decimal, h.old_boolean,
        h.old_datetime, h.old_credential, h.old_fingerprint
      ),
      value_text(
        h.new_target_type, h.new_key, h.new_inner_key, h.new_string, h.new_integer, h.new_decimal, h.new_boolean,
        h.new_datetime, h.new_credential, h.new_fingerprint
      ),
      ad.unit, ad.cardinality, ad.is_secret, ad.is_bookkeeping,
      CASE h.action WHEN 'i' THEN 'insert' WHEN 'u' THEN 'update' ELSE 'delete' END, h.ordinal, h.resource_id, h.change,
      h.changed_at, h.changeset_id
    FROM resource_attribute_history AS h
    INNER JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
    WHERE
      h.resource_id = p_resource
      AND h.changed_at >= coalesce(p_since, '-infinity')
      AND h.changed_at <= coalesce(p_until, 'infinity')
    ORDER BY h.changed_at DESC LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'tag', h.key, NULL, CASE h.action WHEN 'delete' THEN h.value END, CASE h.action WHEN 'insert' THEN h.value END, NULL,
      'one', FALSE, FALSE, h.action, 0::smallint, h.resource_id, h.change, h.changed_at, h.changeset_id
    FROM resource_tag_history AS h
    WHERE
      h.resource_id = p_resource
      AND h.changed_at >= coalesce(p_since, '-infinity')
      AND h.changed_at <= coalesce(p_until, 'infinity')
    ORDER BY h.changed_at DESC LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'relationship', t.name, NULL,
      CASE h.action WHEN 'delete' THEN address_of(h.parent_resource_id) END,
      CASE h.action WHEN 'insert' THEN address_of(h.parent_resource_id) END, NULL, 'set', FALSE, FALSE, h.action, 0::smallint, h.resource_id,
      h.change, h.changed_at, h.changeset_id
    FROM resource_relationship_history AS h
    INNER JOIN relationship_types AS t ON h.relationship_type_id = t.id
    WHERE
      h.resource_id = p_resource
      AND h.changed_at >= coalesce(p_since, '-infinity')
      AND h.changed_at <= coalesce(p_until, 'infinity')
    ORDER BY h.changed_at DESC LIMIT p_most
  )
$$;
COMMENT ON FUNCTION history_of_resource(bigint, timestamptz, timestamptz, integer) IS
'The newest changes of one resource or part between two instants, both included; of each history p_most at most.';

CREATE FUNCTION history_of_changeset(p_changed_at timestamptz, p_changeset bigint, p_most integer)
RETURNS TABLE (
    what text, name text, label text, before text, after text, unit text, cardinality text, is_secret boolean,
    is_bookkeeping boolean, action text, ordinal smallint, resource_id bigint, change bigint, changed_at timestamptz,
    changeset_id bigint
)
LANGUAGE sql STABLE
AS $$
  (
    SELECT
      'resource', c.name, NULL, c.before, c.after, NULL, 'one', FALSE, FALSE, h.action, 0::smallint, h.resource_id, h.change,
      h.changed_at, h.changeset_id
    FROM resource_history AS h
    CROSS JOIN LATERAL resource_changes(h) AS c
    WHERE h.changed_at = p_changed_at AND h.changeset_id = p_changeset
    LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'state', 'state', NULL, f.name, t.name, NULL, 'one', FALSE, FALSE,
      CASE WHEN h.from_state_id IS NULL THEN 'insert' ELSE 'update' END, 0::smallint, h.resource_id, h.change, h.changed_at,
      h.changeset_id
    FROM resource_state_history AS h
    INNER JOIN resource_states AS t ON h.to_state_id = t.id
    LEFT JOIN resource_states AS f ON h.from_state_id = f.id
    WHERE h.changed_at = p_changed_at AND h.changeset_id = p_changeset
    LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'attribute', ad.name, ad.display_name,
      value_text(
        h.old_target_type, h.old_key, h.old_inner_key, h.old_string, h.old_integer, h.old_decimal, h.old_boolean,
        h.old_datetime, h.old_credential, h.old_fingerprint
      ),
      value_text(
        h.new_target_type, h.new_key, h.new_inner_key, h.new_string, h.new_integer, h.new_decimal, h.new_boolean,
        h.new_datetime, h.new_credential, h.new_fingerprint
      ),
      ad.unit, ad.cardinality, ad.is_secret, ad.is_bookkeeping,
      CASE h.action WHEN 'i' THEN 'insert' WHEN 'u' THEN 'update' ELSE 'delete' END, h.ordinal, h.resource_id, h.change,
      h.changed_at, h.changeset_id
    FROM resource_attribute_history AS h
    INNER JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
    WHERE h.changed_at = p_changed_at AND h.changeset_id = p_changeset
    LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'tag', h.key, NULL, CASE h.action WHEN 'delete' THEN h.value END, CASE h.action WHEN 'insert' THEN h.value END, NULL,
      'one', FALSE, FALSE, h.action, 0::smallint, h.resource_id, h.change, h.changed_at, h.changeset_id
    FROM resource_tag_history AS h
    WHERE h.changed_at = p_changed_at AND h.changeset_id = p_changeset
    LIMIT p_most
  )
  UNION ALL
  (
    SELECT
      'relationship', t.name, NULL,
      CASE h.action WHEN 'delete' THEN address_of(h.parent_resource_id) END,
      CASE h.action WHEN 'insert' THEN address_of(h.parent_resource_id) END, NULL, 'set', FALSE, FALSE, h.action, 0::smallint, h.resource_id,
      h.change, h.changed_at, h.changeset_id
    FROM resource_relationship_history AS h
    INNER JOIN relationship_types AS t ON h.relationship_type_id = t.id
    WHERE h.changed_at = p_changed_at AND h.changeset_id = p_changeset
    LIMIT p_most
  )
$$;
COMMENT ON FUNCTION history_of_changeset(timestamptz, bigint, integer) IS
'What one changeset changed of resources; of each history p_most rows at most, whichever these are.';
-- The vault: ciphertexts, apart from everything else, with an owner of their own. The runtime role has no right on the
-- tables, only on functions. A secret is given one at a time, and only after a record that it was asked for is
-- committed: no query can list what is stored, and no transaction that is undone hides who read it.

-- A secret is encrypted with a data key of its own; the data key stands beside it, wrapped by a master key that is
-- never here. What is authenticated with both: the installation, the row, the credential's name, the column, and the
-- version of the data key. So neither decrypts in another row or column.

GRANT REFERENCES, SELECT ON provider_credentials TO reconciler_vault;

SET LOCAL ROLE reconciler_vault;

CREATE TABLE vault.installation_key (
    singleton boolean NOT NULL DEFAULT TRUE,
    master_key_id text NOT NULL,
    key_nonce bytea NOT NULL,
    wrapped_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    wrapped_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT installation_key_pkey PRIMARY KEY (singleton),
    CONSTRAINT installation_key_one_row CHECK (singleton),
    CONSTRAINT installation_key_master_key_id CHECK (master_key_id ~ '^[0-9a-f]{16}$'),
    CONSTRAINT installation_key_nonce CHECK (octet_length(key_nonce) = 12),
    CONSTRAINT installation_key_wrapped CHECK (octet_length(wrapped_key) = 48)
);

COMMENT ON TABLE vault.installation_key IS
'The key of fingerprints and approvals, wrapped: it stays the same when the master key changes. One row, made on first
use. Written by vault.put_installation_key.';
COMMENT ON COLUMN vault.installation_key.singleton IS
'Always true: there is one row.';
COMMENT ON COLUMN vault.installation_key.master_key_id IS
'Which master key it is wrapped by.';
COMMENT ON COLUMN vault.installation_key.key_nonce IS
'The nonce of the wrapping, 12 bytes.';
COMMENT ON COLUMN vault.installation_key.wrapped_key IS
'The key, encrypted and authenticated (AES-256-GCM): 32 bytes and a tag of 16.';
COMMENT ON COLUMN vault.installation_key.created_at IS
'When the key was made.';
COMMENT ON COLUMN vault.installation_key.wrapped_at IS
'When it was last wrapped.';

CREATE TABLE vault.secrets (
    credential_id integer NOT NULL,
    key_version integer NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL,
    master_key_id text NOT NULL,
    key_nonce bytea NOT NULL,
    wrapped_key bytea NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    wrapped_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT secrets_pkey PRIMARY KEY (credential_id),
    CONSTRAINT secrets_credential FOREIGN KEY (credential_id) REFERENCES public.provider_credentials (id),
    CONSTRAINT secrets_key_version CHECK (key_version > 0),
    CONSTRAINT secrets_nonce CHECK (octet_length(nonce) = 12),
    CONSTRAINT secrets_master_key_id CHECK (master_key_id ~ '^[0-9a-f]{16}$'),
    CONSTRAINT secrets_key_nonce CHECK (octet_length(key_nonce) = 12),
    CONSTRAINT secrets_wrapped_key CHECK (octet_length(wrapped_key) = 48)
);

COMMENT ON TABLE vault.secrets IS
'Encrypted secrets, each with its data key. Written by vault.write_secret and vault.rewrap_secret, read by
vault.read_secret.';
COMMENT ON COLUMN vault.secrets.credential_id IS
'The credential that it is the value of.';
COMMENT ON COLUMN vault.secrets.key_version IS
'Counts the data keys of this credential: each value has a new one.';
COMMENT ON COLUMN vault.secrets.nonce IS
'The nonce of AES-256-GCM, 12 bytes; the data key is used once.';
COMMENT ON COLUMN vault.secrets.ciphertext IS
'The secret, encrypted and authenticated with its data key.';
COMMENT ON COLUMN vault.secrets.master_key_id IS
'Which master key the data key is wrapped by.';
COMMENT ON COLUMN vault.secrets.key_nonce IS
'The nonce of the wrapping, 12 bytes.';
COMMENT ON COLUMN vault.secrets.wrapped_key IS
'The data key, encrypted and authenticated with the master key (AES-256-GCM): 32 bytes and a tag of 16.';
COMMENT ON COLUMN vault.secrets.stored_at IS
'When the value was stored.';
COMMENT ON COLUMN vault.secrets.wrapped_at IS
'When the data key was last wrapped.';

CREATE TABLE vault.secret_reads (
    id bigint GENERATED ALWAYS AS IDENTITY,
    credential_id integer NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    actor text NOT NULL,
    db_user text NOT NULL,
    given_at timestamptz,
    given_xact xid8,
    CONSTRAINT secret_reads_pkey PRIMARY KEY (id),
    CONSTRAINT secret_reads_credential FOREIGN KEY (credential_id) REFERENCES public.provider_credentials (id),
    CONSTRAINT secret_reads_given CHECK ((given_at IS NULL) = (given_xact IS NULL))
);

COMMENT ON TABLE vault.secret_reads IS
'Every time that a secret was read: asked for first, and given only once that is committed. Written by
vault.ask_for_secret and vault.read_secret; nobody else can write or change it.';
COMMENT ON COLUMN vault.secret_reads.id IS
'Key; what vault.read_secret takes.';
COMMENT ON COLUMN vault.secret_reads.credential_id IS
'Whose secret it is.';
COMMENT ON COLUMN vault.secret_reads.asked_at IS
'When the statement that asked for it began.';
COMMENT ON COLUMN vault.secret_reads.xact IS
'The transaction that asked for it.';
COMMENT ON COLUMN vault.secret_reads.actor IS
'Who read it, as the session says; the database user where it does not.';
COMMENT ON COLUMN vault.secret_reads.db_user IS
'The session''s database user, whatever the actor claims.';
COMMENT ON COLUMN vault.secret_reads.given_at IS
'When the statement began that it was given to; null where it was not, or where that transaction was undone.';
COMMENT ON COLUMN vault.secret_reads.given_xact IS
'The transaction that it was given to.';
CREATE INDEX secret_reads_xact ON vault.secret_reads (xact);
CREATE INDEX secret_reads_given ON vault.secret_reads (given_xact) WHERE given_xact IS NOT NULL;
CREATE INDEX secret_reads_credential ON vault.secret_reads (credential_id, asked_at);

CREATE TABLE vault.secret_changes (
    id bigint GENERATED ALWAYS AS IDENTITY,
    credential_id integer NOT NULL,
    key_version integer NOT NULL,
    action text NOT NULL,
    master_key_id text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    db_user text NOT NULL,
    CONSTRAINT secret_changes_pkey PRIMARY KEY (id),
    CONSTRAINT secret_changes_credential FOREIGN KEY (credential_id) REFERENCES public.provider_credentials (id),
    CONSTRAINT secret_changes_action CHECK (action IN ('stored', 'rewrapped'))
);

COMMENT ON TABLE vault.secret_changes IS
'Every time that a secret was stored or its data key wrapped anew, never what. Written by vault.write_secret and
vault.rewrap_secret; nobody else can write or change it.';
COMMENT ON COLUMN vault.secret_changes.id IS
'Key.';
COMMENT ON COLUMN vault.secret_changes.credential_id IS
'Whose secret it is.';
COMMENT ON COLUMN vault.secret_changes.key_version IS
'The version of its data key after it.';
COMMENT ON COLUMN vault.secret_changes.action IS
'stored (another value, with another data key) or rewrapped (the same, by another master key).';
COMMENT ON COLUMN vault.secret_changes.master_key_id IS
'The master key that the data key is wrapped by since.';
COMMENT ON COLUMN vault.secret_changes.changed_at IS
'When the transaction that did it began.';
COMMENT ON COLUMN vault.secret_changes.actor IS
'Who did it, as the session says; the database user where it does not.';
COMMENT ON COLUMN vault.secret_changes.db_user IS
'The session''s database user, whatever the actor claims.';
CREATE INDEX secret_changes_credential ON vault.secret_changes (credential_id, changed_at);

CREATE FUNCTION vault.acting()
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(nullif(current_setting('reconciler.actor', true), ''), session_user)
$$;
COMMENT ON FUNCTION vault.acting() IS 'Who acts, as the session says; the database user where it does not.';

CREATE FUNCTION vault.ask_for_secret(p_name text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_credential integer;
  v_read bigint;
BEGIN
  SELECT c.id INTO v_credential
  FROM public.provider_credentials AS c JOIN vault.secrets AS s ON s.credential_id = c.id
  WHERE c.name = p_name AND c.deleted_at IS NULL;
  IF v_credential IS NULL THEN
    RETURN NULL;
  END IF;
  IF EXISTS (
    SELECT FROM vault.secret_reads AS r
    WHERE r.xact = pg_current_xact_id() AND r.asked_at = statement_timestamp() AND r.credential_id <> v_credential
  ) THEN
    RAISE EXCEPTION 'a statement reads one secret, not several'
      USING ERRCODE = 'RC009', HINT = 'Ask for one by its name.';
  END IF;
  INSERT INTO vault.secret_reads (credential_id, actor, db_user)
  VALUES (v_credential, vault.acting(), session_user)
  RETURNING id INTO v_read;
  RETURN v_read;
END
$$;
COMMENT ON FUNCTION vault.ask_for_secret(text) IS
'Writes down that a credential''s secret is about to be read, by the credential''s exact name; gives what
vault.read_secret takes once this is committed, or null where nothing is stored.';

CREATE FUNCTION vault.read_secret(p_read bigint)
RETURNS TABLE (
    credential_id integer, key_version integer, nonce bytea, ciphertext bytea,
    master_key_id text, key_nonce bytea, wrapped_key bytea
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_credential integer;
BEGIN
  UPDATE vault.secret_reads AS r
  SET given_at = statement_timestamp(), given_xact = pg_current_xact_id()
  WHERE
    r.id = p_read AND r.db_user = session_user AND r.given_at IS NULL
    AND r.xact <> pg_current_xact_id() AND r.asked_at > clock_timestamp() - interval '1 minute'
  RETURNING r.credential_id INTO v_credential;
  IF v_credential IS NULL THEN
    RAISE EXCEPTION 'there is no committed record of this read: % is not a question of the last minute', p_read
      USING ERRCODE = 'RC017', HINT = 'Call vault.ask_for_secret, commit, then read, each time.';
  END IF;
  IF EXISTS (
    SELECT FROM vault.secret_reads AS r
    WHERE r.given_xact = pg_current_xact_id() AND r.given_at = statement_timestamp() AND r.credential_id <> v_credential
  ) THEN
    RAISE EXCEPTION 'a statement reads one secret, not several'
      USING ERRCODE = 'RC009', HINT = 'Read one at a time.';
  END IF;
  RETURN QUERY
  SELECT s.credential_id, s.key_version, s.nonce, s.ciphertext, s.master_key_id, s.key_nonce, s.wrapped_key
  FROM vault.secrets AS s
  WHERE s.credential_id = v_credential;
END
$$;
COMMENT ON FUNCTION vault.read_secret(bigint) IS
'The ciphertext of one credential, once, to the user who asked for it in a transaction that is committed. So each read is
on record, whatever becomes of the transaction that reads.';

CREATE FUNCTION vault.next_key_version(p_credential_id integer)
RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(max(s.key_version), 0) + 1 FROM vault.secrets AS s WHERE s.credential_id = p_credential_id
$$;
COMMENT ON FUNCTION vault.next_key_version(integer) IS
'The version that the next data key of a credential has. It is a part of what is encrypted, so it is asked for before.';

CREATE FUNCTION vault.write_secret(
    p_credential_id integer, p_key_version integer, p_nonce bytea, p_ciphertext bytea,
    p_master_key_id text, p_key_nonce bytea, p_wrapped_key bytea
)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO vault.secrets AS s (
    credential_id, key_version, nonce, ciphertext, master_key_id, key_nonce, wrapped_key
  )
  VALUES (p_credential_id, p_key_version, p_nonce, p_ciphertext, p_master_key_id, p_key_nonce, p_wrapped_key)
  ON CONFLICT (credential_id) DO UPDATE
  SET
    key_version = excluded.key_version, nonce = excluded.nonce, ciphertext = excluded.ciphertext,
    master_key_id = excluded.master_key_id, key_nonce = excluded.key_nonce, wrapped_key = excluded.wrapped_key,
    stored_at = now(), wrapped_at = now()
  WHERE s.key_version = excluded.key_version - 1;
  IF NOT found THEN
    RETURN false;
  END IF;
  INSERT INTO vault.secret_changes (credential_id, key_version, action, master_key_id, actor, db_user)
  VALUES (p_credential_id, p_key_version, 'stored', p_master_key_id, vault.acting(), session_user);
  RETURN true;
END
$$;
COMMENT ON FUNCTION vault.write_secret(integer, integer, bytea, bytea, text, bytea, bytea) IS
'Stores or replaces one credential''s ciphertext with its data key; false where somebody else has stored one since its
version was asked for.';

CREATE FUNCTION vault.wrapped_keys(p_not_by text, p_after integer, p_most integer)
RETURNS TABLE (
    credential_id integer, name text, key_version integer, master_key_id text, key_nonce bytea, wrapped_key bytea
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT s.credential_id, c.name, s.key_version, s.master_key_id, s.key_nonce, s.wrapped_key
  FROM vault.secrets AS s JOIN public.provider_credentials AS c ON c.id = s.credential_id
  WHERE s.master_key_id <> p_not_by AND s.credential_id > p_after
  ORDER BY s.credential_id
  LIMIT p_most
$$;
COMMENT ON FUNCTION vault.wrapped_keys(text, integer, integer) IS
'Data keys that are wrapped by another master key than the one given, some at a time, of removed credentials too. No
ciphertext is with them: a data key alone opens nothing.';

CREATE FUNCTION vault.rewrap_secret(
    p_credential_id integer, p_key_version integer, p_from text, p_to text, p_key_nonce bytea, p_wrapped_key bytea
)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE vault.secrets AS s
  SET master_key_id = p_to, key_nonce = p_key_nonce, wrapped_key = p_wrapped_key, wrapped_at = now()
  WHERE s.credential_id = p_credential_id AND s.key_version = p_key_version AND s.master_key_id = p_from;
  IF NOT found THEN
    RETURN false;
  END IF;
  INSERT INTO vault.secret_changes (credential_id, key_version, action, master_key_id, actor, db_user)
  VALUES (p_credential_id, p_key_version, 'rewrapped', p_to, vault.acting(), session_user);
  RETURN true;
END
$$;
COMMENT ON FUNCTION vault.rewrap_secret(integer, integer, text, text, bytea, bytea) IS
'Puts a data key that another master key wraps in its place; false where it is not what it was any more. The ciphertext is
not touched.';

CREATE FUNCTION vault.about_secrets()
RETURNS TABLE (
    credential_id integer, key_version integer, master_key_id text, stored_at timestamptz, wrapped_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT s.credential_id, s.key_version, s.master_key_id, s.stored_at, s.wrapped_at FROM vault.secrets AS s
$$;
COMMENT ON FUNCTION vault.about_secrets() IS
'For which credentials a secret is stored, since when, and which master key wraps its data key. Nothing encrypted.';

CREATE FUNCTION vault.read_installation_key()
RETURNS TABLE (master_key_id text, key_nonce bytea, wrapped_key bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT k.master_key_id, k.key_nonce, k.wrapped_key FROM vault.installation_key AS k
$$;
COMMENT ON FUNCTION vault.read_installation_key() IS
'The wrapped key of fingerprints and approvals; no row before the first use. It is no credential''s, so this is not put on
record.';

CREATE FUNCTION vault.put_installation_key(p_from text, p_to text, p_key_nonce bytea, p_wrapped_key bytea)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF p_from IS NULL THEN
    INSERT INTO vault.installation_key (master_key_id, key_nonce, wrapped_key)
    VALUES (p_to, p_key_nonce, p_wrapped_key)
    ON CONFLICT (singleton) DO NOTHING;
  ELSE
    UPDATE vault.installation_key AS k
    SET master_key_id = p_to, key_nonce = p_key_nonce, wrapped_key = p_wrapped_key, wrapped_at = now()
    WHERE k.master_key_id = p_from;
  END IF;
  RETURN found;
END
$$;
COMMENT ON FUNCTION vault.put_installation_key(text, text, bytea, bytea) IS
'Stores the wrapped key of fingerprints and approvals: the first one (p_from null), or in the place of one that p_from
wraps; false where it is not so any more.';

REVOKE ALL ON FUNCTION vault.acting() FROM public;
REVOKE ALL ON FUNCTION vault.ask_for_secret(text) FROM public;
REVOKE ALL ON FUNCTION vault.read_secret(bigint) FROM public;
REVOKE ALL ON FUNCTION vault.next_key_version(integer) FROM public;
REVOKE ALL ON FUNCTION vault.write_secret(integer, integer, bytea, bytea, text, bytea, bytea) FROM public;
REVOKE ALL ON FUNCTION vault.wrapped_keys(text, integer, integer) FROM public;
REVOKE ALL ON FUNCTION vault.rewrap_secret(integer, integer, text, text, bytea, bytea) FROM public;
REVOKE ALL ON FUNCTION vault.about_secrets() FROM public;
REVOKE ALL ON FUNCTION vault.read_installation_key() FROM public;
REVOKE ALL ON FUNCTION vault.put_installation_key(text, text, bytea, bytea) FROM public;
GRANT USAGE ON SCHEMA vault TO reconciler_runtime;
GRANT EXECUTE ON FUNCTION
vault.ask_for_secret(text),
vault.read_secret(bigint),
vault.next_key_version(integer),
vault.write_secret(integer, integer, bytea, bytea, text, bytea, bytea),
vault.wrapped_keys(text, integer, integer),
vault.rewrap_secret(integer, integer, text, text, bytea, bytea),
vault.about_secrets(),
vault.read_installation_key(),
vault.put_installation_key(text, text, bytea, bytea)
TO reconciler_runtime;

SET LOCAL ROLE reconciler_owner;
-- What each role may do, and no more. Partitions are granted to nobody: who asks one past its parent asks past the
-- parent's policies. What is granted is compared with tests/store/golden/rights.txt.

CREATE FUNCTION grant_reading()
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  v_table regclass;
BEGIN
  FOR v_table IN
    SELECT c.oid FROM pg_class AS c
    WHERE
      c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
      AND c.relname NOT IN ('rehearsals', 'archive_moves')
  LOOP
    EXECUTE format(
      'GRANT SELECT ON %s TO reconciler_runtime, reconciler_planner, reconciler_reader, reconciler_auditor', v_table
    );
  END LOOP;
END
$$;
COMMENT ON FUNCTION grant_reading() IS
'Lets every role read every table and view, but no partition. For the owner, after a table is made.';
REVOKE ALL ON FUNCTION grant_reading() FROM public;
SELECT grant_reading();

-- The runtime role deletes nothing that history or safety rests on.

-- What leaves the catalog is deleted by its sync, and its history stays.
GRANT INSERT, UPDATE, DELETE ON
catalog_parts, provider_types, provider_type_settings, relationship_types, resource_types, resource_type_parents,
attribute_definitions, attribute_reference_types, resource_type_keys, provider_resource_types,
resource_type_attributes, provider_type_attributes, provider_type_attribute_defaults,
provider_type_attribute_allowed_values TO reconciler_runtime;

-- The inventory is removed softly; what hangs on it goes with its manifest.
GRANT INSERT, UPDATE ON
providers, provider_endpoints, provider_credentials, locations, datacenters TO reconciler_runtime;
GRANT INSERT, UPDATE, DELETE ON
provider_endpoint_settings, datacenter_capabilities, provider_datacenters TO reconciler_runtime;

-- A credential's hosts are added to; none is given up.
GRANT INSERT ON provider_credential_hosts TO reconciler_runtime;
GRANT INSERT, DELETE ON provider_declarations TO reconciler_runtime;

GRANT UPDATE (key_id) ON installation TO reconciler_runtime;
GRANT INSERT ON manifest_sources, tags, external_id_reservations TO reconciler_runtime;
-- Everything but db_user, which only the database writes.
GRANT INSERT (
    source_id, commit_id, author, authored_at, message, content_hash, catalog_hash, actor, created_at, kind,
    back_to_revision
) ON revisions TO reconciler_runtime;
GRANT UPDATE (name, kind, url, branch, subfolder, repository, forgotten_at) ON manifest_sources TO reconciler_runtime;
GRANT INSERT, UPDATE ON workers, resources, holds, endpoint_observations TO reconciler_runtime;
GRANT INSERT, UPDATE, DELETE ON
resource_attributes, resource_pending_attributes, resource_tags, resource_relationships,
resource_failures TO reconciler_runtime;
GRANT INSERT ON endpoint_observation_types TO reconciler_runtime;

-- A pin is written once and ends; its source may become another's.
GRANT INSERT ON pins TO reconciler_runtime;
GRANT UPDATE (source_id, ended_at, ended_by) ON pins TO reconciler_runtime;

-- A desired row is written once, and later closed; its document may move to another place, and its source be renamed
-- into another.
GRANT INSERT ON
desired_resources, desired_attributes, desired_cleared_attributes, desired_tags, desired_collections,
desired_ignored_attributes, desired_relationships TO reconciler_runtime;
GRANT UPDATE (valid_to_revision, source_id, file, path, line, column_number) ON desired_resources TO reconciler_runtime;

-- A plan is written once; its status moves, and an approval is used up.
GRANT INSERT (
    hash, revision_id, actor, status, source_name, content_hash, needs_approval, created_at
) ON plans TO reconciler_runtime;
GRANT INSERT (uid, plan_id, hash, approved_by, approved_at, mac) ON plan_approvals TO reconciler_runtime;
GRANT INSERT ON
plan_sources, plan_messages, plan_blocked, plan_inventory_steps, plan_inventory_values,
plan_inventory_approvals, plan_steps, plan_step_requirements, plan_step_approvals, plan_step_changes,
plan_step_change_values, plan_calls, plan_call_parameters, plan_call_parameter_paths TO reconciler_runtime;
GRANT UPDATE (status) ON plans TO reconciler_runtime;
GRANT UPDATE (used_at) ON plan_approvals TO reconciler_runtime;

-- Who began an operation, when and on what ground stays as it was written.
GRANT INSERT, UPDATE ON resource_operation_calls, resource_operation_results TO reconciler_runtime;
GRANT INSERT (
    id, resource_id, operation_type_id, plan_step_id, status, worker_id, claim_epoch, request_hash, identity,
    rests_on_version, actor, revision_id
) ON resource_operations TO reconciler_runtime;
GRANT UPDATE (
    status, worker_id, claim_epoch, current_call, identity, sent_at, accepted_at, finished_at, error_code, error_message
) ON resource_operations TO reconciler_runtime;
GRANT INSERT ON resource_operation_tasks TO reconciler_runtime;

-- Ids are drawn beforehand where rows are loaded by COPY.
GRANT USAGE ON SEQUENCE desired_resources_id_seq, plan_steps_id_seq, resources_id_seq, tags_id_seq TO reconciler_runtime;

GRANT EXECUTE ON FUNCTION
make_history_partitions(integer, text), move_stray_history(text, timestamptz) TO reconciler_runtime;
-- An alarm is everybody's: it says how many rows and of when, and of whom nothing.
GRANT EXECUTE ON FUNCTION stray_history(integer)
TO reconciler_runtime, reconciler_planner, reconciler_reader, reconciler_auditor;
GRANT EXECUTE ON FUNCTION sessions_in_the_way(integer) TO reconciler_runtime;
GRANT EXECUTE ON FUNCTION take_mark(text, bigint) TO reconciler_runtime;
GRANT DELETE, UPDATE ON unsettled_addresses TO reconciler_runtime;
GRANT EXECUTE ON FUNCTION note_unsettled(text[]) TO reconciler_runtime;
-- The commits of a step.
GRANT EXECUTE ON FUNCTION
claim_resource(bigint, uuid, text, bigint, text, boolean),
reserve_external_id(bigint, bigint, bigint, boolean),
step_intended(
    text, text, text, text, text, uuid, text, uuid, text, bytea, bigint, uuid, bigint, bigint, bytea, text, bigint, bigint,
    text[]
),
step_call_ended(
    text, text, text, text, text, uuid, bigint, smallint, text, text, text
),
step_sending(
    text, text, text, text, text, uuid, bigint, smallint, smallint, text[], text[], text, text
),
step_accepted(
    text, text, text, text, text, uuid, bigint, smallint, text, text[]
),
step_done(
    text, text, text, text, text, uuid, bigint, text, smallint, bytea, boolean, boolean, bytea, text,
    seen_item[], seen_value[], seen_tag[], seen_pending[], seen_tie[]
),
record_written(text, bytea) TO reconciler_runtime;
GRANT EXECUTE ON FUNCTION record_observed_tasks(
    timestamptz, bigint, bigint[], text[], text[], text[], text[], timestamptz[], timestamptz[], boolean[]
) TO reconciler_runtime;

-- A planner writes what a preview writes, and commits none of it: see 27_rehearsals.sql.
GRANT INSERT, UPDATE, DELETE ON
catalog_parts, provider_types, provider_type_settings, relationship_types, resource_types, resource_type_parents,
attribute_definitions, attribute_reference_types, resource_type_keys, provider_resource_types,
resource_type_attributes, provider_type_attributes, provider_type_attribute_defaults,
provider_type_attribute_allowed_values,
provider_endpoint_settings, datacenter_capabilities, provider_datacenters, resource_failures TO reconciler_planner;
GRANT INSERT, UPDATE ON
providers, provider_endpoints, provider_credentials, locations, datacenters TO reconciler_planner;
GRANT INSERT ON provider_credential_hosts TO reconciler_planner;
GRANT INSERT, DELETE ON provider_declarations TO reconciler_planner;
GRANT INSERT ON manifest_sources TO reconciler_planner;
GRANT UPDATE (name, kind, url, branch, subfolder, repository, forgotten_at) ON manifest_sources TO reconciler_planner;
GRANT INSERT (
    source_id, commit_id, author, authored_at, message, content_hash, catalog_hash, actor, created_at, kind,
    back_to_revision
) ON revisions TO reconciler_planner;
GRANT INSERT ON
desired_resources, desired_attributes, desired_cleared_attributes, desired_tags, desired_collections,
desired_ignored_attributes, desired_relationships TO reconciler_planner;
GRANT UPDATE (valid_to_revision, source_id, file, path, line, column_number) ON desired_resources TO reconciler_planner;
GRANT UPDATE (
    prevent_destroy, on_remove, allow_downtime, replace_policy, create_before_destroy, source_id, location_id,
    datacenter_id
) ON resources TO reconciler_planner;
GRANT INSERT ON pins TO reconciler_planner;
GRANT UPDATE (source_id, ended_at, ended_by) ON pins TO reconciler_planner;
GRANT USAGE ON SEQUENCE desired_resources_id_seq TO reconciler_planner;
SELECT mark_rehearsals();

GRANT EXECUTE ON FUNCTION sessions_in_the_way(integer) TO
reconciler_planner, reconciler_reader, reconciler_auditor;

-- An auditor sees who read and who stored which secret, and no secret.
SET LOCAL ROLE reconciler_vault;
GRANT USAGE ON SCHEMA vault TO reconciler_auditor;
GRANT SELECT ON vault.secret_reads, vault.secret_changes TO reconciler_auditor;
SET LOCAL ROLE reconciler_owner;
-- Row-level security: what hangs on a resource, an endpoint or a provider is seen by whom it was granted to
-- (25_access.sql). Forced, so that owners are judged too; the program's roles have a policy of their own that lets
-- everything through, and costs nothing because it folds away.
--
-- Which policy a table gets follows from its columns, so that a new table needs no line here; what hangs on nothing is in
-- the list of tests/store/test_row_security.py with its reason. Partitions have no policy: nobody may ask them but their
-- owner. A condition that holds for a whole statement stands in `(SELECT …)` and is asked once.

CREATE FUNCTION row_policy(p_table regclass)
RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  c_all constant text := '(SELECT sees_everything())';
  c_endpoint constant text := '%s = ANY (ARRAY(SELECT seen_inventory_endpoints()))';
  c_of_resource constant text := 'EXISTS (SELECT FROM resources AS r WHERE r.id = %s.%s)';
  v_name text := (SELECT c.relname FROM pg_class AS c WHERE c.oid = p_table);
  v_columns text[] := (
    SELECT array_agg(a.attname::text) FROM pg_attribute AS a
    WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped
  );
  v_rule text;
BEGIN
  CASE
    WHEN v_name = 'resources' THEN
      v_rule := 'provider_endpoint_id = ANY (ARRAY(SELECT seen_endpoints()))'
        ' OR datacenter_id = ANY (ARRAY(SELECT seen_datacenters()))'
        ' OR place(provider_endpoint_id, datacenter_id) = ANY (ARRAY(SELECT seen_places()))'
        ' OR (NOT is_root AND (SELECT sees_by_datacenter()) AND is_seen_part(id))';
    WHEN v_name = 'archived_resources' THEN
      v_rule := 'provider_endpoint_id = ANY (ARRAY(SELECT seen_endpoints()))'
        ' OR datacenter_id = ANY (ARRAY(SELECT seen_datacenters()))'
        ' OR place(provider_endpoint_id, datacenter_id) = ANY (ARRAY(SELECT seen_places()))';
    WHEN v_name = 'desired_resources' THEN
      v_rule := 'provider_endpoint_id = ANY (ARRAY(SELECT seen_endpoints()))'
        ' OR ((SELECT sees_by_datacenter()) AND is_seen_desired(id))';
    WHEN v_name IN ('resource_relationships') THEN
      v_rule := format(c_of_resource, v_name, 'parent_resource_id')
        || ' AND ' || format(c_of_resource, v_name, 'child_resource_id');
    WHEN v_name = 'tags' THEN
      v_rule := 'EXISTS (SELECT FROM resource_tags AS t WHERE t.tag_id = tags.id)'
        ' OR EXISTS (SELECT FROM resource_tag_history AS h WHERE h.tag_id = tags.id)';
    WHEN v_name = 'access_grants' THEN
      v_rule := 'member = session_user';
    WHEN v_name IN ('holds', 'hold_history') THEN
      v_rule := format(
        '(endpoint_id IS NULL OR %s) AND (address IS NULL'
        ' OR EXISTS (SELECT FROM resources AS r WHERE r.address = %I.address)'
        ' OR EXISTS (SELECT FROM desired_resources AS d WHERE d.address = %I.address))',
        format(c_endpoint, 'endpoint_id'), v_name, v_name
      );
    WHEN v_name IN ('pins', 'pin_history', 'unsettled_addresses') THEN
      v_rule := format(
        'EXISTS (SELECT FROM resources AS r WHERE r.address = %1$I.address)'
        ' OR EXISTS (SELECT FROM desired_resources AS d WHERE d.address = %1$I.address)', v_name
      );
    WHEN v_name IN ('provider_declarations', 'provider_declaration_history') THEN
      v_rule := format(
        '(kind = ''location'')'
        ' OR (kind = ''provider'' AND EXISTS (SELECT FROM providers AS p WHERE p.name = %1$I.name))'
        ' OR (kind = ''endpoint'' AND EXISTS (SELECT FROM provider_endpoints AS e WHERE e.name = %1$I.name))'
        ' OR (kind = ''credential'' AND EXISTS (SELECT FROM provider_credentials AS c WHERE c.name = %1$I.name))'
        ' OR (kind = ''datacenter'' AND EXISTS (SELECT FROM datacenters AS d WHERE d.name = %1$I.name))', v_name
      );
    WHEN v_name = 'plan_steps' THEN
      v_rule := 'EXISTS (SELECT FROM resources AS r WHERE r.uid = plan_steps.resource_uid)'
        ' OR (resource_uid IS NULL AND endpoint = ANY (ARRAY('
        'SELECT e.name FROM provider_endpoints AS e WHERE e.id IN (SELECT seen_endpoints()))))';
    WHEN v_name = 'plan_blocked' THEN
      v_rule := 'EXISTS (SELECT FROM resources AS r WHERE r.address = plan_blocked.address)'
        ' OR EXISTS (SELECT FROM desired_resources AS d WHERE d.address = plan_blocked.address)';
    WHEN v_name IN ('plan_messages', 'plan_inventory_steps', 'plan_inventory_values', 'plan_inventory_approvals') THEN
      v_rule := 'FALSE'; -- of the plan as a whole
    WHEN v_columns @> '{resource_id, parent_resource_id}' THEN
      v_rule := format(c_of_resource, v_name, 'resource_id')
        || ' AND ' || format(c_of_resource, v_name, 'parent_resource_id');
    WHEN v_columns @> '{resource_id}' THEN
      v_rule := format(c_of_resource, v_name, 'resource_id');
    WHEN v_columns @> '{desired_resource_id}' THEN
      v_rule := format('EXISTS (SELECT FROM desired_resources AS d WHERE d.id = %I.desired_resource_id)', v_name);
    WHEN v_columns @> '{plan_step_id}' THEN
      v_rule := format('EXISTS (SELECT FROM plan_steps AS s WHERE s.id = %I.plan_step_id)', v_name);
    WHEN v_columns @> '{observation_id}' THEN
      v_rule := format('EXISTS (SELECT FROM endpoint_observations AS o WHERE o.id = %I.observation_id)', v_name);
    WHEN v_name = 'provider_endpoints' THEN
      v_rule := format(c_endpoint, 'id') || ' OR provider_id = ANY (ARRAY(SELECT seen_providers()))';
    WHEN v_columns @> '{provider_endpoint_id}' THEN
      v_rule := format(c_endpoint, 'provider_endpoint_id');
    WHEN v_name = 'provider_credentials' THEN
      v_rule := 'id = ANY (ARRAY(SELECT seen_credentials()))';
    WHEN v_columns @> '{provider_credential_id}' THEN
      v_rule := 'provider_credential_id = ANY (ARRAY(SELECT seen_credentials()))';
    WHEN v_columns @> '{credential_id}' THEN
      v_rule := 'credential_id = ANY (ARRAY(SELECT seen_credentials()))';
    WHEN v_name = 'providers' THEN
      v_rule := 'id = ANY (ARRAY(SELECT seen_providers()))';
    WHEN v_columns @> '{provider_id}' THEN
      v_rule := 'provider_id = ANY (ARRAY(SELECT seen_providers()))';
    WHEN v_name = 'datacenters' THEN
      v_rule := 'id = ANY (ARRAY(SELECT seen_inventory_datacenters()))';
    WHEN v_columns @> '{datacenter_id}' THEN
      v_rule := 'datacenter_id = ANY (ARRAY(SELECT seen_inventory_datacenters()))';
    WHEN v_columns @> '{operation_id}' AND NOT v_columns @> '{actor}' THEN
      v_rule := format('EXISTS (SELECT FROM resource_operations AS o WHERE o.id = %I.operation_id)', v_name);
    ELSE
      RETURN NULL;
  END CASE;
  RETURN c_all || ' OR ' || v_rule;
END
$$;
COMMENT ON FUNCTION row_policy(regclass) IS
'The condition under which a row of a table is seen by a planner, a reader or an auditor, by the table''s columns; null for a table that hangs on no resource and no provider.';
REVOKE ALL ON FUNCTION row_policy(regclass) FROM public;

CREATE FUNCTION set_row_policies()
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  v_table regclass;
  v_rule text;
BEGIN
  FOR v_table, v_rule IN
    SELECT c.oid::regclass, row_policy(c.oid) FROM pg_class AS c
    WHERE
      c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relnamespace = 'public'::regnamespace AND row_policy(c.oid) IS NOT NULL
    ORDER BY c.oid
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', v_table);
    EXECUTE format('DROP POLICY IF EXISTS program ON %s', v_table);
    EXECUTE format('DROP POLICY IF EXISTS people ON %s', v_table);
    EXECUTE format(
      'CREATE POLICY program ON %s TO reconciler_owner, reconciler_vault, reconciler_runtime USING (TRUE)', v_table
    );
    EXECUTE format(
      'CREATE POLICY people ON %s TO reconciler_planner, reconciler_reader, reconciler_auditor USING (%s)', v_table, v_rule
    );
  END LOOP;
END
$$;
COMMENT ON FUNCTION set_row_policies() IS
'Gives every table the policies that follow from its columns. For the owner, after a table is made or changed.';
REVOKE ALL ON FUNCTION set_row_policies() FROM public;

SELECT set_row_policies();

SET LOCAL ROLE reconciler_vault;
ALTER TABLE vault.secrets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY program ON vault.secrets TO reconciler_vault USING (TRUE);
ALTER TABLE vault.secret_reads ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY program ON vault.secret_reads TO reconciler_vault USING (TRUE);
CREATE POLICY people ON vault.secret_reads TO reconciler_auditor
USING (
    EXISTS (
        SELECT FROM public.provider_credentials AS c
        WHERE c.id = secret_reads.credential_id
    )
);
ALTER TABLE vault.secret_changes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY program ON vault.secret_changes TO reconciler_vault USING (TRUE);
CREATE POLICY people ON vault.secret_changes TO reconciler_auditor
USING (
    EXISTS (
        SELECT FROM public.provider_credentials AS c
        WHERE c.id = secret_changes.credential_id
    )
);
ALTER TABLE vault.installation_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY program ON vault.installation_key TO reconciler_vault USING (TRUE);
SET LOCAL ROLE reconciler_owner;
