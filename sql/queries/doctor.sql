-- What no constraint can hold, looked for: each query gives what is wrong, as where it is and what it is. As an
-- administrator; nothing is changed. Each gives so many rows at most as anybody would read.

-- name: doctor.projections
-- Columns of the extension tables that are not what the attributes say.
WITH extension (table_name, resource_id, fields) AS (
    SELECT 'virtual_machines', x.resource_id, to_jsonb(x) FROM virtual_machines AS x
    UNION ALL
    SELECT 'containers', x.resource_id, to_jsonb(x) FROM containers AS x
    UNION ALL
    SELECT 'networks', x.resource_id, to_jsonb(x) FROM networks AS x
    UNION ALL
    SELECT 'storage_volumes', x.resource_id, to_jsonb(x) FROM storage_volumes AS x
    UNION ALL
    SELECT 'clusters', x.resource_id, to_jsonb(x) FROM clusters AS x
),

compared AS (
    SELECT
        x.resource_id,
        p.table_name,
        p.column_name,
        x.fields ->> p.column_name AS shown,
        coalesce(a.value_string, a.value_integer::text) AS said,
        p.column_name IN ('cidr', 'gateway', 'primary_ipv4', 'primary_ipv6') AS is_net
    FROM extension AS x
    INNER JOIN attribute_projections AS p ON x.table_name = p.table_name
    LEFT JOIN attribute_definitions AS ad ON p.attribute = ad.name
    LEFT JOIN resource_attributes AS a
        ON x.resource_id = a.resource_id AND ad.id = a.attribute_definition_id AND a.ordinal = 0
)

SELECT
    r.address AS found_at,
    format('%s.%s is %s, and the attribute %s', c.table_name, c.column_name, coalesce(c.shown, 'null'), coalesce(c.said, 'is not there'))
        AS what
FROM compared AS c
INNER JOIN resources AS r ON c.resource_id = r.id
WHERE
    CASE
        WHEN c.is_net THEN c.shown::inet IS DISTINCT FROM c.said::inet
        ELSE c.shown IS DISTINCT FROM c.said
    END
UNION ALL
SELECT r.address, format('it has no row in %s', t.table_name)
FROM resources AS r
INNER JOIN resource_types AS rt ON r.resource_type_id = rt.id
INNER JOIN extension_types AS t ON rt.name = t.resource_type
LEFT JOIN extension AS x ON r.id = x.resource_id AND t.table_name = x.table_name
WHERE x.resource_id IS NULL
ORDER BY found_at, what
LIMIT 100;

-- name: doctor.parts
-- Parts hang on live roots, in one tree each, and are named below what contains them.
WITH RECURSIVE ties AS (
    SELECT rr.parent_resource_id AS parent, rr.child_resource_id AS child
    FROM resource_relationships AS rr
    WHERE rr.relationship_type_id = 1
),

above (start, id) AS (
    SELECT t.child, t.parent FROM ties AS t
    UNION ALL
    SELECT a.start, t.parent
    FROM above AS a
    INNER JOIN ties AS t ON a.id = t.child
) CYCLE id SET is_cycle USING trail

SELECT r.address AS found_at, 'it is a part, and nothing contains it' AS what
FROM resources AS r
WHERE
    NOT r.is_root AND r.deleted_at IS NULL AND NOT EXISTS (
        SELECT FROM ties AS t
        WHERE t.child = r.id
    )
UNION ALL
SELECT r.address, format('it is a root, and %s contains it', whole.address)
FROM resources AS r
INNER JOIN ties AS t ON r.id = t.child
INNER JOIN resources AS whole ON t.parent = whole.id
WHERE r.is_root AND r.deleted_at IS NULL
UNION ALL
SELECT r.address, format('it is there, and %s, which contains it, is deleted', whole.address)
FROM resources AS r
INNER JOIN ties AS t ON r.id = t.child
INNER JOIN resources AS whole ON t.parent = whole.id
WHERE r.deleted_at IS NULL AND whole.deleted_at IS NOT NULL
UNION ALL
SELECT r.address, format('its address is not below that of %s, which contains it', whole.address)
FROM resources AS r
INNER JOIN ties AS t ON r.id = t.child
INNER JOIN resources AS whole ON t.parent = whole.id
WHERE r.deleted_at IS NULL AND NOT starts_with(r.address, whole.address || '/')
UNION ALL
SELECT DISTINCT r.address, 'it contains itself, by way of its parts'
FROM above AS a
INNER JOIN resources AS r ON a.start = r.id
WHERE a.is_cycle
ORDER BY found_at, what
LIMIT 100;

-- name: doctor.orphans
-- What speaks of something that is deleted.
SELECT r.address AS found_at, format('it is ours and present, and its endpoint %s is removed', e.name) AS what
FROM resources AS r
INNER JOIN provider_endpoints AS e ON r.provider_endpoint_id = e.id
WHERE r.deleted_at IS NULL AND r.management = 'managed' AND e.deleted_at IS NOT NULL
UNION ALL
SELECT r.address, format('it is deleted, and the %s tie to %s is still there', k.name, other.address)
FROM resource_relationships AS rr
INNER JOIN relationship_types AS k ON rr.relationship_type_id = k.id AND k.name <> 'contains'
INNER JOIN resources AS r ON rr.child_resource_id = r.id
INNER JOIN resources AS other ON rr.parent_resource_id = other.id
WHERE r.deleted_at IS NOT NULL
UNION ALL
SELECT r.address, format('it is tied to %s (%s), which is deleted', other.address, k.name)
FROM resource_relationships AS rr
INNER JOIN relationship_types AS k ON rr.relationship_type_id = k.id AND k.name <> 'contains'
INNER JOIN resources AS r ON rr.child_resource_id = r.id
INNER JOIN resources AS other ON rr.parent_resource_id = other.id
WHERE r.deleted_at IS NULL AND other.deleted_at IS NOT NULL
UNION ALL
SELECT r.address, format('it is deleted, and the operation %s on it is open', o.id)
FROM resource_operations AS o
INNER JOIN resources AS r ON o.resource_id = r.id
WHERE o.finished_at IS NULL AND r.deleted_at IS NOT NULL
UNION ALL
SELECT d.address, format('it is wanted, and its source %s is forgotten', s.name)
FROM desired_resources AS d
INNER JOIN manifest_sources AS s ON d.source_id = s.id
WHERE d.valid_to_revision IS NULL AND d.parent_id IS NULL AND s.forgotten_at IS NOT NULL
ORDER BY found_at, what
LIMIT 100;

-- name: doctor.operations
-- Open, and nobody alive is at work on it.
SELECT
    r.address AS found_at,
    format('the %s of %s by %s (pid %s on %s) is open, and that process is gone', t.name, o.intended_at, o.actor, w.pid, w.host)
        AS what
FROM resource_operations AS o
INNER JOIN resources AS r ON o.resource_id = r.id
INNER JOIN operation_types AS t ON o.operation_type_id = t.id
INNER JOIN workers AS w ON o.worker_id = w.id
WHERE
    o.finished_at IS NULL
    AND NOT EXISTS (
        SELECT FROM pg_locks AS l
        WHERE
            l.locktype = 'advisory'
            AND l.granted
            AND l.database = (
                SELECT db.oid FROM pg_database AS db
                WHERE db.datname = current_database()
            )
            AND ((l.classid::bigint << 32) | l.objid::bigint) = w.lock_key
    )
ORDER BY found_at, what
LIMIT 100;

-- name: doctor.claims
-- Held by a process that is gone, with no operation that a recovery would take up.
SELECT
    r.address AS found_at,
    format('it has been claimed since %s by pid %s on %s, which is gone', r.claimed_at, w.pid, w.host) AS what
FROM resources AS r
INNER JOIN workers AS w ON r.claimed_by = w.id
WHERE
    NOT EXISTS (
        SELECT FROM pg_locks AS l
        WHERE
            l.locktype = 'advisory'
            AND l.granted
            AND l.database = (
                SELECT db.oid FROM pg_database AS db
                WHERE db.datname = current_database()
            )
            AND ((l.classid::bigint << 32) | l.objid::bigint) = w.lock_key
    )
    AND NOT EXISTS (
        SELECT FROM resource_operations AS o
        WHERE o.resource_id = r.id AND o.finished_at IS NULL
    )
ORDER BY found_at, what
LIMIT 100;

-- name: doctor.partitions
-- Whether the months that come have a place: judged by what is attached, not by names.
SELECT w.history AS found_at, 'a month to come, or the default, has no partition' AS what
FROM wanting_histories(1) AS w
UNION ALL
SELECT x.history, format('rows without a month: %s, of %s to %s', x.stray_rows, x.first_at, x.last_at)
FROM stray_history(10000) AS x
UNION ALL
SELECT v.history, format('the table %s is named as a partition of it, and is not attached', c.relname)
FROM v_histories AS v
INNER JOIN pg_class AS c
    ON c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname ~ ('^' || v.history || '_\d{4}_\d{2}$')
WHERE
    NOT c.relispartition
    AND NOT EXISTS (
        SELECT FROM history_archives AS a
        WHERE a.partition_name = c.relname AND a.dropped_at IS NULL
    )
UNION ALL
SELECT a.history, format('its month %s is in %s, and its table was not dropped: reconciler db archive', to_char(a.from_at, 'YYYY-MM'), a.file)
FROM history_archives AS a
WHERE a.dropped_at IS NULL
ORDER BY found_at, what
LIMIT 100;

-- name: doctor.archive
-- A deleted resource is here or in a file, and in one of the two only.
SELECT r.address AS found_at, format('it is in the database, and counts as away, in %s', f.file) AS what
FROM archived_resources AS a
INNER JOIN resources AS r ON a.id = r.id
INNER JOIN resource_archives AS f ON a.archive_id = f.id
WHERE a.restored_at IS NULL
UNION ALL
SELECT a.address, format('it came back from %s, and is not in the database', f.file)
FROM archived_resources AS a
INNER JOIN resource_archives AS f ON a.archive_id = f.id
WHERE
    a.restored_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM resources AS r
        WHERE r.id = a.id
    )
UNION ALL
SELECT f.file, format('it was begun at %s, and nothing was taken out by it', f.planned_at)
FROM resource_archives AS f
WHERE f.removed_at IS NULL
ORDER BY found_at, what
LIMIT 100;

-- name: doctor.roles
-- What our roles may be and must not.
SELECT
    wanted.name AS found_at,
    CASE
        WHEN r.rolname IS NULL THEN 'the role does not exist'
        WHEN r.rolsuper THEN 'it is a superuser'
        WHEN r.rolbypassrls THEN 'it bypasses row-level security'
        WHEN r.rolcreaterole THEN 'it may create roles'
        WHEN r.rolcreatedb THEN 'it may create databases'
        WHEN r.rolcanlogin AND NOT wanted.logs_in THEN 'it can log in, and is nobody''s'
        ELSE 'it is a member of what owns the tables or the vault'
    END AS what
FROM (
    VALUES
    ('reconciler_owner', FALSE), ('reconciler_vault', FALSE), ('reconciler_runtime', TRUE),
    ('reconciler_planner', FALSE), ('reconciler_reader', FALSE), ('reconciler_auditor', FALSE)
) AS wanted (name, logs_in)
LEFT JOIN pg_roles AS r ON wanted.name = r.rolname
WHERE
    r.rolname IS NULL
    OR r.rolsuper
    OR r.rolbypassrls
    OR r.rolcreaterole
    OR r.rolcreatedb
    OR (r.rolcanlogin AND NOT wanted.logs_in)
    OR (
        wanted.name NOT IN ('reconciler_owner', 'reconciler_vault')
        AND EXISTS (
            SELECT FROM pg_roles AS g
            WHERE g.rolname IN ('reconciler_owner', 'reconciler_vault') AND pg_has_role(r.oid, g.oid, 'MEMBER')
        )
    )
ORDER BY found_at;

-- name: doctor.grants
-- Who owns what, and what nobody but its owner may do.
WITH ours AS (
    SELECT c.oid, n.nspname, c.relname, c.relacl, format('%I.%I', n.nspname, c.relname) AS name, o.rolname AS owner
    FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    INNER JOIN pg_roles AS o ON c.relowner = o.oid
    WHERE n.nspname IN ('public', 'vault') AND c.relkind IN ('r', 'p', 'v')
)

SELECT ours.name AS found_at, format('it belongs to %s', ours.owner) AS what
FROM ours
WHERE ours.owner <> CASE ours.nspname WHEN 'vault' THEN 'reconciler_vault' ELSE 'reconciler_owner' END
UNION ALL
SELECT ours.name, format('%s may %s it', r.name, lower(p.privilege))
FROM ours
CROSS JOIN
    (
        VALUES ('reconciler_runtime'), ('reconciler_planner'), ('reconciler_reader'), ('reconciler_auditor')
    ) AS r (name)
CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS p (privilege)
WHERE
    (ours.relname ~ '_history($|_)' OR ours.relname ~ '^changesets' OR ours.relname IN ('marks', 'cluster_epochs'))
    AND (
        has_table_privilege(r.name, ours.oid, p.privilege)
        OR (p.privilege IN ('INSERT', 'UPDATE') AND has_any_column_privilege(r.name, ours.oid, p.privilege))
    )
UNION ALL
SELECT ours.name, format('%s has a right on it, and should only have the functions of the vault', g.rolname)
FROM ours
CROSS JOIN
    LATERAL (
        SELECT acl.grantee, acl.privilege_type FROM aclexplode(ours.relacl) AS acl
        UNION
        SELECT acl.grantee, acl.privilege_type
        FROM pg_attribute AS att CROSS JOIN LATERAL aclexplode(att.attacl) AS acl
        WHERE att.attrelid = ours.oid
    ) AS a
INNER JOIN pg_roles AS g ON a.grantee = g.oid
WHERE
    ours.nspname = 'vault'
    AND g.rolname <> ours.owner
    AND NOT (
        g.rolname = 'reconciler_auditor' AND ours.relname IN ('secret_reads', 'secret_changes') AND a.privilege_type = 'SELECT'
    )
UNION ALL
SELECT ours.name, 'everybody has a right on it'
FROM ours
CROSS JOIN LATERAL aclexplode(ours.relacl) AS a
WHERE a.grantee = 0
UNION ALL
SELECT p.oid::regprocedure::text, 'it has its owner''s rights, and no search path of its own'
FROM pg_proc AS p
INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
WHERE
    n.nspname IN ('public', 'vault')
    AND p.prosecdef
    AND NOT coalesce(array_to_string(p.proconfig, ',') ~ 'search_path=', FALSE)
ORDER BY found_at, what
LIMIT 100;

-- name: doctor.guards
-- Triggers, constraints and indexes that are there and do nothing.
SELECT t.tgrelid::regclass::text AS found_at, format('the trigger %s is switched off', t.tgname) AS what
FROM pg_trigger AS t
INNER JOIN pg_class AS c ON t.tgrelid = c.oid
WHERE c.relnamespace IN ('public'::regnamespace, 'vault'::regnamespace) AND t.tgenabled <> 'O'
UNION ALL
SELECT c.oid::regclass::text, 'it has policies, and row-level security is switched off, or does not hold for its owner'
FROM pg_class AS c
WHERE
    EXISTS (
        SELECT FROM pg_policy AS p
        WHERE p.polrelid = c.oid
    )
    AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
UNION ALL
SELECT c.conrelid::regclass::text, format('the constraint %s was never checked against the rows', c.conname)
FROM pg_constraint AS c
INNER JOIN pg_class AS t ON c.conrelid = t.oid
WHERE t.relnamespace IN ('public'::regnamespace, 'vault'::regnamespace) AND NOT c.convalidated
UNION ALL
SELECT i.indrelid::regclass::text, format('the index %s is invalid, and is not used', i.indexrelid::regclass)
FROM pg_index AS i
INNER JOIN pg_class AS t ON i.indrelid = t.oid
WHERE t.relnamespace IN ('public'::regnamespace, 'vault'::regnamespace) AND NOT (i.indisvalid AND i.indisready)
ORDER BY found_at, what
LIMIT 100;

-- name: doctor.history
-- The last that a history says of a resource, its state, its tags and its ties is what is there. What has no row in the
-- months that are attached was last changed before them.
WITH last_of AS (
    SELECT DISTINCT ON (h.resource_id) h.*
    FROM resource_history AS h
    WHERE
        h.changed_at >= (
            SELECT coalesce(max(a.to_at), '-infinity') FROM history_archives AS a
            WHERE a.history = 'resource_history' AND a.restored_at IS NULL
        )
    ORDER BY h.resource_id ASC, h.change DESC
),

moved AS (
    SELECT DISTINCT ON (h.resource_id) h.resource_id, h.to_state_id
    FROM resource_state_history AS h
    WHERE
        h.changed_at >= (
            SELECT coalesce(max(a.to_at), '-infinity') FROM history_archives AS a
            WHERE a.history = 'resource_state_history' AND a.restored_at IS NULL
        )
    ORDER BY h.resource_id ASC, h.change DESC
),

tagged AS (
    SELECT DISTINCT ON (h.resource_id, h.tag_id) h.resource_id, h.tag_id, h.key, h.action
    FROM resource_tag_history AS h
    WHERE
        h.changed_at >= (
            SELECT coalesce(max(a.to_at), '-infinity') FROM history_archives AS a
            WHERE a.history = 'resource_tag_history' AND a.restored_at IS NULL
        )
    ORDER BY h.resource_id ASC, h.tag_id ASC, h.change DESC
),

tied AS (
    SELECT DISTINCT ON (h.resource_id, h.parent_resource_id, h.relationship_type_id)
        h.resource_id, h.parent_resource_id, h.relationship_type_id, h.action
    FROM resource_relationship_history AS h
    WHERE
        h.changed_at >= (
            SELECT coalesce(max(a.to_at), '-infinity') FROM history_archives AS a
            WHERE a.history = 'resource_relationship_history' AND a.restored_at IS NULL
        )
    ORDER BY h.resource_id ASC, h.parent_resource_id ASC, h.relationship_type_id ASC, h.change DESC
)

SELECT r.address AS found_at, 'its own columns are others than the last that its history says' AS what
FROM resources AS r
INNER JOIN last_of AS h ON r.id = h.resource_id
WHERE
    h.action = 'delete'
    OR (
        r.address, r.name, r.provider_endpoint_id, r.external_id, r.management, r.presence, r.prevent_destroy,
        r.on_remove, r.allow_downtime, r.replace_policy, r.create_before_destroy, r.source_id, r.location_id,
        r.datacenter_id, r.deleted_at
    ) IS DISTINCT FROM (
        h.address, h.name, h.provider_endpoint_id, h.external_id, h.management, h.presence, h.prevent_destroy,
        h.on_remove, h.allow_downtime, h.replace_policy, h.create_before_destroy, h.source_id, h.location_id,
        h.datacenter_id, h.deleted_at
    )
UNION ALL
SELECT r.address, 'it is there, and no history says how it came'
FROM resources AS r
LEFT JOIN last_of AS h ON r.id = h.resource_id
WHERE
    h.resource_id IS NULL AND r.created_at >= (SELECT min(first.changed_at) FROM resource_history AS first)
    AND r.created_at >= (
        SELECT coalesce(max(a.to_at), '-infinity') FROM history_archives AS a
        WHERE a.history = 'resource_history' AND a.restored_at IS NULL
    )
UNION ALL
SELECT
    r.address,
    format('it is %s, and the last that its history says is %s', st.name, was.name)
FROM resources AS r
INNER JOIN moved AS m ON r.id = m.resource_id
INNER JOIN resource_states AS st ON r.state_id = st.id
INNER JOIN resource_states AS was ON m.to_state_id = was.id
WHERE r.state_id <> m.to_state_id
UNION ALL
SELECT r.address, format('the tag %s %s', h.key, CASE h.action WHEN 'delete' THEN 'is there, and its history ends before' ELSE 'is gone, and its history does not say so' END)
FROM tagged AS h
INNER JOIN resources AS r ON h.resource_id = r.id
LEFT JOIN resource_tags AS t ON h.resource_id = t.resource_id AND h.tag_id = t.tag_id
WHERE (h.action = 'delete') = (t.tag_id IS NOT NULL)
UNION ALL
SELECT
    r.address,
    format('its %s tie to %s %s', k.name, other.address, CASE h.action WHEN 'delete' THEN 'is there, and its history ends before' ELSE 'is gone, and its history does not say so' END)
FROM tied AS h
INNER JOIN resources AS r ON h.resource_id = r.id
INNER JOIN resources AS other ON h.parent_resource_id = other.id
INNER JOIN relationship_types AS k ON h.relationship_type_id = k.id
LEFT JOIN resource_relationships AS rr
    ON
        h.resource_id = rr.child_resource_id
        AND h.parent_resource_id = rr.parent_resource_id
        AND h.relationship_type_id = rr.relationship_type_id
WHERE (h.action = 'delete') = (rr.child_resource_id IS NOT NULL)
ORDER BY found_at, what
LIMIT 100;

-- name: doctor.attribute_history
-- The last that the history says of an attribute is its value.
WITH last_of AS (
    SELECT DISTINCT ON (h.resource_id, h.attribute_definition_id, h.ordinal) h.*
    FROM resource_attribute_history AS h
    WHERE
        h.changed_at >= (
            SELECT coalesce(max(a.to_at), '-infinity') FROM history_archives AS a
            WHERE a.history = 'resource_attribute_history' AND a.restored_at IS NULL
        )
    ORDER BY h.resource_id ASC, h.attribute_definition_id ASC, h.ordinal ASC, h.change DESC
)

SELECT
    r.address AS found_at,
    format(
        'attribute %s %s', ad.name,
        CASE
            WHEN a.resource_id IS NULL THEN 'is gone, and its history does not say so'
            WHEN h.action = 'delete' THEN 'is there, and its history ends before'
            ELSE 'has another value than the last that its history says'
        END
    ) AS what
FROM last_of AS h
INNER JOIN resources AS r ON h.resource_id = r.id
INNER JOIN attribute_definitions AS ad ON h.attribute_definition_id = ad.id
LEFT JOIN resource_attributes AS a
    ON
        h.resource_id = a.resource_id
        AND h.attribute_definition_id = a.attribute_definition_id
        AND h.ordinal = a.ordinal
WHERE
    (h.action = 'delete') = (a.resource_id IS NOT NULL)
    OR (
        h.action <> 'delete'
        AND (
            a.value_string, a.value_integer, a.value_decimal, a.value_boolean, a.value_datetime, a.value_credential,
            a.value_fingerprint, a.value_target_type, a.value_key, a.value_inner_key
        ) IS DISTINCT FROM (
            h.new_string, h.new_integer, h.new_decimal, h.new_boolean, h.new_datetime, h.new_credential,
            h.new_fingerprint, h.new_target_type, h.new_key, h.new_inner_key
        )
    )
UNION ALL
SELECT r.address, format('attribute %s is there, and no history says how it came', ad.name)
FROM resource_attributes AS a
INNER JOIN resources AS r ON a.resource_id = r.id
INNER JOIN attribute_definitions AS ad ON a.attribute_definition_id = ad.id
LEFT JOIN last_of AS h
    ON
        a.resource_id = h.resource_id
        AND a.attribute_definition_id = h.attribute_definition_id
        AND a.ordinal = h.ordinal
WHERE
    h.resource_id IS NULL AND r.created_at >= (SELECT min(first.changed_at) FROM resource_history AS first)
    AND r.created_at >= (
        SELECT coalesce(max(past.to_at), '-infinity') FROM history_archives AS past
        WHERE past.history = 'resource_attribute_history' AND past.restored_at IS NULL
    )
ORDER BY found_at, what
LIMIT 100;

-- name: doctor.trusted
-- Triggers are passed over for the rest of the transaction: what they keep is worked out anew. For a superuser.
SELECT set_config('session_replication_role', 'replica', TRUE);

-- name: doctor.project
SELECT public.project_attributes(array_agg(r.id)) FROM public.resources AS r;

-- name: doctor.make_partitions
SELECT public.make_history_partitions(%(months_ahead)s);

-- name: doctor.unsettled
-- Roots whose two sides are not known to agree, and which nothing names to whoever asks for differences.
SELECT
    differing.address,
    'it is not known to agree, and is in no list of what may differ' AS what
FROM (
    SELECT d.address
    FROM desired_resources AS d
    LEFT JOIN resources AS r
        ON d.address = r.address AND r.deleted_at IS NULL AND r.management <> 'unmanaged'
    WHERE
        d.valid_to_revision IS NULL
        AND d.parent_id IS NULL
        AND (
            r.settled_desired_hash IS DISTINCT FROM d.spec_hash
            OR r.settled_recorded_hash IS DISTINCT FROM r.recorded_hash
            OR r.recorded_hash IS NULL
            OR r.presence = 'absent'
        )
    UNION
    SELECT r.address
    FROM resources AS r
    WHERE
        r.deleted_at IS NULL
        AND r.is_root
        AND r.management = 'managed'
        AND r.source_id IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM desired_resources AS d
            WHERE d.address = r.address AND d.valid_to_revision IS NULL AND d.parent_id IS NULL
        )
) AS differing
LEFT JOIN unsettled_roots() AS u ON differing.address = u.address
WHERE u.address IS NULL
ORDER BY differing.address;

-- name: doctor.note_unsettled
SELECT note_unsettled(%(addresses)s::text[]);
