"""After an older backup was restored: look everywhere, take back what is ours, and end the hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from reconciler.diff.readopting import carried_twice, without_twins
from reconciler.engine.apply import Session
from reconciler.executor.observe.readopt import Found, find, take_back
from reconciler.model.address import Address
from reconciler.store.care.restore import HOLDER
from reconciler.store.database.session import Actor
from reconciler.store.work import pauses


@dataclass(frozen=True, slots=True)
class Readopted:
    """What was taken back, and how many holds of a restoring were ended."""

    addresses: tuple[Address, ...]
    released: int


def look_for_ours(session: Session) -> tuple[Found, ...]:
    """Record the sources' manifests, look at every endpoint, and say what of ours is in no book.

    What dead workers left open before the backup is settled first. A mark that objects at several endpoints
    carry is in doubt at each of them; who carries it at an endpoint that cannot be seen is not known.
    """
    session.load()
    session.recover()
    context = session.context
    found = []
    for name in sorted(context.connections.endpoints):
        looked = find(context, name)
        session.coverage[name] = looked.coverage
        found.append(looked)
    taken = [item.observed for each in found for item in each.taken]
    kept = [item.observed for each in found for item in each.kept]
    twice = carried_twice((*taken, *kept))
    return tuple(_apart(each, twice) for each in found)


def _apart(found: Found, twice: Collection[UUID]) -> Found:
    taken, kept = without_twins(found.taken, twice)
    return replace(found, taken=tuple(taken), kept=(*found.kept, *kept))


def readopt(session: Session, found: Sequence[Found]) -> Readopted:
    """Take back what was found. The hold ends only if every endpoint could be seen whole."""
    taken = [address for each in found for address in take_back(session.context, each)]
    released = 0
    if not any(each.coverage.trouble for each in found):
        actor = Actor(session.engine.actor, "looked at after a restoring", "manual")
        with session.engine.store.transaction(actor) as tx:
            released = pauses.release_of(tx, HOLDER)
    return Readopted(tuple(taken), released)
