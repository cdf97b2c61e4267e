"""T4 of an ordinary step: one statement, worked out from what the step was planned from and what was seen.

Whatever is not ordinary is left to `settle`, which reads what it needs and writes piece by piece: objects
that are not seen as ours, what no provider shows, what is taken over or replaced, what was done in vain.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import DatabaseError
from reconciler.executor.context import Context
from reconciler.executor.steps.ground import Ground
from reconciler.model.catalog import Catalog, Mutability
from reconciler.model.diff import Reason
from reconciler.model.observation import Observation
from reconciler.model.plan import Action, Step
from reconciler.model.resource import Recorded
from reconciler.model.values import ExternalRef
from reconciler.store.database.faults import TryAgain
from reconciler.store.recorded.brought import Rows, objects_of, references_in, rows_of, seen_as_ours
from reconciler.store.work import operations as ops


@dataclass(frozen=True, slots=True)
class End:
    """How far a step came. `call`: the last one, if it is done and that is not on record yet.

    `external_id`: the object's id now. `ground`: what the step was planned from, where that is known.
    """

    call: int | None = None
    external_id: str | None = None
    ground: Ground | None = None


def settled_at_once(
    context: Context, step: Step, begun: ops.Begun, end: End, seen: Observation | None
) -> bool:
    """Whether it was an ordinary end, and is on record now. If not, nothing was written."""
    deleted = step.action is Action.DELETE
    rows = None if deleted else _rows(context, step, begun, end, seen)
    if not deleted and rows is None:
        return False
    has_written = not deleted and has_write_only(context.catalog, step.provider_type)
    try:
        with context.store.at_once(context.acting(begun.operation, step.summary)) as tx:
            ops.done(tx, begun, step, ended=end.call, seen=rows, has_written=has_written)
    except TryAgain:
        raise
    except DatabaseError:
        return False  # which of what was seen the database does not take is found out piece by piece
    return True


def _rows(context: Context, step: Step, begun: ops.Begun, end: End, seen: Observation | None) -> Rows | None:
    if seen is None or end.external_id is None or end.ground is None or begun.is_repeated:
        return None
    if step.action not in (Action.CREATE, Action.UPDATE) or step.reason is Reason.DRIFT:
        return None
    desired = end.ground.desired
    before = _before(step, begun, end.ground)
    if desired is None or before is None or desired.hash() != step.desired_hash:
        return None
    observed = seen_as_ours(seen, before, end.external_id, context.owner, context.catalog)
    if observed is None:
        return None
    targets = {
        ExternalRef(address.type, external_id): address
        for address in begun.here
        if (external_id := begun.ids[address]) is not None
    }
    unknown = references_in(observed) - targets.keys()
    if unknown:
        with context.store.read() as tx:
            targets |= objects_of(tx, step.endpoint, unknown)
    offer = context.catalog.offer(step.address.type, step.provider_type)
    keeps_tags = offer is None or offer.tags
    dropped = frozenset() if keeps_tags else frozenset(tag.key for tag in step.tags if tag.after is None)
    return rows_of(before, observed, desired, targets, dropped, context.catalog)


def _before(step: Step, begun: ops.Begun, ground: Ground) -> Recorded | None:
    """The resource as it was when the step began: as it was planned from, or with no more than its row."""
    if step.resource is not None:
        there = ground.recorded
        return there if there is not None and there.id == begun.resource_id else None
    return Recorded(
        id=begun.resource_id,
        uid=begun.uid,
        address=step.address,
        type=step.address.type,
        provider_type=step.provider_type,
        endpoint=step.endpoint,
        state="creating",
        external_id=None,
        attributes={},
    )


def has_write_only(catalog: Catalog, provider_type: str) -> bool:
    """Whether anything at this type of provider is written and never shown again."""
    return any(
        rule.mutability is Mutability.WRITE_ONLY
        for (_, offered_by), rules in catalog.rules.items()
        if offered_by == provider_type
        for rule in rules.values()
    )
