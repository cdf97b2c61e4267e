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
