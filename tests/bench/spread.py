"""`python -m tests.bench.spread`: `resources` in one table, and spread by endpoint, side by side in one run.

What is loaded and asked stands in spread.sql. Times depend on the machine and its other work; ratios are
of the same run. docs/scale-out.md has the table that this prints.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from reconciler.store.database.opening import open_database

Connection = psycopg.Connection[tuple[Any, ...]]
REPEAT = 5
VALUES_SHARE = 10
"""One of so many resources has a row that refers to it: and each costs a check of its own."""
LAYOUTS = {
    "plain": {"table": "plain", "endpoint": "", "join": "r.id = v.resource_id", "pattern": "'plain%'"},
    "parts": {
        "table": "parts",
        "endpoint": "provider_endpoint_id,",
        "join": "(r.provider_endpoint_id, r.id) = (v.provider_endpoint_id, v.resource_id)",
        "pattern": "'parts%'",
    },
}


@dataclass(frozen=True)
class Figure:
    """One thing that was measured of both layouts. `seen`: how many tables the spread one's plan reads."""

    what: str
    unit: str
    plain: float
    parts: float
    seen: str = ""

    def line(self) -> str:
        """As a row of the table."""
        ratio = f"{self.parts / self.plain:.2f}" if self.plain else "-"
        return (
            f"| {self.what} | {self.plain:,.4g} | {self.parts:,.4g} | {ratio} | {self.unit} | {self.seen} |"
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.spread", description=__doc__)
    parser.add_argument("--resources", type=int, default=1_000_000)
    options = parser.parse_args()
    workspace = Path(tempfile.mkdtemp(prefix="reconciler-spread-"))
    workspace.chmod(0o711)  # the database server of a root's run works under another account
    try:
        with (
            open_database(None, workspace / "home") as database,
            psycopg.connect(database.admin_url, autocommit=True) as connection,
        ):
            for figure in measure(connection, options.resources):
                sys.stdout.write(f"{figure.line()}\n")
                sys.stdout.flush()
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
    return 0


def measure(connection: Connection, resources: int) -> Iterator[Figure]:
    """All figures, as they come."""
    blocks = _blocks()
    connection.execute("SET jit = off; SET enable_partitionwise_join = on")
    connection.execute(blocks["schema"])
    connection.execute(blocks["made"].format_map({"resources": resources}).encode())

    values = max(resources // VALUES_SHARE, 1)

    def timed(block: str) -> tuple[float, float]:
        plain, parts = (
            blocks[block].format_map({**words, "values": str(values)}) for words in LAYOUTS.values()
        )
        return _seconds(connection, plain), _seconds(connection, parts)

    for each in LAYOUTS:
        connection.execute(blocks[each])
    for what, block in (("resources", "load"), ("values with their foreign key", "load_values")):
        if block == "load_values":
            for words in LAYOUTS.values():
                connection.execute(blocks["analyze"].format_map(words).encode())
        yield Figure(
            f"load {resources if block == 'load' else values:,} {what}",
            "s",
            *timed(block),
        )
    for words in LAYOUTS.values():
        connection.execute(blocks["settle"].format_map(words))
    sizes = [connection.execute(blocks["size"].format_map(words)).fetchall()[0] for words in LAYOUTS.values()]
    for place, what in enumerate(("tables", "indexes")):
        plain_size, parts_size = (float(size[place]) / (1 << 20) for size in sizes)
        yield Figure(f"size of the {what}", "MiB", plain_size, parts_size)
    for name, text in blocks.items():
        if name.startswith("ask."):
            plain, _ = _asked(connection, text.format_map(LAYOUTS["plain"]))
            parts, seen = _asked(connection, text.format_map(LAYOUTS["parts"]))
            for what, unit, number in (
                ("planning", "ms", 0),
                ("execution", "ms", 1),
                ("buffers", "pages", 2),
            ):
                yield Figure(f"{name[4:]}: {what}", unit, plain[number], parts[number], str(seen))
    connection.execute("TRUNCATE spread.parts CASCADE")
    connection.execute(blocks["names"])
    guarded = _seconds(connection, blocks["load"].format_map(LAYOUTS["parts"]))
    plain_again = _reloaded(connection, blocks)
    yield Figure(f"load {resources:,} resources, addresses and uids kept unique", "s", plain_again, guarded)
    size = connection.execute("SELECT pg_total_relation_size('spread.names')").fetchall()[0][0]
    yield Figure("size of what keeps them unique", "MiB", 0, float(size) / (1 << 20))


def _reloaded(connection: Connection, blocks: dict[str, str]) -> float:
    connection.execute("TRUNCATE spread.plain CASCADE")
    return _seconds(connection, blocks["load"].format_map(LAYOUTS["plain"]))


def _seconds(connection: Connection, text: str) -> float:
    began = time.perf_counter()
    connection.execute(text.encode())
    return time.perf_counter() - began


def _asked(connection: Connection, text: str) -> tuple[tuple[float, float, float], int]:
    """The medians of planning and execution (ms), the buffers, and how many tables the plan reads."""
    planning, execution, buffers, seen = [], [], 0, 0
    for _ in range(REPEAT):
        with connection.transaction(force_rollback=True):
            explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text}"
            ((found,),) = connection.execute(explained.encode()).fetchall()
        planning.append(found[0]["Planning Time"])
        execution.append(found[0]["Execution Time"])
        plan = found[0]["Plan"]
        buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        seen = len(_relations(plan))
    return (statistics.median(planning), statistics.median(execution), buffers), seen


def _relations(plan: dict[str, Any]) -> set[str]:
    """The tables that a plan reads."""
    below = [_relations(each) for each in plan.get("Plans", ())]
    return {plan["Relation Name"] for _ in (1,) if "Relation Name" in plan}.union(*below)


def _blocks() -> dict[str, str]:
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    pieces = re.split(r"^-- name: (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(pieces[::2], pieces[1::2], strict=True))


if __name__ == "__main__":
    sys.exit(main())
