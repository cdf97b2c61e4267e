"""Sources of manifests: which there are, what they are called, and what becomes of what one wanted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.store.database.session import Transaction


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source, where it was read last, and how much it declares and manages: resources, parts aside."""

    name: str
    kind: str
    url: str | None
    branch: str | None
    subfolder: str | None
    repository: str | None
    declared: int
    managed: int
    revision: int | None
    commit: str | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlanSource:
    """What a plan was made from. `url` is the folder or file that was read, or the repository."""

    name: str
    kind: str
    url: str | None
    branch: str | None
    subfolder: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose manifest wants a resource, and where it says so."""

    source: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.source} ({self.file}:{self.line})"


def sources(tx: Transaction) -> tuple[SourceView, ...]:
    """All sources that a person has not given up, by name."""
    return tx.all(SourceView, "sources.list")


def ids_of(tx: Transaction, names: Collection[str]) -> frozenset[int]:
    """The rows of the sources of these names, as far as there are any."""
    return frozenset(row.id for row in tx.rows("sources.known") if row.name in names)


def plan_sources(tx: Transaction, plan_id: int) -> tuple[PlanSource, ...]:
    """What a saved plan was made from, in the order in which it was named."""
    return tx.all(PlanSource, "views.plan_sources", plan=plan_id)


def known_whole(tx: Transaction) -> frozenset[str]:
    """The names of the sources that are recorded whole: a file below one is a part of it."""
    return frozenset(row.name for row in tx.rows("sources.known") if row.kind in ("folder", "git"))


def repository(tx: Transaction, name: str) -> str | None:
    """The repository that a source was read from the last time."""
    found: str | None = tx.value("sources.repository", name=name)
    return found


def at_place(tx: Transaction, url: str, branch: str | None, subfolder: str | None) -> str | None:
    """The name of the source that was last read there."""
    found: str | None = tx.value("sources.at_place", url=url, branch=branch, subfolder=subfolder)
    return found


def wanted_by(tx: Transaction, addresses: Iterable[Address]) -> dict[Address, Wish]:
    """For each root that a manifest wants: whose, and where."""
    rows = tx.rows("sources.wanted_by", addresses=[str(address) for address in addresses])
    return {Address.parse(row.address): Wish(row.source, row.file, row.line) for row in rows}


def take_name(
    tx: Transaction, name: str, aliases: Collection[tuple[str, Callable[[str], bool]]]
) -> list[str]:
    """Let a source that was known by an alias be known by its name from now on; gives the names it had.

    An alias counts only where all that it declares lies at paths that the alias's condition takes.
    """
    ids = {row.name: row.id for row in tx.rows("sources.known")}
    had: list[str] = []
    for alias, fits in aliases:
        if alias == name or alias not in ids:
            continue
        if not all(fits(row.path) for row in tx.rows("revisions.current", source_id=ids[alias])):
            continue
        _move(tx, ids, alias, name)
        had.append(alias)
    return had


def rename(tx: Transaction, old: str, new: str, *, join: bool = False) -> None:
    """Call a source otherwise. `join`: where one of that name is there already, make the two one.

    Raises PlanError where there is no such source, or another one of that name.
    """
    ids = {row.name: row.id for row in tx.rows("sources.known")}
    if old not in ids:
        raise _unknown(old)
    if new in ids and not join:
        raise PlanError(
            f"there is a source {new} already",
            hint="choose another name; if both are the same manifests, add --join",
        )
    if old != new:
        _move(tx, ids, old, new)


def forget(tx: Transaction, name: str) -> tuple[Address, ...]:
    """Say that a source is no more; gives the roots that it had, which are managed on and nobody's.

    What it wanted is wanted no more, and nothing is removed because of that. Raises PlanError if there is no
    such source.
    """
    ids = {row.name: row.id for row in tx.rows("sources.known")}
    if name not in ids:
        raise _unknown(name)
    source_id = ids[name]
    rows = tx.rows("revisions.current", source_id=source_id)
    if rows:
        latest = tx.row("revisions.latest", source_id=source_id)
        revision = tx.value("sources.last_words", source_id=source_id, latest=latest.id if latest else None)
        tx.execute("revisions.close", revision_id=revision, ids=[row.id for row in rows])
        tx.execute("pauses.release_unwanted", addresses=[row.address for row in rows])
    tx.execute("pins.end_of_source", source_id=source_id)
    owned = tx.rows("sources.disown", id=source_id)
    tx.execute("sources.forget", id=source_id)
    return tuple(sorted(Address.parse(address) for address, is_root in owned if is_root))


def _move(tx: Transaction, ids: dict[str, int], old: str, new: str) -> None:
    """Make all that one source has the other's; where there is none yet it just changes its name."""
    if new not in ids:
        tx.execute("sources.release_name", name=new)
        tx.execute("sources.rename", id=ids[old], new=new)
        ids[new] = ids.pop(old)
        return
    tx.execute("sources.join_desired", old=ids[old], new=ids[new])
    tx.execute("sources.join_resources", old=ids[old], new=ids[new])
    tx.execute("pins.join", old=ids[old], new=ids[new])
    tx.execute("sources.forget", id=ids.pop(old))


def _unknown(name: str) -> PlanError:
    return PlanError(f"there is no source {name}", hint="`reconciler get sources` lists what there is")
