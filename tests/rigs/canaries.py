"""Values that are recognized wherever they come out: every secret of the tests is one, and none ever may.

A canary has the marker in it, which no encoding but base64 and hexadecimal changes; these are looked for too,
base64 in each of its three alignments.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg
from psycopg import sql

MARKER = "Kanarienvogel7f3a"


def canary(name: str, *, awkward: bool = False) -> str:
    """A secret by its name. `awkward`: with what every encoding has to write in another way."""
    return f"{MARKER}-{name}" + (" \"'\\<&>%2F+é\t" if awkward else "")


def _spellings() -> Iterator[str]:
    yield MARKER
    yield MARKER.encode().hex()
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + MARKER.encode()).decode()
        yield text[(shift * 8 + 5) // 6 : (shift + len(MARKER)) * 8 // 6]


SPELLINGS = tuple(_spellings())
_CATALOG = "^(attribute_|provider_type|provider_resource_type|resource_type|relationship_type|catalog_)"
"""Tables filled from data files alone, which are most of a test's database."""
_FOUND = re.compile("|".join(map(re.escape, SPELLINGS)))
_FOUND_BYTES = re.compile(_FOUND.pattern.encode())


def seen(text: str) -> list[str]:
    """The surroundings of each canary in a text."""
    return [text[max(0, found.start() - 60) : found.end() + 30] for found in _FOUND.finditer(text)]


def seen_in_files(folder: Path, apart_from: Iterable[Path] = ()) -> list[str]:
    """The files below a folder that have one, whatever is in them: data files and logs too."""
    left_out = set(apart_from)
    return [
        f"{path}: {found[0]!r}"
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and not left_out & {path, *path.parents}
        if (found := _FOUND_BYTES.search(path.read_bytes()))
    ]


def seen_in_database(dsn: str) -> list[str]:
    """The rows that have one in any column, by a superuser's eyes; the catalog's are not looked at."""
    with psycopg.connect(dsn) as connection:
        tables = connection.execute(
            "SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'r' AND n.nspname IN ('public', 'vault') AND pg_relation_size(c.oid) > 0"
            " AND c.relname !~ %s ORDER BY c.relname",
            [_CATALOG],
        ).fetchall()
        looked = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {} || ': ' || t::text FROM {} AS t WHERE t::text LIKE ANY (%(like)s)").format(
                sql.Literal(f"{schema}.{table}"), sql.Identifier(schema, table)
            )
            for schema, table in tables
        )
        like = [f"%{each}%" for each in SPELLINGS]
        return [text for (text,) in connection.execute(looked, {"like": like})]
