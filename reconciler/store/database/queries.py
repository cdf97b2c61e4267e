"""The named queries of `sql/queries`: the only way by which Python speaks SQL.

A name is `subject.what`, and stands in one of the files under a line `-- name: subject.what`. This module
finds and reads files; it connects to nothing.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from reconciler.errors import ReconcilerError

_HEADER = re.compile(r"^-- name: ([a-z0-9_]+\.[a-z0-9_]+)[ \t]*$", re.MULTILINE)


def sql_root() -> Traversable:
    """The folder `sql`: inside the installed package, or beside it in a checkout."""
    packaged = files("reconciler").joinpath("_sql")
    if packaged.is_dir():
        return packaged
    checkout = Path(__file__).resolve().parents[3] / "sql"
    if checkout.is_dir():
        return checkout
    raise ReconcilerError(
        "the database's SQL files are not part of this installation", hint="Install reconciler again."
    )


def sql_files(folder: str) -> list[tuple[str, bytes]]:
    """The `.sql` files of a folder below `sql`, as (name, content), in the order of their names."""
    found = [item for item in sql_root().joinpath(folder).iterdir() if item.name.endswith(".sql")]
    return [(item.name, item.read_bytes()) for item in sorted(found, key=lambda item: item.name)]


@cache
def all_queries() -> dict[str, bytes]:
    """Every named query's text by name. Raises ReconcilerError where a name is there twice."""
    found: dict[str, bytes] = {}
    for file, content in sql_files("queries"):
        for name, text in _split(content.decode()):
            if name in found:
                raise ReconcilerError(f"the query {name} in {file} is in the SQL files twice")
            found[name] = text.encode()
    return found


def query(name: str) -> bytes:
    """A named query's text, in bytes because that is what psycopg takes for trusted text."""
    try:
        return all_queries()[name]
    except KeyError:
        raise ReconcilerError(f"there is no query named {name} in the SQL files") from None


def _split(text: str) -> list[tuple[str, str]]:
    pieces = _HEADER.split(text)[1:]  # what stands before the first name is the file's own remark
    return [
        (name, body.strip().removesuffix(";")) for name, body in zip(pieces[::2], pieces[1::2], strict=True)
    ]
