"""`python -m tests.bench.policies`: what row-level security costs, as ratios of one run.

A server and a database of its own with two providers in two datacenters. Each question is asked by the
superuser, whom no policy stops, by the program's role, and by readers who see everything, one provider or one
datacenter. A figure is the fastest of several rounds, in which all of them take turns; ratios are to the
superuser's.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psycopg

from reconciler.engine.catalog import bring_in
from reconciler.store.database import people
from reconciler.store.database.migrate import migrate
from reconciler.store.database.queries import query
from reconciler.store.database.session import Actor, Store
from reconciler.store.embedded import EmbeddedServer
from tests.rigs.tables import Tables

NAME, PASSWORD = "measured", "x"
ROUNDS, LOADED = 5, 9
POINTS = 200
QUESTIONS = {
    "count of resources": ("SELECT count(*) FROM resources", 1),
    "count of attributes": ("SELECT count(*) FROM resource_attributes", 1),
    "count by a join with attributes": (
        "SELECT count(*) FROM resources r JOIN resource_attributes a ON a.resource_id = r.id"
        " WHERE r.is_root AND a.ordinal = 0",
        1,
    ),
    "a resource by its id": ("SELECT * FROM resources WHERE id = 4001", POINTS),
    "a resource by its address": ("SELECT * FROM v_resources WHERE address = 'vm/m-4001'", POINTS),
    "the attributes of a resource": ("SELECT * FROM resource_attributes WHERE resource_id = 4001", POINTS),
    "the same with names": ("SELECT * FROM v_attributes WHERE address = 'vm/m-4001'", POINTS),
}
READERS = {
    "reader: all": {},
    "reader: a provider": {"providers": ["p0"]},
    "reader: a datacenter": {"datacenters": ["d0"]},
}
COPY = "revisions.copy_attributes"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=100_000)
    count: int = parser.parse_args().resources
    folder = Path(tempfile.mkdtemp(prefix="reconciler-policies-"))
    folder.chmod(0o711)
    try:
        with EmbeddedServer.open(folder / "data") as server:
            _measure(server, count)
    finally:
        EmbeddedServer.stop(folder / "data", force=True)
        shutil.rmtree(folder)
    return 0


def _measure(server: EmbeddedServer, count: int) -> None:
    with psycopg.connect(server.superuser_dsn(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {NAME}".encode())
        print(f"PostgreSQL {connection.info.server_version // 10000}, {count:,} resources", flush=True)  # noqa: T201
    dsn = server.superuser_dsn(NAME)
    migrate(dsn)
    with (
        Store.open(server.runtime_dsn(NAME), max_size=1) as store,
        store.transaction(Actor("bench")) as tx,
    ):
        bring_in(tx)
    with psycopg.connect(dsn, autocommit=True) as admin:
        fill(admin, count)
        with ExitStack() as stack:
            sessions = {"superuser": admin, "program": stack.enter_context(_session(server, None))}
            for number, (who, limits) in enumerate(READERS.items()):
                name = f"reader_{number}"
                people.grant(dsn, "reader", name, password=PASSWORD, **limits)
                sessions[who] = stack.enter_context(_session(server, name))
            for what, (text, times) in QUESTIONS.items():
                _print(what, _best(sessions, partial(_ask, text, times)), times)
        _print(f"load of {count:,} wanted attributes", _loads(dsn, server, count), 1)


@contextmanager
def _session(server: EmbeddedServer, user: str | None) -> Iterator[psycopg.Connection]:
    """As a person, or as the program; one whose transactions commit by themselves."""
    if user is None:
        connection = psycopg.connect(server.runtime_dsn(NAME), autocommit=True)
    else:
        connection = psycopg.connect(
            server.superuser_dsn(NAME), user=user, password=PASSWORD, autocommit=True
        )
    with connection:
        yield connection


def fill(admin: psycopg.Connection, count: int) -> None:
    """Machines with nine attributes each, a quarter in each pair of provider and datacenter, no history."""
    world = Tables(admin)
    world.run("INSERT INTO locations (name) VALUES ('l')")
    for number in (0, 1):
        world.run("INSERT INTO datacenters (location_id, name) SELECT id, %s FROM locations", f"d{number}")
        world.run(
            "INSERT INTO providers (provider_type_id, name) SELECT id, %s FROM provider_types"
            " WHERE name = 'proxmox'",
            f"p{number}",
        )
    world.run(
        "INSERT INTO provider_endpoints (provider_id, name, url)"
        " SELECT id, 'e' || name, 'https://x' FROM providers"
    )
    world.run("INSERT INTO provider_datacenters SELECT p.id, d.id, d.name FROM providers p, datacenters d")
    world.run("INSERT INTO manifest_sources (name, kind) VALUES ('s', 'folder')")
    world.run("INSERT INTO revisions (source_id, content_hash, catalog_hash, actor) SELECT id, '', '', 'b'"
              " FROM manifest_sources")  # fmt: skip
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")  # neither triggers nor foreign keys
        world.run(
            "INSERT INTO resources (resource_type_id, provider_endpoint_id, address, name, state_id,"
            " external_id, presence, is_root, datacenter_id, location_id)"
            " SELECT t.id, (SELECT id FROM provider_endpoints WHERE name = 'ep' || n %% 2), 'vm/m-' || n,"
            " 'm-' || n, s.id, n::text, 'present', true,"
            " (SELECT id FROM datacenters WHERE name = 'd' || n / 2 %% 2),"
            " (SELECT id FROM locations)"
            " FROM generate_series(1, %s) AS n, resource_types t, resource_states s"
            " WHERE t.name = 'vm' AND s.name = 'running'",
            count,
        )
        world.run(
            "INSERT INTO resource_attributes (resource_id, resource_type_id, attribute_definition_id,"
            " data_type, value_string, value_integer)"
            " SELECT r.id, r.resource_type_id, a.attribute_definition_id, a.data_type,"
            " CASE WHEN a.data_type = 'string' THEN 'v' || r.id %% 100 END,"
            " CASE WHEN a.data_type = 'integer' THEN r.id %% 100 END"
            " FROM resources r CROSS JOIN (SELECT * FROM resource_type_attributes"
            " WHERE resource_type_id = (SELECT id FROM resource_types WHERE name = 'vm')"
            " AND data_type IN ('string', 'integer') ORDER BY attribute_definition_id LIMIT %s) AS a",
            LOADED,
        )
        world.run(
            "INSERT INTO desired_resources (source_id, address, resource_type_id, provider_endpoint_id, name,"
            " spec_hash, file, line, column_number, valid_from_revision)"
            " SELECT (SELECT id FROM manifest_sources), address, resource_type_id, provider_endpoint_id,"
            " name, '', 'f', 1, 1, (SELECT id FROM revisions) FROM resources"
        )
    admin.execute("VACUUM ANALYZE")


def _ask(text: str, times: int, session: psycopg.Connection) -> None:
    for _ in range(times):
        session.execute(text.encode(), prepare=True).fetchall()


def _best(
    sessions: dict[str, psycopg.Connection], ask: Callable[[psycopg.Connection], None]
) -> dict[str, float]:
    """Seconds of each in its fastest round."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for who, session in sessions.items():
            began = time.perf_counter()
            ask(session)
            best[who] = min(best.get(who, 1e9), time.perf_counter() - began)
    return best


def _loads(dsn: str, server: EmbeddedServer, count: int) -> dict[str, float]:
    """A COPY as it would go without policies, which only a superuser may; and as the program's goes."""
    with psycopg.connect(dsn) as admin:
        rows = admin.execute(
            "SELECT d.id, d.resource_type_id, a.attribute_definition_id FROM desired_resources d"
            " JOIN (SELECT resource_type_id, attribute_definition_id FROM resource_type_attributes"
            "   WHERE data_type = 'integer' ORDER BY attribute_definition_id) AS a USING (resource_type_id)"
            " WHERE a.attribute_definition_id ="
            " (SELECT id FROM attribute_definitions WHERE name = 'cpu_cores')"
            " LIMIT %s",
            [count],
        ).fetchall()
        admin.rollback()
        text = query(COPY)
        direct = text.replace(b"COPY staged_", b"COPY ")
        best: dict[str, float] = {}
        with psycopg.connect(server.runtime_dsn(NAME)) as program:
            for _ in range(3):
                for who, session in (("superuser", admin), ("program", program)):
                    session.execute("SELECT 1")
                    began = time.perf_counter()
                    _copy(session, text if session is program else direct, rows, staged=session is program)
                    best[who] = min(best.get(who, 1e9), time.perf_counter() - began)
                    session.rollback()
    return best


def _copy(
    session: psycopg.Connection, text: bytes, rows: list[tuple[int, int, int]], *, staged: bool
) -> None:
    parameters = {"copy": text.decode()}
    if staged:
        session.execute(query("session.stage"), parameters)
    with session.cursor().copy(text) as copy:
        for resource, kind, attribute in rows:
            nothing = (None,) * 5
            copy.write_row((resource, kind, attribute, 0, "integer", None, 2, *nothing, True))
    if staged:
        session.execute(query("session.take_staged"), parameters)


def _print(what: str, best: dict[str, float], times: int) -> None:
    base = best["superuser"]
    ratios = ", ".join(f"{who} {seconds / base:.2f}" for who, seconds in best.items() if who != "superuser")
    print(f"{what}: {base / times * 1000:.2f} ms without; ratio of {ratios}", flush=True)  # noqa: T201


if __name__ == "__main__":
    raise SystemExit(main())
