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
