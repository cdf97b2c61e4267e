-- name: operations.register_worker
INSERT INTO workers (id, host, pid, kind, lock_key)
VALUES (%(id)s, %(host)s, %(pid)s, %(kind)s, %(lock_key)s);

-- name: operations.lock_worker
-- Held by a session of the worker's own for as long as it lives; the server frees it when the session ends.
SELECT pg_try_advisory_lock(%(lock_key)s);

-- name: operations.stop_worker
UPDATE workers
SET stopped_at = now(), seen_at = now()
WHERE id = %(id)s;

-- name: operations.claim
SELECT claim_resource(%(resource_id)s, %(worker)s::uuid, %(address)s, %(expected_version)s, NULL, FALSE);

-- name: operations.reserve_again
-- A recovery looks for the id that was sent last. None where the claim was lost.
UPDATE resource_operations AS o
SET identity = reserve_external_id(r.id, %(low)s::bigint, %(high)s::bigint, TRUE)
FROM resources AS r
WHERE o.id = %(id)s AND o.resource_id = r.id AND r.claim_epoch = %(epoch)s
RETURNING o.identity;

-- name: operations.begin
-- T1, in one statement and a transaction by itself.
SELECT
    b.resource_id,
    b.uid,
    b.epoch,
    b.reserved,
    b.external_id,
    b.is_repeated,
    b.address,
    b.address_id,
    b.is_here
FROM
    step_intended(
        %(actor)s::text,
        %(reason)s::text,
        %(cause)s::text,
        %(operation)s::text,
        %(revision)s::text,
        %(id)s::uuid,
        %(action)s::text,
        %(uid)s::uuid,
        %(address)s::text,
        %(spec_hash)s::bytea,
        %(version)s::bigint,
        %(worker)s::uuid,
        %(plan_step_id)s::bigint,
        %(revision_id)s::bigint,
        %(request_hash)s::bytea,
        %(name)s::text,
        %(low)s::bigint,
        %(high)s::bigint,
        %(addresses)s::text[]
    ) AS b;

-- name: operations.sending
-- T2, in one statement and a transaction by itself.
SELECT
    step_sending(
        %(actor)s::text,
        %(reason)s::text,
        %(cause)s::text,
        %(operation)s::text,
        %(revision)s::text,
        %(id)s::uuid,
        %(epoch)s::bigint,
        %(position)s::smallint,
        %(ended)s::smallint,
        %(addresses)s::text[],
        %(ids)s::text[],
        %(login_as)s::text,
        %(login)s::text
    );

-- name: operations.accepted
-- T3, in one statement and a transaction by itself.
SELECT
    step_accepted(
        %(actor)s::text,
        %(reason)s::text,
        %(cause)s::text,
        %(operation)s::text,
        %(revision)s::text,
        %(id)s::uuid,
        %(epoch)s::bigint,
        %(position)s::smallint,
        %(external_id)s::text,
        %(tasks)s::text[]
    )::text;

-- name: operations.release
UPDATE resources
SET claimed_by = NULL, claimed_at = NULL
WHERE id = %(resource_id)s AND claim_epoch = %(epoch)s;

-- name: operations.drop_stranger
-- Somebody else's look at the endpoint may have recorded our new object as nobody's, before its mark was on it; or
-- as of unknown ownership, where the object that it replaces was still there. Now it is known whose it is.
UPDATE resources AS other
SET deleted_at = now()
FROM resources AS r
WHERE
    r.id = %(resource_id)s
    AND r.claim_epoch = %(epoch)s
    AND other.provider_endpoint_id = r.provider_endpoint_id
    AND other.resource_type_id = r.resource_type_id
    AND other.external_id = %(external_id)s
    AND other.id <> r.id
    AND other.is_root
    AND other.deleted_at IS NULL
    AND other.management IN ('unmanaged', 'quarantined');

-- name: operations.set_external_id
UPDATE resources
SET external_id = %(external_id)s, presence = 'present'
WHERE id = %(resource_id)s AND claim_epoch = %(epoch)s;

-- name: operations.doubt
UPDATE resources
SET presence = 'unknown'
WHERE id = %(resource_id)s AND claim_epoch = %(epoch)s AND external_id IS NULL;

-- name: operations.unapply_users
-- What is tied to an object that we replace is applied anew: that it came loose is nobody's drift.
UPDATE resources AS r
SET applied_desired_hash = NULL
FROM resource_relationships AS rr
INNER JOIN relationship_types AS t ON rr.relationship_type_id = t.id AND t.name <> 'contains'
-- 1 is `contains`, by a check on relationship_types.
LEFT JOIN resource_relationships AS whole
    ON rr.child_resource_id = whole.child_resource_id AND whole.relationship_type_id = 1
WHERE
    rr.parent_resource_id = %(resource_id)s
    AND r.id = coalesce(whole.parent_resource_id, rr.child_resource_id)
    AND r.deleted_at IS NULL
    AND r.applied_desired_hash IS NOT NULL;

-- name: operations.clear_external_id
UPDATE resources
SET external_id = NULL, presence = 'absent'
WHERE id = %(resource_id)s AND claim_epoch = %(epoch)s;

-- name: operations.add_result
INSERT INTO resource_operation_results (operation_id, name, data_type, value_string)
VALUES (%(id)s, %(name)s, 'string', %(value)s)
ON CONFLICT (operation_id, name) DO UPDATE SET value_string = excluded.value_string;

-- name: operations.result
SELECT value_string
FROM resource_operation_results
WHERE operation_id = %(id)s AND name = %(name)s;

-- name: operations.call_finished
SELECT
    step_call_ended(
        %(actor)s::text,
        %(reason)s::text,
        %(cause)s::text,
        %(operation)s::text,
        %(revision)s::text,
        %(id)s::uuid,
        %(epoch)s::bigint,
        %(position)s::smallint,
        %(status)s::text,
        %(error_code)s::text,
        %(error_message)s::text
    )::text;

-- name: operations.repeats
-- What this operation and those right before it all set, and how many in a row: done, for one and the same
-- specification, and with no change in between that was not theirs (somebody's hand, or a value that held for a while).
WITH lately AS (
    SELECT
        o.id,
        o.plan_step_id,
        o.intended_at,
        row_number() OVER (ORDER BY o.intended_at DESC) AS place,
        t.name IN ('update', 'replace')
        AND (o.status = 'done' OR o.id = %(id)s)
        AND s.desired_hash = %(spec_hash)s AS is_same
    FROM resource_operations AS o
    INNER JOIN operation_types AS t ON o.operation_type_id = t.id
    LEFT JOIN plan_steps AS s ON o.plan_step_id = s.id
    WHERE o.resource_id = %(resource_id)s
    ORDER BY o.intended_at DESC
    LIMIT %(most)s
),

enough AS (
    SELECT count(*) >= %(least)s AS is_so
    FROM lately
    WHERE lately.is_same
),

here AS (
    SELECT %(resource_id)s::bigint AS id
    UNION ALL
    -- 1 is `contains`, by a check on relationship_types.
    SELECT rr.child_resource_id
    FROM resource_relationships AS rr
    WHERE rr.parent_resource_id = %(resource_id)s AND rr.relationship_type_id = 1
),

others AS (
    -- As (is it a part's, attribute, tag, when): what was written by no operation since the first of these.
    SELECT
        h.resource_id <> %(resource_id)s AS is_part,
        ad.name AS attribute,
        NULL AS tag_key,
        h.changed_at
    FROM resource_attribute_history AS h
    INNER JOIN changesets AS made ON h.changed_at = made.changed_at AND h.changeset_id = made.id
    INNER JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
    WHERE
        h.resource_id IN (SELECT here.id FROM here)
        AND made.operation_id IS NULL
        AND h.changed_at >= (SELECT min(lately.intended_at) FROM lately)
    UNION ALL
    SELECT
        FALSE AS is_part,
        NULL AS attribute,
        h.key AS tag_key,
        h.changed_at
    FROM resource_tag_history AS h
    INNER JOIN changesets AS made ON h.changed_at = made.changed_at AND h.changeset_id = made.id
    WHERE
        h.resource_id = %(resource_id)s
        AND made.operation_id IS NULL
        AND h.changed_at >= (SELECT min(lately.intended_at) FROM lately)
    UNION ALL
    SELECT
        TRUE AS is_part,
        NULL AS attribute,
        NULL AS tag_key,
        h.changed_at
    FROM resource_relationship_history AS h
    INNER JOIN changesets AS made ON h.changed_at = made.changed_at AND h.changeset_id = made.id
    WHERE
        h.parent_resource_id = %(resource_id)s
        AND h.relationship_type_id = 1
        AND made.operation_id IS NULL
        AND h.changed_at >= (SELECT min(lately.intended_at) FROM lately)
),

done AS (
    SELECT DISTINCT
        lately.place,
        c.part_address,
        c.attribute,
        c.tag_key
    FROM lately
    INNER JOIN plan_step_changes AS c ON lately.plan_step_id = c.plan_step_id
    WHERE
        lately.is_same
        -- Most often there is nothing to look for.
        AND (SELECT enough.is_so FROM enough)
        AND NOT EXISTS (
            SELECT 1
            FROM others
            WHERE
                others.changed_at >= lately.intended_at
                AND others.is_part = (c.part_address IS NOT NULL)
                AND (others.attribute IS NULL OR others.attribute = c.attribute)
                AND others.tag_key IS NOT DISTINCT FROM c.tag_key
        )
),

runs AS (
    SELECT
        part_address,
        attribute,
        tag_key,
        place,
        row_number() OVER (PARTITION BY part_address, attribute, tag_key ORDER BY place) AS nth
    FROM done
)

SELECT
    part_address,
    attribute,
    tag_key,
    count(*) AS times
FROM runs
WHERE place = nth
GROUP BY part_address, attribute, tag_key
HAVING count(*) >= %(least)s;

-- name: operations.swings
-- What this operation set back, and how often in a row before it had been set the same and come back by itself to the
-- same other value. A change of any other kind in between ends the row.
WITH here AS (
    SELECT %(resource_id)s::bigint AS id
    UNION ALL
    -- 1 is `contains`, by a check on relationship_types.
    SELECT rr.child_resource_id
    FROM resource_relationships AS rr
    WHERE rr.parent_resource_id = %(resource_id)s AND rr.relationship_type_id = 1
),

changes AS (
    SELECT
        h.resource_id,
        h.attribute_definition_id,
        h.ordinal,
        h.change,
        made.operation_id,
        value_text(
            h.old_target_type, h.old_key, h.old_inner_key, h.old_string, h.old_integer, h.old_decimal,
            h.old_boolean, h.old_datetime, h.old_credential, h.old_fingerprint
        ) AS old_text,
        value_text(
            h.new_target_type, h.new_key, h.new_inner_key, h.new_string, h.new_integer, h.new_decimal,
            h.new_boolean, h.new_datetime, h.new_credential, h.new_fingerprint
        ) AS new_text
    FROM resource_attribute_history AS h
    INNER JOIN changesets AS made ON h.changed_at = made.changed_at AND h.changeset_id = made.id
    WHERE h.resource_id IN (SELECT here.id FROM here)
),

mine AS (
    SELECT
        c.resource_id,
        c.attribute_definition_id,
        c.ordinal,
        c.old_text,
        c.new_text
    FROM changes AS c
    WHERE c.operation_id = %(id)s
),

alike AS (
    SELECT
        c.resource_id,
        c.attribute_definition_id,
        c.ordinal,
        c.change,
        m.old_text,
        c.operation_id IS NULL AS is_by_itself,
        CASE
            WHEN c.operation_id IS NULL
                THEN NOT ((c.old_text, c.new_text) IS DISTINCT FROM (m.new_text, m.old_text))
            ELSE NOT ((c.old_text, c.new_text) IS DISTINCT FROM (m.old_text, m.new_text))
        END AS is_same
    FROM mine AS m
    INNER JOIN changes AS c
        ON
            m.resource_id = c.resource_id
            AND m.attribute_definition_id = c.attribute_definition_id
            AND m.ordinal = c.ordinal
),

in_a_row AS (
    SELECT
        a.resource_id,
        a.attribute_definition_id,
        a.ordinal,
        a.old_text,
        a.is_by_itself,
        bool_and(a.is_same) OVER (
            PARTITION BY a.resource_id, a.attribute_definition_id, a.ordinal ORDER BY a.change DESC
        ) AS is_in_row
    FROM alike AS a
)

SELECT
    CASE WHEN r.is_root THEN '' ELSE t.name || ' ' || r.name || ': ' END || ad.name AS name,
    i.old_text AS back_to,
    count(*) AS times
FROM in_a_row AS i
INNER JOIN resources AS r ON i.resource_id = r.id
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN attribute_definitions AS ad ON i.attribute_definition_id = ad.id AND NOT ad.is_secret
WHERE i.is_in_row AND i.is_by_itself
GROUP BY r.id, t.name, ad.name, i.attribute_definition_id, i.ordinal, i.old_text
HAVING count(*) >= %(least)s
ORDER BY name;

-- name: operations.finish
UPDATE resource_operations AS o
SET
    status = %(status)s,
    finished_at = now(),
    error_code = %(error_code)s,
    error_message = %(error_message)s
FROM resources AS r
WHERE
    o.id = %(id)s
    AND o.resource_id = r.id
    AND r.claim_epoch = %(epoch)s
    AND o.status IN ('intended', 'sending', 'accepted');

-- name: operations.remove_resource
-- The object is gone, or ours no longer: the row stays for its history, and so do its parts'.
UPDATE resources AS r
SET
    deleted_at = now(),
    presence = 'absent',
    state_id = st.id
FROM resource_states AS st
WHERE r.id = %(resource_id)s AND r.claim_epoch = %(epoch)s AND st.name = 'deleted';

-- name: operations.release_object
-- Forgotten, but still there: from now on it is recorded as nobody's.
UPDATE resources
SET management = 'unmanaged', source_id = NULL
WHERE
    id = %(resource_id)s
    AND claim_epoch = %(epoch)s
    AND external_id IS NOT NULL
    AND (presence <> 'absent' OR management = 'quarantined');

-- name: operations.written
SELECT record_written(%(address)s, %(spec_hash)s)::text;

-- name: operations.done
-- T4 of an ordinary step, in one statement and a transaction by itself.
SELECT
    step_done(
        %(actor)s::text,
        %(reason)s::text,
        %(cause)s::text,
        %(operation)s::text,
        %(revision)s::text,
        %(id)s::uuid,
        %(epoch)s::bigint,
        %(action)s::text,
        %(ended)s::smallint,
        %(spec_hash)s::bytea,
        %(is_whole)s::boolean,
        %(has_written)s::boolean,
        %(recorded_hash)s::bytea,
        %(name)s::text,
        %(items)s::seen_item[],
        %(attributes)s::seen_value[],
        %(tags)s::seen_tag[],
        %(pending)s::seen_pending[],
        %(ties)s::seen_tie[]
    )::text;

-- name: operations.open
-- Operations that nobody who is alive is working on; and this worker's own, which it left open when something broke.
SELECT
    o.id,
    o.resource_id,
    r.uid,
    r.address,
    t.name AS resource_type,
    e.name AS endpoint,
    pt.name AS provider_type,
    ot.name AS action,
    o.status,
    o.identity,
    r.external_id,
    o.current_call,
    coalesce(c.sent_at, o.intended_at) AS sent_at,
    clock_timestamp() AS now,
    coalesce(pc.creates, FALSE) AS creates,
    coalesce(pc.deletes, FALSE) AS deletes
FROM resource_operations AS o
INNER JOIN resources AS r ON o.resource_id = r.id
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
INNER JOIN provider_types AS pt ON p.provider_type_id = pt.id
INNER JOIN operation_types AS ot ON o.operation_type_id = ot.id
INNER JOIN workers AS w ON o.worker_id = w.id
LEFT JOIN resource_operation_calls AS c ON o.id = c.operation_id AND o.current_call = c.position
LEFT JOIN plan_calls AS pc ON o.plan_step_id = pc.plan_step_id AND o.current_call = pc.position
WHERE
    o.status IN ('intended', 'sending', 'accepted')
    AND CASE WHEN w.id = %(worker)s THEN TRUE ELSE pg_try_advisory_xact_lock(w.lock_key) END
ORDER BY o.intended_at;

-- name: operations.tasks
SELECT
    call_position,
    task
FROM resource_operation_tasks
WHERE operation_id = %(id)s AND call_position = %(position)s;

-- name: operations.adopt_operation
UPDATE resource_operations
SET worker_id = %(worker)s, claim_epoch = %(epoch)s
WHERE id = %(id)s AND status IN ('intended', 'sending', 'accepted');

-- name: operations.quarantine
UPDATE resources AS r
SET management = 'quarantined', state_id = st.id
FROM resource_states AS st
WHERE r.id = %(resource_id)s AND r.claim_epoch = %(epoch)s AND st.name = 'quarantined';

-- name: operations.external_ids
SELECT
    f.address,
    f.external_id
FROM objects_at(%(addresses)s::text[]) AS f;

-- name: operations.external_id_of
SELECT external_id
FROM resources
WHERE id = %(resource_id)s;

-- name: operations.settle_state
-- After a failure nothing is under way any more: a state that says so gives way to what is known.
UPDATE resources AS r
SET state_id = st.id
FROM resource_states AS was
CROSS JOIN resource_states AS st
WHERE
    r.id = %(resource_id)s
    AND r.claim_epoch = %(epoch)s
    AND was.id = r.state_id
    AND was.name IN ('creating', 'updating', 'deleting')
    AND st.name = 'failed';
