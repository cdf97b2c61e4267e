"""Values that no two objects may have at a time: who gives one up goes first, and nobody waits for himself.

A name, or an address in a private network. Two objects that want each other's would each be refused by the
provider while the other has it, so that is said beforehand, as is a value that its holder keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.address import Address
from reconciler.model.diff import PartAction
from reconciler.model.plan import Action, Blocked, BlockReason, Step
from reconciler.model.resource import Desired, Management, Recorded
from reconciler.model.values import encode
from reconciler.planner.inputs import PlanInput

_Key = tuple[str, str, str, str, str]  # endpoint, type, attribute, the value it is unique within, value


@dataclass(frozen=True, slots=True)
class _Held:
    """One unique value of one object: `part` is where it stands, `name` the attribute."""

    part: Address
    name: str
    value: str
    within: str


def without_collisions(
    steps: Mapping[Address, Step], given: PlanInput
) -> tuple[dict[Address, Step], list[Blocked], dict[Address, frozenset[Address]]]:
    """The steps that can get what they want, those that cannot, and for each whom it has to wait for."""
    holders = _holders(given)
    waits: dict[Address, dict[Address, _Held]] = {}
    blocked: list[Blocked] = []
    for address, step in sorted(steps.items()):
        for key, wanted in _wanted(step, given):
            for item, held in holders.get(key, ()):
                if _same(step, item, given):
                    continue
                if not _gives_up(steps.get(item.address), item, held, key, given):
                    blocked.append(_taken(step, item, wanted))
                else:
                    waits.setdefault(address, {})[item.address] = wanted
    for circle in _circles(waits):
        blocked += [_swapped(steps[address], circle, waits[address]) for address in circle]
    out = {item.address for item in blocked}
    left = {address: step for address, step in steps.items() if address not in out}
    return left, blocked, {address: frozenset(whom) for address, whom in waits.items() if address in left}


def _values(item: Desired | Recorded, given: PlanInput) -> Iterator[tuple[_Key, _Held]]:
    for part in (item, *item.parts):
        for name, rule in given.catalog.attributes(part.type, part.provider_type).items():
            value = part.attributes.get(name)
            if not rule.unique or value is None:
                continue
            within = str(part.attributes.get(rule.unique_within)) if rule.unique_within else ""
            key = (item.endpoint, part.type, name, within, encode(value))
            yield key, _Held(part.address, name, str(value), within)


def _holders(given: PlanInput) -> dict[_Key, list[tuple[Recorded, _Held]]]:
    """Who has what, as recorded: where that is older than what is there, it may be more than one."""
    found: dict[_Key, list[tuple[Recorded, _Held]]] = {}
    for item in (*given.holders, *given.removed, *given.recorded.values()):
        if item.exists:
            for key, held in _values(item, given):
                found.setdefault(key, []).append((item, held))
    return found


def _wanted(step: Step, given: PlanInput) -> Iterator[tuple[_Key, _Held]]:
    """What the step would give its object that it does not have."""
    if step.action not in (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.ADOPT):
        return
    desired, recorded = given.desired[step.address], given.recorded.get(step.address)
    has = dict(_values(recorded, given)) if recorded is not None and recorded.exists else {}
    for key, wanted in _values(desired, given):
        if key not in has and (step.action is not Action.ADOPT or _touches(step, wanted)):
            yield key, wanted


def _same(step: Step, holder: Recorded, given: PlanInput) -> bool:
    """Whether the holder is the step's own object."""
    return holder.address == step.address or (
        step.adopt is not None
        and (holder.endpoint, holder.type, holder.external_id)
        == (step.endpoint, given.desired[step.address].type, step.adopt)
    )


def _gives_up(step: Step | None, holder: Recorded, held: _Held, key: _Key, given: PlanInput) -> bool:
    if step is None or step.resource != holder.uid:
        return False
    if step.action is Action.DELETE:
        return True
    desired = given.desired.get(step.address)
    if desired is None or key in dict(_values(desired, given)):
        return False
    return step.action is Action.REPLACE or (step.action is Action.UPDATE and _touches(step, held))


def _touches(step: Step, held: _Held) -> bool:
    if held.part == step.address:
        return any(change.name == held.name for change in step.changes)
    return any(
        part.address == held.part
        and (part.action is not PartAction.UPDATE or any(c.name == held.name for c in part.changes))
        for part in step.parts
    )


def _circles(waits: Mapping[Address, Mapping[Address, _Held]]) -> Iterator[list[Address]]:
    """Those that wait for each other, each of them once."""
    seen: set[Address] = set()
    for start in sorted(waits):
        reached = _reached(start, waits)
        if start in reached and start not in seen:
            circle = sorted(one for one in reached if start in _reached(one, waits))
            seen.update(circle)
            yield circle


def _reached(start: Address, waits: Mapping[Address, Mapping[Address, _Held]]) -> set[Address]:
    found: set[Address] = set()
    left = [start]
    while left:
        for other in waits.get(left.pop(), {}):
            if other not in found:
                found.add(other)
                left.append(other)
    return found


def _words(wanted: _Held) -> str:
    where = f" in {wanted.within}" if wanted.within else ""
    return f"`{wanted.name}` {wanted.value}{where}"


def _taken(step: Step, holder: Recorded, wanted: _Held) -> Blocked:
    whose = f"{holder.address} (id {holder.external_id})"
    if holder.management is Management.MANAGED:
        message, hint = f"{_words(wanted)} is held by {whose}, which keeps it", "choose another one"
    else:
        message = f"{_words(wanted)} is held by {whose}, which is not ours"
        hint = "choose another one, or give that object another first"
    why = BlockReason.IN_USE if holder.management is Management.MANAGED else BlockReason.NOT_OURS
    return Blocked(step.address, step.action, why, message, hint)


def _swapped(step: Step, circle: list[Address], waits: Mapping[Address, _Held]) -> Blocked:
    other = next(address for address in waits if address in circle)
    others = ", ".join(str(address) for address in circle if address != step.address)
    message = f"would swap {_words(waits[other])} with {others}: each is refused while the other has it"
    hint = "give one of them a value that nobody has, apply, and then the one it shall have"
    return Blocked(step.address, step.action, BlockReason.IN_USE, message, hint)
