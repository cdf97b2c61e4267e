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
CREATE INDEX resource_history_readdressed ON resource_history (old_address) WHERE old_address <> address;

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
    action text NOT NULL,
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
    CONSTRAINT resource_attribute_history_action CHECK (action IN ('insert', 'update', 'delete'))
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
'insert, update or delete.';
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
