-- Trends: what changes, drifts, fails and takes how long, by day; what there is by datacenter; who deleted and who
-- approved. What reads a history reads no more than the last days of it: thirty, or as many as the setting
-- `reconciler.trend_days` says.

CREATE FUNCTION trend_start()
RETURNS timestamptz
LANGUAGE sql STABLE
RETURN transaction_timestamp()
- make_interval(days => coalesce(nullif(current_setting('reconciler.trend_days', TRUE), ''), '30')::integer);
COMMENT ON FUNCTION trend_start() IS
'From when on the views of trends look: so many days ago as the setting reconciler.trend_days says, thirty where it does not.';

CREATE FUNCTION step_approved_by(p_plan_step_id bigint)
RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT string_agg(DISTINCT g.approved_by, ', ')
  FROM plan_steps AS s
  INNER JOIN plans AS p ON s.plan_id = p.id
  INNER JOIN plan_approvals AS g
    -- One approves a saved plan; an apply plans again, and uses the approval up for the very same step.
    ON g.used_at IS NOT NULL AND (s.plan_id = g.plan_id OR p.created_at = g.used_at)
  WHERE
    s.id = p_plan_step_id
    AND (
      s.plan_id = g.plan_id
      OR EXISTS (
        SELECT FROM plan_steps AS same
        WHERE same.plan_id = g.plan_id AND same.address = s.address AND same.hash = s.hash
      )
    )
$$;
COMMENT ON FUNCTION step_approved_by(bigint) IS
'Who approved what a step did, with commas between several; null where nobody had to.';

CREATE VIEW v_trend_changes WITH (security_invoker = TRUE) AS
SELECT
    date_trunc('day', h.changed_at, 'UTC') AS day,
    e.name AS endpoint,
    t.name AS resource_type,
    ad.name AS attribute,
    count(*) AS changes,
    count(DISTINCT h.resource_id) AS resources,
    count(*) FILTER (
        WHERE s.cause = 'observation' AND h.action = 'u' AND rule.mutability IS DISTINCT FROM 'read_only'
    ) AS drift,
    count(*) FILTER (WHERE s.cause = 'manual') AS by_hand
FROM resource_attribute_history AS h
INNER JOIN changesets AS s ON h.changed_at = s.changed_at AND h.changeset_id = s.id
INNER JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
INNER JOIN resources AS r ON h.resource_id = r.id
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
LEFT JOIN provider_type_attributes AS rule
    ON
        p.provider_type_id = rule.provider_type_id
        AND r.resource_type_id = rule.resource_type_id
        AND h.attribute_definition_id = rule.attribute_definition_id
LEFT JOIN resource_operations AS o ON s.operation_id = o.id
LEFT JOIN operation_types AS ot ON o.operation_type_id = ot.id
WHERE
    h.changed_at >= trend_start()
    AND s.changed_at >= trend_start()
    AND r.management = 'managed'
    AND NOT ad.is_bookkeeping
    AND (ot.name IS NULL OR ot.name NOT IN ('create', 'delete', 'replace'))
GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW v_trend_changes IS
'How often attributes of managed resources changed, by day: without what came or went with its object, and without bookkeeping.';
COMMENT ON COLUMN v_trend_changes.day IS
'The day, as its beginning in UTC.';
COMMENT ON COLUMN v_trend_changes.endpoint IS
'The endpoint''s name.';
COMMENT ON COLUMN v_trend_changes.resource_type IS
'The type''s name.';
COMMENT ON COLUMN v_trend_changes.attribute IS
'The attribute''s name.';
COMMENT ON COLUMN v_trend_changes.changes IS
'How many values and elements changed, whoever did it.';
COMMENT ON COLUMN v_trend_changes.resources IS
'Of how many resources and parts.';
COMMENT ON COLUMN v_trend_changes.drift IS
'How many of the changes were seen at the provider and not made by us, of what can be changed at all.';
COMMENT ON COLUMN v_trend_changes.by_hand IS
'How many of them were made at a SQL prompt.';

CREATE VIEW v_trend_operations WITH (security_invoker = TRUE) AS
SELECT
    date_trunc('day', o.intended_at, 'UTC') AS day,
    e.name AS endpoint,
    t.name AS resource_type,
    ot.name AS operation,
    count(*) AS operations,
    count(*) FILTER (WHERE o.status = 'done') AS done,
    count(*) FILTER (WHERE o.status = 'failed') AS failed,
    count(*) FILTER (WHERE o.status = 'ambiguous') AS in_doubt,
    count(*) FILTER (WHERE o.status = 'interrupted') AS interrupted,
    round(avg(extract(EPOCH FROM o.finished_at - o.intended_at)) FILTER (WHERE o.status = 'done'), 1) AS average_seconds,
    round(
        (
            percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(EPOCH FROM o.finished_at - o.intended_at))
            FILTER (WHERE o.status = 'done')
        )::numeric, 1
    ) AS slowest_twentieth_seconds
FROM resource_operations AS o
INNER JOIN operation_types AS ot ON o.operation_type_id = ot.id
INNER JOIN resources AS r ON o.resource_id = r.id
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
WHERE o.intended_at >= trend_start()
GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW v_trend_operations IS
'How many operations there were by day, how they ended and how long they took.';
COMMENT ON COLUMN v_trend_operations.day IS
'The day that they began on, as its beginning in UTC.';
COMMENT ON COLUMN v_trend_operations.endpoint IS
'The endpoint''s name.';
COMMENT ON COLUMN v_trend_operations.resource_type IS
'The type''s name.';
COMMENT ON COLUMN v_trend_operations.operation IS
'What was done: create, update, replace, delete, adopt or forget.';
COMMENT ON COLUMN v_trend_operations.operations IS
'How many were begun.';
COMMENT ON COLUMN v_trend_operations.done IS
'How many of them were done.';
COMMENT ON COLUMN v_trend_operations.failed IS
'How many failed.';
COMMENT ON COLUMN v_trend_operations.in_doubt IS
'Of how many it is not known whether they took effect.';
COMMENT ON COLUMN v_trend_operations.interrupted IS
'How many ended before anything was sent.';
COMMENT ON COLUMN v_trend_operations.average_seconds IS
'How long those that were done took, on average; null where none was.';
COMMENT ON COLUMN v_trend_operations.slowest_twentieth_seconds IS
'How long the slowest twentieth of them took at least; null where none was done.';

CREATE VIEW v_trend_failures WITH (security_invoker = TRUE) AS
SELECT
    e.name AS endpoint,
    t.name AS resource_type,
    ot.name AS operation,
    coalesce(o.error_code, 'unknown') AS error_code,
    count(*) AS failures,
    count(DISTINCT o.resource_id) AS resources,
    min(o.intended_at) AS first_at,
    max(o.intended_at) AS last_at,
    (array_agg(o.error_message ORDER BY o.intended_at DESC))[1] AS last_message
FROM resource_operations AS o
INNER JOIN operation_types AS ot ON o.operation_type_id = ot.id
INNER JOIN resources AS r ON o.resource_id = r.id
INNER JOIN resource_types AS t ON r.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
WHERE o.intended_at >= trend_start() AND o.status IN ('failed', 'ambiguous')
GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW v_trend_failures IS
'What failed or ended in doubt, by class.';
COMMENT ON COLUMN v_trend_failures.endpoint IS
'The endpoint''s name.';
COMMENT ON COLUMN v_trend_failures.resource_type IS
'The type''s name.';
COMMENT ON COLUMN v_trend_failures.operation IS
'What was tried.';
COMMENT ON COLUMN v_trend_failures.error_code IS
'Why it failed, as a code; unknown where there is none.';
COMMENT ON COLUMN v_trend_failures.failures IS
'How often.';
COMMENT ON COLUMN v_trend_failures.resources IS
'Of how many resources.';
COMMENT ON COLUMN v_trend_failures.first_at IS
'When the first of them began.';
COMMENT ON COLUMN v_trend_failures.last_at IS
'When the last of them began.';
COMMENT ON COLUMN v_trend_failures.last_message IS
'What the last one said.';

CREATE VIEW v_trend_drifters WITH (security_invoker = TRUE) AS
SELECT
    root.address,
    e.name AS endpoint,
    t.name AS resource_type,
    count(*) AS drift,
    count(DISTINCT date_trunc('day', h.changed_at, 'UTC')) AS days,
    string_agg(DISTINCT ad.name, ', ') AS attributes,
    max(h.changed_at) AS last_at
FROM resource_attribute_history AS h
INNER JOIN changesets AS s ON h.changed_at = s.changed_at AND h.changeset_id = s.id
INNER JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
INNER JOIN resources AS r ON h.resource_id = r.id
LEFT JOIN resource_relationships AS c ON r.id = c.child_resource_id AND c.relationship_type_id = 1
INNER JOIN resources AS root ON coalesce(c.parent_resource_id, r.id) = root.id
INNER JOIN resource_types AS t ON root.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON root.provider_endpoint_id = e.id
INNER JOIN providers AS p ON e.provider_id = p.id
LEFT JOIN provider_type_attributes AS rule
    ON
        p.provider_type_id = rule.provider_type_id
        AND r.resource_type_id = rule.resource_type_id
        AND h.attribute_definition_id = rule.attribute_definition_id
WHERE
    h.changed_at >= trend_start()
    AND s.changed_at >= trend_start()
    AND s.cause = 'observation'
    AND h.action = 'u'
    AND root.management = 'managed'
    AND root.deleted_at IS NULL
    AND NOT ad.is_bookkeeping
    AND rule.mutability IS DISTINCT FROM 'read_only'
GROUP BY 1, 2, 3;
COMMENT ON VIEW v_trend_drifters IS
'Which managed resources somebody else changes, those of their parts with them; order it by drift.';
COMMENT ON COLUMN v_trend_drifters.address IS
'The resource.';
COMMENT ON COLUMN v_trend_drifters.endpoint IS
'The endpoint''s name.';
COMMENT ON COLUMN v_trend_drifters.resource_type IS
'The type''s name.';
COMMENT ON COLUMN v_trend_drifters.drift IS
'How many values of it were seen to have changed.';
COMMENT ON COLUMN v_trend_drifters.days IS
'On how many days.';
COMMENT ON COLUMN v_trend_drifters.attributes IS
'Which attributes, by name.';
COMMENT ON COLUMN v_trend_drifters.last_at IS
'When the last of them was seen.';

CREATE VIEW v_trend_deletions WITH (security_invoker = TRUE) AS
SELECT
    h.changed_at AS deleted_at,
    h.address,
    t.name AS resource_type,
    e.name AS endpoint,
    coalesce(ot.name, s.cause) AS how,
    s.actor,
    s.db_user,
    rev.author,
    rev.commit_id,
    step_approved_by(o.plan_step_id) AS approved_by
FROM resource_history AS h
INNER JOIN changesets AS s ON h.changed_at = s.changed_at AND h.changeset_id = s.id
INNER JOIN resource_types AS t ON h.resource_type_id = t.id
INNER JOIN provider_endpoints AS e ON h.provider_endpoint_id = e.id
LEFT JOIN revisions AS rev ON s.revision_id = rev.id
LEFT JOIN resource_operations AS o ON s.operation_id = o.id
LEFT JOIN operation_types AS ot ON o.operation_type_id = ot.id
WHERE
    h.changed_at >= trend_start()
    AND s.changed_at >= trend_start()
    AND h.deleted_at IS NOT NULL
    AND h.old_deleted_at IS NULL
    AND h.old_management IS DISTINCT FROM 'unmanaged'
    AND (
        EXISTS (
            SELECT FROM resources AS r
            WHERE r.id = h.resource_id AND r.is_root
        )
        OR EXISTS (
            SELECT FROM archived_resources AS a
            WHERE a.id = h.resource_id AND a.is_root AND a.restored_at IS NULL
        )
    );
COMMENT ON VIEW v_trend_deletions IS
'What of ours is gone, and by whom.';
COMMENT ON COLUMN v_trend_deletions.deleted_at IS
'When it was recorded to be gone.';
COMMENT ON COLUMN v_trend_deletions.address IS
'What it was.';
COMMENT ON COLUMN v_trend_deletions.resource_type IS
'The type''s name.';
COMMENT ON COLUMN v_trend_deletions.endpoint IS
'The endpoint''s name.';
COMMENT ON COLUMN v_trend_deletions.how IS
'By which operation, such as delete or forget; without one, or where that is in the archive, what brought it about, such as observation.';
COMMENT ON COLUMN v_trend_deletions.actor IS
'Who did it, as the session said; of what an observation found, who looked.';
COMMENT ON COLUMN v_trend_deletions.db_user IS
'The session''s database user, whatever the actor claims.';
COMMENT ON COLUMN v_trend_deletions.author IS
'Whose commit it was; null for none.';
COMMENT ON COLUMN v_trend_deletions.commit_id IS
'The commit that it was done for; null for none.';
COMMENT ON COLUMN v_trend_deletions.approved_by IS
'Who approved its plan; null where nobody had to.';

CREATE VIEW v_trend_approvals WITH (security_invoker = TRUE) AS
SELECT
    a.approved_at,
    a.approved_by,
    a.plan_id,
    p.actor AS planned_by,
    a.used_at,
    (
        SELECT count(*)
        FROM plan_steps AS s
        WHERE s.plan_id = a.plan_id
    ) AS steps,
    (
        SELECT count(*)
        FROM plan_steps AS s
        INNER JOIN operation_types AS ot ON s.operation_type_id = ot.id
        WHERE s.plan_id = a.plan_id AND ot.name IN ('delete', 'replace')
    ) AS destroying
FROM plan_approvals AS a
INNER JOIN plans AS p ON a.plan_id = p.id
WHERE a.approved_at >= trend_start();
COMMENT ON VIEW v_trend_approvals IS
'Who approved which plan, and whether that was used.';
COMMENT ON COLUMN v_trend_approvals.approved_at IS
'When.';
COMMENT ON COLUMN v_trend_approvals.approved_by IS
'Who.';
COMMENT ON COLUMN v_trend_approvals.plan_id IS
'The plan.';
COMMENT ON COLUMN v_trend_approvals.planned_by IS
'Who made the plan.';
COMMENT ON COLUMN v_trend_approvals.used_at IS
'When an apply used it up; null while none did.';
COMMENT ON COLUMN v_trend_approvals.steps IS
'How many steps the plan has.';
COMMENT ON COLUMN v_trend_approvals.destroying IS
'How many of them delete or replace something.';

CREATE VIEW v_capacity WITH (security_invoker = TRUE) AS
WITH machines AS (
    SELECT
        vm.resource_id,
        vm.cpu_cores,
        vm.memory_mb,
        vm.power_state
    FROM virtual_machines AS vm
    UNION ALL
    SELECT
        c.resource_id,
        c.cpu_cores,
        c.memory_mb,
        c.power_state
    FROM containers AS c
),

held AS (
    SELECT
        r.id,
        m.cpu_cores,
        m.memory_mb,
        m.power_state,
        NULL::bigint AS disk_mib,
        m.resource_id IS NOT NULL AS is_machine
    FROM resources AS r
    INNER JOIN machines AS m ON r.id = m.resource_id

    UNION ALL

    SELECT
        coalesce(c.parent_resource_id, r.id),
        NULL,
        NULL,
        NULL,
        coalesce(v.size_mib, v.size_gb * 1024),
        FALSE
    FROM resources AS r
    INNER JOIN storage_volumes AS v ON r.id = v.resource_id
    LEFT JOIN resource_relationships AS c ON r.id = c.child_resource_id AND c.relationship_type_id = 1
    WHERE r.deleted_at IS NULL

    UNION ALL

    SELECT
        r.id,
        NULL,
        NULL,
        NULL,
        (a.value_integer * 1000000000 / 1048576)::bigint,
        FALSE
    FROM resources AS r
    INNER JOIN resource_attributes AS a ON r.id = a.resource_id
    INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id AND ad.name = 'primary_disk_gb'
)

SELECT
    coalesce(d.name, l.name, 'unplaced') AS datacenter,
    e.name AS endpoint,
    count(*) FILTER (WHERE h.is_machine) AS machines,
    count(*) FILTER (WHERE h.is_machine AND h.power_state = 'running') AS running,
    coalesce(sum(h.cpu_cores), 0) AS cpu_cores,
    coalesce(sum(h.memory_mb), 0) AS memory_mib,
    (coalesce(sum(h.disk_mib), 0) / 1024)::bigint AS disk_gib
FROM held AS h
INNER JOIN resources AS r ON h.id = r.id
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
LEFT JOIN datacenters AS d ON r.datacenter_id = d.id
LEFT JOIN locations AS l ON r.location_id = l.id
WHERE r.deleted_at IS NULL AND r.management = 'managed' AND r.presence <> 'absent'
GROUP BY 1, 2;
COMMENT ON VIEW v_capacity IS
'What managed machines and volumes take up, by datacenter, or by location where no datacenter is known.';
COMMENT ON COLUMN v_capacity.datacenter IS
'The datacenter''s name, or the location''s; unplaced where neither is known.';
COMMENT ON COLUMN v_capacity.endpoint IS
'The endpoint''s name.';
COMMENT ON COLUMN v_capacity.machines IS
'How many virtual machines and containers there are.';
COMMENT ON COLUMN v_capacity.running IS
'How many of them run.';
COMMENT ON COLUMN v_capacity.cpu_cores IS
'Their processor cores.';
COMMENT ON COLUMN v_capacity.memory_mib IS
'Their memory, in MiB.';
COMMENT ON COLUMN v_capacity.disk_gib IS
'Their disks and the volumes, built-in ones too, in GiB.';
