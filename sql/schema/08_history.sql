-- Histories: everything that ever happened to a resource. Written by triggers and by nothing else; the runtime role may
-- only read them. Partitioned by month, so that old months can be detached and archived.
--
-- `changed_at` is the transaction's start, so that a transaction is one instant and no reading "as of" sees half of one.
-- Transactions overlap, so instants are not the order of changes: `change` is, for any one row, because it is drawn while
-- that row is locked. `xact` tells exactly which changes a snapshot saw.

CREATE SEQUENCE history_change AS bigint;
COMMENT ON SEQUENCE history_change IS 'Numbers all changes of all histories, in order for any one resource or row.';

CREATE TABLE resource_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
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
    actor text NOT NULL,
    reason text,
    cause text NOT NULL,
    operation_id uuid,
    revision_id bigint,
    db_user text NOT NULL,
    CONSTRAINT resource_history_pkey PRIMARY KEY (changed_at, change),
    CONSTRAINT resource_history_action CHECK (action IN ('insert', 'update', 'delete'))
) PARTITION BY RANGE (changed_at);

COMMENT ON TABLE resource_history IS
'What became of a resource''s own columns: one row a change, with the values after it. Written by triggers.';
COMMENT ON COLUMN resource_history.change IS
'The change''s number; orders the changes of a resource.';
COMMENT ON COLUMN resource_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN resource_history.xact IS
'That transaction.';
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
COMMENT ON COLUMN resource_history.actor IS
'Who did it, as the session says; the database user where it does not.';
COMMENT ON COLUMN resource_history.reason IS
'Why, as the session says.';
COMMENT ON COLUMN resource_history.cause IS
'What brought it about: manifest, observation, operation and so on; manual where the session does not say.';
COMMENT ON COLUMN resource_history.operation_id IS
'The operation that it belongs to; null for none.';
COMMENT ON COLUMN resource_history.revision_id IS
'The revision that it makes true; null for none.';
COMMENT ON COLUMN resource_history.db_user IS
'The session''s database user, whatever the actor claims.';
CREATE INDEX resource_history_resource ON resource_history (resource_id, changed_at);

CREATE TABLE resource_state_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    resource_id bigint NOT NULL,
    from_state_id integer,
    to_state_id integer NOT NULL,
    actor text NOT NULL,
    reason text,
    cause text NOT NULL,
    operation_id uuid,
    revision_id bigint,
    db_user text NOT NULL,
    CONSTRAINT resource_state_history_pkey PRIMARY KEY (changed_at, change)
) PARTITION BY RANGE (changed_at);

COMMENT ON TABLE resource_state_history IS
'Every state a resource was in: one row a move. Written by triggers.';
COMMENT ON COLUMN resource_state_history.change IS
'The change''s number; orders the changes of a resource.';
COMMENT ON COLUMN resource_state_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN resource_state_history.xact IS
'That transaction.';
COMMENT ON COLUMN resource_state_history.resource_id IS
'The resource.';
COMMENT ON COLUMN resource_state_history.from_state_id IS
'The state before; null for the first.';
COMMENT ON COLUMN resource_state_history.to_state_id IS
'The state after.';
COMMENT ON COLUMN resource_state_history.actor IS
'Who did it, as the session says; the database user where it does not.';
COMMENT ON COLUMN resource_state_history.reason IS
'Why, as the session says.';
COMMENT ON COLUMN resource_state_history.cause IS
'What brought it about: manifest, observation, operation and so on; manual where the session does not say.';
COMMENT ON COLUMN resource_state_history.operation_id IS
'The operation that it belongs to; null for none.';
COMMENT ON COLUMN resource_state_history.revision_id IS
'The revision that it makes true; null for none.';
COMMENT ON COLUMN resource_state_history.db_user IS
'The session''s database user, whatever the actor claims.';
CREATE INDEX resource_state_history_resource ON resource_state_history (resource_id, changed_at);

CREATE TABLE resource_attribute_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    resource_id bigint NOT NULL,
    attribute_definition_id integer NOT NULL,
    ordinal smallint NOT NULL,
    action text NOT NULL,
    data_type text NOT NULL,
    old_string text,
    old_integer bigint,
    old_decimal numeric,
    old_boolean boolean,
    old_datetime timestamptz,
    old_credential text,
    old_fingerprint text,
    old_target_type text,
    old_key text,
    old_inner_key text,
    new_string text,
    new_integer bigint,
    new_decimal numeric,
    new_boolean boolean,
    new_datetime timestamptz,
    new_credential text,
    new_fingerprint text,
    new_target_type text,
    new_key text,
    new_inner_key text,
    actor text NOT NULL,
    reason text,
    cause text NOT NULL,
    operation_id uuid,
    revision_id bigint,
    db_user text NOT NULL,
    CONSTRAINT resource_attribute_history_pkey PRIMARY KEY (changed_at, change),
    CONSTRAINT resource_attribute_history_action CHECK (action IN ('insert', 'update', 'delete'))
) PARTITION BY RANGE (changed_at);

COMMENT ON TABLE resource_attribute_history IS
'Every value an attribute had: one row an element and change. Secrets are names and fingerprints here as there. Written by triggers.';
COMMENT ON COLUMN resource_attribute_history.change IS
'The change''s number; orders the changes of a resource.';
COMMENT ON COLUMN resource_attribute_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN resource_attribute_history.xact IS
'That transaction.';
COMMENT ON COLUMN resource_attribute_history.resource_id IS
'The resource.';
COMMENT ON COLUMN resource_attribute_history.attribute_definition_id IS
'The attribute.';
COMMENT ON COLUMN resource_attribute_history.ordinal IS
'The element''s place.';
COMMENT ON COLUMN resource_attribute_history.action IS
'insert, update or delete.';
COMMENT ON COLUMN resource_attribute_history.data_type IS
'Which of the values is set.';
COMMENT ON COLUMN resource_attribute_history.old_string IS
'The value where data_type is string, before the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.old_integer IS
'The value where data_type is integer, in the unit of its definition, before the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.old_decimal IS
'The value where data_type is decimal, in the unit of its definition, before the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.old_boolean IS
'The value where data_type is boolean, before the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.old_datetime IS
'The value where data_type is datetime, before the change; null otherwise.';
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
'The value where data_type is string, after the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.new_integer IS
'The value where data_type is integer, in the unit of its definition, after the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.new_decimal IS
'The value where data_type is decimal, in the unit of its definition, after the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.new_boolean IS
'The value where data_type is boolean, after the change; null otherwise.';
COMMENT ON COLUMN resource_attribute_history.new_datetime IS
'The value where data_type is datetime, after the change; null otherwise.';
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
COMMENT ON COLUMN resource_attribute_history.actor IS
'Who did it, as the session says; the database user where it does not.';
COMMENT ON COLUMN resource_attribute_history.reason IS
'Why, as the session says.';
COMMENT ON COLUMN resource_attribute_history.cause IS
'What brought it about: manifest, observation, operation and so on; manual where the session does not say.';
COMMENT ON COLUMN resource_attribute_history.operation_id IS
'The operation that it belongs to; null for none.';
COMMENT ON COLUMN resource_attribute_history.revision_id IS
'The revision that it makes true; null for none.';
COMMENT ON COLUMN resource_attribute_history.db_user IS
'The session''s database user, whatever the actor claims.';
CREATE INDEX resource_attribute_history_resource ON resource_attribute_history (resource_id, changed_at);

CREATE TABLE resource_tag_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    resource_id bigint NOT NULL,
    tag_id bigint NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    reason text,
    cause text NOT NULL,
    operation_id uuid,
    revision_id bigint,
    db_user text NOT NULL,
    CONSTRAINT resource_tag_history_pkey PRIMARY KEY (changed_at, change),
    CONSTRAINT resource_tag_history_action CHECK (action IN ('insert', 'delete'))
) PARTITION BY RANGE (changed_at);

COMMENT ON TABLE resource_tag_history IS
'Every tag a resource carried: one row a tag that came or went. Written by triggers.';
COMMENT ON COLUMN resource_tag_history.change IS
'The change''s number; orders the changes of a resource.';
COMMENT ON COLUMN resource_tag_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN resource_tag_history.xact IS
'That transaction.';
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
COMMENT ON COLUMN resource_tag_history.actor IS
'Who did it, as the session says; the database user where it does not.';
COMMENT ON COLUMN resource_tag_history.reason IS
'Why, as the session says.';
COMMENT ON COLUMN resource_tag_history.cause IS
'What brought it about: manifest, observation, operation and so on; manual where the session does not say.';
COMMENT ON COLUMN resource_tag_history.operation_id IS
'The operation that it belongs to; null for none.';
COMMENT ON COLUMN resource_tag_history.revision_id IS
'The revision that it makes true; null for none.';
COMMENT ON COLUMN resource_tag_history.db_user IS
'The session''s database user, whatever the actor claims.';
CREATE INDEX resource_tag_history_resource ON resource_tag_history (resource_id, changed_at);

CREATE TABLE resource_relationship_history (
    change bigint NOT NULL DEFAULT nextval('history_change'),
    changed_at timestamptz NOT NULL,
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    resource_id bigint NOT NULL,
    parent_resource_id bigint NOT NULL,
    relationship_type_id integer NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    reason text,
    cause text NOT NULL,
    operation_id uuid,
    revision_id bigint,
    db_user text NOT NULL,
    CONSTRAINT resource_relationship_history_pkey PRIMARY KEY (changed_at, change),
    CONSTRAINT resource_relationship_history_action CHECK (action IN ('insert', 'delete'))
) PARTITION BY RANGE (changed_at);

COMMENT ON TABLE resource_relationship_history IS
'Every tie between resources: one row a tie that came or went. resource_id is the child. Written by triggers.';
COMMENT ON COLUMN resource_relationship_history.change IS
'The change''s number; orders the changes of a resource.';
COMMENT ON COLUMN resource_relationship_history.changed_at IS
'When the transaction that made it began.';
COMMENT ON COLUMN resource_relationship_history.xact IS
'That transaction.';
COMMENT ON COLUMN resource_relationship_history.resource_id IS
'The resource.';
COMMENT ON COLUMN resource_relationship_history.parent_resource_id IS
'The parent.';
COMMENT ON COLUMN resource_relationship_history.relationship_type_id IS
'What ties them.';
COMMENT ON COLUMN resource_relationship_history.action IS
'insert or delete.';
COMMENT ON COLUMN resource_relationship_history.actor IS
'Who did it, as the session says; the database user where it does not.';
COMMENT ON COLUMN resource_relationship_history.reason IS
'Why, as the session says.';
COMMENT ON COLUMN resource_relationship_history.cause IS
'What brought it about: manifest, observation, operation and so on; manual where the session does not say.';
COMMENT ON COLUMN resource_relationship_history.operation_id IS
'The operation that it belongs to; null for none.';
COMMENT ON COLUMN resource_relationship_history.revision_id IS
'The revision that it makes true; null for none.';
COMMENT ON COLUMN resource_relationship_history.db_user IS
'The session''s database user, whatever the actor claims.';
CREATE INDEX resource_relationship_history_resource ON resource_relationship_history (resource_id, changed_at);
CREATE INDEX resource_relationship_history_parent ON resource_relationship_history (parent_resource_id, changed_at);
