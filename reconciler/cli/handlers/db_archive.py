"""The `db archive` commands and `db partitions`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from reconciler.cli.handlers.opening import acting, opened
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import note, print_json, say, warn
from reconciler.errors import ArchiveError, ConfigurationError, DatabaseError
from reconciler.report.plain import counted
from reconciler.store.archive.bundles import is_bundle
from reconciler.store.archive.months import (
    Archive,
    archive_months,
    archives,
    as_owner,
    months_ago,
    restore_file,
)
from reconciler.store.archive.resources import (
    ResourceArchive,
    archive_resources,
    files_of,
    resource_archives,
    restore_resources,
)
from reconciler.store.database.opening import open_database
from reconciler.store.database.session import Transaction
from reconciler.store.history.partitions import STRAY_HINT, move_strays, partitions, stray_words, strays

FOLDER = "archive"  # in the home folder
_MONTH = re.compile(r"\d{4}-\d{2}")


def archive_old(
    settings: Settings, *, keep: int, before: str | None, deleted: int, folder: Path | None
) -> None:
    """Take out old months, and what was deleted more than `deleted` days ago, and say of each where it went.

    Raises ArchiveError or TryAgain.
    """
    now = datetime.now(UTC)
    until = _month(before) if before is not None else months_ago(now, keep)
    gone = now - timedelta(days=deleted)
    place = (folder or settings.home / FOLDER).absolute()
    actor, count = acting(settings, "archive"), 0
    with (
        open_database(settings.database, settings.home, max_size=2) as database,
        as_owner(database) as owner,
    ):
        # What was deleted goes first: its months may say more exactly when it went.
        for found in archive_resources(owner, actor, gone, place):
            count += 1
            say(f"{_resources(found)}: {counted(found.row_count or 0, 'row')} in {found.file}")
        for done in archive_months(owner, actor, until, place):
            count += 1
            say(f"{done.history} {done.from_at:%Y-%m}: {counted(done.row_count, 'row')} in {done.file}")
    note(
        "Keep a copy of the files elsewhere."
        if count
        else f"Nothing is older than {until:%Y-%m}, and nothing was deleted before {gone:%Y-%m-%d}."
    )


def list_archives(settings: Settings, output: Literal["text", "json"]) -> None:
    """Print the months and the deleted resources that went into files."""
    with opened(settings) as store, store.read() as tx:
        found, gone = archives(tx), resource_archives(tx)
    if output == "json":
        print_json([*map(_plain, found), *map(_plain_resources, gone)])
        return
    for each in found:
        say(f"{each.from_at:%Y-%m} {each.history}: {counted(each.row_count, 'row')}, {_where(each)}")
    for one in gone:
        say(f"{_resources(one)}: {counted(one.row_count or 0, 'row')}, {_where_resources(one)}")
    if not found and not gone:
        note("Nothing is archived.")


def restore(settings: Settings, what: list[str]) -> None:
    """Bring months, deleted resources or files back. Raises ArchiveError, and DatabaseError where the rows
    are there."""
    actor = acting(settings, "restore from the archive")
    with (
        open_database(settings.database, settings.home, max_size=2) as database,
        as_owner(database) as owner,
    ):
        with owner.read() as tx:
            paths = dict.fromkeys(path for word in what for path in _files(tx, word))
        for path in paths:
            if is_bundle(path):
                rows = restore_resources(owner, actor, path).rows
                say(f"deleted resources: {counted(rows, 'row')} from {path}")
            else:
                contents = restore_file(owner, actor, path)
                rows = contents.rows
                say(f"{contents.history} {contents.from_at:%Y-%m}: {counted(rows, 'row')} from {path}")


def show_partitions(settings: Settings, output: Literal["text", "json"], *, move: bool) -> None:
    """Print what there is, after strays were moved if that was asked for."""
    with opened(settings) as store:
        if move:
            moved = move_strays(store, acting(settings, "").name)
            note(f"Moved {counted(moved.count, 'row')}.")
            if moved.put_off:
                raise DatabaseError(
                    f"others hold {', '.join(moved.put_off)}, and its rows stay where they are for now",
                    hint="Run it again.",
                )
        with store.read() as tx:
            found, left = partitions(tx), strays(tx)
    if output == "json":
        print_json(
            {
                "partitions": [
                    {
                        "history": each.history,
                        "name": each.name,
                        "from": each.from_at and each.from_at.isoformat(),
                        "to": each.to_at and each.to_at.isoformat(),
                    }
                    for each in found
                ],
                "without_a_month": {each.history: each.rows for each in left},
            }
        )
        return
    for history in sorted({each.history for each in found}):
        ours = [each for each in found if each.history == history and each.from_at and each.to_at]
        if ours:
            first, last = ours[0].from_at, ours[-1].from_at
            say(f"{history}: {counted(len(ours), 'month')}, {first:%Y-%m} to {last:%Y-%m}")
    if left:
        warn(stray_words(left), STRAY_HINT)


def _month(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise ConfigurationError(f"{text} is not a month", hint="as in 2026-01") from None


def _files(tx: Transaction, word: str) -> Iterator[Path]:
    if not _MONTH.fullmatch(word):
        yield from files_of(tx, word) or (Path(word),)
        return
    month = _month(word)
    # Changesets first: the others refer to them.
    found = sorted(
        (each for each in archives(tx) if each.dropped_at and not each.restored_at and each.from_at == month),
        key=lambda each: each.history != "changesets",
    )
    if not found:
        raise ArchiveError(
            f"nothing of {word} is in the archive",
            hint="To see what is: reconciler db archive list. A file is restored by its name.",
        )
    yield from (Path(each.file) for each in found)


def _resources(archive: ResourceArchive) -> str:
    first, last = archive.first_deleted_at, archive.last_deleted_at
    if first is None or last is None:
        return "deleted resources"
    return f"{counted(archive.resource_count or 0, 'resource')} deleted {first:%Y-%m-%d} to {last:%Y-%m-%d}"


def _where_resources(archive: ResourceArchive) -> str:
    if archive.removed_at is None:
        return f"{archive.file} was begun, and all is still in the database: run reconciler db archive again"
    if archive.restored_at is not None:
        return f"brought back {archive.restored_at:%Y-%m-%d}; {archive.file}"
    return archive.file


def _where(archive: Archive) -> str:
    if archive.dropped_at is None:
        return f"in {archive.file}, and its table still there: run reconciler db archive again"
    if archive.restored_at is not None:
        return f"brought back {archive.restored_at:%Y-%m-%d}; {archive.file}"
    return archive.file


def _plain(archive: Archive) -> dict[str, Any]:
    return {
        "history": archive.history,
        "from": archive.from_at.isoformat(),
        "to": archive.to_at.isoformat(),
        "file": archive.file,
        "rows": archive.row_count,
        "sha256": archive.sha256.hex(),
        "archived_at": archive.detached_at.isoformat(),
        "dropped_at": archive.dropped_at and archive.dropped_at.isoformat(),
        "restored_at": archive.restored_at and archive.restored_at.isoformat(),
    }


def _plain_resources(archive: ResourceArchive) -> dict[str, Any]:
    first, last = archive.first_deleted_at, archive.last_deleted_at
    return {
        "resources": archive.resource_count,
        "first_deleted_at": first and first.isoformat(),
        "last_deleted_at": last and last.isoformat(),
        "file": archive.file,
        "rows": archive.row_count,
        "sha256": archive.sha256 and archive.sha256.hex(),
        "archived_at": archive.removed_at and archive.removed_at.isoformat(),
        "restored_at": archive.restored_at and archive.restored_at.isoformat(),
    }
