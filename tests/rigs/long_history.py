"""A fleet with a long past, made by SQL with the triggers off: as many rows as there would be, in seconds.

Each machine has ten attribute rows. It came with a look, thousands at a time, and was changed by operations:
each changes eight attributes of one machine, and is of a commit. The past is spread over months.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.rigs.tables import Tables

EACH = 8  # attributes that an operation changes
ACTORS, COMMITS = 20, 50
FIRST = 1_001  # changeset; those before are of what the world began with
_MONTHS = """
DO $$
DECLARE
  v_table text;
  v_month timestamptz;
BEGIN
  FOREACH v_table IN ARRAY ARRAY['resource_history', 'resource_state_history', 'resource_attribute_history',
    'resource_tag_history', 'resource_relationship_history', 'changesets'] LOOP
    FOR v_month IN
      SELECT m AT TIME ZONE 'UTC' FROM generate_series(
        date_trunc('month', now() AT TIME ZONE 'UTC') - interval '{months} months',
        date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month', '1 month') AS m
    LOOP
      EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
        v_table || to_char(v_month AT TIME ZONE 'UTC', '_YYYY_MM'), v_table, v_month,
        (v_month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
    END LOOP;
  END LOOP;
END $$
"""
_ATTRIBUTES = """
CREATE TEMPORARY TABLE held AS
SELECT a.place, ad.id, ad.data_type, a.ordinal::smallint AS ordinal FROM (VALUES
  (0, 'cpu_cores', 0), (1, 'memory_mb', 0), (2, 'power_state', 0), (3, 'public_ipv4', 0), (4, 'labels', 0),
  (5, 'labels', 1), (6, 'labels', 2), (7, 'protected', 0), (8, 'price', 0), (9, 'created', 0)
) AS a (place, name, ordinal) JOIN attribute_definitions ad ON ad.name = a.name
"""
_VALUES = """
  CASE WHEN h.data_type = 'integer' THEN {n} % 64 + 1 END,
  CASE WHEN h.data_type = 'string' THEN '10.0.' || {n} % 250 || '.' || {n} % 199 END,
  CASE WHEN h.data_type = 'decimal' THEN ({n} % 1000)::numeric / 100 END,
  CASE WHEN h.data_type = 'boolean' THEN {n} % 2 = 0 END,
  CASE WHEN h.data_type = 'datetime' THEN {began} END
"""
_RESOURCES = """
INSERT INTO resources (id, resource_type_id, provider_endpoint_id, address, name, state_id, external_id,
  presence, is_root)
OVERRIDING SYSTEM VALUE
SELECT n, t.id, {endpoint}, 'vm/m-' || n, 'm-' || n, s.id, n::text, 'present', TRUE
FROM generate_series(1, {resources}) AS n, resource_types t, resource_states s
WHERE t.name = 'vm' AND s.name = 'running'
"""
_NOW = """
INSERT INTO resource_attributes (resource_id, resource_type_id, attribute_definition_id, ordinal, data_type,
  value_integer, value_string, value_decimal, value_boolean, value_datetime)
SELECT n, t.id, h.id, h.ordinal, h.data_type, {values}
FROM generate_series(1, {resources}) AS n CROSS JOIN held h, resource_types t WHERE t.name = 'vm' ORDER BY n
"""
_LOOKS = """
INSERT INTO changesets (id, changed_at, xact, epoch, actor, reason, cause, db_user)
SELECT 1000 + n, {began} + n * interval '1 second', (1000 + n)::text::xid8, current_epoch(), 'daemon',
  'a look', 'observation', 'reconciler_runtime'
FROM generate_series(1, {looks}) AS n
"""
_OPERATIONS = """
INSERT INTO changesets (id, changed_at, xact, epoch, actor, reason, cause, db_user, operation_id, revision_id)
SELECT 1000 + {looks} + n, {began} + interval '1 day' + n * {pause}, (1000 + {looks} + n)::text::xid8,
  current_epoch(), 'actor-' || n % {actors}, 'change', 'operation', 'reconciler_runtime', md5(n::text)::uuid,
  1 + (n - 1) * {commits} / {operations}
FROM generate_series(1, {operations}) AS n
"""
_MADE = """
INSERT INTO resource_history (changed_at, changeset_id, resource_id, action, address, name, resource_type_id,
  provider_endpoint_id, external_id, management, presence, prevent_destroy, allow_downtime, replace_policy,
  create_before_destroy)
SELECT s.changed_at, s.id, r.id, 'insert', r.address, r.name, r.resource_type_id, r.provider_endpoint_id,
  r.external_id, r.management, r.presence, FALSE, FALSE, 'never', FALSE
FROM resources r JOIN changesets s ON s.id = 1001 + (r.id - 1) / {of_a_look}
WHERE s.changed_at < {began} + interval '1 day'
"""
_STATES = """
INSERT INTO resource_state_history (changed_at, changeset_id, resource_id, to_state_id)
SELECT h.changed_at, h.changeset_id, h.resource_id, r.state_id
FROM resource_history h JOIN resources r ON r.id = h.resource_id
"""
_FIRST = """
INSERT INTO resource_attribute_history (changed_at, changeset_id, resource_id, attribute_definition_id,
  ordinal, action, new_integer, new_string, new_decimal, new_boolean, new_datetime)
SELECT r.changed_at, r.changeset_id, r.resource_id, h.id, h.ordinal, 'insert', {values}
FROM resource_history r CROSS JOIN held h ORDER BY r.resource_id
"""
_CHANGES = """
INSERT INTO resource_attribute_history (changed_at, changeset_id, resource_id, attribute_definition_id,
  ordinal, action, old_integer, old_string, old_decimal, old_boolean, old_datetime,
  new_integer, new_string, new_decimal, new_boolean, new_datetime)
SELECT s.changed_at, s.id, 1 + (s.id * 7919) % {resources}, h.id, h.ordinal, 'update', {old}, {new}
FROM changesets s JOIN held h ON h.place < {each} WHERE s.cause = 'operation' ORDER BY s.id
"""


@dataclass(frozen=True)
class LongHistory:
    """What was made: `operations` after `looks`; a machine's address is `vm/m-1` and so on."""

    resources: int
    operations: int
    looks: int
    months: int

    @property
    def rows(self) -> int:
        """Of resource_attribute_history."""
        return self.resources * 10 + self.operations * EACH


def build(world: Tables, resources: int, operations: int, months: int = 5, looks: int = 10) -> LongHistory:
    """Make it in a database where `Tables.begin` was. Statistics are taken, as autovacuum would."""
    made = LongHistory(resources, operations, looks, months)
    began = f"(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '{months} months') AT TIME ZONE 'UTC'"
    pause = f"((now() - {began} - interval '2 days') / {operations})"
    words = {
        "began": began,
        "pause": pause,
        "months": str(months),
        "endpoint": str(world.endpoint),
        "resources": str(resources),
        "looks": str(looks),
        "of_a_look": str(-(-resources // looks)),
        "operations": str(operations),
        "actors": str(ACTORS),
        "commits": str(COMMITS),
        "each": str(EACH),
    }
    of_row = _VALUES.format(n="r.resource_id", began=began)
    values = _VALUES.format(n="n", began=began)
    old, new = (_VALUES.format(n=f"(s.id + {step})", began=began) for step in (0, 1))
    with world.connection.transaction():
        world.run("SET LOCAL session_replication_role = replica")
        world.run(_MONTHS, **words)
        world.run(_ATTRIBUTES)
        for _ in range(COMMITS):
            world.run(
                "INSERT INTO revisions"
                " (source_id, content_hash, catalog_hash, actor, author, commit_id, epoch)"
                " SELECT %s, '', '', 'daemon', 'Jane <j@example.com>',"
                " md5(random()::text) || '00000000', e.id FROM cluster_epochs e",
                world.source,
            )
        world.run("DELETE FROM changesets")  # what the world began with, which would be the newest
        for text in (_RESOURCES, _LOOKS, _OPERATIONS, _MADE, _STATES):
            world.run(text, **words)
        world.run(_NOW, values=values, **words)
        world.run(_FIRST, values=of_row, **words)
        world.run(_CHANGES, old=old, new=new, **words)
        world.run("SELECT setval('changeset_id', {after})", after=str(FIRST + looks + operations))
        world.run(
            "SELECT setval(pg_get_serial_sequence('resources', 'id'), {after})", after=str(resources + 1)
        )
    world.run("VACUUM (ANALYZE) resources, resource_attributes, changesets, revisions")
    world.run("VACUUM (ANALYZE) resource_history, resource_state_history, resource_attribute_history")
    return made


def mark_after(world: Tables, changeset: int) -> int:
    """A mark as it would have been taken just after a changeset; gives its id."""
    number: int = world.one(
        "INSERT INTO marks (taken_at, epoch, snapshot, kind, actor, db_user)"
        " SELECT changed_at, epoch, format('%%1$s:%%1$s:', xact::text::bigint + 1)::pg_snapshot, 'hand', 't',"
        " 't' FROM changesets WHERE id = %s RETURNING id",
        changeset,
    )
    return number
