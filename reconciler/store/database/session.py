"""Sessions with the database: a pool of connections, transactions that say who acts, named queries in them.

Who, why, which operation and which revision are told to the database once per transaction, and its triggers
write them into every history row. This module knows no table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import class_row, namedtuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from reconciler.errors import DatabaseError, DatabaseUnavailable
from reconciler.store.database.faults import LockedOut, sessions_in_words, translated
from reconciler.store.database.pooling import Connection, opened_pool
from reconciler.store.database.queries import query
from reconciler.store.database.staging import staged
from reconciler.store.database.texts import array, blocks

Cause = Literal["manifest", "observation", "operation", "catalog", "recovery", "maintenance", "manual"]
Row = Any
"""A named tuple of a query's columns; only the query knows their names."""
_Value = TypeVar("_Value")

CHECKOUT_SECONDS, LOST_SECONDS = 8.0, 1.0
"""How long a connection is waited for; and how long once that was in vain, until one is had again. With the
few transactions that follow on a loss, an apply gives up within about 15 s."""
STREAM_ROWS = 1000


@cache
def _stream_rows() -> int:
    # Rows come in chunks only where libpq is 17 or newer; one by one they are as right, and slower.
    return STREAM_ROWS if psycopg.capabilities.has_stream_chunked() else 1


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change, why, and on behalf of what; every history row of the transaction says so."""

    name: str
    reason: str = ""
    cause: Cause = "manual"
    operation: UUID | None = None
    revision: int | None = None


class Transaction:
    """An open transaction. Queries go by name; errors come out as DatabaseError or DatabaseUnavailable.

    `acting`: who acts and why, as parameters of functions that are a commit by themselves (`Store.at_once`).
    """

    def __init__(self, connection: Connection, acting: Mapping[str, str] | None = None) -> None:
        self._connection = connection
        self.acting = acting or {}

    def rows(self, name: str, /, **params: object) -> list[Row]:
        """All rows, each a named tuple."""
        with translated(name), self._connection.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(query(name), _given(params)).fetchall()

    def all(self, kind: type[_Value], name: str, /, **params: object) -> tuple[_Value, ...]:
        """All rows, each a value of a class that has a field for every column."""
        with translated(name), self._connection.cursor(row_factory=class_row(kind)) as cursor:
            return tuple(cursor.execute(query(name), _given(params)))

    def row(self, name: str, /, **params: object) -> Row | None:
        """The only row, or None. Raises DatabaseError where there are several."""
        found = self.rows(name, **params)
        if len(found) > 1:
            raise DatabaseError(f"{name}: one row was expected, and there are {len(found)}")
        return found[0] if found else None

    def value(self, name: str, /, **params: object) -> Any:
        """The first column of the only row, or None where there is no row."""
        found = self.row(name, **params)
        return found[0] if found else None

    def execute(self, name: str, /, **params: object) -> int:
        """The number of rows written; for an update, 0 says that its conditions held nowhere."""
        with translated(name):
            return self._connection.execute(query(name), _given(params)).rowcount

    def many(self, name: str, params: Iterable[Mapping[str, object]], /) -> int:
        """Runs a query once for each set of parameters, pipelined; gives the sum of the rows written."""
        with translated(name), self._connection.cursor() as cursor:
            cursor.executemany(query(name), [dict(each) for each in params])
            return max(cursor.rowcount, 0)

    def batch(self, name: str, rows: Sequence[Mapping[str, object]], /, **params: object) -> int:
        """Runs a query once for all rows, each of whose fields becomes an array; without rows, not at all.

        One statement is one run of its triggers, which is most of what a row costs.
        """
        if not rows:
            return 0
        return self.execute(name, **{key: [row[key] for row in rows] for key in rows[0]}, **params)

    def copy(self, name: str, rows: Iterable[Sequence[object]], /) -> int:
        """Loads rows through a `COPY staged_… FROM STDIN` query; the fastest way in. Gives their number.

        Tables with policies take no COPY: it goes into a table of the session's own, and on from there. Of no
        rows nothing is sent.
        """
        return staged(self._connection, name, rows, psycopg.Copy.write_row)

    def copy_lines(self, name: str, lines: Iterable[str], /) -> int:
        """The same of rows that are lines of COPY already (`texts`), for where there are many of them."""
        return staged(self._connection, name, blocks(lines), psycopg.Copy.write)

    def copy_out(self, name: str, /, **params: object) -> Iterator[bytes]:
        """What a `COPY … TO STDOUT` gives, in pieces. The query gives the statement, made for a table by the
        database's own function; until all is read, the transaction does nothing else."""
        statement = str(self.value(name, **params)).encode()
        with translated(name), self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for piece in copy:
                yield bytes(piece)

    def copy_in(self, name: str, pieces: Iterable[bytes], /, **params: object) -> int:
        """Loads text through a `COPY … FROM STDIN` that the query gives, as `copy_out`. Gives the rows'
        number."""
        statement = str(self.value(name, **params)).encode()
        with translated(name), self._connection.cursor() as cursor:
            with cursor.copy(statement) as copy:
                for piece in pieces:
                    copy.write(piece)
            return cursor.rowcount

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is done inside is undone by an exception, and the transaction goes on."""
        with translated("savepoint"), self._connection.transaction():
            yield

    def stream(self, name: str, /, **params: object) -> Iterator[Row]:
        """Rows one after another in bounded memory. Until they are read, it does nothing else."""
        with translated(name), self._connection.cursor(binary=True, row_factory=namedtuple_row) as cursor:
            yield from cursor.stream(query(name), params or None, size=_stream_rows())


class Store:
    """The database as the rest of the program sees it. Safe to share between threads."""

    def __init__(self, pool: ConnectionPool[Connection], connect: Callable[[], Connection]) -> None:
        self._pool = pool
        self._connect = connect
        self._lost = ""  # why the database could not be reached the last time, if so

    @classmethod
    def open(cls, dsn: str, *, max_size: int = 10, role: str | None = None) -> Store:
        """Connects. `role` is taken on each new connection (SET ROLE). Raises DatabaseUnavailable."""

        connect, pool = opened_pool(dsn, max_size=max_size, role=role, timeout=CHECKOUT_SECONDS)
        return cls(pool, connect)

    @contextmanager
    def transaction(self, actor: Actor) -> Iterator[Transaction]:
        """A transaction that commits at its end, and is undone by an exception."""
        with translated("commit"), self._checked_out() as connection, connection.transaction():
            acting = _settings(actor)
            connection.execute(query("session.actor"), acting)
            yield Transaction(connection, acting)

    @contextmanager
    def at_once(self, actor: Actor) -> Iterator[Transaction]:
        """For one statement that is a transaction by itself: nothing is sent to begin it or to end it.

        The statement takes `acting`, because nobody else has told the database who acts.
        """
        with translated("commit"), self._checked_out() as connection:
            yield Transaction(connection, _settings(actor))

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that sees one moment and can write nothing."""
        with translated("read"), self._checked_out() as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            try:
                with connection.transaction():
                    yield Transaction(connection)
            finally:
                if not connection.closed:
                    connection.read_only = None
                    connection.isolation_level = None

    @contextmanager
    def session(self) -> Iterator[Transaction]:
        """A session of its own, outside the pool, for what lives as long as a session: advisory locks.

        Each query in it commits by itself.
        """
        with translated("connect"):
            connection = self._connect()
        session = Transaction(connection)
        try:
            yield session
        finally:
            # The server ends a session some time after its client did; its locks are free when this returns.
            with suppress(DatabaseUnavailable):
                session.value("session.release_locks")
            connection.close()

    @contextmanager
    def rehearsal(self, actor: Actor) -> Iterator[Transaction]:
        """A transaction that is always undone: what would be, computed by the code that does it."""
        with (
            translated("rehearsal"),
            self._checked_out() as connection,
            connection.transaction(force_rollback=True),
        ):
            acting = _settings(actor)
            connection.execute(query("session.actor"), acting)
            yield Transaction(connection, acting)

    @contextmanager
    def _checked_out(self) -> Iterator[Connection]:
        """A connection of the pool. Raises DatabaseUnavailable with the server's reason if there is none."""
        with ExitStack() as stack:
            patience = LOST_SECONDS if self._lost else CHECKOUT_SECONDS
            try:
                connection = stack.enter_context(self._pool.connection(patience))
            except PoolTimeout as error:
                self._lost = self._lost or self._reason()
                why = self._lost or f"all of this program's {self._pool.max_size} are in use"
                raise DatabaseUnavailable(
                    f"the database gave no connection: {why}",
                    hint="Check that the server runs, and its log.",
                ) from error
            self._lost = ""
            try:
                yield connection
            except LockedOut as error:
                raise self._with_names(error, connection) from error

    def _with_names(self, error: LockedOut, connection: Connection) -> LockedOut:
        """The same error with who may be in the way, and what to do about it."""
        with translated("lock"), self._connect() as other:
            found = other.execute(
                query("session.in_the_way"), {"waiter": connection.info.backend_pid}
            ).fetchall()
        if not found:
            return error
        who = sessions_in_words(found)
        hint = f"run it again, or end that session: SELECT pg_terminate_backend({found[0][0]})"
        return LockedOut(f"{error.message}: {who}", hint=hint)

    def _reason(self) -> str:
        """The server's own reason, for the pool only says that it waited in vain; empty if it answers."""
        try:
            self._connect().close()
        except psycopg.Error as error:
            return str(error).strip() or type(error).__name__
        return ""

    def close(self) -> None:
        """Close the pool; what is checked out is closed when it comes back."""
        self._pool.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _given(params: Mapping[str, object]) -> Mapping[str, object] | None:
    """The parameters as psycopg is to send them: of a list its literal, which is quicker to write."""
    return {key: array(value) if type(value) is list else value for key, value in params.items()} or None


def _settings(actor: Actor) -> dict[str, str]:
    """What the database's triggers write into every history row of the transaction."""
    return {
        "actor": actor.name,
        "reason": actor.reason,
        "cause": actor.cause,
        "operation": str(actor.operation or ""),
        "revision": str(actor.revision or ""),
    }
