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
