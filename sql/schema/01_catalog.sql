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
