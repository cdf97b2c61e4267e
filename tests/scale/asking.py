"""What questions about a large fleet take: milliseconds, warm, and pages touched."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg

from reconciler.store.database.queries import query
from reconciler.store.embedded import EmbeddedServer
from tests.scale.loading import DATABASE

SETTLED = """
UPDATE resources AS r
SET
    settled_desired_hash = d.spec_hash,
    settled_recorded_hash = r.recorded_hash,
    applied_desired_hash = d.spec_hash
FROM desired_resources AS d
WHERE d.address = r.address AND d.parent_id IS NULL AND d.valid_to_revision IS NULL AND r.is_root
"""
NOTES = "DELETE FROM unsettled_addresses"
UNSETTLED = """
UPDATE resource_attributes AS a
SET value_boolean = NOT a.value_boolean
WHERE
    a.value_boolean IS NOT NULL
    AND a.resource_id IN (
        SELECT r.id FROM resources AS r
        JOIN resource_types AS t ON t.id = r.resource_type_id AND t.name = 'volume' ORDER BY r.id LIMIT 100
    )
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """The best of three, in milliseconds, and the pages that it touched."""

    name: str
    milliseconds: float
    pages: int


def asked(server: EmbeddedServer) -> Iterator[Asked]:
    """Each question, on a fleet of which 100 resources are not settled."""
    with psycopg.connect(server.superuser_dsn(DATABASE), autocommit=True) as connection:
        connection.execute("SET work_mem = '64MB'")
        connection.execute(SETTLED)
        connection.execute(NOTES)
        connection.execute(UNSETTLED)
        connection.execute("VACUUM ANALYZE")
        known = connection.execute(
            "SELECT r.external_id, r.uid, e.name FROM resources r"
            " JOIN provider_endpoints e ON e.id = r.provider_endpoint_id WHERE r.address = 'vm/vm-00001-01'"
        ).fetchone()
        assert known is not None
        external_id, uid, endpoint = known
        target = {"endpoint": endpoint, "types": ["vm"], "external_ids": [external_id], "uids": [uid]}
        questions: list[tuple[str, bytes, Mapping[str, object]]] = [
            ("v_drift, 100 unsettled", b"SELECT * FROM v_drift", {}),
            ("v_pending, 100 unsettled", b"SELECT * FROM v_pending", {}),
            ("observations.target_roots", query("observations.target_roots"), target),
            ("observations.others", query("observations.others"), {"endpoint": endpoint, "uid": uid}),
            (
                "next_reserved_id",
                b"SELECT next_reserved_id(e.id, %(low)s, %(high)s) FROM provider_endpoints AS e"
                b" WHERE e.name = %(endpoint)s",
                {"endpoint": endpoint, "low": 100_000_000, "high": 999_999_999},
            ),
            *(
                (
                    f"{name} = '{value}'",
                    b"SELECT * FROM resources_with(%(name)s, %(value)s)",
                    {"name": name, "value": value},
                )
                for name, value in (("network", "network/net-00001"), ("image", "none"), ("size_gb", "999"))
            ),
        ]
        for name, text, params in questions:
            yield _asked(connection, name, text, params)


def _asked(
    connection: psycopg.Connection[tuple[object, ...]], name: str, text: bytes, params: Mapping[str, object]
) -> Asked:
    times: list[float] = []
    for _ in range(3):
        began = time.perf_counter()
        connection.execute(text, params or None).fetchall()
        times.append((time.perf_counter() - began) * 1000)
    explain = b"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "
    found = connection.execute(explain + text, params or None).fetchone()
    assert found is not None
    plan = found[0][0]["Plan"]  # type: ignore[index]
    return Asked(name, min(times), plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
