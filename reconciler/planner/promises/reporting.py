"""What a plan says is what it would do: its reasons, its numbers, its hash, and what follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.model.address import Address
from reconciler.model.diff import PartAction
from reconciler.model.plan import Action, Blocked, BlockReason, Impact, Plan, Step
from reconciler.model.values import digest
from reconciler.planner.inputs import PlanInput
from reconciler.planner.promises.promise import CHANGES, Found, promise

_SEVERITY = list(Impact)
_OF_A_PART = frozenset(
    {
        BlockReason.PREVENT_DESTROY,
        BlockReason.REPLACE_NOT_ALLOWED,
        BlockReason.DOWNTIME_NOT_ALLOWED,
        BlockReason.SHRINK,
        BlockReason.IN_USE,
    }
)
"""What may keep some of a resource back while the rest of it is changed."""


@promise("the number of requests is that of the calls, by endpoint")
def requests_are_calls(plan: Plan, _: PlanInput) -> Iterator[Found]:
    """Checks the estimate that a person and the budget (property 24) go by.

    Broken: a plan takes more requests of an endpoint than it says, or fewer.
    """
    counted: Counter[str] = Counter()
    for step in plan.steps:
        counted[step.endpoint] += len(step.calls)
    for endpoint in sorted(counted.keys() | plan.requests.keys()):
        said, made = plan.requests.get(endpoint, 0), counted[endpoint]
        if said != made:
            yield None, f"{said} requests at {endpoint}, and the steps have {made} calls there"


@promise("what is blocked is not done, and a step beside it says that something is left as it is")
def blocked_is_not_done(plan: Plan, _: PlanInput) -> Iterator[Found]:
    """Checks property 25: what is left as it is, is so.

    Broken: a plan does what it says it does not, or passes a part for the whole.
    """
    steps = {step.address: step for step in plan.steps}
    for item in plan.blocked:
        step = steps.get(item.address)
        if step is not None and not _beside(step, item):
            yield step.address, f"{step.action}, and {item.action} is blocked: {item.message}"


def _beside(step: Step, item: Blocked) -> bool:
    """Whether a step may stand beside what is blocked of its resource."""
    if item.reason is BlockReason.REPORT_ONLY:
        return step.action in (Action.UPDATE, Action.REPLACE)
    if item.reason is BlockReason.DEPENDENCY:  # what is taken over first, and may be replaced after that
        return step.action is Action.ADOPT and item.action is Action.REPLACE and step.partial
    return item.reason in _OF_A_PART and step.action in CHANGES and step.partial


@promise("whatever is left as it is says why, and what frees it")
def blocked_says_why(plan: Plan, _: PlanInput) -> Iterator[Found]:
    """Checks property 25.

    Broken: something stays as it is for ever, because nobody is told what would free it.
    """
    for item in plan.blocked:
        if not item.message:
            yield item.address, f"{item.action} is blocked, and nothing says why"
        if not item.hint and item.reason not in (BlockReason.REPORT_ONLY, BlockReason.UNSUPPORTED):
            yield item.address, f"{item.action} is blocked, and nothing says what frees it: {item.message}"


@promise("the impact of a step is the worst of its calls")
def impact_is_the_worst(plan: Plan, _: PlanInput) -> Iterator[Found]:
    """Checks what *impact* means in docs/glossary.md, by the order of `Impact`.

    Broken: a plan calls a step harmless that stops a machine.
    """
    for step in (*plan.steps, *plan.follows):
        worst = max((call.impact for call in step.calls), key=_SEVERITY.index, default=Impact.ONLINE)
        if step.action is Action.REPLACE:
            worst = Impact.REPLACE
        if step.impact is not worst:
            yield step.address, f"its impact is {step.impact}, and {worst} by its calls"


@promise("a step does what its action says, and only asks before it does anything")
def calls_fit_the_action(plan: Plan, _: PlanInput) -> Iterator[Found]:
    """Checks property 33: what only asks comes before anything is given up.

    Broken: an action hides what its calls do, or a refusal that could be known comes too late.
    """
    for step in plan.steps:
        if step.action is Action.NOOP or (step.action is Action.FORGET and step.calls):
            yield step.address, f"{step.action} with {len(step.calls)} calls"
        if step.action is Action.CREATE and any(call.deletes for call in step.calls):
            yield step.address, "create deletes an object"
        if step.action is Action.DELETE and any(call.creates for call in step.calls):
            yield step.address, "delete makes an object"
        begun = False
        for call in step.calls:
            if call.reads and begun:
                yield step.address, f"{call.operation} only asks, and comes after what changes something"
            begun = begun or not call.reads


@promise("what follows is of a known resource: parts that go, or are made anew, once others let go of them")
def follows_are_known(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 28: a yes to a plan is one to what it shows to follow, and to no more.

    Broken: a later wave does something under that name that nobody saw.
    """
    steps = {step.address: step for step in plan.steps}
    for later in plan.follows:
        row = given.recorded.get(later.address)
        if later.action is not Action.UPDATE or row is None or later.address not in given.desired:
            yield later.address, f"{later.action} follows, of what is not known"
        gone = {part.address for part in later.parts if part.action is PartAction.DELETE}
        others = any(p.action is PartAction.UPDATE or p.address not in gone for p in later.parts)
        if later.changes or later.tags or others:
            yield later.address, "more than the removal of parts follows"
        now = steps.get(later.address)
        if now is not None and not now.partial:
            yield later.address, "something follows, and its step says that it is all"
        if now is not None and {p.address for p in now.parts} & {p.address for p in later.parts}:
            yield later.address, "what follows is in its step too"


@promise("what is remembered as agreeing is as its manifest says, and nothing is done or left undone there")
def agreed_is_settled(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 25, by what *settled* means in docs/glossary.md: it is compared no more.

    Broken: something differs and no plan looks at it again.
    """
    touched: set[Address] = {step.address for step in (*plan.steps, *plan.follows)}
    touched.update(item.address for item in plan.blocked)
    for address, spec in (*plan.settled, *plan.applied):
        desired = given.desired.get(address)
        if address in touched:
            yield address, "is remembered as agreeing, and differs"
        elif desired is None or desired.hash() != spec:
            yield address, "is remembered as agreeing with another manifest"


@promise("a plan says what was set back in the database, and which credentials are withheld or expire")
def corrections_are_said(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks properties 13 and 26: a guard is set back, a credential withheld, and both are told.

    Broken: either happens, or a credential expires, and nobody asks why.
    """
    said = frozenset(plan.warnings)
    for address, why in given.restored:
        if not any(text.startswith(f"{address}: {why}") for text in said):
            yield address, f"no warning says: {why}"
    for text in given.expiring:
        if text not in said:
            yield None, f"no warning says: {text}"
    for view in given.endpoints.values():
        if view.withheld and view.withheld not in said:
            yield None, f"no warning says: {view.withheld}"


@promise("the hash of a plan covers all that would be done, and that of a step all its calls")
def hash_covers_all(plan: Plan, _: PlanInput) -> Iterator[Found]:
    """Checks property 14: an approval is bound to the hash.

    Broken: something is done under an approval that was not in what a person saw.
    """
    contents = [step.content() for step in plan.inventory]
    for step in (*plan.steps, *plan.follows):
        content = step.content()
        contents.append(content)
        for call in step.calls:
            if call.content() not in content:
                yield step.address, f"its hash does not cover {call.operation}"
    if plan.hash() != digest(contents).hex():
        yield (
            None,
            "its hash is not that of its steps, of those that follow and of what changes of the inventory",
        )


@promise("what changes of the inventory comes in the order in which one rests on the other")
def inventory_is_in_order(plan: Plan, _: PlanInput) -> Iterator[Found]:
    """Checks the order of `InventoryStep.key`: a provider comes before its endpoints.

    Broken: a piece of inventory is done before what it refers to; and equal plans differ in their hash.
    """
    keys = [step.key for step in plan.inventory]
    if keys != sorted(keys):
        yield None, f"the inventory's steps are {', '.join(map(str, plan.inventory))}"
