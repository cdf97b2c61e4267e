"""What the clock does with the open database, in threads of its own: heartbeat, measuring, and housekeeping.

It never reconciles. It is the first to notice that the database went while nothing was to be done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from reconciler.daemon.logs import get_logger
from reconciler.daemon.metrics import Metrics
from reconciler.errors import DatabaseUnavailable, ReconcilerError
from reconciler.store.archive.months import archive_months, as_owner, months_ago
from reconciler.store.archive.resources import archive_resources
from reconciler.store.database.opening import Database
from reconciler.store.database.session import Actor, Store
from reconciler.store.history.marks import take_mark
from reconciler.store.history.partitions import STRAY_HINT, make_partitions, move_strays, stray_words, strays
from reconciler.store.work.watch import beat, levels

_log = get_logger(__name__)

MEASURED = 3
"""Every so many heartbeats the levels are read: who watches asks every quarter of a minute or more seldom."""


@dataclass(frozen=True, slots=True)
class Archiving:
    """What leaves a database for files in a folder: history older than so many whole months, and what was
    deleted more than so many days ago; None for either: it stays."""

    database: Database
    keep: int | None
    deleted: int | None
    folder: Path


@dataclass(frozen=True, slots=True)
class _Live:
    store: Store
    worker: UUID
    archiving: Archiving | None


class Housekeeping:
    """`lost` is called when this worker's session is gone, so that others count it as dead."""

    def __init__(self, metrics: Metrics, actor: str, lost: Callable[[], None]) -> None:
        self.metrics = metrics
        self.actor = actor
        self._lost = lost
        self._live: _Live | None = None
        self._beats = 0

    def begin(self, store: Store, worker: UUID, archiving: Archiving | None = None) -> None:
        """The database is open. Without `archiving` all history stays in it."""
        self._live = _Live(store, worker, archiving)
        self.metrics.snapshot.database_up = True

    def end(self) -> None:
        """The database is closed: nothing is done until the next `begin`."""
        self._live = None

    def beat(self) -> None:
        """Note that this worker lives, and measure; call `lost` where it counts as dead."""
        live = self._live
        if live is None:
            return
        try:
            alive = beat(live.store, live.worker, self.actor)
        except DatabaseUnavailable:
            alive = False  # what follows from it is logged by whoever opens the database again
        except ReconcilerError as error:
            _log.warning("no heartbeat", problem=error.message)
            return
        if self._live is not live:
            return  # it was closed in the meantime, and this says nothing of the next
        self.metrics.snapshot.database_up = alive
        if alive:
            self._mark(live)
            if self._beats % MEASURED == 0:
                self.measure()
            self._beats += 1
        else:
            self._lost()

    def _mark(self, live: _Live) -> None:
        """So that what others changed, a person at a prompt too, can be read as it was before and after."""
        try:
            take_mark(live.store, self.actor, "change")
        except ReconcilerError as error:
            _log.warning("no mark can be taken", problem=error.message)

    def measure(self) -> None:
        """Take the levels that metrics show."""
        live = self._live
        if live is None:
            return
        try:
            with live.store.read() as tx:
                self.metrics.snapshot.levels = levels(tx)
        except ReconcilerError as error:
            _log.warning("the levels cannot be read", problem=error.message)

    def maintain(self) -> None:
        """Make room for the history of the months ahead, and move what found none to its own month.

        What is of the time to come stays where it is: a clock was wrong, which a person has to look at.
        """
        live = self._live
        if live is None:
            return
        try:
            made = make_partitions(live.store, self.actor)
            moved = move_strays(live.store, self.actor, datetime.now(UTC))
            with live.store.read() as tx:
                left = strays(tx)
        except ReconcilerError as error:
            _log.error("the history's partitions cannot be made", problem=error.message, hint=error.hint)
            return
        if moved.count:
            _log.warning("history that had no month was moved to its own", rows=moved.count)
        if put_off := sorted({*made.put_off, *moved.put_off}):
            _log.warning("partitions are put off, because others hold them", histories=put_off)
        if left:
            _log.error("history is where no month was there for it", where=stray_words(left), hint=STRAY_HINT)
        if live.archiving is not None:
            self._archive(live.archiving)

    def _archive(self, archiving: Archiving) -> None:
        """What was brought back from a file stays, for somebody wanted it.

        What was deleted goes first: of what its month's changesets still say, it is known best when it went.
        """
        now, actor = datetime.now(UTC), Actor(self.actor, "archive", "maintenance")
        try:
            with as_owner(archiving.database) as owner:
                if archiving.deleted is not None:
                    before = now - timedelta(days=archiving.deleted)
                    for gone in archive_resources(owner, actor, before, archiving.folder, again=False):
                        _log.info("deleted resources archived", resources=gone.resource_count, file=gone.file)
                if archiving.keep is not None:
                    before = months_ago(now, archiving.keep)
                    for done in archive_months(owner, actor, before, archiving.folder, again=False):
                        _log.info(
                            "history archived", history=done.history, rows=done.row_count, file=done.file
                        )
        except ReconcilerError as error:
            _log.error("what is old is not archived", problem=error.message, hint=error.hint)
