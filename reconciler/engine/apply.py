"""Previewing and applying: the same path, the one undone at its end, the other carried out.

A preview records and plans in a transaction that is rolled back. An apply commits the revision, plans on
what is committed, checks that this is what was approved, and runs the steps; then it plans once more, so
that "done" means that nothing is left to do.

The file is long because a session is one thing: what it may do rests on what it has done, and in which order.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.engine.approval import Permit, permitted, permitted_inventory, used
from reconciler.engine.credential_hosts import give_for_hosts, waiting_hosts
from reconciler.engine.desired import Loaded, record_sources
from reconciler.engine.engine import Engine
from reconciler.engine.observing import observe_all
from reconciler.engine.planning import PlanOptions, plan_now, scoped_sources
from reconciler.engine.results import Applied, Preview, Progress
from reconciler.engine.rollback.asked import Rollback, RolledBack
from reconciler.engine.rollback.record import record_rollback
from reconciler.errors import StalePlanError
from reconciler.executor.context import Context
from reconciler.executor.observe.endpoint import Coverage, observe_closely, observe_within
from reconciler.executor.run import run_steps
from reconciler.executor.steps.ground import Ground
from reconciler.executor.steps.outcome import Outcome, Result
from reconciler.executor.steps.recover import Recovered, recover
from reconciler.manifest.source.state import SourceState
from reconciler.model.address import Address
from reconciler.model.inventory import InventoryStep
from reconciler.model.plan import Action, Plan, Step
from reconciler.model.scope import Scope
from reconciler.store.database.session import Actor, Transaction
from reconciler.store.desired.known import revisions_of
from reconciler.store.history.marks import take_mark
from reconciler.store.recorded.observations import adoption_targets
from reconciler.store.recorded.resources import settle
from reconciler.store.views import unmanaged_at
from reconciler.store.work import plans

MOST_WAVES = 4
"""Plans in one apply: what depends on a first wave's results follows in the next."""


@dataclass(slots=True)
class Session:
    """One run of a face: an engine at work on some sources. An endpoint is looked at once in it.

    Without a call of `observe` it plans on what is recorded, endpoints that a source newly declares too.
    """

    engine: Engine
    context: Context
    states: Sequence[SourceState] = ()
    options: PlanOptions = field(default_factory=PlanOptions)
    stop: threading.Event = field(default_factory=threading.Event)
    progress: Progress = field(default_factory=Progress)
    coverage: dict[str, Coverage] = field(default_factory=dict)
    observing: bool = False
    recovered: tuple[Recovered, ...] = ()
    inventory: tuple[InventoryStep, ...] = ()  # what this run changed of it
    rollback: Rollback | None = None  # what is gone back to, once the sources are read
    rolled_back: RolledBack | None = None  # what that changed, once it is recorded

    def __post_init__(self) -> None:
        self.context.connections.stop = self.stop
        self.context.connections.rest()

    def recover(self, accept_empty: Collection[str] = ()) -> None:
        """Bring to an end what a dead worker left open. To be done before anything is planned.

        `accept_empty`: endpoints of which a person says that nothing of ours is there any more.
        """
        self.recovered = recover(self.context, self.stop, accept_empty)
        for item in self.recovered:
            self.progress.recovered(item)

    def observe(self) -> None:
        """Look at every endpoint that was not looked at yet in this run."""
        self.observing = True
        names = self.context.connections.endpoints.keys() - self.coverage.keys()
        self.coverage |= observe_all(self.context, names)

    def preview(self) -> Preview:
        """The plan for the sources, with nothing left behind."""
        actor = self._acting("preview")
        catalog = self.engine.catalog
        try:
            with self.engine.store.rehearsal(actor) as tx:
                loaded, rolled_back = self._record(tx)
                with self.engine.rehearsing(tx, self.context) as context:
                    coverage = dict(self.coverage)
                    tx.value("session.look_within")
                    if self.observing:
                        for name in sorted(context.connections.endpoints.keys() - coverage.keys()):
                            coverage[name] = observe_within(tx, context, name)
                    coverage |= {
                        name: observe_closely(context, coverage[name], targets, tx)
                        for name, targets in adoption_targets(tx, _seen(coverage)).items()
                    }
                revision = self._revision(loaded, rolled_back)
                changed = _inventory(loaded)
                options = self._scoped(loaded, rolled_back)
                plan = plan_now(tx, self.engine, coverage, options, revision, changed)
                unmanaged = unmanaged_at(tx, _seen(coverage))
        finally:
            self.engine.catalog = catalog  # what a rehearsal added is undone with it
        unrecorded = coverage.keys() - self.context.connections.endpoints.keys()
        return Preview(plan, coverage, loaded, unmanaged, frozenset(unrecorded), rolled_back)

    def _acting(self, reason: str) -> Actor:
        return Actor(self.engine.actor, self.rollback.reason if self.rollback else reason, "manifest")

    def _record(self, tx: Transaction) -> tuple[tuple[Loaded, ...], RolledBack | None]:
        """Make current what the sources want, and then what is gone back to."""
        loaded = record_sources(tx, self.engine, self.states)
        if self.rollback is None:
            return loaded, None
        return loaded, record_rollback(tx, self.engine, self.rollback)

    def _revision(self, loaded: Sequence[Loaded], rolled_back: RolledBack | None) -> int | None:
        """The revision that the run makes so: the rollback's, the newest that was read, or as before."""
        if rolled_back is not None and rolled_back.revision is not None:
            return rolled_back.revision
        return loaded[-1].change.id if loaded else self.context.revision

    def load(self, permit: Permit | None = None) -> tuple[Loaded, ...]:
        """Make the sources' manifests the current revision; where a plan was agreed to, only if it still is
        that, and with what the permit or an approval allows of the inventory.

        Raises StalePlanError where it is not, and then no revision is left behind.
        """
        permit = permit or Permit()
        actor = self._acting("manifests")
        catalog = self.engine.catalog
        try:
            with self.engine.store.transaction(actor) as tx:
                loaded, rolled_back = self._record(tx)
                options, revision = self._scoped(loaded, rolled_back), self._revision(loaded, rolled_back)
                if permit.exactly is not None:
                    self._check_ground(tx, loaded, permit, options, revision)
                self._take_approved(tx, options, permit)
        except BaseException:
            self.engine.catalog = catalog  # what users added to it was undone with the transaction
            raise
        if loaded or rolled_back is not None:
            take_mark(self.engine.store, self.engine.actor, "revision", revision)
        self.context = self.engine.refreshed(self.context, revision)
        self.options, self.rolled_back = options, rolled_back
        self.inventory = tuple(sorted((*_inventory(loaded), *self.inventory), key=lambda step: step.key))
        return loaded

    def take_approved(self) -> frozenset[str]:
        """Carry out what waited of the inventory and was approved since; gives the endpoints that can be
        spoken to because of it."""
        with self.engine.store.transaction(Actor(self.engine.actor, "approvals", "manifest")) as tx:
            endpoints = self._take_approved(tx, self.options, Permit())
        if endpoints:
            self.context = self.engine.refreshed(self.context, self.context.revision)
        return endpoints

    def _take_approved(self, tx: Transaction, options: PlanOptions, permit: Permit) -> frozenset[str]:
        before = {name for name, endpoint in self.engine.endpoints(tx).items() if endpoint.withheld}
        if not before:
            return frozenset()
        waiting = waiting_hosts(tx, scoped_sources(options))
        given = plans.approvals(tx, self.engine.key)
        done = give_for_hosts(tx, permitted_inventory(waiting, permit, given), self.engine.actor)
        if not done:
            return frozenset()
        self.inventory += done
        hashes = {step.hash() for step in done}
        for approval in given:
            if approval.steps <= hashes:  # else it is used up by the steps that it is for too
                plans.use_approval(tx, approval.plan_id)
                plans.set_status(tx, approval.plan_id, "applied")
        free = frozenset(n for n in before if not self.engine.endpoints(tx)[n].withheld)
        for name in free & self.coverage.keys():
            del self.coverage[name]  # it was not looked at: it was not to be spoken to
        return free

    def _scoped(self, loaded: Sequence[Loaded], rolled_back: RolledBack | None) -> PlanOptions:
        """The options, with what the run is about: what was asked for, or the sources that were read.

        A rollback of a choice is about what was chosen then or now, whatever it is called or tagged between.
        """
        if rolled_back is not None and rolled_back.asked.selection:
            return replace(self.options, only=rolled_back.chosen)
        if self.options.everything or self.options.scope is not None or not loaded:
            return self.options
        return replace(self.options, scope=Scope(tuple(each.scope for each in loaded)))

    def _check_ground(
        self,
        tx: Transaction,
        loaded: Sequence[Loaded],
        permit: Permit,
        options: PlanOptions,
        revision: int | None,
    ) -> None:
        """Before anything is committed. Of what was not looked at yet the check after the look decides."""
        unseen = [step for step in _inventory(loaded) if step.hash() not in permit.inventory]
        if unseen:
            raise StalePlanError(
                f"{', '.join(map(str, unseen))} changed since the plan was made; nothing was changed",
                hint="plan again: it would not be what was agreed to",
            )
        approved = permit.exactly or frozenset()
        if self.observing and self.engine.endpoints(tx).keys() - self.coverage.keys():
            return
        if adoption_targets(tx, _seen(self.coverage)):
            return
        plan = plan_now(tx, self.engine, self.coverage, options, revision, _inventory(loaded))
        _same_ground(plan, approved, "nothing was changed")

    def save(self, preview: Preview) -> int:
        """Keep a previewed plan, to be approved or applied later; gives its number.

        Nothing else is written: what it changes of the inventory, too, changes with the apply.
        """
        last = preview.loaded[-1] if preview.loaded else None
        with self.engine.store.transaction(Actor(self.engine.actor, "plan", "maintenance")) as tx:
            waiting = plans.waiting_plan(tx, preview.plan.hash())
            if waiting is not None:
                return waiting
            number, _ = plans.save_plan(
                tx,
                preview.plan,
                self.engine.actor,
                "saved",
                source=last.state.name if last else None,
                made_from=[pair for loaded in preview.loaded for pair in _places(loaded.state)],
                content_hash=last.set.content_hash if last else None,
            )
            return number

    def close_saved(self, plan_id: int, *, done: bool) -> None:
        """A saved plan was carried out: it is good once, and so is its approval."""
        with self.engine.store.transaction(Actor(self.engine.actor, "plan", "maintenance")) as tx:
            plans.use_approval(tx, plan_id)
            plans.set_status(tx, plan_id, "applied" if done else "failed")

    def apply(self, permit: Permit, *, waves: int = MOST_WAVES) -> Applied:
        """Load, plan, run, and plan again until nothing is left or nothing more can be done.

        Raises StalePlanError, before anything is done, where the plan is not what was approved.
        """
        try:
            return self._apply(permit, waves)
        finally:
            self.context.connections.rest()

    def _apply(self, permit: Permit, waves: int) -> Applied:
        loaded = self.load(permit)
        if self.observing:
            self.observe()
        self._observe_closely()
        first: _Wave | None = None
        outcomes: list[Outcome] = []
        for wave in range(waves):
            wave_plan = self._plan(permit, first_wave=wave == 0)
            first = first or wave_plan
            permit = permit.after(first.plan)
            if not wave_plan.steps or self.stop.is_set():
                break
            self.progress.planned(wave_plan.plan)
            done = self._run(wave_plan)
            outcomes += done
            if not any(outcome.result is Result.DONE for outcome in done):
                break
            self._observe_referenced(wave_plan.steps)
        last = self._remaining(permit)
        take_mark(self.engine.store, self.engine.actor, "apply", self.context.revision)
        return Applied(
            plan=(first or last).plan,
            plan_id=(first or last).plan_id,
            outcomes=tuple(outcomes),
            left=last.plan,
            coverage=self.coverage,
            withheld=last.withheld,
            unlisted=last.unlisted if permit.exactly is None else (),
            recovered=self.recovered,
            loaded=loaded,
            inventory=self.inventory,
        )

    def _remaining(self, permit: Permit) -> _Wave:
        """What is left, and what of it waits. An approval that came too late for this apply is no reason
        not to wait: the next one finds it."""
        with self.engine.store.transaction(Actor(self.engine.actor, "plan", "maintenance")) as tx:
            plan = plan_now(tx, self.engine, self.coverage, self._later(), self.context.revision)
            settle(tx, plan.settled, plan.applied)
            return _Wave(plan, *permitted(plan, permit, approvals=()))

    def _plan(self, permit: Permit, *, first_wave: bool) -> _Wave:
        """Plan on what is committed; remember what agrees; save what is to be run."""
        actor = Actor(self.engine.actor, "plan", "maintenance")
        with self.engine.store.transaction(actor) as tx:
            options = self.options if first_wave else self._later()
            changed = self.inventory if first_wave else ()
            grounds: dict[Address, Ground] = {}
            plan = plan_now(tx, self.engine, self.coverage, options, self.context.revision, changed, grounds)
            settle(tx, plan.settled, plan.applied)
            given = plans.approvals(tx, self.engine.key)
            steps, withheld = permitted(plan, permit, given)
            if first_wave and permit.exactly is not None:
                _same_ground(plan, permit.exactly, "nothing was done, though the manifests are recorded")
            if not steps:
                return _Wave(plan, steps, withheld)
            saved = plans.resume(tx, plan.hash()) if first_wave and permit.exactly is not None else None
            for number in used(plan, steps, given):
                plans.use_approval(tx, number)
                if saved is None or saved[0] != number:
                    plans.set_status(tx, number, "applied")
            taken = replace(plan, inventory=changed)
            plan_id, ids = saved or plans.save_plan(
                tx, taken, self.engine.actor, "applying", revision_id=self.context.revision
            )
            commits = revisions_of(tx, [step.address for step in steps])
            return _Wave(plan, steps, withheld, plan_id, ids, commits, grounds)

    def _later(self) -> PlanOptions:
        """What a person wants tried again at once is tried once."""
        return replace(self.options, retry_now=False, retry_parked=False)

    def _observe_closely(self) -> None:
        """See whole what is to be taken over: what would follow is planned, and read, before it is done."""
        with self.engine.store.read() as tx:
            strangers = adoption_targets(tx, _seen(self.coverage))
        for name, targets in strangers.items():
            self.coverage[name] = observe_closely(self.context, self.coverage[name], targets)

    def _observe_referenced(self, steps: Sequence[Step]) -> None:
        """Look again where others are not what they were recorded to be, though no step was theirs.

        What hung on an object that was replaced let go of it; what refers to an object that was taken over
        refers to one of ours now. A run that looked at nothing plans on what is recorded to its end.
        """
        moved = {step.endpoint for step in steps if step.action in (Action.REPLACE, Action.ADOPT)}
        if moved := moved & self.coverage.keys():
            self.coverage |= observe_all(self.context, moved)

    def _run(self, wave: _Wave) -> tuple[Outcome, ...]:
        outcomes = run_steps(
            self.context,
            wave.steps,
            stop=self.stop,
            plan_step_ids=wave.step_ids,
            revisions=wave.revisions,
            grounds=wave.grounds,
            started=self.progress.started,
            ended=self.progress.ended,
        )
        if wave.plan_id is not None:
            good = all(outcome.result is Result.DONE for outcome in outcomes)
            with self.engine.store.transaction(Actor(self.engine.actor, "plan", "maintenance")) as tx:
                plans.set_status(tx, wave.plan_id, "applied" if good else "failed")
        return outcomes


@dataclass(frozen=True, slots=True)
class _Wave:
    """One round of planning. `step_ids` are the saved steps' row ids, `revisions` whose change each is.

    `grounds`: what they were planned from.
    """

    plan: Plan
    steps: tuple[Step, ...]
    withheld: tuple[Step, ...]
    plan_id: int | None = None
    step_ids: Mapping[Address, int] = field(default_factory=dict)
    revisions: Mapping[Address, int] = field(default_factory=dict)
    grounds: Mapping[Address, Ground] = field(default_factory=dict)

    @property
    def unlisted(self) -> tuple[Step, ...]:
        """What neither runs nor waits for an approval."""
        known = {step.address for step in (*self.steps, *self.withheld)}
        return tuple(step for step in self.plan.steps if step.address not in known)


def _places(state: SourceState) -> list[tuple[str, str | None]]:
    """What is to be read again when a plan that was made from it is applied."""
    return [(state.name, place) for place in state.places] or [(state.name, None)]


def _inventory(loaded: Sequence[Loaded]) -> tuple[InventoryStep, ...]:
    return tuple(step for each in loaded for step in each.inventory)


def _seen(coverage: Mapping[str, Coverage]) -> list[str]:
    return [name for name, covered in coverage.items() if not covered.blind]


def _same_ground(plan: Plan, approved: frozenset[str], so: str) -> None:
    """An approved plan is applied as approved or not at all; what it does not touch may have moved.

    `so`: what is true of an apply that ends here.
    """
    missing = approved - {step.hash() for step in plan.steps}
    if missing:
        steps = "step is" if len(missing) == 1 else "steps are"
        raise StalePlanError(
            f"{len(missing)} approved {steps} not what would be done now; {so}",
            hint="something that the plan rests on has changed: plan again",
        )
