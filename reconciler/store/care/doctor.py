"""Examining a database: what no constraint can hold is looked for, and what is safe to mend is mended.

Mending is safe where what is written follows from what is there: a column that repeats an attribute, a
sequence, a month that is to come. Whatever would be a guess is left to a person, with words on what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from reconciler.store.care import facts
from reconciler.store.care.checks import CHECKS, Check
from reconciler.store.database import migrate as migrations
from reconciler.store.database.migrate import Connection
from reconciler.store.database.queries import query
from reconciler.store.history.partitions import MONTHS_AHEAD


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: by which check, where and what, why it matters, and how it is mended.

    `mendable`: `--mend` can do it. `mended`: it has, and a second look agrees.
    """

    check: str
    where: str
    what: str
    why: str
    mend: str
    mendable: bool = False
    mended: bool = False


def examine(dsn: str, *, mend: bool = False) -> tuple[Finding, ...]:
    """Everything that is wrong, in the order of the checks; with `mend`, after mending what is safe to.

    `dsn` is of who may read all of the database, and for mending of its owner or a superuser. Raises
    DatabaseUnavailable, and DatabaseError where that role may not.
    """
    schema = _schema(dsn)
    if any(finding.where == "schema" for finding in schema):
        return schema
    with facts.session(dsn) as connection:
        connection.execute(facts.statement("06_sequences.sql"))
        connection.execute(query("migrations.settings"))
        found = [finding for check in CHECKS for finding in _found(connection, check)]
        if not mend:
            return (*schema, *found)
        connection.execute(query("care.writing"))
        for name in dict.fromkeys(finding.check for finding in found if finding.mendable):
            _MENDING[name](connection)
        left = {
            (finding.check, finding.where, finding.what)
            for check in CHECKS
            if check.mendable
            for finding in _found(connection, check)
        }
        return (*schema, *(_after(finding, left) for finding in found))


def _after(finding: Finding, left: set[tuple[str, str, str]]) -> Finding:
    gone = (finding.check, finding.where, finding.what) not in left
    return replace(finding, mended=finding.mendable and gone)


def _found(connection: Connection, check: Check) -> list[Finding]:
    rows = connection.execute(_statement(check), {"mend": False} if check.name == "sequences" else None)
    return [
        Finding(check.name, str(where), str(what), check.why, check.mend, check.mendable)
        for where, what in rows.fetchall()
    ]


def _statement(check: Check) -> bytes:
    return facts.statement(check.query) if check.query.endswith(".sql") else query(check.query)


def _schema(dsn: str) -> tuple[Finding, ...]:
    """What the migrations' hashes say. Of another schema than this version's no other check can tell."""
    status = migrations.status(dsn)
    why = "every other check, and the program itself, rests on the schema being this version's"
    said = [
        *(
            (name, "was applied with other contents", "Put the file back as it was applied.")
            for name in status.edited
        ),
        *((name, "is of a newer version", "Install the version that made it.") for name in status.unknown),
        *((name, "is not applied", "Run: reconciler db migrate") for name in status.pending),
    ]
    return tuple(Finding("migrations", "schema", f"{name} {what}", why, mend) for name, what, mend in said)


def _project(connection: Connection) -> None:
    with connection.transaction():
        connection.execute(query("doctor.trusted"))
        connection.execute(query("doctor.project"))


def _make_partitions(connection: Connection) -> None:
    connection.execute(query("doctor.make_partitions"), {"months_ahead": MONTHS_AHEAD})


def _move_sequences(connection: Connection) -> None:
    connection.execute(facts.statement("07_behind.sql"), {"mend": True})


def _note_unsettled(connection: Connection) -> None:
    missing = [str(address) for address, _ in connection.execute(query("doctor.unsettled")).fetchall()]
    connection.execute(query("doctor.note_unsettled"), {"addresses": missing})


_MENDING: dict[str, Callable[[Connection], None]] = {
    "projections": _project,
    "unsettled": _note_unsettled,
    "partitions": _make_partitions,
    "sequences": _move_sequences,
}
