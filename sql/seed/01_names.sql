-- The names that the code relies on: relationship types, operation types, states and how they follow one another.
-- Run by every migration, so each statement brings the rows to what is written here, whatever is there already.

-- The first months of the histories, before there is anything to write into them; whoever opens the database later makes
-- those that follow.
SELECT make_history_partitions(3);

INSERT INTO installation DEFAULT VALUES ON CONFLICT DO NOTHING;

-- What each means is said in the catalog, whose sync describes them and adds those of drivers and manifests.
INSERT INTO relationship_types (id, name) OVERRIDING SYSTEM VALUE VALUES
(1, 'contains'), (2, 'depends_on'), (3, 'member_of'), (4, 'attached_to'), (5, 'hosted_on'), (6, 'connected_to'),
(7, 'uses')
ON CONFLICT (
    id) DO UPDATE SET name = excluded.name
WHERE relationship_types.name IS DISTINCT FROM excluded.name;

INSERT INTO operation_types (id, name) OVERRIDING SYSTEM VALUE VALUES
(1, 'create'), (2, 'update'), (3, 'replace'), (4, 'delete'), (5, 'adopt'), (6, 'forget')
ON CONFLICT (
    id) DO UPDATE SET name = excluded.name
WHERE operation_types.name IS DISTINCT FROM excluded.name;

INSERT INTO resource_states (id, name, description) OVERRIDING SYSTEM VALUE VALUES
(1, 'pending', 'Wanted, and not yet begun.'),
(2, 'creating', 'Being made.'),
(3, 'available', 'There, and not a machine.'),
(4, 'running', 'A machine that runs.'),
(5, 'stopped', 'A machine that is off.'),
(6, 'paused', 'A machine that is halted in memory.'),
(7, 'updating', 'Being changed.'),
(8, 'deleting', 'Being removed.'),
(9, 'deleted', 'Gone, for good.'),
(10, 'missing', 'Recorded, and positively absent at the provider.'),
(11, 'failed', 'Left by an operation that failed, or reported broken by the provider.'),
(12, 'quarantined', 'Undecided whose it is; a person must look.')
ON CONFLICT (
    id) DO UPDATE SET name = excluded.name, description = excluded.description
WHERE (resource_states.name, resource_states.description) IS DISTINCT FROM (excluded.name, excluded.description);

-- Observation may find a thing in any state but gone; `deleted` and `missing` follow only on something.
DELETE FROM resource_initial_states;
INSERT INTO resource_initial_states (family, state_id)
SELECT f.family, s.id
FROM (VALUES ('machine'), ('object')) AS f (family)
CROSS JOIN resource_states AS s
WHERE
    s.name IN ('pending', 'creating', 'updating', 'deleting', 'failed', 'quarantined')
    OR (f.family = 'machine' AND s.name IN ('running', 'stopped', 'paused'))
    OR (f.family = 'object' AND s.name = 'available');

-- Written by classes: `live` is what the family's things are when nothing is being done to them, `work` what they are
-- while something is. What is observed may follow on anything that is not over; `deleted` is final.
DELETE FROM resource_state_transitions;
WITH states (family, id, name, class) AS (
    SELECT
        f.family,
        s.id,
        s.name,
        CASE
            WHEN s.name IN ('running', 'stopped', 'paused', 'available') THEN 'live'
            WHEN s.name IN ('creating', 'updating', 'deleting') THEN 'work'
            ELSE s.name
        END
    FROM (VALUES ('machine'), ('object')) AS f (family)
    CROSS JOIN resource_states AS s
    WHERE
        (f.family = 'machine' AND s.name <> 'available')
        OR (f.family = 'object' AND s.name NOT IN ('running', 'stopped', 'paused'))
),

rules (from_class, to_class, by_hand) AS (
    VALUES
    ('pending', 'work', FALSE), ('pending', 'live', FALSE), ('pending', 'failed', FALSE),
    ('pending', 'missing', FALSE), ('pending', 'quarantined', FALSE), ('pending', 'deleted', FALSE),
    ('work', 'work', FALSE), ('work', 'live', FALSE), ('work', 'pending', FALSE), ('work', 'missing', FALSE),
    ('work', 'failed', FALSE), ('work', 'quarantined', FALSE), ('work', 'deleted', FALSE),
    ('live', 'live', FALSE), ('live', 'work', FALSE), ('live', 'missing', FALSE), ('live', 'failed', FALSE),
    ('live', 'quarantined', FALSE), ('live', 'deleted', FALSE),
    ('missing', 'live', FALSE), ('missing', 'work', FALSE), ('missing', 'pending', FALSE),
    ('missing', 'failed', FALSE), ('missing', 'quarantined', FALSE), ('missing', 'deleted', FALSE),
    ('failed', 'live', FALSE), ('failed', 'work', FALSE), ('failed', 'pending', FALSE),
    ('failed', 'missing', FALSE), ('failed', 'quarantined', FALSE), ('failed', 'deleted', FALSE),
    ('quarantined', 'live', TRUE), ('quarantined', 'missing', TRUE), ('quarantined', 'deleted', TRUE)
)

INSERT INTO resource_state_transitions (family, from_state_id, to_state_id, by_hand)
SELECT f.family, f.id, t.id, rules.by_hand
FROM rules
INNER JOIN states AS f ON rules.from_class = f.class
INNER JOIN states AS t ON rules.to_class = t.class AND f.family = t.family AND f.id <> t.id
-- What is being changed or removed exists, so it is not waiting to be made.
WHERE NOT (f.name = 'updating' AND t.name IN ('pending', 'creating'));

INSERT INTO extension_types (resource_type, table_name) VALUES
('vm', 'virtual_machines'),
('container', 'containers'),
('network', 'networks'),
('subnet', 'networks'),
('volume', 'storage_volumes'),
('disk', 'storage_volumes'),
('cluster', 'clusters')
ON CONFLICT (
    resource_type) DO UPDATE SET table_name = excluded.table_name
WHERE extension_types.table_name IS DISTINCT FROM excluded.table_name;
