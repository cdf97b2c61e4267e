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

-- name: operations.insert_resource
INSERT INTO resources (
    resource_type_id,
    provider_endpoint_id,
    address,
    name,
    state_id,
    management,
    presence,
    is_root,
    source_id,
    prevent_destroy,
    on_remove,
    allow_downtime,
    replace_policy,
    create_before_destroy,
    location_id,
    datacenter_id
)
SELECT
    d.resource_type_id,
    d.provider_endpoint_id,
    d.address,
    d.name,
    st.id,
    'managed',
    'absent',
    TRUE,
    d.source_id,
    d.prevent_destroy,
    d.on_remove,
    d.allow_downtime,
    d.replace_policy,
    d.create_before_destroy,
    l.id,
    dc.id
FROM desired_resources AS d
INNER JOIN resource_states AS st ON st.name = 'pending'
LEFT JOIN locations AS l ON d.location = l.name
LEFT JOIN datacenters AS dc ON d.datacenter = dc.name
WHERE
    d.valid_to_revision IS NULL
    AND d.parent_id IS NULL
    AND d.address = %(address)s
    AND d.spec_hash = %(spec_hash)s
-- Another worker was faster with the same resource: then there is nothing to begin.
ON CONFLICT (address) WHERE deleted_at IS NULL AND management <> 'unmanaged' DO NOTHING
RETURNING id, uid;

-- name: operations.vacate
-- A row that never had an object makes room for the one that is taken over at its address.
UPDATE resources AS r
SET
    deleted_at = now(),
    presence = 'absent',
    state_id = st.id
FROM resource_states AS st
WHERE
    r.address = %(address)s
    AND r.deleted_at IS NULL
    AND r.management = 'managed'
    AND r.presence = 'absent'
    AND r.external_id IS NULL
    AND r.claimed_by IS NULL
    AND st.name = 'deleted';

-- name: operations.take_over
-- An existing object becomes the managed resource of an address.
UPDATE resources AS r
SET
    address = d.address,
    management = 'managed',
    source_id = d.source_id,
    prevent_destroy = d.prevent_destroy,
    on_remove = d.on_remove,
    allow_downtime = d.allow_downtime,
    replace_policy = d.replace_policy,
    create_before_destroy = d.create_before_destroy,
    location_id = l.id,
    datacenter_id = dc.id
FROM desired_resources AS d
LEFT JOIN locations AS l ON d.location = l.name
LEFT JOIN datacenters AS dc ON d.datacenter = dc.name
WHERE
    r.uid = %(uid)s
    AND r.deleted_at IS NULL
    AND r.management <> 'managed'
    AND d.valid_to_revision IS NULL
    AND d.parent_id IS NULL
    AND d.address = %(address)s
    -- Another worker was faster, and makes an object of that address.
    AND NOT EXISTS (
        SELECT FROM resources AS other
        WHERE
            other.address = %(address)s
            AND other.deleted_at IS NULL
            AND other.management <> 'unmanaged'
            AND other.id <> r.id
    );

-- name: operations.rename_parts
-- The parts of a resource that came to another address follow it.
UPDATE resources AS r
SET address = %(address)s || substr(r.address, length(%(before)s) + 1)
FROM resource_relationships AS rr
WHERE
    rr.parent_resource_id = %(resource_id)s
    AND rr.relationship_type_id = 1
    AND r.id = rr.child_resource_id
    AND r.deleted_at IS NULL
    AND starts_with(r.address, %(before)s || '/');

-- name: operations.rename_references
-- So does what points at it, which is recorded by address.
UPDATE resource_attributes AS a
SET value_string = %(address)s
FROM resource_relationships AS rr, attribute_definitions AS ad
WHERE
    rr.parent_resource_id = %(resource_id)s
    AND a.resource_id = rr.child_resource_id
    AND a.attribute_definition_id = ad.id
    AND ad.format = 'reference'
    AND a.value_string = %(before)s
    AND a.value_target_type IS NULL;

-- name: operations.find_resource
SELECT
    id,
    uid,
    address
FROM resources
WHERE uid = %(uid)s AND deleted_at IS NULL;

-- name: operations.claim
-- Take the resource, if it is as the plan saw it and nobody who is alive holds it.
UPDATE resources AS r
SET
    claim_epoch = r.claim_epoch + 1,
    claimed_by = %(worker)s,
    claimed_at = now()
WHERE
    r.id = %(resource_id)s
    AND (r.version = %(expected_version)s OR %(expected_version)s::bigint IS NULL)
    AND (
        r.claimed_by IS NULL
        OR r.claimed_by = %(worker)s
        OR (
            SELECT pg_try_advisory_xact_lock(w.lock_key)
            FROM workers AS w
            WHERE w.id = r.claimed_by
        )
    )
RETURNING r.claim_epoch;

-- name: operations.holder
SELECT
    r.version,
    w.host,
    w.pid,
    r.claimed_at
FROM resources AS r
LEFT JOIN workers AS w ON r.claimed_by = w.id
WHERE r.id = %(resource_id)s;

-- name: operations.open_of
-- The operation of a resource that has not come to an end.
SELECT
    o.id,
    o.status
FROM resource_operations AS o
WHERE o.resource_id = %(resource_id)s AND o.status IN ('intended', 'sending', 'accepted');

-- name: operations.release
UPDATE resources
SET claimed_by = NULL, claimed_at = NULL
WHERE id = %(resource_id)s AND claim_epoch = %(epoch)s;

-- name: operations.reserve_lock
SELECT pg_advisory_xact_lock(hashtextextended('external id at ' || %(endpoint)s, 0));

-- name: operations.unused_reservation
-- The id that was last chosen for a resource, if no object was ever known by it: a creation that was cut off is
-- sent again with the same identity, so that there cannot be two.
SELECT last.external_id
FROM resources AS r
CROSS JOIN
    LATERAL (
        SELECT res.external_id
        FROM external_id_reservations AS res
        WHERE
            res.resource_uid = r.uid
            AND res.provider_endpoint_id = r.provider_endpoint_id
            AND res.resource_type_id = r.resource_type_id
        ORDER BY res.external_id::bigint DESC
        LIMIT 1
    ) AS last
WHERE
    r.id = %(resource_id)s
    AND last.external_id::bigint BETWEEN %(low)s::bigint AND %(high)s::bigint
    AND NOT EXISTS (
        SELECT 1
        FROM resource_history AS h
        WHERE h.resource_id = r.id AND h.external_id = last.external_id
    )
    AND NOT EXISTS (
        SELECT 1
        FROM resource_operation_results AS found
        INNER JOIN resource_operations AS o ON found.operation_id = o.id
        WHERE
            o.resource_id = r.id
            AND found.name = 'external_id'
            AND found.value_string = last.external_id
    );

-- name: operations.next_reserved_id
-- The first id of a range that was never given out and that nothing is known to use. One after another is tried, from
-- the last that was given out, and each is a look into an index.
WITH RECURSIVE here AS MATERIALIZED (
    SELECT e.id
    FROM provider_endpoints AS e
    WHERE e.name = %(endpoint)s
),

given AS (
    SELECT max(last.id) AS id
    FROM here
    CROSS JOIN
        LATERAL (
            SELECT res.external_id::bigint AS id
            FROM external_id_reservations AS res
            WHERE
                res.provider_endpoint_id = here.id
                AND res.external_id ~ '^[0-9]{1,18}$'
                AND res.external_id::bigint BETWEEN %(low)s::bigint AND %(high)s::bigint
            ORDER BY res.external_id::bigint DESC
            LIMIT 1
        ) AS last
),

candidate (id, is_used) AS (
    SELECT
        start.id,
        (
            SELECT count(*) > 0
            FROM here
            INNER JOIN resources AS r ON here.id = r.provider_endpoint_id
            WHERE r.is_root AND r.external_id = start.id::text
        )
        OR EXISTS (
            SELECT
            FROM here
            INNER JOIN archived_resources AS a ON here.id = a.provider_endpoint_id
            WHERE a.is_root AND a.external_id = start.id::text
        ) AS is_used
    FROM (SELECT coalesce(given.id + 1, %(low)s::bigint) AS id FROM given) AS start
    WHERE start.id <= %(high)s::bigint
    UNION ALL
    SELECT
        next.id,
        (
            SELECT count(*) > 0
            FROM here
            INNER JOIN resources AS r ON here.id = r.provider_endpoint_id
            WHERE r.is_root AND r.external_id = next.id::text
        )
        OR EXISTS (
            SELECT
            FROM here
            INNER JOIN archived_resources AS a ON here.id = a.provider_endpoint_id
            WHERE a.is_root AND a.external_id = next.id::text
        ) AS is_used
    FROM (
        SELECT candidate.id + 1 AS id
        FROM candidate
        WHERE candidate.is_used AND candidate.id < %(high)s::bigint
    ) AS next
)

SELECT candidate.id
FROM candidate
WHERE NOT candidate.is_used;

-- name: operations.reserve
INSERT INTO external_id_reservations (provider_endpoint_id, resource_type_id, external_id, resource_uid)
SELECT
    r.provider_endpoint_id,
    r.resource_type_id,
    %(external_id)s,
    r.uid
FROM resources AS r
WHERE r.id = %(resource_id)s AND r.claim_epoch = %(epoch)s;

-- name: operations.set_identity
-- A recovery looks for the id that was sent last.
UPDATE resource_operations AS o
SET identity = %(identity)s
FROM resources AS r
WHERE o.id = %(id)s AND o.resource_id = r.id AND r.claim_epoch = %(epoch)s;

-- name: operations.begin
INSERT INTO resource_operations (
    id,
    resource_id,
    operation_type_id,
    plan_step_id,
    status,
    worker_id,
    claim_epoch,
    request_hash,
    identity,
    rests_on_version,
    actor,
    revision_id
)
SELECT
    %(id)s,
    %(resource_id)s,
    t.id,
    %(plan_step_id)s,
    'intended',
    %(worker)s,
    %(epoch)s,
    %(request_hash)s,
    %(identity)s,
    %(version)s,
    %(actor)s,
    %(revision_id)s
FROM operation_types AS t
WHERE t.name = %(action)s;

-- name: operations.set_state
UPDATE resources AS r
SET
    state_id = st.id,
    external_id = CASE WHEN %(forget_external_id)s THEN NULL ELSE r.external_id END
FROM resource_states AS st
WHERE
    r.id = %(resource_id)s
    AND r.claim_epoch = %(epoch)s
    AND st.name = %(state)s
    -- What leaves the quarantine shows its state when it is next seen.
    AND NOT EXISTS (
        SELECT 1
        FROM resource_states AS was
        WHERE was.id = r.state_id AND was.name = 'quarantined'
    );

-- name: operations.sending
UPDATE resource_operations AS o
SET status = 'sending', current_call = %(position)s, sent_at = coalesce(o.sent_at, now())
FROM resources AS r
WHERE
    o.id = %(id)s
    AND o.resource_id = r.id
    AND r.claim_epoch = %(epoch)s
    AND o.status IN ('intended', 'sending', 'accepted');

-- name: operations.call_sending
INSERT INTO resource_operation_calls (operation_id, position, status)
VALUES (%(id)s, %(position)s, 'sending');

-- name: operations.accepted
UPDATE resource_operations AS o
SET status = 'accepted', accepted_at = coalesce(o.accepted_at, now())
FROM resources AS r
WHERE
    o.id = %(id)s
    AND o.resource_id = r.id
    AND r.claim_epoch = %(epoch)s
    AND o.status = 'sending';

-- name: operations.call_accepted
UPDATE resource_operation_calls
SET status = 'accepted', accepted_at = now()
WHERE operation_id = %(id)s AND position = %(position)s;

-- name: operations.add_tasks
INSERT INTO resource_operation_tasks (operation_id, call_position, task)
SELECT
    %(id)s,
    %(position)s,
    started.task
FROM unnest(%(task)s::text[]) AS started (task)
ON CONFLICT DO NOTHING;

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
UPDATE resource_operation_calls AS c
SET
    status = %(status)s,
    finished_at = now(),
    error_code = %(error_code)s,
    error_message = %(error_message)s
FROM resource_operations AS o
INNER JOIN resources AS r ON o.resource_id = r.id
WHERE
    c.operation_id = %(id)s
    AND c.position = %(position)s
    AND o.id = c.operation_id
    AND r.claim_epoch = %(epoch)s;

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
-- Write-only attributes are recorded as written: no provider will ever show them. The rows of the one manifest are
-- gathered first, so that the rest are look-ups from there.
INSERT INTO resource_attributes (
    resource_id,
    resource_type_id,
    attribute_definition_id,
    ordinal,
    data_type,
    value_string,
    value_integer,
    value_decimal,
    value_boolean,
    value_datetime,
    value_credential,
    value_fingerprint
)
SELECT
    r.id,
    a.resource_type_id,
    a.attribute_definition_id,
    a.ordinal,
    a.data_type,
    a.value_string,
    a.value_integer,
    a.value_decimal,
    a.value_boolean,
    a.value_datetime,
    a.value_credential,
    a.value_fingerprint
FROM desired_attributes AS a
INNER JOIN desired_resources AS d ON a.desired_resource_id = d.id
CROSS JOIN
    LATERAL (
        SELECT
            managed.id,
            managed.provider_endpoint_id
        FROM resources AS managed
        WHERE
            managed.address = d.address
            AND managed.deleted_at IS NULL
            AND managed.management = 'managed'
        ORDER BY managed.address
        LIMIT 1
    ) AS r
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
INNER JOIN provider_type_attributes AS rule
    ON
        a.resource_type_id = rule.resource_type_id
        AND a.attribute_definition_id = rule.attribute_definition_id
        AND p.provider_type_id = rule.provider_type_id
        AND rule.mutability = 'write_only'
WHERE
    a.desired_resource_id = ANY(
        array(
            SELECT root.id
            FROM desired_resources AS root
            WHERE
                root.valid_to_revision IS NULL
                AND root.parent_id IS NULL
                AND root.spec_hash = %(spec_hash)s
                AND root.address = %(address)s
            UNION ALL
            SELECT part.id
            FROM desired_resources AS root
            INNER JOIN desired_resources AS part ON root.id = part.parent_id
            WHERE
                root.valid_to_revision IS NULL
                AND root.parent_id IS NULL
                AND root.spec_hash = %(spec_hash)s
                AND root.address = %(address)s
        )
    )
ON CONFLICT (resource_id, attribute_definition_id, ordinal) DO UPDATE
    SET
        value_string = excluded.value_string,
        value_integer = excluded.value_integer,
        value_decimal = excluded.value_decimal,
        value_boolean = excluded.value_boolean,
        value_datetime = excluded.value_datetime,
        value_credential = excluded.value_credential,
        value_fingerprint = excluded.value_fingerprint;

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
-- What stands for an address in a call, looked up just before it is sent. An object that is not ours counts where
-- nothing of ours has its address and no other shares it: a resource of ours may have to let go of it.
SELECT
    r.address,
    min(r.external_id) AS external_id
FROM resources AS r
WHERE
    r.deleted_at IS NULL
    AND r.is_root
    AND r.address = ANY(%(addresses)s)
    AND (
        r.management = 'managed'
        OR NOT EXISTS (
            SELECT 1
            FROM resources AS ours
            WHERE ours.address = r.address AND ours.deleted_at IS NULL AND ours.management = 'managed'
        )
    )
GROUP BY r.address
HAVING count(*) = 1;

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
