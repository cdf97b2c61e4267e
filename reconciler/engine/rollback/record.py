"""Recording a rollback, in the caller's transaction: what is wanted from now on, and pins that keep it so.

What was wanted then becomes a revision of its source, so that the planner, its guards and the history meet
nothing new. It decides what is wanted, and neither plans nor carries anything out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.engine.desired import with_fingerprints
from reconciler.engine.engine import Engine
from reconciler.engine.rollback.asked import Rollback, RolledBack
from reconciler.engine.rollback.notes import guards_lowered, secrets_moved
from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.resource import Desired
from reconciler.planner.references import references
from reconciler.store.database.session import Transaction
from reconciler.store.desired.past import (
    WantedRoot,
    close_roots,
    insert_rollback,
    lock_sources,
    referring_to,
    roots_of_hash,
    wanted_roots,
)
from reconciler.store.desired.pins import Pin, Said, end, live_pins, pin
from reconciler.store.desired.root_rows import NewRows, apply_lifecycles, insert_roots
from reconciler.store.desired.rows import load_specifications


@dataclass(frozen=True, slots=True)
class _Move:
    """One root that is to be wanted otherwise: as `wanted`, or no more; `said` is its manifest's word.

    `row` is as it is wanted now, `was` its pin. `follows`: its manifest says just that, so no pin is needed.
    """

    address: Address
    source_id: int
    wanted: Desired | None
    row: WantedRoot | None
    said: Said
    was: Pin | None
    follows: bool


def record_rollback(tx: Transaction, engine: Engine, asked: Rollback) -> RolledBack:
    """Make wanted what was; gives what that changed. Writes nothing where all is as it shall be.

    Raises PlanError where what it leaves would refer to what it takes away, or the other way about.
    """
    then, now, pins = _sides(tx, asked)
    chosen = _chosen(tx, engine, asked, then, now, pins)
    specs = load_specifications(tx, {a: r.spec_hash for a, r in then.items() if a in chosen}, engine.catalog)
    specs = {address: with_fingerprints(tx, engine, item) for address, item in specs.items()}
    left: list[tuple[Address, str]] = []
    moves: list[_Move] = []
    steady = 0
    for address in sorted(chosen):
        row, before = now.get(address), then.get(address)
        wanted = specs.get(address)
        if (wanted.hash() if wanted else None) == (row.spec_hash if row else None):
            steady += 1
        elif why := _impossible(before, row, wanted):
            left.append((address, why))
        else:
            moves.append(_move(asked, address, wanted, row, before, pins.get(address)))
    revision = _write(tx, engine, asked, moves) if moves else None
    _check_references(tx, engine, moves, now)
    old = load_specifications(tx, {m.address: m.row.spec_hash for m in moves if m.row}, engine.catalog)
    was = load_specifications(tx, {a: then[a].spec_hash for a in specs}, engine.catalog)
    new = {move.address: move.wanted for move in moves if move.wanted is not None}
    return RolledBack(
        asked,
        changed=frozenset(m.address for m in moves if m.wanted and m.row),
        made_again=frozenset(m.address for m in moves if m.wanted and not m.row),
        removed=frozenset(m.address for m in moves if not m.wanted),
        steady=steady,
        left=tuple(left),
        notes=(*guards_lowered(old, new), *secrets_moved(was, specs)),
        revision=revision,
        chosen=frozenset(chosen),
    )


def _sides(
    tx: Transaction, asked: Rollback
) -> tuple[dict[Address, WantedRoot], dict[Address, WantedRoot], dict[Address, Pin]]:
    """What was wanted and what is, with the pins in force, while nobody else records any of it."""
    back = asked.to
    then: dict[Address, WantedRoot] = {}
    if back is not None:
        then = wanted_roots(tx, mark=back.mark.id) if back.by_mark else wanted_roots(tx, back.revision)
    ids = {row.source_id for row in (*then.values(), *wanted_roots(tx).values())}
    lock_sources(tx, ids | {each.source_id for each in live_pins(tx)})
    now = wanted_roots(tx)
    pins = {each.address: each for each in live_pins(tx)}
    if asked.to is None:
        then = roots_of_hash(tx, {a: each.manifest_hash for a, each in pins.items() if each.manifest_hash})
    return then, now, pins


def _chosen(
    tx: Transaction,
    engine: Engine,
    asked: Rollback,
    then: Mapping[Address, WantedRoot],
    now: Mapping[Address, WantedRoot],
    pins: Mapping[Address, Pin],
) -> Collection[Address]:
    """The roots that are meant: of an end of a rollback those that are pinned. Raises PlanError for none."""
    there = set(pins) if asked.to is None else then.keys() | now.keys()
    if not asked.selection:
        return there
    found: set[Address] = set()
    names = [each.address for each in asked.selection.targets if each.address is not None]
    by_name = len(names) == len(asked.selection.targets) and not asked.selection.excludes
    if by_name:  # nothing else of the fleet need be read
        found = there & set(names)
    for side in () if by_name else (then, now):
        wanted = load_specifications(
            tx, {a: r.spec_hash for a, r in side.items() if a in there}, engine.catalog
        )
        found |= {a for a, item in wanted.items() if asked.selection.covers(a, item.endpoint, item.tags)}
    unknown = [s for s in asked.selection.targets if s.address is not None and s.address not in found]
    if unknown:
        when = "is not rolled back" if asked.to is None else f"is wanted neither now nor at {asked.to}"
        raise PlanError(f"{unknown[0]} {when}", hint="`reconciler get all` lists what is recorded")
    return found


def _impossible(before: WantedRoot | None, row: WantedRoot | None, wanted: Desired | None) -> str | None:
    """Why a root cannot be wanted as it was."""
    if before is None:
        return None
    if wanted is None:
        return "what was wanted of it is no longer known"
    if before.is_removed:
        return f"its endpoint {before.endpoint} is no more"
    if row is None and before.is_forgotten:
        return f"its source {before.source} was given up"
    return None


def _move(
    asked: Rollback,
    address: Address,
    wanted: Desired | None,
    row: WantedRoot | None,
    before: WantedRoot | None,
    was: Pin | None,
) -> _Move:
    if was is not None:
        said = Said(was.manifest_hash, was.manifest_document, was.path)
    elif row is not None:
        said = Said(row.spec_hash, row.document_hash, row.path)
    else:
        said = Said(None, None, before.path if before else "")
    where = row or before
    if wanted is not None and where is not None:
        wanted = replace(wanted, origin=where.origin)
    source = row.source_id if row else was.source_id if was else before.source_id if before else 0
    # The end of a rollback never pins: a secret that moved since makes another hash of the same words.
    follows = asked.to is None or said.hash == (wanted.hash() if wanted else None)
    return _Move(address, source, wanted, row, said, was, follows)


def _write(tx: Transaction, engine: Engine, asked: Rollback, moves: list[_Move]) -> int:
    """A revision for each source that any of it is of; gives the newest."""
    back = asked.to.revision if asked.to else None
    revision = 0
    for source_id in sorted({move.source_id for move in moves}):
        mine = [move for move in moves if move.source_id == source_id]
        revision = insert_rollback(tx, source_id, asked.reason, engine.actor, back)
        close_roots(tx, revision, [move.row for move in mine if move.row is not None])
        wanted = [move.wanted for move in mine if move.wanted is not None]
        rows = NewRows(
            wanted,
            source_id,
            revision,
            {item.address: item.hash() for item in wanted},
            # No document is known to say it: a default may have changed since, so its next reading reads it.
            {},
            {m.address: m.row.path if m.row else m.said.path for m in mine},
        )
        insert_roots(tx, rows, engine.catalog)
        apply_lifecycles(tx, revision)
        end(tx, [m.was.id for m in mine if m.was and m.follows], "released")
        end(tx, [m.was.id for m in mine if m.was and not m.follows], "rolled_back")
        for move in mine:
            if not move.follows:
                pin(tx, engine.actor, revision, move.address, move.said, source_id)
    return revision


def _check_references(
    tx: Transaction, engine: Engine, moves: list[_Move], now: Mapping[Address, WantedRoot]
) -> None:
    gone = {move.address for move in moves if move.wanted is None}
    wanted = (now.keys() | {move.address for move in moves}) - gone
    broken = [*_dangling(engine, moves, wanted), *sorted(referring_to(tx, gone).items())]
    if not broken:
        return
    user, used = broken[0]
    more = f", and {len(broken) - 1} more are like that" if len(broken) > 1 else ""
    raise PlanError(
        f"{user} would refer to {used}, which would not be wanted{more}; nothing was changed",
        hint=f"choose both: name {user} and {used}",
    )


def _dangling(
    engine: Engine, moves: list[_Move], wanted: Collection[Address]
) -> Iterator[tuple[Address, Address]]:
    for move in moves:
        if move.wanted is not None:
            for target in sorted(references(move.wanted, engine.catalog) - set(wanted)):
                yield move.address, target
