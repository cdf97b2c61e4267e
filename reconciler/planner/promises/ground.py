"""What a step may rest on: what is known, ours, free to be touched, and what the run is about."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.catalog import Mutability
from reconciler.model.diff import AttributeChange, PartAction, Reason
from reconciler.model.failure import Failure
from reconciler.model.plan import Action, Plan, Step
from reconciler.model.resource import Management, Presence, Recorded
from reconciler.planner.downtime import POWER
from reconciler.planner.inputs import PlanInput
from reconciler.planner.promises.promise import MAKES, REMOVES, Found, promise, sides


@promise("nothing is done at an endpoint of which nothing can be said")
def can_be_seen(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 8, of a whole endpoint, and 26 where its credential is withheld.

    Broken: something is changed without a look at it, or a credential goes where it was not given for.
    """
    for step, _, _ in sides(plan, given):
        view = given.endpoints.get(step.endpoint)
        if view is None:
            yield step.address, f"there is no endpoint {step.endpoint}"
        elif trouble := view.withheld or view.trouble:
            yield step.address, f"{step.action} at {step.endpoint}: {trouble}"


@promise("nothing is done on unknown")
def is_known(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 8.

    Broken: what is there all the while is made again, or what nobody can see is changed or destroyed.
    """
    for step, _, there in sides(plan, given):
        if there is not None and there.presence is Presence.UNKNOWN:
            yield step.address, f"{step.action}, and whether it exists is not known"


@promise("what is in quarantine is left alone, unless its manifest takes it over")
def is_not_in_quarantine(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 12, of what property 30 puts into quarantine.

    Broken: an object is changed or destroyed that may be somebody else's.
    """
    for step, _, there in sides(plan, given):
        quarantined = there is not None and there.management is Management.QUARANTINED
        if quarantined and step.action is not Action.ADOPT:
            yield step.address, f"{step.action}, and whose it is cannot be decided"


@promise("what an operation is at work on is left to it")
def is_not_at_work(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks properties 4 and 5 as far as a plan can: one operation, one worker.

    Broken: a step rests on half of the truth, and is refused or stale when it begins.
    """
    for step, _, there in sides(plan, given):
        if there is not None and there.busy:
            yield step.address, f"{step.action}, and an operation on it is under way"


@promise("what is held is left alone")
def is_not_held(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks a *hold*, which docs/debugging.md has as `held`. It counts for the tags of both sides.

    Broken: an apply goes on where a person asked for a pause.
    """
    if not given.holds:
        return
    for step, desired, there in sides(plan, given):
        tags = [item.tags for item in (desired, there) if item is not None]
        for hold in given.holds:
            if any(hold.covers(step.address, step.endpoint, each, given.now) for each in tags):
                yield step.address, f"{step.action}, and {hold.owner} holds it: {hold.reason}"


@promise("what failed is not tried before its time, nor by itself where it is parked")
def has_waited(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 32, and 21 with it.

    Broken: the same failure comes again and again without a pause, and the loop never rests.
    """
    for step, _, _ in sides(plan, given):
        for failure in given.failures.get(step.address, ()):
            if failure.action is not step.action or not _counts(failure, step):
                continue
            if failure.not_before is None:
                if not given.retry_parked:
                    yield step.address, f"{step.action}, which is parked for good: {failure.message}"
            elif failure.not_before > given.now and not given.retry_now:
                yield step.address, f"{step.action} before {failure.not_before}: {failure.message}"


def _counts(failure: Failure, step: Step) -> bool:
    """Of a replacement that is parked for good it is the same as long as only drift asks for it."""
    if failure.desired_hash == step.desired_hash:
        return True
    fixed = [change for change in step.changes if change.mutability is Mutability.REPLACE]
    drifted = all(change.reason is Reason.DRIFT for change in fixed)
    return failure.parked and step.action is Action.REPLACE and drifted


@promise("drift is only reported where the endpoint says so")
def drift_is_left(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 34.

    Broken: what somebody changed at the provider is undone where it was only to be told.
    """
    for step, _, there in sides(plan, given):
        view = given.endpoints.get(step.endpoint)
        if view is None or not view.report_only:
            continue
        if step.action is Action.CREATE and there is not None and there.external_id:
            yield step.address, "is made again, although it is gone by itself"
        if step.action is Action.ADOPT:
            continue  # of what was never applied nothing has drifted
        owed = there is not None and there.owes_start
        for name in _drifted(step, owed=owed):
            yield step.address, f"{step.action} takes {name} back, which moved by itself"


def _drifted(step: Step, *, owed: bool) -> Iterator[str]:
    def moved(change: AttributeChange) -> bool:
        # That a machine is started which we stopped ourselves is no drift that anybody made.
        return change.reason is Reason.DRIFT and not (owed and change.name == POWER)

    yield from (change.name for change in step.changes if moved(change))
    yield from (f"the tag {tag.key}" for tag in step.tags if tag.reason is Reason.DRIFT)
    for part in step.parts:
        if part.action is not PartAction.UPDATE and part.reason is Reason.DRIFT:
            yield str(part.address)
        yield from (f"{change.name} of {part.address}" for change in part.changes if moved(change))


@promise("a step rests on the row and the manifest that it was made for")
def rests_on_its_row(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 14: what is compared before a step begins is what it was planned on.

    Broken: a plan is applied on other ground than was approved, or is stale whenever it is tried.
    """
    for step, desired, there in sides(plan, given):
        uid, version = (there.uid, there.version) if there is not None else (None, None)
        if (step.resource, step.expected_version) != (uid, version):
            yield (
                step.address,
                f"rests on {step.resource} at {step.expected_version}, and recorded is {uid} at {version}",
            )
        wanted = desired.hash() if desired is not None and step.action in MAKES else None
        if step.desired_hash != wanted:
            yield step.address, "is not for what its manifest says now"
        ground = there.recorded_hash if there is not None and step.action is Action.ADOPT else None
        if step.ground != ground:
            yield step.address, "does not rest on what was seen of the object"
        item = desired if desired is not None else there
        if item is not None and (step.endpoint, step.provider_type) != (item.endpoint, item.provider_type):
            yield step.address, f"is done at {step.endpoint}, and belongs to {item.endpoint}"


@promise("what is made is not there yet, and what is changed or destroyed is there, and ours")
def fits_what_is_there(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks properties 1 and 12.

    Broken: an object is made twice, a call goes to nothing, or one that is not ours is touched.
    """
    for step, desired, there in sides(plan, given):
        if step.action is Action.CREATE:
            if there is not None and there.exists:
                yield step.address, f"is made, and is there as {there.external_id}"
        elif step.action not in (Action.ADOPT, Action.FORGET):
            if there is None or not there.exists:
                yield step.address, f"{step.action}, and there is none"
            elif there.management is not Management.MANAGED:
                yield step.address, f"{step.action}, and it is not ours"
            elif desired is not None and desired.endpoint != there.endpoint:
                yield step.address, f"{step.action} at {desired.endpoint}, and it is at {there.endpoint}"
        if step.action in REMOVES and there is not None and step.gone is not _is_gone(step, there):
            yield step.address, "is said to be there, or not to be, and is not so"


def _is_gone(step: Step, there: Recorded) -> bool:
    return step.action is Action.FORGET and not there.exists


@promise("what the run is not about stays as it is")
def is_not_elsewhere(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks what *scope* means in docs/glossary.md: what is elsewhere stays as it is.

    Broken: an apply of one source carries out, or takes for settled, what is in another.
    """
    if not given.elsewhere:
        return
    for step in (*plan.steps, *plan.follows):
        if step.address in given.elsewhere:
            yield step.address, f"{step.action}, and the run is not about it"
    for address, _ in (*plan.settled, *plan.applied):
        if address in given.elsewhere:
            yield address, "is remembered as agreeing, and the run is not about it"


@promise("what is not selected stays as it is, but for what is made or taken over for a selected one")
def is_selected(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks what *selection* means in docs/glossary.md: `--target` and `--exclude` choose.

    Broken: something is done that a person left out, or comes along without a word.
    """
    chosen = given.selection
    if not chosen:
        return
    said = {text.partition(",")[0] for text in plan.warnings}
    for step, desired, there in sides(plan, given):
        tags = given.tags_of(desired) if desired is not None else there.tags if there is not None else {}
        if chosen.covers(step.address, step.endpoint, tags):
            continue
        if chosen.rules_out(step.address, step.endpoint, tags):
            yield step.address, f"{step.action}, and it is excluded"
        elif step.action not in (Action.CREATE, Action.ADOPT):
            yield step.address, f"{step.action}, and it is not selected"
        elif f"{step.address} is not selected" not in said:
            yield step.address, f"{step.action}, and nothing says that it comes along"
