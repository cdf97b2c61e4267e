"""Rows on their way in by COPY: into a table of the session's own, and from there where they belong.

Tables with policies take no COPY (decision 13). This module knows no table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, TypeVar

import psycopg

from reconciler.store.database.faults import translated
from reconciler.store.database.queries import query

_Item = TypeVar("_Item")


def staged(
    connection: psycopg.Connection[tuple[Any, ...]],
    name: str,
    items: Iterable[_Item],
    write: Callable[[psycopg.Copy, _Item], None],
) -> int:
    """Send rows or texts through a `COPY staged_… FROM STDIN` query, and take them on; nothing of none.

    Gives the number of rows.
    """
    coming = iter(items)
    first = next(coming, None)
    if first is None:
        return 0
    text = query(name)
    into = {"copy": text.decode()}
    with translated(name), connection.cursor() as cursor:
        cursor.execute(query("session.stage"), into)
        with cursor.copy(text) as copy:
            for item in chain((first,), coming):
                write(copy, item)
        (count,) = cursor.execute(query("session.take_staged"), into).fetchone() or (0,)
    return int(count)
