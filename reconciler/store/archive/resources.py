"""Deleted resources go into files, and come back. Works as the tables' owner: the program's role may not.

A batch at a time, and each so: it is written down which file is begun; the file is written and read again;
then, in one transaction, the rows are locked, compared with the file once more, taken out, and the file's
hash written down. Whoever is killed leaves rows that are in the database, and perhaps a file that is begun:
the next run takes that up where the rows are still the file's, and begins anew where they are not.
"""

from __future__ import annotations

import csv
import hashlib
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.errors import ArchiveError
from reconciler.store.archive.bundles import Bundle, Section, read_bundle, write_bundle
from reconciler.store.archive.months import LOCK_PAUSE, LOCK_TRIES
from reconciler.store.database.faults import TryAgain
from reconciler.store.database.session import Actor, Store, Transaction

BATCH = 500
"""Roots that go at a time: a file, and a transaction of a second or less that locks nothing that lives."""


@dataclass(frozen=True, slots=True)
class ResourceArchive:
    """A file that deleted resources went into: `resource_count` of them, their parts counted, deleted between
    two instants; `row_count` rows, `byte_count` bytes before they are compressed.

    All but the first three are None while their rows are still in the database; `restored_at` is None while
    they are away.
    """

    id: int
    file: str
    planned_at: datetime
    removed_at: datetime | None
    restored_at: datetime | None
    first_deleted_at: datetime | None
    last_deleted_at: datetime | None
    resource_count: int | None
    row_count: int | None
    byte_count: int | None
    sha256: bytes | None


def resource_archives(tx: Transaction) -> tuple[ResourceArchive, ...]:
    """All that there ever were, oldest first; those that were begun and not ended too."""
    return tx.all(ResourceArchive, "archive.resource_files")


def files_of(tx: Transaction, address: str) -> tuple[Path, ...]:
    """The files that what had an address is in."""
    return tuple(Path(row.file) for row in tx.rows("archive.files_of", address=address))


def due_resources(tx: Transaction, before: datetime, *, again: bool = True) -> tuple[int, ...]:
    """The ids of a batch of what was deleted before an instant, parts with their roots. `again`: also of
    what was brought back from a file."""
    found = tx.rows("archive.due_resources", before=before, again=again, most=BATCH)
    return tuple(row.id for row in found)


def archive_resources(
    owner: Store, actor: Actor, before: datetime, folder: Path, *, again: bool = True
) -> Iterator[ResourceArchive]:
    """Take what was deleted before an instant out of the database, the oldest first; gives each file.

    First brings to an end what an earlier run left. Raises ArchiveError for a file that cannot be written or
    reads otherwise, and TryAgain where another archiver is at work or rows change all the time; what was not
    reached stays.
    """
    with _alone(owner):
        yield from _taken_up(owner, actor)
        is_marked = False
        while True:
            with owner.read() as tx:
                ids = due_resources(tx, before, again=again)
            if not ids:
                return
            if not is_marked:
                # As with months: the newest mark has to be readable always.
                with owner.transaction(actor) as tx:
                    tx.value("archive_owner.mark")
                is_marked = True
            yield _moved(owner, actor, ids, before, folder)


def restore_resources(owner: Store, actor: Actor, path: Path) -> Bundle:
    """Bring a file's rows back, as they were; gives what it held.

    Columns that a table gained since have their defaults. Raises ArchiveError for a damaged file or another
    installation's, and DatabaseError where its rows are there already or do not fit any more.
    """
    bundle = read_bundle(path)
    with owner.transaction(actor) as tx:
        tx.execute("archive_owner.form")
        here = tx.value("archive.uid")
        if bundle.installation != here:
            raise ArchiveError(
                f"{path} is of the installation {bundle.installation}, and this is {here}",
                hint="Its ids mean other things here. Restore it into a database of that installation.",
            )
        archive = tx.value("archive_owner.begin_restore_resources", sha256=_sha256(bundle))
        for section in bundle.sections:
            given = {"table": section.table, "columns": section.names}
            tx.copy_in("archive_owner.stage_resources", [section.csv], **given)
            rows = tx.value("archive_owner.take_resources", **given)
            if rows != section.rows:
                raise ArchiveError(
                    f"{path} holds {section.rows} rows of {section.table}, and {rows} came in",
                    hint="Report this.",
                )
        tx.value("archive_owner.end_restore_resources", id=archive)
    return bundle


@contextmanager
def _alone(owner: Store) -> Iterator[None]:
    with owner.session() as session:
        if not session.value("archive_owner.try_alone"):
            raise TryAgain("another process archives deleted resources just now", hint="Run it again later.")
        yield


def _taken_up(owner: Store, actor: Actor) -> Iterator[ResourceArchive]:
    with owner.read() as tx:
        begun = [each for each in resource_archives(tx) if each.removed_at is None]
    for each in begun:
        try:
            bundle = read_bundle(Path(each.file))
        except ArchiveError:
            bundle = None  # it was not written yet, or is somebody else's
        if bundle is not None and _removed(owner, actor, each.id, Path(each.file), bundle):
            yield _the(owner, each.id)
        else:
            with owner.transaction(actor) as tx:
                tx.execute("archive_owner.drop_plan", id=each.id)


def _moved(
    owner: Store, actor: Actor, ids: tuple[int, ...], before: datetime, folder: Path
) -> ResourceArchive:
    for _ in range(LOCK_TRIES):
        with owner.transaction(actor) as tx:
            (plan,) = tx.rows("archive_owner.plan_resources", folder=str(folder.absolute()))
        with owner.transaction(actor) as tx:
            bundle = _bundle(tx, before, ids)
        path = _written(Path(plan.file), bundle)
        if _removed(owner, actor, plan.id, path, bundle):
            return _the(owner, plan.id)
        with owner.transaction(actor) as tx:
            tx.execute("archive_owner.drop_plan", id=plan.id)
    raise TryAgain("what was deleted is being changed all the time", hint="Run it again later.")


def _written(path: Path, bundle: Bundle) -> Path:
    path = write_bundle(path, bundle)
    if read_bundle(path) != bundle:
        raise ArchiveError(f"{path} was written and reads otherwise", hint="Check the disk it is on.")
    return path


def _removed(owner: Store, actor: Actor, archive: int, path: Path, bundle: Bundle) -> bool:
    """Whether the rows were those of the file, and left; tried until they can be locked. Raises TryAgain."""
    for left in reversed(range(LOCK_TRIES)):
        try:
            return _remove(owner, actor, archive, path, bundle)
        except TryAgain:
            if not left:
                raise
            time.sleep(LOCK_PAUSE)
    raise AssertionError  # the last try returned or raised


def _remove(owner: Store, actor: Actor, archive: int, path: Path, bundle: Bundle) -> bool:
    ids = _ids(bundle)
    with owner.transaction(actor) as tx:
        tx.value("archive_owner.lock_resources", ids=ids)
        if not ids or _bundle(tx, bundle.until, tuple(ids)) != bundle:
            return False
        tx.value(
            "archive_owner.remove_resources",
            id=archive,
            ids=ids,
            file=str(path.absolute()),
            rows=bundle.rows,
            bytes=len(bundle.encode()),
            sha256=_sha256(bundle),
        )
    return True


def _bundle(tx: Transaction, before: datetime, ids: tuple[int, ...]) -> Bundle:
    tx.execute("archive_owner.form")
    return Bundle(
        tx.value("archive.uid"),
        before,
        tuple(
            Section(
                table,
                tuple(row.described for row in tx.rows("archive_owner.columns", table=table)),
                b"".join(tx.copy_out("archive_owner.copy_resources", table=table, ids=list(ids))),
            )
            for (table,) in tx.rows("archive_owner.resource_tables")
        ),
    )


def _ids(bundle: Bundle) -> list[int]:
    text = next((each.csv for each in bundle.sections if each.table == "resources"), b"")
    return [int(row["id"]) for row in csv.DictReader(io.StringIO(text.decode(), newline=""))]


def _sha256(bundle: Bundle) -> bytes:
    return hashlib.sha256(bundle.encode()).digest()


def _the(owner: Store, archive: int) -> ResourceArchive:
    with owner.read() as tx:
        return next(each for each in resource_archives(tx) if each.id == archive)
