"""A world of three providers in three datacenters, with a row of everything that hangs on a place.

What was written for which place is known by looking before and after: so what a policy shows can be compared
with what it should, for tables that this file has never heard of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.rigs.tables import Tables

Rows = frozenset[str]
PLACES = (("p1", "d1"), ("p1", "d2"), ("p2", "d1"), ("p2", "d2"), ("p3", "d3"))
KEYS = """
    SELECT c.oid::regclass::text, array_agg(a.attname::text ORDER BY a.attnum)
    FROM pg_class c LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND (i.indkey IS NULL OR a.attnum = ANY (i.indkey))
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
    GROUP BY c.oid"""
HASH = "0" * 64


@dataclass
class Places:
    """`written`: by what it hangs on (a provider, a datacenter, a place as `p1 d1`), by table, its keys."""

    world: Tables
    keys: dict[str, list[str]] = field(default_factory=dict)
    written: dict[str, dict[str, Rows]] = field(default_factory=dict)
    endpoints: dict[str, int] = field(default_factory=dict)

    @classmethod
    def made(cls, admin: psycopg.Connection) -> Places:
        """Everything, as the superuser, whom no policy stops."""
        admin.execute("SELECT make_history_partitions(1)")
        places = cls(Tables(admin).begin(), dict(admin.execute(KEYS.encode()).fetchall()))
        world = places.world
        world.run("UPDATE providers SET name = 'p0'")  # which nothing here hangs on
        world.run("INSERT INTO locations (name) VALUES ('l1')")
        world.run("INSERT INTO plans (hash, actor) VALUES (%s, 'ada')", HASH)
        world.run(
            "INSERT INTO workers (id, host, pid, kind, lock_key) VALUES (%s, 'h', 1, 'cli', 1)", uuid4()
        )
        for name in ("d1", "d2", "d3"):
            places._noted(name, partial(places._datacenter, name))
        for name in ("p1", "p2", "p3"):
            places._noted(name, partial(places._provider, name))
        for place in PLACES:
            places._noted(" ".join(place), partial(places._everything, *place))
        return places

    def seen(self, connection: psycopg.Connection, table: str) -> Rows:
        """The keys of the rows that a connection is shown."""
        columns = sql.SQL(", ").join(map(sql.Identifier, self.keys[table]))
        found = connection.execute(sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier(table)))
        return frozenset(map(repr, found))

    def of(self, table: str, *owners: str) -> Rows:
        """The keys of the rows that were written for any of these."""
        return frozenset().union(*(self.written[owner][table] for owner in owners))

    def _noted(self, owner: str, write: Callable[[], None]) -> None:
        before = {table: self.seen(self.world.connection, table) for table in self.keys}
        write()
        self.written[owner] = {
            table: self.seen(self.world.connection, table) - before[table] for table in self.keys
        }

    def _datacenter(self, name: str) -> None:
        world = self.world
        datacenter = world.one(
            "INSERT INTO datacenters (location_id, name) SELECT id, %s FROM locations RETURNING id", name
        )
        world.run(
            "INSERT INTO datacenter_capabilities (datacenter_id, name, value_boolean)"
            " VALUES (%s, 'gpu', true)",
            datacenter,
        )
        self._declare("datacenter", name)

    def _provider(self, name: str) -> None:
        world = self.world
        world.run("INSERT INTO providers (provider_type_id, name) SELECT id, %s FROM provider_types", name)
        credential = world.one(
            "INSERT INTO provider_credentials (name, source) VALUES (%s, 'stored') RETURNING id", f"c-{name}"
        )
        world.run("INSERT INTO provider_credential_hosts VALUES (%s, %s, now(), 'ada')", credential, name)
        provider = world.one("SELECT id FROM providers WHERE name = %s", name)
        endpoint = world.one(
            "INSERT INTO provider_endpoints (provider_id, name, url, credential_id)"
            " VALUES (%s, %s, 'https://x', %s) RETURNING id",
            provider,
            f"{name}-endpoint",
            credential,
        )
        self.endpoints[name] = endpoint
        world.run(
            "INSERT INTO provider_endpoint_settings (provider_endpoint_id, name, data_type, value_string)"
            " VALUES (%s, 'zone', 'string', 'z')",
            endpoint,
        )
        for datacenter in {datacenter for provider, datacenter in PLACES if provider == name}:
            world.run(
                "INSERT INTO provider_datacenters SELECT %s, id, name FROM datacenters WHERE name = %s",
                provider,
                datacenter,
            )
        observation = world.one(
            "INSERT INTO endpoint_observations (provider_endpoint_id) VALUES (%s) RETURNING id", endpoint
        )
        world.run(
            "INSERT INTO endpoint_observation_types SELECT %s, id, true, 1 FROM resource_types"
            " WHERE name = 'vm'",
            observation,
        )
        world.run(
            "INSERT INTO external_id_reservations SELECT %s, id, '100', %s FROM resource_types"
            " WHERE name = 'vm'",
            endpoint,
            uuid4(),
        )
        world.run("INSERT INTO holds (endpoint_id, owner, reason) VALUES (%s, 'ada', 'r')", endpoint)
        for kind, declared in (
            ("provider", name),
            ("endpoint", f"{name}-endpoint"),
            ("credential", f"c-{name}"),
        ):
            self._declare(kind, declared)

    def _declare(self, kind: str, name: str) -> None:
        self.world.run("INSERT INTO provider_declarations VALUES (%s, %s, %s)", kind, name, self.world.source)

    def _everything(self, provider: str, datacenter: str) -> None:
        world, place = self.world, f"{provider}-{datacenter}"
        world.endpoint = self.endpoints[provider]
        roots = {
            kind: world.resource(f"{kind}/{place}", state)
            for kind, state in (
                ("vm", "running"),
                ("container", "running"),
                ("network", "available"),
                ("cluster", "available"),
            )
        }
        for root in roots.values():
            world.run(
                "UPDATE resources SET (datacenter_id, location_id) = (SELECT id, location_id FROM datacenters"
                " WHERE name = %s) WHERE id = %s",
                datacenter,
                root,
            )
        vm = roots["vm"]
        world.resource(f"vm/{place}/disk/scsi0", size_gb=10)
        world.attribute(vm, "cpu_cores", 2)
        world.tag(vm, "place", place)
        world.tag(vm, "was", place)
        world.run("DELETE FROM resource_tags USING tags AS t WHERE t.id = tag_id AND t.key = 'was'")
        world.relate(roots["network"], vm, "depends_on")
        world.run(
            "INSERT INTO resource_pending_attributes SELECT %s, id FROM attribute_definitions"
            " WHERE name = 'cpu_cores'",
            vm,
        )
        world.run(
            "INSERT INTO resource_failures"
            " (resource_id, operation_type_id, failures, error_code, error_message)"
            " VALUES (%s, 1, 1, 'busy', 'm')",
            vm,
        )
        world.run(
            "WITH file AS (INSERT INTO resource_archives (file) VALUES ('f') RETURNING id)"
            " INSERT INTO archived_resources SELECT 1000 + r.id, gen_random_uuid(), r.resource_type_id,"
            " r.provider_endpoint_id, r.datacenter_id, 'vm/gone', NULL, 'managed', TRUE, NULL, 1000 + r.id,"
            " now(), now(), 1, '3', TRUE, file.id FROM resources AS r, file WHERE r.id = %s",
            vm,
        )
        world.run("INSERT INTO holds (address, owner, reason) VALUES (%s, 'ada', 'r')", f"vm/{place}")
        self._desired(place, datacenter)
        world.run(
            "INSERT INTO revisions (source_id, content_hash, catalog_hash, actor, kind, back_to_revision)"
            " SELECT source_id, 'x', 'y', 'ada', 'rollback', id FROM revisions ORDER BY id LIMIT 1"
        )
        world.run(
            "INSERT INTO pins (address, source_id, revision_id, path, owner)"
            " SELECT %s, source_id, id, 'a.yaml', 'ada' FROM revisions WHERE kind = 'rollback'"
            " ORDER BY id DESC LIMIT 1",
            f"vm/{place}",
        )
        world.run(
            "INSERT INTO observed_tasks SELECT s.changed_at, s.id, %s, 'stopped', 'UPID', 'qmstop',"
            " 'root@pam', now(), now(), TRUE FROM changesets AS s ORDER BY s.changed_at, s.id LIMIT 1",
            vm,
        )
        self._planned(place, vm)
        self._operated(vm)

    def _desired(self, place: str, datacenter: str) -> None:
        world = self.world
        root = world.desire(f"vm/{place}", b"1", cpu_cores=2)
        part = world.desire(f"vm/{place}/disk/scsi0", b"1", size_gb=10)
        world.run("UPDATE desired_resources SET datacenter = %s WHERE id = %s", datacenter, root)
        world.run("UPDATE desired_resources SET parent_id = %s WHERE id = %s", root, part)
        for text in (
            "INSERT INTO desired_cleared_attributes SELECT {root}, id FROM attribute_definitions"
            " WHERE name = 'price'",
            "INSERT INTO desired_tags VALUES ({root}, 'k', 'v')",
            "INSERT INTO desired_collections SELECT {root}, id FROM resource_types WHERE name = 'disk'",
            "INSERT INTO desired_ignored_attributes VALUES ({root}, 'price')",
            "INSERT INTO desired_relationships SELECT {root}, id, 'network/x' FROM relationship_types"
            " WHERE name = 'depends_on'",
        ):
            world.run(text, root=str(root))

    def _planned(self, place: str, vm: int) -> None:
        world = self.world
        position = world.one("SELECT count(*) FROM plan_steps")
        step = world.one(
            "INSERT INTO plan_steps (plan_id, position, address, operation_type_id, endpoint, resource_uid,"
            " impact, summary, hash) SELECT p.id, %s, r.address, 2, e.name, r.uid, 'online', 's', %s"
            " FROM plans p, resources r JOIN provider_endpoints e ON e.id = r.provider_endpoint_id"
            " WHERE r.id = %s RETURNING id",
            position,
            HASH,
            vm,
        )
        for text in (
            "INSERT INTO plan_step_requirements VALUES ({step}, 'vm/x')",
            "INSERT INTO plan_step_approvals VALUES ({step}, 0, 'm')",
            "INSERT INTO plan_step_changes (plan_step_id, position, attribute)"
            " VALUES ({step}, 0, 'cpu_cores')",
            "INSERT INTO plan_step_change_values (plan_step_id, change_position, is_after, ordinal,"
            " data_type, value_integer) VALUES ({step}, 0, true, 0, 'integer', 2)",
            "INSERT INTO plan_calls (plan_step_id, position, operation, method, path, summary, impact,"
            " timeout_seconds) VALUES ({step}, 0, 'o', 'PUT', '/', 's', 'online', 10)",
            "INSERT INTO plan_call_parameters (plan_step_id, call_position, position, is_path, name, kind)"
            " VALUES ({step}, 0, 0, false, 'n', 'null')",
            "INSERT INTO plan_call_parameter_paths VALUES ({step}, 0, 0, 1, 'k')",
        ):
            world.run(text, step=str(step))
        world.run(
            "INSERT INTO plan_blocked (plan_id, position, address, action, hindrance, message)"
            " SELECT id, %s, %s, 'delete', 'guarded', 'm' FROM plans",
            position,
            f"vm/{place}",
        )
        world.run("INSERT INTO plan_messages SELECT id, %s, 'warning', 'm' FROM plans", position)
        world.run(
            "INSERT INTO plan_inventory_steps SELECT id, %s, 'provider', 'n', true, %s FROM plans",
            position,
            HASH,
        )
        world.run("INSERT INTO plan_inventory_approvals SELECT id, %s, 0, 'm' FROM plans", position)
        world.run(
            "INSERT INTO plan_inventory_values (plan_id, step_position, position, side, field, data_type,"
            " value_string) SELECT id, %s, 0, 'after', 'url', 'string', 'u' FROM plans",
            position,
        )

    def _operated(self, vm: int) -> None:
        world = self.world
        operation = world.one(
            "INSERT INTO resource_operations (resource_id, operation_type_id, worker_id, claim_epoch,"
            " request_hash, actor) SELECT %s, 2, id, 1, '', 'ada' FROM workers RETURNING id",
            vm,
        )
        for text in (
            "INSERT INTO resource_operation_calls (operation_id, position, status) VALUES (%s, 0, 'sending')",
            "INSERT INTO resource_operation_tasks VALUES (%s, 0, 't')",
            "INSERT INTO resource_operation_results (operation_id, name, data_type, value_string)"
            " VALUES (%s, 'external_id', 'string', 'x')",
        ):
            world.run(text, operation)
