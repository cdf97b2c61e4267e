"""Draws the entity diagram in `sql/README.md` from a database, so that it cannot tell of another schema.

    python -m reconciler.store.database.diagram --check [URL]  says whether the diagram is the database's
    python -m reconciler.store.database.diagram --write [URL]  draws it anew

Without a URL the database is one that the migrations make on the spot. A tool for whoever works on the
schema, in a checkout; the program does not need it.
"""

from __future__ import annotations

import argparse
import difflib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from reconciler.store.database.migrate import connect, migrate
from reconciler.store.database.queries import query
from reconciler.store.embedded import EmbeddedServer

README = Path(__file__).resolve().parents[3] / "sql" / "README.md"
BEGIN, END = "<!-- diagram: begin -->", "<!-- diagram: end -->"
# One diagram of everything could not be read. A table is drawn in the first group that names it.
GROUPS = {
    "Catalog": (
        "provider_types",
        "provider_type_",
        "provider_resource_types",
        "resource_types",
        "resource_type_",
        "attribute_",
        "relationship_types",
        "extension_types",
        "operation_types",
        "resource_states",
        "resource_state_",
        "resource_initial_",
    ),
    "Inventory": ("providers", "provider_", "locations", "datacenter"),
    "Plans and operations": ("plan", "resource_operation", "workers"),
    "Desired": ("desired_", "manifest_sources", "revisions"),
    "Recorded": (
        "resource",
        "tags",
        "virtual_machines",
        "containers",
        "networks",
        "storage_volumes",
        "clusters",
        "external_id",
        "endpoint_",
        "holds",
    ),
}


def draw(dsn: str) -> str:
    """The diagrams, as Markdown."""
    with connect(dsn) as connection:
        columns = connection.execute(query("diagram.columns")).fetchall()
        ties = connection.execute(query("diagram.references")).fetchall()
    tables: dict[str, list[str]] = {}
    for table, column, kind, marks in columns:
        tables.setdefault(table, []).append(f"    {kind} {column}{f' {marks}' if marks else ''}")
    parts = []
    for title, members in _grouped(tables).items():
        lines = [f"### {title}", "", "```mermaid", "erDiagram"]
        for table in members:
            lines += [f"  {table} {{", *tables[table], "  }"]
        for child, parent, names, optional in ties:
            if child in members:
                lines.append(f'  {parent} {"|o" if optional else "||"}--o{{ {child} : "{names}"')
        parts.append("\n".join([*lines, "```"]))
    return "\n\n".join(parts)


def check(dsn: str) -> list[str]:
    """The lines by which the written diagram differs from the database; none where it is right."""
    _, written, _ = _split(README.read_text(encoding="utf-8"))
    return list(difflib.unified_diff(written.strip().splitlines(), draw(dsn).splitlines(), lineterm=""))


def write(dsn: str) -> None:
    """Draw the diagram of a migrated database anew, in its page."""
    before, _, after = _split(README.read_text(encoding="utf-8"))
    README.write_text(f"{before}{BEGIN}\n\n{draw(dsn)}\n\n{END}{after}", encoding="utf-8")


def _grouped(tables: dict[str, list[str]]) -> dict[str, list[str]]:
    left, found = sorted(tables), {}
    for title, prefixes in GROUPS.items():
        found[title] = [table for table in left if table.startswith(prefixes)]
        left = [table for table in left if table not in found[title]]
    return {**found, "Housekeeping": left}


def _split(text: str) -> tuple[str, str, str]:
    before, rest = text.split(BEGIN)
    written, after = rest.split(END)
    return before, written, after


@contextmanager
def _made_on_the_spot() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="reconciler-diagram-"))
    folder.chmod(0o755)  # for the server's own account, where root runs this
    try:
        with EmbeddedServer.open(folder / "data", settings={"fsync": "off"}) as server:
            migrate(server.superuser_dsn())
            yield server.superuser_dsn()
    finally:
        shutil.rmtree(folder)


def main() -> int:
    """The command line: the exit code is 1 where the written diagram differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="say by which lines the diagram differs")
    what.add_argument("--write", action="store_true", help="draw it anew")
    parser.add_argument("url", nargs="?", help="a migrated database; without it, one is made on the spot")
    options = parser.parse_args()
    with nullcontext(options.url) if options.url else _made_on_the_spot() as dsn:
        if options.write:
            write(dsn)
        differences = check(dsn)
    sys.stdout.writelines(f"{line}\n" for line in differences)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
