"""Whether a step did the same in vain again: done each time, and its object still as it was.

A provider may make another value of what it is given, in a way that no catalog knows. Then nothing fails,
and the same step is planned for ever. So what was set several times in a row, with nothing in agreement in
between, counts as a failure of its own kind and waits like one. Drift that somebody causes anew each time is
none: the history shows that the value held before.

A replacement is in vain the first time already: the next would destroy the new object for nothing, and what
was put on it since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.diff import diff
from reconciler.executor.context import Context
from reconciler.model.catalog import Mutability
from reconciler.model.diff import AttributeChange, Diff, PartAction
from reconciler.model.plan import Action, Step
from reconciler.model.values import as_text
from reconciler.store.database.session import Transaction
from reconciler.store.desired.rows import load_desired
from reconciler.store.recorded.resources import load_recorded
from reconciler.store.work import operations as ops
from reconciler.store.work import repeats
from reconciler.store.work.repeats import Thing

CODE = "not_taken"
"""The class of this failure among `resource_failures`."""

TIMES = 3
"""So often the same is done before it waits."""

_NAMED = 3  # things that a message names; the rest are counted


@dataclass(frozen=True, slots=True)
class Ineffective:
    """What came to nothing, for people. `for_good`: it is never done again by itself."""

    code: str
    message: str
    for_good: bool


def ineffective(tx: Transaction, context: Context, step: Step, begun: ops.Begun) -> Ineffective | None:
    """What was set again and again and is still not so; None where the step brought something.

    To be asked when what the step brought is recorded.
    """
    if step.action not in (Action.UPDATE, Action.REPLACE) or step.desired_hash is None:
        return None
    replaced = step.action is Action.REPLACE
    often = repeats.repeats(tx, begun, step.desired_hash, least=1 if replaced else TIMES)
    if not often:
        return None
    desired = load_desired(tx, [step.address], context.catalog).get(step.address)
    recorded = load_recorded(tx, [step.address], context.catalog).get(step.address)
    if desired is None or recorded is None or desired.hash() != step.desired_hash:
        return None
    left = diff(desired, recorded, context.catalog)
    said = list(words(_to_be_replaced(left) if replaced else left, often))
    more = f"; and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
    if replaced:
        more += "; it is not destroyed for that again unless you say so"
    return Ineffective(CODE, "; ".join(said[:_NAMED]) + more, for_good=replaced) if said else None


def _to_be_replaced(left: Diff) -> Diff:
    """What would replace it again. The rest an update may still bring, which destroys nothing."""
    changes = tuple(change for change in left.changes if change.mutability is Mutability.REPLACE)
    return replace(left, changes=changes, parts=(), tags=())


def words(left: Diff, often: Mapping[Thing, int]) -> Iterator[str]:
    """One sentence for each of the things done so often that is still to be done."""
    for change in left.changes:
        yield from _attribute(change, often.get(Thing(attribute=change.name)))
    for part in left.parts:
        name = f"{part.address.type} {part.address.name}"
        mine = {thing.attribute: times for thing, times in often.items() if thing.part == str(part.address)}
        if part.action is PartAction.UPDATE:
            for change in part.changes:
                yield from _attribute(change, mine.get(change.name), f"{name}: ")
        elif mine:
            made = part.action is PartAction.CREATE
            done, shown = ("made", "does not show it so") if made else ("taken away", "shows it")
            yield f"{name} was {done} {max(mine.values())} times and the provider still {shown}"
    for tag in left.tags:
        times = often.get(Thing(tag=tag.key))
        if times:
            done = "set" if tag.after is not None else "taken away"
            shown = tag.before or ("none" if tag.before is None else "it empty")
            yield f"tag {tag.key} was {done} {times} times and the provider still shows {shown}"


def _attribute(change: AttributeChange, times: int | None, where: str = "") -> Iterator[str]:
    if times:
        shown = "another value" if change.secret else (as_text(change.before) or "no value")
        often = "once" if times == 1 else f"{times} times"
        yield f"{where}{change.name} was set {often} and the provider still shows {shown}"
