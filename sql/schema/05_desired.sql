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
