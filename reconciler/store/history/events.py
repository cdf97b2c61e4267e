"""What happened, an event each: an operation, or a changeset that no operation made, of one root.

Pages of changes are read until there are as many events as were asked for. Which changes an event shows is
decided by who asks; here is only what belongs together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from reconciler.errors import ConfigurationError
from reconciler.store.database.session import Transaction
from reconciler.store.history import changes as rows
from reconciler.store.history.changes import Change, Changeset, Key, ObservedTask, OperationFacts
from reconciler.store.history.marks import revisions_at

_PLACES = ("provider", "endpoint", "credential", "location", "datacenter")
INVENTORY = frozenset((*_PLACES, "source", "hold", "approval", "installation"))
"""The first word of an address of the inventory."""
PAGE = 1_000  # changes that are read at a time
OF_A_CHANGESET = 200  # rows of one history of one changeset
ROOTS = 10  # of one changeset that no operation made; more of them are only said to be there


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the history is asked for; all that is given must fit.

    `by` is a part of an actor's, an author's or a database user's name, in either case of letters; `commit`
    the beginning of a commit's id. `attribute` is its name, as `get -o json` has it, or the one for people.
    """

    since: datetime | None = None
    until: datetime | None = None
    by: str | None = None
    commit: str | None = None
    operation: UUID | None = None
    attribute: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Changes that belong together, in their order. `more`: there are others that were not read.

    `tasks` are those of the provider that may have made what a look found; none of an operation.
    `of_stranger`: a look found it, of what was not ours at the time.
    """

    root: str
    changesets: tuple[Changeset, ...]
    operation: OperationFacts | None
    changes: tuple[Change, ...]
    more: bool = False
    tasks: tuple[ObservedTask, ...] = ()
    of_stranger: bool = False

    @property
    def at(self) -> datetime:
        """When its last transaction began."""
        return self.changesets[-1].changed_at


@dataclass(frozen=True, slots=True)
class _Who:
    """What `by`, `commit` and `operation` come to; a set that is None asks for nothing."""

    names: tuple[frozenset[str], frozenset[str], frozenset[int]] | None
    revisions: frozenset[int] | None
    operation: UUID | None

    def fits(self, item: Changeset) -> bool:
        if self.names is not None:
            actors, users, authored = self.names
            if not (item.actor in actors or item.db_user in users or item.revision_id in authored):
                return False
        if self.revisions is not None and item.revision_id not in self.revisions:
            return False
        return self.operation is None or item.operation_id == self.operation


@dataclass(slots=True)
class _Gathered:
    """Events as they are put together from pages, the newest first."""

    events: dict[tuple[object, str], list[Change]] = field(default_factory=dict)
    sets: dict[Key, Changeset] = field(default_factory=dict)
    cut: set[Key] = field(default_factory=set)

    def add(self, found: Iterable[Change]) -> None:
        for change in found:
            made = self.sets[change.key]
            root = change.address if change.resource_id == 0 else root_of(change.address)
            self.events.setdefault((made.operation_id or made.key, root), []).append(change)


def root_of(address: str) -> str:
    """`vm/web-1` of `vm/web-1/disk/scsi0`."""
    return "/".join(address.split("/", 2)[:2])


def is_inventory(address: str) -> bool:
    """Whether an address is of an endpoint, a hold and so on, and not of a resource."""
    return address.split("/", 1)[0] in INVENTORY


def events(
    tx: Transaction,
    most: int,
    address: str | None = None,
    asked: Asked | None = None,
    shown: Callable[[Event], bool] = bool,
) -> tuple[Event, ...]:
    """The newest `most` events that are `shown`, the newest first.

    With an address: of all that ever had it, of their parts, or of what the inventory has there. Raises
    ConfigurationError where a commit's beginning is that of several, or of none.
    """
    asked = asked or Asked()
    who = _who(tx, asked)
    gathered = _Gathered()
    found: list[Event] = []
    for is_last in _pages(tx, most, address, asked, who, gathered):
        found = [event for event in _events(tx, gathered, asked) if shown(event)]
        if not is_last and len(found) >= most:
            _complete(tx, gathered, found[:most], asked, who)
            found = [event for event in _events(tx, gathered, asked) if shown(event)]
        if is_last or len(found) >= most:
            break
    return tuple(found[:most])


def _complete(tx: Transaction, gathered: _Gathered, found: Iterable[Event], asked: Asked, who: _Who) -> None:
    """Adds what operations changed before the last page: one may take longer than that."""
    span = {"since": asked.since, "until": asked.until, "most": PAGE}
    nobody: dict[str, list[str]] = {"actors": [], "db_users": [], "revisions": []}
    for event in found:
        if event.operation is None:
            continue
        made = tx.rows("history.newest_by", **span, **nobody, operation=event.operation.id)
        read = {change.key for change in event.changes}
        fresh = [key for row in made if (key := (row.changed_at, row.id)) not in read | gathered.sets.keys()]
        if fresh:
            changes = rows.of_changesets(tx, fresh, OF_A_CHANGESET)
            _add(tx, gathered, who, (c for c in changes if root_of(c.address) == event.root))
            gathered.cut |= _full(changes)


def _who(tx: Transaction, asked: Asked) -> _Who:
    names = revisions = None
    if asked.by is not None:
        part = asked.by.lower()
        actors, users = (
            frozenset(row.name for row in tx.rows(query) if part in row.name.lower())
            for query in ("history.actors", "history.db_users")
        )
        authored = frozenset(row.id for row in tx.rows("history.revisions_by", author=asked.by))
        names = (actors, users, authored)
    if asked.commit is not None:
        known = revisions_at(tx, asked.commit)
        if not known:
            raise ConfigurationError(
                f"no revision was read at commit {asked.commit}", hint="`reconciler get revisions` lists them"
            )
        revisions = frozenset(known)
    return _Who(names, revisions, asked.operation)


def _pages(
    tx: Transaction, most: int, address: str | None, asked: Asked, who: _Who, gathered: _Gathered
) -> Iterator[bool]:
    """Adds a page at a time to what was gathered; each time whether that was the last one."""
    if address is None:
        yield from _newest(tx, most, asked, who, gathered)
    elif is_inventory(address):
        _add(tx, gathered, who, rows.of_inventory(tx, address, PAGE, asked.since, asked.until))
        yield True
    else:
        yield from _of_address(tx, address, asked, who, gathered)


def _of_address(
    tx: Transaction, address: str, asked: Asked, who: _Who, gathered: _Gathered
) -> Iterator[bool]:
    ids = rows.resources_at(tx, address)
    until, page = asked.until, PAGE
    while True:
        found = rows.of_resources(tx, ids, page, asked.since, until)
        if len(found) < page:
            _add(tx, gathered, who, found)
            yield True
            return
        # What else changed at the oldest instant may not have been read; it comes with the next page.
        until = found[-1].changed_at
        whole = tuple(change for change in found if change.changed_at > until)
        if whole:
            _add(tx, gathered, who, whole)
            yield False
        else:
            page *= 2


def _newest(tx: Transaction, most: int, asked: Asked, who: _Who, gathered: _Gathered) -> Iterator[bool]:
    until, page, seen = asked.until, 2 * most, set[Key]()  # an operation has two as a rule
    while True:
        keys = _keys(tx, page, asked, who, until)
        fresh = [key for key in keys if key not in seen]
        is_last = len(keys) < page
        seen.update(fresh)
        if fresh:
            found = rows.of_changesets(tx, fresh, OF_A_CHANGESET)
            since = None if is_last else fresh[-1][0]
            inventory = rows.of_inventory(tx, None, PAGE, _later(asked.since, since), until)
            _add(tx, gathered, who, (*found, *(c for c in inventory if c.key in set(fresh))))
            gathered.cut |= _full(found)
            yield is_last
            until = fresh[-1][0]
        elif is_last:
            yield True
        else:
            page *= 2  # more changesets than a page have the very same instant
        if is_last:
            return


def _keys(tx: Transaction, page: int, asked: Asked, who: _Who, until: datetime | None) -> list[Key]:
    span = {"since": asked.since, "until": until, "most": page}
    if who.names is None and who.revisions is None and who.operation is None:
        return [(row.changed_at, row.id) for row in tx.rows("history.newest", **span)]
    actors: Iterable[str] = ()
    users: Iterable[str] = ()
    revisions: Iterable[int] = who.revisions or ()
    if who.names is not None and who.revisions is None and who.operation is None:
        actors, users, revisions = who.names
    wanted = {"actors": sorted(actors), "db_users": sorted(users), "revisions": sorted(revisions)}
    by = tx.rows("history.newest_by", **span, **wanted, operation=who.operation)
    return [(row.changed_at, row.id) for row in by]


def _later(*instants: datetime | None) -> datetime | None:
    return max((each for each in instants if each is not None), default=None)


def _full(found: Iterable[Change]) -> set[Key]:
    counts: dict[tuple[Key, str], int] = {}
    for change in found:
        counts[change.key, change.what] = counts.get((change.key, change.what), 0) + 1
    return {key for (key, _), count in counts.items() if count >= OF_A_CHANGESET}


def _add(tx: Transaction, gathered: _Gathered, who: _Who, found: Iterable[Change]) -> None:
    found = tuple(found)
    sets = rows.changesets(tx, (change.key for change in found))
    gathered.sets |= {key: item for key, item in sets.items() if who.fits(item)}
    gathered.add(change for change in found if change.key in gathered.sets)


def _events(tx: Transaction, gathered: _Gathered, asked: Asked) -> list[Event]:
    """What was gathered, the newest first; of one changeset no more than `ROOTS` roots."""
    facts = rows.operations(tx, (item.operation_id for item in gathered.sets.values()))
    looks = {k for k, item in gathered.sets.items() if item.cause == "observation" and not item.operation_id}
    tasks = rows.observed_tasks(tx, looks)
    seen = ((c.key, root) for (_, root), items in gathered.events.items() for c in items if c.key in looks)
    strangers = rows.strangers(tx, seen)
    found: list[Event] = []
    roots: dict[Key, int] = {}
    for (_, root), items in gathered.events.items():
        changes = tuple(sorted((c for c in items if _named(c, asked)), key=lambda c: (c.change, c.name)))
        if not changes:
            continue
        sets = tuple(gathered.sets[key] for key in sorted({c.key for c in items}))
        last = sets[-1]
        if last.operation_id is None:
            roots[last.key] = roots.get(last.key, 0) + 1
            if roots[last.key] > ROOTS:
                continue
        operation = facts.get(last.operation_id) if last.operation_id else None
        is_cut = any(s.key in gathered.cut for s in sets)
        of = (last.key, root)
        found.append(Event(root, sets, operation, changes, is_cut, tasks.get(of, ()), of in strangers))
    shown = [
        replace(event, more=True) if roots.get(event.changesets[-1].key, 0) > ROOTS else event
        for event in found
    ]
    return sorted(shown, key=lambda event: event.changes[-1].change, reverse=True)


def _named(change: Change, asked: Asked) -> bool:
    if asked.attribute is None:
        return True
    wanted = asked.attribute.lower()
    return wanted in (change.name.lower(), (change.label or "").lower())
