-- name: plans.insert
INSERT INTO plans (hash, revision_id, actor, status, source_name, content_hash, needs_approval)
VALUES (
    %(hash)s,
    %(revision_id)s,
    %(actor)s,
    %(status)s,
    %(source_name)s,
    %(content_hash)s,
    %(needs_approval)s
)
RETURNING id;

-- name: plans.reserve_step_ids
SELECT nextval(pg_get_serial_sequence('plan_steps', 'id')) AS id
FROM generate_series(1, %(count)s);

-- name: plans.copy_sources
COPY staged_plan_sources (plan_id, position, source_name, place) FROM STDIN;

-- name: plans.operation_types
SELECT
    name,
    id
FROM operation_types;

-- name: plans.copy_steps
COPY staged_plan_steps (
    id, plan_id, position, address, operation_type_id, endpoint, resource_uid, pin,
    desired_hash, impact, reason, summary, adopt_external_id, is_later, hash
) FROM STDIN;

-- name: plans.copy_requirements
COPY staged_plan_step_requirements (plan_step_id, address) FROM STDIN;

-- name: plans.copy_step_approvals
COPY staged_plan_step_approvals (plan_step_id, position, message) FROM STDIN;

-- name: plans.copy_changes
COPY staged_plan_step_changes (
    plan_step_id, position, part_address, part_action, part_holds_data, attribute, tag_key,
    is_many, has_before, has_after, reason, mutability, is_secret
) FROM STDIN;

-- name: plans.copy_values
COPY staged_plan_step_change_values (
    plan_step_id, change_position, is_after, ordinal, data_type, value_string, value_integer, value_decimal,
    value_boolean, value_datetime, value_credential, value_fingerprint, value_target_type,
    value_key, value_inner_key
) FROM STDIN;

-- name: plans.copy_inventory
COPY staged_plan_inventory_steps (plan_id, position, kind, name, is_new, hash) FROM STDIN;

-- name: plans.copy_inventory_values
COPY staged_plan_inventory_values (
    plan_id, step_position, position, field, side, data_type, value_string, value_integer, value_decimal,
    value_boolean, value_datetime
) FROM STDIN;

-- name: plans.copy_inventory_approvals
COPY staged_plan_inventory_approvals (plan_id, step_position, position, message) FROM STDIN;

-- name: plans.copy_calls
COPY staged_plan_calls (
    plan_step_id, position, operation, method, path, summary, impact, creates, deletes, best_effort,
    restores, timeout_seconds
) FROM STDIN;

-- name: plans.copy_parameters
COPY staged_plan_call_parameters (
    plan_step_id, call_position, position, is_path, name, kind, data_type, value_string, value_integer,
    value_decimal, value_boolean, target_address, mark_field, template, credential, fingerprint
) FROM STDIN;

-- name: plans.copy_paths
COPY staged_plan_call_parameter_paths (plan_step_id, call_position, parameter_position, depth, key, list_index) FROM STDIN;

-- name: plans.copy_messages
COPY staged_plan_messages (plan_id, position, kind, message) FROM STDIN;

-- name: plans.copy_blocked
COPY staged_plan_blocked (plan_id, position, address, action, hindrance, message, hint) FROM STDIN;

-- name: plans.set_status
UPDATE plans
SET status = %(status)s
WHERE id = %(id)s;

-- name: plans.close_abandoned
-- Plans that nobody applies any more, because whoever did is dead. Who did is known by the operations of a plan; of one
-- that has none yet it may be anybody who lives and was there when it was made. Locks are read and not tried, for a
-- worker that starts at this moment is to get its own. This worker applies nothing now.
UPDATE plans AS p
SET status = 'failed'
WHERE
    p.status = 'applying'
    AND NOT EXISTS (
        SELECT 1
        FROM workers AS w
        INNER JOIN pg_locks AS l ON (l.classid::bigint << 32) | l.objid::bigint = w.lock_key
        WHERE
            w.id <> %(worker)s
            AND w.started_at <= p.created_at
            AND l.locktype = 'advisory'
            AND l.database = (
                SELECT d.oid FROM pg_database AS d
                WHERE d.datname = current_database()
            )
            AND l.objsubid = 1
            AND l.granted
            AND (
                EXISTS (
                    SELECT 1
                    FROM resource_operations AS o
                    INNER JOIN plan_steps AS s ON o.plan_step_id = s.id
                    WHERE s.plan_id = p.id AND o.worker_id = w.id
                )
                OR NOT EXISTS (
                    SELECT 1
                    FROM resource_operations AS o
                    INNER JOIN plan_steps AS s ON o.plan_step_id = s.id
                    WHERE s.plan_id = p.id
                )
            )
    );

-- name: plans.find
-- By number, or by the beginning of its hash.
SELECT
    id,
    hash,
    actor,
    created_at,
    status,
    source_name,
    content_hash,
    needs_approval
FROM plans
WHERE id::text = %(word)s OR (length(%(word)s) >= 7 AND starts_with(hash, %(word)s))
ORDER BY id DESC
LIMIT 1;

-- name: plans.waiting
-- A plan of the daemon's that waits already, so that the same one is not saved at every tick.
SELECT id
FROM plans
WHERE hash = %(hash)s AND status = 'saved'
ORDER BY id DESC
LIMIT 1;

-- name: plans.step_ids
SELECT
    address,
    id
FROM plan_steps
WHERE plan_id = %(id)s AND NOT is_later;

-- name: plans.step_hashes
SELECT
    address,
    hash,
    is_later
FROM plan_steps
WHERE plan_id = %(id)s;

-- name: plans.inventory_hashes
SELECT hash
FROM plan_inventory_steps
WHERE plan_id = %(id)s;

-- name: plans.approve
INSERT INTO plan_approvals (uid, plan_id, hash, approved_by, mac)
VALUES (%(uid)s, %(id)s, %(hash)s, %(actor)s, %(mac)s);

-- name: plans.use_approval
-- An approval is good once.
UPDATE plan_approvals
SET used_at = now()
WHERE plan_id = %(id)s AND used_at IS NULL;

-- name: plans.approved
-- Plans with an approval that was not used yet. Whether one counts, its mac says.
SELECT
    p.id,
    p.hash,
    s.hash AS step_hash,
    a.uid,
    a.approved_by,
    a.mac
FROM plans AS p
INNER JOIN plan_approvals AS a ON p.id = a.plan_id AND a.used_at IS NULL AND a.hash = p.hash
INNER JOIN LATERAL (
    SELECT step.hash FROM plan_steps AS step
    WHERE step.plan_id = p.id AND NOT step.is_later
    UNION ALL
    SELECT i.hash FROM plan_inventory_steps AS i
    WHERE i.plan_id = p.id
) AS s ON TRUE
WHERE p.status = 'saved';
