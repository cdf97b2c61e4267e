"""Whether anything can have moved since a reconcile that left nothing to do: then there is nothing to plan.

Whatever moves a plan leaves a mark: what is recorded, the inventory, holds and the catalog by their
histories, manifests by their revision. Two things leave none, and so they are never called quiet: a time that
comes (the end of a hold or of a back-off), and an approval. What a person changes of a revision's own rows
leaves none either, and is found by the next whole reconcile: one is made with each look at an endpoint.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.engine.engine import Engine
from reconciler.model.plan import BlockReason, Plan
from reconciler.store.history.marks import take_mark

_STANDING = frozenset(
    {
        BlockReason.PREVENT_DESTROY,
        BlockReason.ON_REMOVE_BLOCK,
        BlockReason.REPLACE_NOT_ALLOWED,
        BlockReason.DOWNTIME_NOT_ALLOWED,
        BlockReason.QUARANTINED,
        BlockReason.NOT_OURS,
        BlockReason.SHRINK,
        BlockReason.REPORT_ONLY,
        BlockReason.DEPENDENCY,
        BlockReason.IN_USE,
        BlockReason.UNSUPPORTED,
    }
)
"""What stays in the way until something is changed, by us or by others."""


@dataclass(slots=True)
class Quiet:
    """At which mark the daemon's last whole reconcile began, if it left nothing that may go by itself."""

    _mark: int | None = None

    def since(self, engine: Engine) -> int:
        """The mark of now, to be taken before a whole reconcile plans: what comes later is newer than it."""
        return take_mark(engine.store, engine.actor, "change")

    def left(self, mark: int, plan: Plan | None) -> None:
        """A whole reconcile that began at a mark left this plan; None where something failed."""
        waits = plan is None or plan.steps or plan.inventory or plan.follows
        lasting = plan is not None and all(item.reason in _STANDING for item in plan.blocked)
        self._mark = mark if lasting and not waits else None

    def holds(self, engine: Engine) -> bool:
        """Whether nothing has moved since then. It asks for one mark, however large the fleet is."""
        return self._mark is not None and self._mark == self.since(engine)
