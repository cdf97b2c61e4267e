"""What a database is really sent: its server's own log, read back as statements and transactions.

Counts do not depend on the machine, so they are what a test may hold a cost against.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.rigs.databases import TestDatabase

_PATIENCE = 10.0  # seconds until what was logged must be in the file
_SAID = ("statement: ", "execute ")
_OF_A_SESSION = ("SELECT set_config('role'", "SELECT\n    set_config('search_path'")


@dataclass(frozen=True, slots=True)
class Statement:
    """`transaction` is the server's own name for the transaction that the statement ran in."""

    text: str
    transaction: str

    @property
    def start(self) -> str:
        """The first words, to tell statements apart."""
        return " ".join(self.text.split())[:90]


@dataclass(frozen=True, slots=True)
class Cost:
    """Statements that were sent, and the transactions that they were."""

    statements: int
    transactions: int


@dataclass(slots=True)
class Statements:
    """What was sent while it was counted; `mark` is told apart from it."""

    database: TestDatabase
    log: Path
    begin: int  # where in the log

    @property
    def sent(self) -> tuple[Statement, ...]:
        """All until now."""
        return tuple(_read(self.database, self.log, self.begin))

    def mark(self, name: str) -> None:
        """What is sent after this comes after it."""
        _say(self.database, f"mark {name}")

    def between(self, first: str, last: str) -> Cost:
        """What was sent between two marks; what a session is told at its start is not counted."""
        sent = self.sent
        texts = [each.text for each in sent]
        begin, end = texts.index(f"SELECT 'mark {first}'"), texts.index(f"SELECT 'mark {last}'")
        found = [each for each in sent[begin + 1 : end] if not each.text.startswith(_OF_A_SESSION)]
        return Cost(len(found), len({each.transaction for each in found}))

    def by_start(self) -> Counter[str]:
        """How often each was sent, to look at."""
        return Counter(each.start for each in self.sent)


@contextmanager
def counted(database: TestDatabase) -> Iterator[Statements]:
    """Counts what sessions that begin inside of the block send to the database."""
    name = sql.Identifier(database.name)
    with psycopg.connect(database.server.superuser_dsn(), autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} SET log_statement = 'all'").format(name))
        file = Path(str(admin.execute("SELECT pg_current_logfile('jsonlog')").fetchone()[0]))  # type: ignore[index]
        folder = Path(str(admin.execute("SHOW data_directory").fetchone()[0]))  # type: ignore[index]
        log = folder / file
        try:
            yield Statements(database, log, log.stat().st_size)
        finally:
            admin.execute(sql.SQL("ALTER DATABASE {} RESET log_statement").format(name))


def _read(database: TestDatabase, log: Path, begin: int) -> Iterator[Statement]:
    """All that was logged of the database. The collector writes a little later than the server answers."""
    mark = uuid4().hex
    _say(database, mark)
    end = time.monotonic() + _PATIENCE
    while True:
        with log.open("rb") as file:
            file.seek(begin)
            lines = file.read().decode().splitlines()
        if any(mark in line for line in lines):
            break
        assert time.monotonic() < end, "the server's log does not show what it was asked"
        time.sleep(0.01)
    for line in lines:
        if mark in line:
            return
        entry = json.loads(line)
        message = str(entry.get("message", ""))
        if entry.get("dbname") == database.name and message.startswith(_SAID):
            yield Statement(message.partition(": ")[2], f"{entry['pid']} {entry['vxid']}")


def _say(database: TestDatabase, text: str) -> None:
    with psycopg.connect(database.admin, autocommit=True, options="-c log_statement=all") as connection:
        connection.execute(f"SELECT '{text}'".encode())
