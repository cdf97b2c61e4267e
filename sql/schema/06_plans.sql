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
