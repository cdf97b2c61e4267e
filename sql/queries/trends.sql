-- Trends: the newest or the greatest of each view (sql/schema/32_trends.sql). Nothing here writes.

-- name: trends.days
-- For the rest of the transaction.
SELECT set_config('reconciler.trend_days', %(days)s::integer::text, TRUE);

-- name: trends.changes
SELECT
    v.day,
    v.endpoint,
    v.resource_type,
    v.attribute,
    v.changes,
    v.resources,
    v.drift,
    v.by_hand
FROM v_trend_changes AS v
ORDER BY v.day DESC, v.changes DESC, v.endpoint ASC, v.resource_type ASC, v.attribute ASC
LIMIT %(most)s;

-- name: trends.operations
SELECT
    v.day,
    v.endpoint,
    v.resource_type,
    v.operation,
    v.operations,
    v.done,
    v.failed,
    v.in_doubt,
    v.interrupted,
    v.average_seconds::double precision AS average_seconds,
    v.slowest_twentieth_seconds::double precision AS slowest_twentieth_seconds
FROM v_trend_operations AS v
ORDER BY v.day DESC, v.operations DESC, v.endpoint ASC, v.resource_type ASC, v.operation ASC
LIMIT %(most)s;

-- name: trends.failures
SELECT
    v.error_code,
    v.endpoint,
    v.resource_type,
    v.operation,
    v.failures,
    v.resources,
    v.first_at,
    v.last_at,
    v.last_message
FROM v_trend_failures AS v
ORDER BY v.failures DESC, v.last_at DESC
LIMIT %(most)s;

-- name: trends.drifters
SELECT
    v.address,
    v.endpoint,
    v.resource_type,
    v.drift,
    v.days,
    v.attributes,
    v.last_at
FROM v_trend_drifters AS v
ORDER BY v.drift DESC, v.address ASC
LIMIT %(most)s;

-- name: trends.capacity
SELECT
    v.datacenter,
    v.endpoint,
    v.machines,
    v.running,
    v.cpu_cores,
    v.memory_mib,
    v.disk_gib
FROM v_capacity AS v
ORDER BY v.datacenter, v.endpoint
LIMIT %(most)s;

-- name: trends.deletions
SELECT
    v.deleted_at,
    v.address,
    v.resource_type,
    v.endpoint,
    v.how,
    v.actor,
    v.db_user,
    v.author,
    v.commit_id,
    v.approved_by
FROM v_trend_deletions AS v
ORDER BY v.deleted_at DESC, v.address ASC
LIMIT %(most)s;

-- name: trends.approvals
SELECT
    v.approved_at,
    v.approved_by,
    v.plan_id,
    v.planned_by,
    v.used_at,
    v.steps,
    v.destroying
FROM v_trend_approvals AS v
ORDER BY v.approved_at DESC
LIMIT %(most)s;
