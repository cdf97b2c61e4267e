"""Reading the manifests and recording them as revisions, one source at a time.

A source that cannot be read, or in which anything is wrong, changes nothing: its last revision stays, and
the other sources go on. Reading and recording happen in one turn, so that of two daemons the one that read
an older commit can never record it over the newer one.

A remote repository is read beside everything else: a reconcile waits for it a moment only. What was read is
recorded in its turn, and only if nobody recorded a revision of the source since the reading began.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.daemon.fetching import Fetched, Fetching
from reconciler.daemon.labels import label, recorded_scope
from reconciler.daemon.logs import get_logger
from reconciler.daemon.metrics import SourceView
from reconciler.daemon.notices import Notices
from reconciler.daemon.readings import digest_of, problems_of
from reconciler.engine.apply import Session
from reconciler.engine.desired import Loaded
from reconciler.engine.engine import Engine
from reconciler.engine.rollback.words import unpinned_words
from reconciler.errors import CredentialError, DatabaseUnavailable, ReconcilerError
from reconciler.executor.context import Context
from reconciler.manifest.source.git.login import parsed_login
from reconciler.manifest.source.git.remote import NothingNew
from reconciler.manifest.source.sources import read_source
from reconciler.manifest.source.state import SourceSpec, SourceState
from reconciler.model.backoff import BackOff
from reconciler.model.scope import Scope, ScopePart
from reconciler.store.desired.sources import known_whole
from reconciler.store.work.watch import moved_since, newest_revision, turn

_log = get_logger(__name__)

PATIENCE = 3.0
"""Seconds that a reconcile waits for a remote; most answer within it, and then are part of that reconcile."""
BACK_OFF = BackOff(1.0, 300.0)
"""Until a remote that could not be read is tried again."""
CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading all sources. `moved`: at least one has a new revision.

    `scope` is what all of them are about, by their last good revisions.
    """

    context: Context
    moved: bool
    scope: Scope


@dataclass(slots=True)
class _Known:
    """Of one source: what was recorded last, and what was wrong the last time.

    `read_at` is the commit of a repository that `content` is of. `scope` is what it is about, once it could
    be read.
    """

    content: bytes | None = None
    read_at: str | None = None
    revision: int | None = None
    commit: str | None = None
    recorded_at: float = 0.0
    problems: tuple[str, ...] = ()
    fetching: Fetching | None = None
    failures: int = 0  # in a row, to read it
    next_at: float = 0.0  # it is not read again before; by the monotonic clock
    scope: ScopePart | None = None
    behind: bool = False  # something was pushed while it was being read


@dataclass(slots=True)
class Sources:
    """The configured sources; `cache` is where remote repositories are fetched to.

    `wake` is called when a remote source was read that nobody waited for any more.
    """

    specs: tuple[SourceSpec, ...]
    cache: Path
    notices: Notices
    wake: Callable[[], None] = field(default=lambda: None)
    _known: dict[str, _Known] = field(default_factory=dict)
    _closing: threading.Event = field(default_factory=threading.Event)

    @property
    def problems(self) -> int:
        """How many problems all the sources have together, each as it was last read."""
        return sum(len(known.problems) for known in self._known.values())

    def close(self) -> None:
        """End what is being fetched."""
        self._closing.set()
        for known in self._known.values():
            if known.fetching is not None:
                known.fetching.join(CLOSE_SECONDS)

    def read(
        self,
        engine: Engine,
        context: Context,
        *,
        again: bool,
        stop: threading.Event | None = None,
        pushed: Collection[str] = (),
        only_pushed: bool = False,
    ) -> Reading:
        """Read every source, and record what moved. `again`: record also what seems the same as before.

        `pushed`: labels of sources that a push was told of, which are read though an earlier reading failed;
        `only_pushed`: and no others. `stop`: wait for nothing any more. Raises DatabaseUnavailable; all else
        is a problem of the source.
        """
        moved = False
        stop = stop or threading.Event()
        readings: dict[str, Fetched | None] = {}
        self._note_pushed(pushed)
        left = [spec for spec in self.specs if not only_pushed or label(spec) in pushed]
        while left:
            progress = False
            for spec in left:
                name = label(spec)
                known = self._known.setdefault(name, _Known())
                unless = known.read_at if not (again or known.problems) else None
                if spec.is_remote and name not in readings:
                    readings[name] = self._fetched(engine, spec, known, unless, stop)
                if spec.is_remote and readings[name] is None:
                    continue
                with turn(engine.store, name) as mine:
                    if mine:
                        reading = readings.get(name)
                        found = self._read_one(
                            engine, context, spec, known, reading, again=again, unless=unless
                        )
                        progress = found or progress
            moved = moved or progress
            # What one source was refused because another declares it may just have been handed over to it.
            left = [each for each in self.specs if progress and self._problems(each)]
        for name, known in self._known.items():
            self._tell(name, known)
        revisions = [known.revision for known in self._known.values() if known.revision is not None]
        scope = self._scope(engine)
        if not moved:
            return Reading(context, moved=False, scope=scope)
        return Reading(engine.refreshed(context, max(revisions)), moved=True, scope=scope)

    def _note_pushed(self, pushed: Collection[str]) -> None:
        """A reading that began before a push may have missed it: it is followed by another."""
        for name in pushed:
            known = self._known.setdefault(name, _Known())
            known.next_at = 0.0
            known.behind = known.fetching is not None and known.fetching.reading is not None

    def _problems(self, spec: SourceSpec) -> tuple[str, ...]:
        return self._known.setdefault(label(spec), _Known()).problems

    def _scope(self, engine: Engine) -> Scope:
        """What the sources are about. One that cannot be read is what it was the last time it could."""
        parts: list[ScopePart] = []
        with engine.store.read() as tx:
            for spec in self.specs:
                known = self._known.setdefault(label(spec), _Known())
                part = known.scope or recorded_scope(tx, spec)
                if part is not None:
                    parts.append(part)
        return Scope(tuple(parts))

    def _fetched(
        self, engine: Engine, spec: SourceSpec, known: _Known, unless: str | None, stop: threading.Event
    ) -> Fetched | None:
        """What was read of a remote source, None while there is nothing new to take."""
        if known.fetching is None:
            known.fetching = Fetching(spec, self.cache, self._closing, self.wake)
        patience = 0.0
        if known.fetching.reading is None:
            if time.monotonic() < known.next_at or stop.is_set():
                return None
            since = newest_revision(engine.store)
            try:
                login = parsed_login(engine.resolve(spec.credential)) if spec.credential else None
            except CredentialError as error:
                return Fetched(since, error=error)
            known.fetching.begin(login, since, unless)
            patience = PATIENCE
        taken = known.fetching.take(patience, stop)
        if taken is not None and known.behind:
            known.behind = False
            self.wake()
        return taken

    def _read_one(
        self,
        engine: Engine,
        context: Context,
        spec: SourceSpec,
        known: _Known,
        reading: Fetched | None,
        *,
        again: bool,
        unless: str | None,
    ) -> bool:
        """Whether the source has a new revision."""
        try:
            with engine.store.read() as tx:
                whole = known_whole(tx)
            state = (
                reading.result()
                if reading is not None
                else read_source(spec, self.cache, known=whole, unless=unless)
            )
            if reading is not None and moved_since(engine.store, state.name, reading.since):
                return False  # by another daemon, which may have read a newer commit; it is read again
            content = digest_of(state)
            if content == known.content and not again and not known.problems:
                known.failures, known.next_at = 0, 0.0
                return False
            loaded = _record(engine, context, state)
        except NothingNew:
            known.failures, known.next_at = 0, 0.0
            return False
        except DatabaseUnavailable:
            raise
        except (ReconcilerError, OSError) as error:
            known.problems = problems_of(error)
            known.failures += 1
            wait = BACK_OFF.spread(known.failures, random.random())  # noqa: S311 - jitter
            known.next_at = time.monotonic() + wait
            return False
        known.failures, known.next_at = 0, 0.0
        moved = loaded.change.id != known.revision
        known.content, known.problems, known.scope = content, (), loaded.scope
        known.read_at = state.commit if state.kind == "git" else None
        if moved:
            known.revision, known.commit, known.recorded_at = loaded.change.id, state.commit, time.time()
            _tell_revision(loaded)
        return moved

    def _tell(self, name: str, known: _Known) -> None:
        if not self.notices.is_news(("source", name), known.problems or None):
            return
        if not known.problems:
            _log.info("the source can be used again", source=name)
        for problem in known.problems:
            _log.error(
                "the source cannot be used; its last revision stays and nothing is removed because of it",
                source=name,
                problem=problem,
            )

    def views(self) -> dict[str, SourceView]:
        """What metrics show of each source, by its label."""
        return {
            name: SourceView(known.commit or "", known.recorded_at, len(known.problems))
            for name, known in self._known.items()
        }


def _record(engine: Engine, context: Context, state: SourceState) -> Loaded:
    catalog = engine.catalog
    try:
        (loaded,) = Session(engine, context, [state]).load()
    except BaseException:
        engine.catalog = catalog  # what the manifests added to it was undone with the transaction
        raise
    return loaded


def _tell_revision(loaded: Loaded) -> None:
    change, state = loaded.change, loaded.state
    _log.info(
        "revision in force",
        source=state.name,
        revision=change.id,
        commit=state.commit,
        author=state.author,
        inventory=list(map(str, loaded.inventory)),
        added=len(change.added),
        changed=len(change.changed),
        removed=len(change.removed),
    )
    for text in unpinned_words(change.agreed, change.superseded):
        _log.info("pin ended", what=text)
