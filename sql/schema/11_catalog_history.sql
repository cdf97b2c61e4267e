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
