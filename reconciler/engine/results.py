"""What a preview showed, and what an apply did: frozen, for whoever tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reconciler.engine.desired import Loaded
from reconciler.engine.rollback.asked import RolledBack
from reconciler.executor.observe.endpoint import Coverage
from reconciler.executor.steps.outcome import Outcome, Result
from reconciler.executor.steps.recover import Recovered
from reconciler.model.inventory import InventoryStep
from reconciler.model.plan import Plan, Step


@dataclass(frozen=True, slots=True)
class Progress:
    """Told of what is happening; the faces show it."""

    started: Callable[[Step], None] = lambda _: None
    ended: Callable[[Outcome], None] = lambda _: None
    recovered: Callable[[Recovered], None] = lambda _: None
    planned: Callable[[Plan], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan and what it was made from. `loaded` is empty where no source was given.

    `unmanaged` counts the objects that are not ours, by endpoint that was looked at. At an endpoint that
    the sources only declare so far what was seen is not kept: see `unrecorded`. `rolled_back`: what a
    rollback makes wanted again, None where none was asked for.
    """

    plan: Plan
    coverage: dict[str, Coverage]
    loaded: tuple[Loaded, ...]
    unmanaged: Mapping[str, int] = field(default_factory=dict)
    unrecorded: frozenset[str] = frozenset()
    rolled_back: RolledBack | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did. `left` is the plan that remains; `withheld` are steps that wait for an approval.

    `unlisted` are those that would destroy what the plan that was shown did not list. `inventory` is what was
    changed of the inventory; what `left` has of it waits for an approval.
    """

    plan: Plan
    plan_id: int | None
    outcomes: tuple[Outcome, ...]
    left: Plan
    coverage: dict[str, Coverage]
    withheld: tuple[Step, ...] = ()
    unlisted: tuple[Step, ...] = ()
    recovered: tuple[Recovered, ...] = ()
    loaded: tuple[Loaded, ...] = ()
    inventory: tuple[InventoryStep, ...] = ()

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The outcomes other than done."""
        return tuple(outcome for outcome in self.outcomes if outcome.result is not Result.DONE)
