"""After an older backup was restored: look everywhere, take back what is ours, and end the hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

    What dead workers left open before the backup is settled first.
    """
    session.load()
    session.recover()
    context = session.context
    found = []
    for name in sorted(context.connections.endpoints):
        looked = find(context, name)
        session.coverage[name] = looked.coverage
        found.append(looked)
    return tuple(found)


def readopt(session: Session, found: Sequence[Found]) -> Readopted:
    """Take back what was found. The hold ends only if every endpoint could be seen whole."""
    taken = [address for each in found for address in take_back(session.context, each)]
    released = 0
    if not any(each.coverage.trouble for each in found):
        actor = Actor(session.engine.actor, "looked at after a restoring", "manual")
        with session.engine.store.transaction(actor) as tx:
            released = pauses.release_of(tx, HOLDER)
    return Readopted(tuple(taken), released)
