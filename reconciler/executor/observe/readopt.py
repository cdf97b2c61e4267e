"""Looking for what carries our mark and is in no book, and taking it back. No request changes anything.

It is for after an older backup was restored: what was made since is at the providers and not in the database.
What is taken back is what one look showed; the mark is read once more before anything is ever destroyed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.diff.readopting import Kept, Readoption, marked_strangers, readoptable
from reconciler.executor.context import Context
from reconciler.executor.observe.endpoint import Coverage, look_and_record
from reconciler.model.address import Address
from reconciler.model.observation import Observation
from reconciler.store.database.session import Actor
from reconciler.store.recorded.observations import Scope, observation_start, record_observation, roots_of
from reconciler.store.recorded.readopting import known_of, make_room, reserve


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at an endpoint showed: what can be taken back, and what carries our mark and is left."""

    coverage: Coverage
    scope: Scope
    taken: tuple[Readoption, ...] = ()
    kept: tuple[Kept, ...] = ()


def find(context: Context, name: str) -> Found:
    """Look at an endpoint, record it, and say what of ours no row knows."""
    coverage, scope, seen = look_and_record(context, name)
    if not isinstance(seen, Observation):
        return Found(coverage, scope)
    with context.store.read() as tx:
        # As this look left them: what is at work now is left alone, and nothing else.
        rows = roots_of(tx, replace(scope, since=observation_start(tx)))
        strangers = marked_strangers(seen, rows, context.owner, scope.provider_type, context.catalog)
        known = known_of(tx, name, rows, strangers)
    taken, kept = readoptable(strangers, seen, known)
    return Found(coverage, scope, tuple(taken), tuple(kept))


def take_back(context: Context, found: Found) -> tuple[Address, ...]:
    """Make what was found ours again, in one transaction; gives the addresses of what is."""
    if not found.taken:
        return ()
    actor = Actor(context.actor, "taken back: it carries our mark", "manual")
    with context.store.transaction(actor) as tx:
        make_room(tx, found.taken)
        scope = replace(
            found.scope,
            targets=tuple((each.observed.type, each.observed.external_id) for each in found.taken),
            uids=tuple(each.observed.mark.resource for each in found.taken if each.observed.mark),
        )
        seen = Observation(resources=tuple(each.observed for each in found.taken))
        recording = record_observation(tx, scope, seen, context.owner, context.catalog)
        reserve(tx, found.taken, scope.provider_type, context.catalog)
    return recording.changed
