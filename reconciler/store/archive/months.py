"""Months of the histories go into files, and come back. Works as the tables' owner: the program's role may
not.

The order is what makes a crash harmless. The file is written and read again while the month is still a part
of its history; then the month is detached and the file's name written down, in one transaction; then the
detached table is compared with the file once more and dropped. Whoever is killed leaves a month that is
attached, or one that is detached with its file on record: `finish` takes that up. Nothing is dropped that
is not in a file which was read from the disk after it was written.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reconciler.errors import ArchiveError, DatabaseError
from reconciler.store.archive.files import Contents, Measure, reading, verify, write
from reconciler.store.database.faults import TryAgain
from reconciler.store.database.opening import Database
from reconciler.store.database.session import Actor, Store, Transaction

OWNER_ROLE = "reconciler_owner"
LOCK_TRIES, LOCK_PAUSE = 20, 0.25
"""How often a month is tried to be taken from its history, and seconds between: while a try waits, all others
that read or write this history wait behind it, for half a second at most."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A month that went into a file; `row_count` rows of `byte_count` bytes of CSV. `dropped_at` is None
    while its table is still there, `restored_at` while it is away."""

    id: int
    history: str
    partition_name: str
    from_at: datetime
    to_at: datetime
    file: str
    row_count: int
    byte_count: int
    sha256: bytes
    detached_at: datetime
    dropped_at: datetime | None
    restored_at: datetime | None


def months_ago(now: datetime, months: int) -> datetime:
    """The beginning of the month that lies so many months before that of an instant, in UTC."""
    year, month = divmod(now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1 - months, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


@contextmanager
def as_owner(database: Database) -> Iterator[Store]:
    """The database's store as the owner of its tables. Raises ArchiveError where the URL's user is not it."""
    try:
        store = Store.open(database.admin_url, max_size=2, role=OWNER_ROLE)
    except DatabaseError as error:
        raise ArchiveError(
            f"the archive is the tables' owner's, and the database's user may not act as {OWNER_ROLE}",
            hint=f"Give the URL of a user that may: GRANT {OWNER_ROLE} TO …",
        ) from error
    try:
        yield store
    finally:
        store.close()


def archives(tx: Transaction) -> tuple[Archive, ...]:
    """All that ever went into files, oldest first."""
    return tx.all(Archive, "archive.list")


@dataclass(frozen=True, slots=True)
class Month:
    """A partition of a history that ended."""

    history: str
    name: str
    from_at: datetime
    to_at: datetime


def due(tx: Transaction, before: datetime, *, again: bool = True) -> tuple[Month, ...]:
    """The months that ended before an instant. `again`: also those that were brought back from a file."""
    return tx.all(Month, "archive.due", before=before, again=again)


def archive_months(
    owner: Store, actor: Actor, before: datetime, folder: Path, *, again: bool = True
) -> Iterator[Archive]:
    """Take the months that ended before an instant out of the histories, oldest first; gives each when it
    is done.

    First brings to an end what an earlier run left. Raises ArchiveError for a file that cannot be written
    or is not what it should be, and TryAgain where others use a history all the time; what was not reached
    stays.
    """
    yield from finish(owner, actor)
    with owner.read() as tx:
        months = due(tx, before, again=again)
    if months:
        # The newest mark has to be readable always: the next one is compared with it.
        with owner.transaction(actor) as tx:
            tx.value("archive_owner.mark")
    for month in months:
        path, contents = _written(owner, month, folder)
        if verify(path) != contents:
            raise ArchiveError(f"{path} was written and reads otherwise", hint="Check the disk it is on.")
        _detach(owner, actor, month, path, contents)
        yield from finish(owner, actor)


def finish(owner: Store, actor: Actor) -> Iterator[Archive]:
    """Drop the detached months whose files hold exactly what they hold; put those back whose files do not."""
    with owner.read() as tx:
        detached = [each for each in archives(tx) if each.dropped_at is None]
    for each in detached:
        if not _holds(owner, each):
            _tried(owner, actor, "archive_owner.give_up", id=each.id)
            raise ArchiveError(
                f"{each.file} does not hold what {each.partition_name} holds, so that was put back",
                hint="Look at the file, move it away, and archive again.",
            )
        with owner.transaction(actor) as tx:
            tx.value("archive_owner.drop", id=each.id)
            (done,) = (found for found in archives(tx) if found.id == each.id)
        yield done


def restore_file(owner: Store, actor: Actor, path: Path) -> Contents:
    """Bring a file's rows back into their history; gives what it held.

    Columns that the history gained since have their defaults. Raises ArchiveError for a damaged file or
    another installation's, and DatabaseError where the rows are there already or do not fit any more.
    """
    contents = verify(path)
    with owner.transaction(actor) as tx:
        tx.execute("archive_owner.form")
        here = tx.value("archive.uid")
        if contents.installation != here:
            raise ArchiveError(
                f"{path} is of the installation {contents.installation}, and this is {here}",
                hint="Its ids mean other things here. Restore it into a database of that installation.",
            )
        bounds = {"history": contents.history, "from_at": contents.from_at, "to_at": contents.to_at}
        table = tx.value("archive_owner.begin_restore", **bounds)
        with reading(path) as (_, pieces):
            rows = tx.copy_in("archive_owner.copy_in", pieces, table=table, columns=contents.names)
        if rows != contents.rows:
            raise ArchiveError(f"{path} holds {contents.rows} rows, and {rows} came in", hint="Report this.")
        _attach(tx, table, bounds)
        tx.execute(
            "archive_owner.restored",
            history=contents.history,
            from_at=contents.from_at,
            sha256=bytes.fromhex(contents.sha256),
        )
    return contents


def _attach(tx: Transaction, table: str, bounds: dict[str, object]) -> None:
    for left in reversed(range(LOCK_TRIES)):
        try:
            with tx.savepoint():
                tx.value("archive_owner.end_restore", table=table, **bounds)
        except TryAgain:
            if not left:
                raise
            time.sleep(LOCK_PAUSE)
        else:
            return


def _written(owner: Store, month: Month, folder: Path) -> tuple[Path, Contents]:
    with owner.transaction(Actor("archive", "", "maintenance")) as tx:
        tx.execute("archive_owner.form")
        columns = tuple(row.described for row in tx.rows("archive_owner.columns", table=month.name))
        contents = Contents(tx.value("archive.uid"), month.history, month.from_at, month.to_at, columns)
        return write(folder, contents, tx.copy_out("archive_owner.copy_out", table=month.name))


def _holds(owner: Store, archive: Archive) -> bool:
    """Whether the file is whole, and has the same rows as the table that is still there; False as well
    where the month is attached, because somebody put it back."""
    try:
        contents = verify(Path(archive.file))
    except ArchiveError:
        return False
    measure = Measure()
    with owner.transaction(Actor("archive", "", "maintenance")) as tx:
        if tx.value("archive_owner.is_attached", history=archive.history, table=archive.partition_name):
            return False
        tx.execute("archive_owner.form")
        for piece in tx.copy_out("archive_owner.copy_out", table=archive.partition_name):
            measure.take(piece)
    return measure.of(contents) == contents and bytes.fromhex(contents.sha256) == archive.sha256


def _detach(owner: Store, actor: Actor, month: Month, path: Path, contents: Contents) -> None:
    _tried(
        owner,
        actor,
        "archive_owner.detach",
        history=month.history,
        table=month.name,
        file=str(path.absolute()),
        rows=contents.rows,
        bytes=contents.size,
        sha256=bytes.fromhex(contents.sha256),
    )


def _tried(owner: Store, actor: Actor, query: str, **params: object) -> None:
    """Run a query in a transaction of its own, again and again until it gets its lock; raises TryAgain at
    last."""
    for left in reversed(range(LOCK_TRIES)):
        try:
            with owner.transaction(actor) as tx:
                tx.value(query, **params)
        except TryAgain:
            if not left:
                raise
            time.sleep(LOCK_PAUSE)
        else:
            return
