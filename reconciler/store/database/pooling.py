"""Connections to the database: how one is opened, and how a pool of them knows that one is still there.

It runs no query of its own but what a new connection begins with. What is done on them is `session`'s.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import conninfo
from psycopg_pool import ConnectionPool

from reconciler.store.database.faults import translated
from reconciler.store.database.queries import query

Connection = psycopg.Connection[tuple[Any, ...]]

_LIVENESS = {
    "connect_timeout": 5,  # seconds
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,  # milliseconds
}
"""So that a host that is gone without a word is noticed; what a URL says itself goes before."""


def opened_pool(
    dsn: str, *, max_size: int, role: str | None, timeout: float
) -> tuple[Callable[[], Connection], ConnectionPool[Connection]]:
    """How a connection outside the pool is opened, and the pool. `role` is taken on each new connection.

    `timeout`: seconds that a connection of the pool is waited for. Raises DatabaseUnavailable.
    """

    def prepare(connection: Connection) -> None:
        connection.autocommit = True
        connection.execute(query("session.settings"))
        if role is not None:
            connection.execute(query("session.role"), {"role": role})

    with translated("connect"):
        whole = conninfo.make_conninfo("", **{**_LIVENESS, **conninfo.conninfo_to_dict(dsn)})

    def connect() -> Connection:
        connection = psycopg.connect(whole, application_name="reconciler")
        prepare(connection)
        return connection

    pool: ConnectionPool[Connection] = ConnectionPool(
        whole,
        min_size=1,
        max_size=max_size,
        timeout=timeout,
        configure=prepare,
        check=is_there,
        kwargs={"application_name": "reconciler"},
        open=False,
    )
    # The first connection is tried apart, because the pool would only say that it waited in vain.
    with translated("connect"):
        connect().close()
        pool.open(wait=True, timeout=timeout)
    return connect, pool


def is_there(connection: Connection) -> None:
    """Whether a connection that lay idle is still there: asked of the socket, and not of the server.

    A server that ends a session says so, or closes it; either can be read. What else there may be to read
    (a setting that was changed) the server's answer to a question tells apart. A host that is gone without a
    word is noticed by the next statement, as it would be a moment after any question. Raises psycopg's
    OperationalError where it is gone, as the pool wants it.
    """
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN)
    if socket.poll(0):
        ConnectionPool.check_connection(connection)
